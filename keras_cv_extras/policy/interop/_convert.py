"""Files of policies, translated from and for other libraries."""

import json
import os
import pathlib
from collections.abc import Callable
from typing import Any, Literal

from keras_cv_extras._base import files
from keras_cv_extras._base.owned import json_text, written
from keras_cv_extras._base.text import escapes
from keras_cv_extras._base.types import Path
from keras_cv_extras.policy._policy import Policy
from keras_cv_extras.policy._presets import auto_augment, from_magnitudes
from keras_cv_extras.policy._published import AUTO_AUGMENT
from keras_cv_extras.policy.interop._dali import from_dali, to_dali
from keras_cv_extras.policy.interop._model_garden import from_model_garden, to_model_garden
from keras_cv_extras.policy.interop._timm import from_timm, to_timm
from keras_cv_extras.policy.interop._torchvision import from_torchvision, to_torchvision
from keras_cv_extras.policy.interop.albumentations._pipelines import (
    from_albumentations,
    to_albumentations,
)

Library = Literal["kcx", "torchvision", "timm", "model_garden", "albumentations", "dali"]

_WRITERS: dict[str, Callable[..., Any]] = {
    "albumentations": to_albumentations,
    "dali": to_dali,
    "model_garden": to_model_garden,
    "timm": to_timm,
    "torchvision": to_torchvision,
}
# What anything in a damaged file can raise.
_DAMAGE = (TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, SyntaxError)
_TEXTS = ("torchvision", "dali", "timm")  # the others are JSON


def convert(
    source: Path,
    output: Path,
    *,
    source_format: Library = "kcx",
    to: Library = "kcx",
    spec: str = "torchvision",
    image_size: int | None = None,
    strict: bool = True,
) -> Policy:
    """Translates a policy from one library's form into another's: `kcx policy convert`.

    Args:
        source: of "kcx" a policy file, a name of `AUTO_AUGMENT`, or a JSON file of sub-policies
            such as `[["ShearX", 0.9, 4], ["Invert", 0.2, null]]`; of "timm" a text such as
            "rand-m9-n2"; of "torchvision" also a transform's name and arguments, such as
            "RandAugment num_ops=2"; else a file of that library's.
        output: the file to write: JSON, Python for "torchvision" and "dali", text for "timm". A
            file that this did not write is not replaced.
        source_format: whose `source` is.
        to: whose the output is.
        spec: whose magnitudes a JSON file has: "torchvision", "paper" or "tpu".
        image_size: the side of the images, for "albumentations" and "model_garden".
        strict: whether what cannot be said is an error; else it is left out with a warning.

    Returns:
        The policy that was written.

    Raises:
        OSError: if a file cannot be read or written.
        ValueError: if `source` is not as above, or the other library has no word for it.

    Example:
        >>> policy = convert("rand-m9-n2", "policy.json", source_format="timm")
        >>> policy == load("policy.json")
    """
    source = os.fspath(source)
    try:
        converted = _read(source, source_format, spec, strict)
    except (*_DAMAGE, ValueError) as error:
        if not os.path.isfile(source):  # a name, and what is wrong with it is said by its reader
            raise
        own = escapes.one_line(error).removeprefix(f"{source}: ")
        raise ValueError(f"{source}: {own}") from error
    if to == "kcx":
        converted.save(output)
    else:
        options: dict[str, Any] = {"strict": strict}
        if to in ("albumentations", "model_garden") and image_size is not None:
            options["image_size"] = (image_size, image_size)
        made = _WRITERS[to](converted, **options)
        text = made.rstrip("\n") if to in _TEXTS else json.dumps(made, indent=2)
        same = written.is_text(f"{text}\n")
        marked = to in ("torchvision", "dali")
        files.write_text(output, f"{text}\n", written.is_ours if marked else same)
    return converted


def _read(source, source_format, spec, strict):
    path = pathlib.Path(source)
    if source_format == "timm":
        text = path.read_text(encoding="utf-8").strip() if path.is_file() else source
        return from_timm(text, strict=strict)
    if source_format == "torchvision" and not path.is_file():
        return _named_transform(source, strict)
    if source_format in ("torchvision", "dali"):
        text = path.read_text(encoding="utf-8")
        options: dict[str, Any] = {"strict": strict} if source_format == "torchvision" else {}
        return (from_torchvision if source_format == "torchvision" else from_dali)(text, **options)
    if source_format == "albumentations":
        return from_albumentations(json_text.read_json(source), strict=strict)
    if source_format == "model_garden":
        known = source if not path.is_file() else json_text.read_json(source)
        return from_model_garden(known)
    if source in AUTO_AUGMENT:
        return auto_augment(source, spec=spec)
    fields = json_text.read_json(source)
    if isinstance(fields, dict):
        return Policy.load(source)
    return _of_magnitudes(fields, source, spec)


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
    return from_torchvision(name, strict=strict, **arguments)


def _of_magnitudes(rows, source, spec):
    try:
        rows = [[tuple(step) for step in row] for row in rows]
        wrong = [step for row in rows for step in row if len(step) != 3]
    except TypeError as error:
        raise ValueError(f"{source}: must be a list of sub-policies of steps") from error
    if wrong:
        raise ValueError(f"{source}: a step must be [op, rate, magnitude], received {wrong[0]}")
    return from_magnitudes(rows, spec=spec, name=pathlib.Path(source).stem)
