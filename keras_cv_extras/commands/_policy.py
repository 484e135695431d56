"""Policies on the command line: looked at, and translated from and for other libraries."""

import json
import pathlib
from typing import Any

from keras_cv_extras import policy
from keras_cv_extras._base import files
from keras_cv_extras._base.text.terminal import Terminal
from keras_cv_extras._base.types import Path
from keras_cv_extras.commands._common import load_data

_TEXTS = ("torchvision", "dali", "timm")  # the others are JSON


def run_policy_show(
    file: Path,
    output: Path,
    *,
    data: str | None,
    columns: int,
    image_size: int | None,
    seed: int,
) -> None:
    """Prints a policy and draws its sheet."""
    from keras_cv_extras.policy import policy_sheet

    chosen = policy.Policy.load(file)
    images = load_data(data, image_size).train[0]
    figure = policy_sheet(chosen, images, columns=columns, seed=seed)
    with files.replacing(output) as temporary:
        figure.savefig(temporary)
    console = Terminal()
    console.print(f"{chosen.name or file}: {chosen.describe()}", highlight=False)
    console.print(str(output), soft_wrap=True)


def run_policy_convert(
    source: Path,
    output: Path,
    *,
    spec: str | None,
    source_format: str | None,
    to: str | None,
    image_size: int | None,
    strict: bool,
) -> None:
    """Translates a policy from one library's form into another's."""
    converted = _read(source, source_format, spec, strict)
    if to == "kcx":
        converted.save(output)
    else:
        options: dict[str, Any] = {"strict": strict}
        if to in ("albumentations", "model_garden") and image_size is not None:
            options["image_size"] = (image_size, image_size)
        made = getattr(policy, f"to_{to}")(converted, **options)
        if to in _TEXTS:
            files.write_text(output, made.rstrip("\n") + "\n")
        else:
            files.write_json(output, made)
    Terminal().print(f"{converted.describe()}\n{output}", highlight=False, soft_wrap=True)


def _read(source, source_format, spec, strict):
    path = pathlib.Path(source)
    if source_format == "timm":
        text = path.read_text(encoding="utf-8").strip() if path.is_file() else source
        return policy.from_timm(text, strict=strict)
    if source_format == "torchvision" and not path.is_file():
        return _named_transform(source, strict)
    if source_format in ("torchvision", "dali"):
        text = path.read_text(encoding="utf-8")
        options: dict[str, Any] = {"strict": strict} if source_format == "torchvision" else {}
        return getattr(policy, f"from_{source_format}")(text, **options)
    if source_format == "albumentations":
        return policy.from_albumentations(files.read_json(source), strict=strict)
    if source_format == "model_garden":
        known = source if not path.is_file() else files.read_json(source)
        return policy.from_model_garden(known)
    if source in policy.AUTO_AUGMENT:
        return policy.auto_augment(source, spec=spec)
    fields = files.read_json(source)
    if isinstance(fields, dict):
        return policy.Policy.load(source)
    return _of_levels(fields, source, spec)


def _named_transform(source, strict):
    """Reads a transform's name and arguments, such as `RandAugment num_ops=2 magnitude=9`."""
    name, *parts = source.split()
    arguments = {}
    for part in parts:
        key, equals, value = part.partition("=")
        if not equals:
            raise ValueError(f"{part!r} in {source!r} must be an argument such as num_ops=2")
        try:
            arguments[key] = json.loads(value)
        except json.JSONDecodeError:
            arguments[key] = value
    return policy.from_torchvision(name, strict=strict, **arguments)


def _of_levels(rows, source, spec):
    try:
        rows = [[tuple(step) for step in row] for row in rows]
        wrong = [step for row in rows for step in row if len(step) != 3]
    except TypeError as error:
        raise ValueError(f"{source}: must be a list of sub-policies of steps") from error
    if wrong:
        raise ValueError(f"{source}: a step must be [op, rate, level], received {wrong[0]}")
    return policy.from_levels(rows, spec=spec, name=pathlib.Path(source).stem)
