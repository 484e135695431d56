"""Policies from torchvision's transforms, and policies as a transform for torchvision.

References:
    torchvision 0.28, transforms/autoaugment.py.
"""

import ast
import pprint
from typing import Any

import numpy as np

from keras_cv_extras._base import checks
from keras_cv_extras.policy import _published
from keras_cv_extras.policy._policy import Policy
from keras_cv_extras.policy._presets import RAND_AUGMENT_OPS
from keras_cv_extras.policy._specs import step_of_magnitude
from keras_cv_extras.policy._stage import Stage
from keras_cv_extras.policy._step import Step
from keras_cv_extras.policy.interop._common import (
    WARPS,
    Omissions,
    chains,
    checked_policy,
    ends_of,
    interpolated,
    lost,
    translate,
)
from keras_cv_extras.policy.interop._templates import TORCHVISION
from keras_cv_extras.policy.interop._torchvision_compose import EDGES, read_policy

# The arguments of its transforms, with their defaults.
_ARGUMENTS = {
    "AutoAugment": {"policy": "imagenet"},
    "RandAugment": {"num_ops": 2, "magnitude": 9, "num_magnitude_bins": 31},
    "TrivialAugmentWide": {"num_magnitude_bins": 31},
    "AugMix": {
        "severity": 3,
        "mixture_width": 3,
        "chain_depth": -1,
        "alpha": 1.0,
        "all_ops": True,
    },
}
_COMMON = {"interpolation": "nearest", "fill": None}
_SAYS = {*RAND_AUGMENT_OPS, "invert", "cutout", "solarize_add", "flip_horizontal", "flip_vertical"}
_MARK = "STAGES = "


def from_torchvision(transform: Any, *, strict: bool = True, **arguments: Any) -> Policy:
    """Translates an augmentation of torchvision.

    Args:
        transform: an `AutoAugment`, `RandAugment` or `TrivialAugmentWide` of
            `torchvision.transforms` or its `v2`; or the name of one, with `arguments`; or a
            `Compose` of these and of flips, `ColorJitter`, `RandomResizedCrop` but for its size,
            `RandomRotation`, `RandomAffine` without a shear, `GaussianBlur`, `GaussianNoise`,
            `JPEG`, `RandomErasing`, the random ops of AutoAugment, `RandomApply`,
            `RandomChoice` and `RandomOrder`; or the text of a file that `to_torchvision` made.
        strict: whether to raise where this library cannot do the same; else one warning names
            what differs, and what is left out, such as `Normalize`. Of bilinear interpolation,
            whose edges alone differ, and of hue, there is a warning in either case.
        **arguments: of the transform that is named, such as `num_ops=2, magnitude=9`.

    Returns:
        A policy of the same ops with the same numbers: every image that torchvision can make of
        an image is one that the policy makes, with the same probability. Fill colours are black
        unless the transform has another.

    Raises:
        TypeError, ValueError: if the transform is not one of these. AugMix is no policy: see
            `augmix_from_torchvision`.

    Example:
        >>> policy = from_torchvision("RandAugment", num_ops=2, magnitude=9)
        >>> policy = from_torchvision(torchvision.transforms.TrivialAugmentWide())
    """
    if isinstance(transform, str) and _MARK in transform:
        return _from_source(transform)
    if type(transform).__name__ == "Compose" and not arguments:
        omissions = Omissions("keras_cv_extras")
        policy = compose_policy(transform, omissions)
        Policy([[Step("identity")]], fill=policy.fill)  # raises for what is no colour
        omissions.settle(strict)
        return policy
    omissions = Omissions("keras_cv_extras")
    policy = _auto(transform, arguments, omissions)
    omissions.settle(strict)
    return policy


def compose_policy(transform: Any, omissions: Omissions) -> Policy:
    """Returns the policy of a `Compose`, whose fill is in the range of the images.

    Args:
        transform: a `Compose`.
        omissions: where what differs is noted.
    """
    return read_policy(transform, lambda part: _auto(part, {}, omissions), omissions)


def _auto(transform, arguments, omissions):
    """Returns the policy of one of the Auto classes."""
    name, given = _read(transform, arguments)
    if name == "AugMix":
        raise ValueError(
            "AugMix mixes several images and is no policy: use augmix_from_torchvision and "
            "layers.AugMix"
        )
    options = _options(given, omissions)
    made = {"name": name, "fill": options.pop("fill"), "spec": "torchvision"}
    if name == "AutoAugment":
        rows = _published.AUTO_AUGMENT[checks.one_of("policy", *_policy_name(given["policy"]))]
        steps = [[step_of_magnitude("torchvision", *step) for step in row] for row in rows]
        made["name"] = f"AutoAugment ({_policy_name(given['policy'])[0]})"
        policy = Policy(_with(steps, options), **made)
    elif name == "RandAugment":
        num_bins, magnitude = given["num_magnitude_bins"], given["magnitude"]
        checks.integer("num_magnitude_bins", num_bins, minimum=2)
        if not 0 <= checks.integer("magnitude", magnitude) < num_bins:
            raise ValueError(f"magnitude must be in [0, {num_bins - 1}], received {magnitude}")
        ends = space(magnitude / (num_bins - 1))
        rows = [[Step(op, **ends.get(op, {}))] for op in RAND_AUGMENT_OPS]
        policy = Policy(_with(rows, options), num_draws=given["num_ops"], **made)
    else:
        policy = _trivial_augment(given["num_magnitude_bins"], options, made)
    return policy


def augmix_from_torchvision(
    transform: Any = "AugMix", *, strict: bool = True, **arguments: Any
) -> dict[str, Any]:
    """Translates an AugMix of torchvision into arguments of `augmix` and `layers.AugMix`.

    Args:
        transform: a `torchvision.transforms.AugMix`, or "AugMix" with `arguments`.
        strict: whether to raise where this library cannot do the same; else it warns.
        **arguments: of the transform that is named, such as `severity=3`.

    Returns:
        A dictionary of `chain`, `width`, `alpha` and `fill`. Translations are rounded to the
        nearest pixel, where torchvision cuts.

    Raises:
        TypeError, ValueError: if it is another transform.

    Example:
        >>> layer = keras_cv_extras.layers.AugMix(**augmix_from_torchvision(severity=5))
    """
    name, given = _read(transform, arguments)
    if name != "AugMix":
        raise ValueError(f"transform must be an AugMix, received {name}: use from_torchvision")
    omissions = Omissions("keras_cv_extras")
    options = _options(given, omissions)
    severity = given["severity"]  # of ten magnitudes, so many of the first are drawn
    if not 1 <= checks.integer("severity", severity) <= 10:
        raise ValueError(f"severity must be in [1, 10], received {severity}")
    share = (severity - 1) / 9
    low, high = space(0.0), space(share)
    names = [op for op in RAND_AUGMENT_OPS if op != "identity"]
    if not given["all_ops"]:
        names = [op for op in names if op not in ("brightness", "color", "contrast", "sharpness")]
    rows = []
    for op in names:
        fields = dict(high.get(op, {}))
        if fields:
            fields["value"] = (low[op]["value"], fields["value"])
        if op == "posterize":  # four bits less than elsewhere
            fields["value"] = (4.0, 4 - 4 * share)
        elif op.startswith("translate"):
            fields |= {"value": (0.0, share / 3), "whole": False}
        rows.append((1.0, _with([[Step(op, **fields)]], options)[0][0]))
    omissions.settle(strict)
    fill = options.pop("fill")
    num_levels = severity if severity > 1 else None
    chain = chains(rows, given["chain_depth"], num_levels=num_levels, fill=fill)
    return {"chain": chain, "width": given["mixture_width"], "alpha": given["alpha"], "fill": fill}


def to_torchvision(policy: Policy, *, strict: bool = True) -> str:
    """Returns a policy as Python source for PyTorch: a transform of torchvision's functions.

    The text needs torch and torchvision, and nothing of this library. It defines the transform
    `Augment`, a `torch.nn.Module` for Pillow images and uint8 tensors, which draws anew for
    every image, and the data that it runs on, as a list of stages. `from_torchvision` reads it
    back.

    Args:
        policy: a policy for images in [0, 255].
        strict: whether to raise if the policy has steps that torchvision cannot do: ops other
            than those of AutoAugment (without SamplePairing), Cutout and flips, and fill modes.
            Else it warns, and leaves them out. Of bilinear interpolation, whose edges differ on
            Pillow images, there is a warning in either case.

    Raises:
        TypeError, ValueError: if `policy` is none, or cannot be said.

    Example:
        >>> pathlib.Path("augment.py").write_text(to_torchvision(policy))
    """
    omissions = Omissions("torchvision")
    checked_policy(policy, omissions)

    def one(step, place):
        if step.op not in _SAYS:
            return lost(omissions, step, place)
        # The interpolation is the one option that is kept.
        interpolation = interpolated(step, omissions, place) if step.options else None
        if interpolation == "bilinear":
            omissions.remark(f"interpolation 'bilinear', {EDGES}")
        fields = {"rate": step.rate}
        if step.value is not None:
            fields["value"] = list(ends_of(step))
        fields |= {name: True for name in ("signed", "whole") if getattr(step, name)}
        fields |= {"unit": step.unit} if step.unit else {}
        fields |= {"interpolation": interpolation} if interpolation else {}
        return (step.op, fields)

    stages = [
        {
            "num_draws": stage.num_draws,
            "num_levels": stage.num_levels,
            "weights": None if stage.weights is None else list(stage.weights),
            "sub_policies": rows,
        }
        for stage, rows in zip(policy.stages, translate(policy, omissions, one), strict=True)
    ]
    omissions.settle(strict)
    fill = list(policy.fill) if isinstance(policy.fill, tuple) else policy.fill
    data = f"NAME = {policy.name!r}\nFILL = {fill!r}\n{_MARK}"
    data += pprint.pformat(stages, width=96, sort_dicts=False, compact=True)
    return TORCHVISION.replace("{data}", data)


def space(share: float) -> dict[str, dict[str, Any]]:
    """Returns the fields of the ops' steps at a share in [0, 1] of the way to the end."""
    fields = {
        **{op: {"value": 0.3 * share, "signed": True} for op in ("shear_x", "shear_y")},
        "rotate": {"value": 30.0 * share, "signed": True},
        "solarize": {"value": 255 - 255 * share},
        "posterize": {"value": 8 - round(4 * share)},
    }
    for op, unit in (("translate_x", "width"), ("translate_y", "height")):
        fields[op] = {"value": 150 / 331 * share, "signed": True, "unit": unit, "whole": True}
    for op in ("brightness", "color", "contrast", "sharpness"):
        fields[op] = {"value": 1 + 0.9 * share, "signed": True}
    return fields


def _read(transform, arguments):
    """Returns the name of a transform and all its arguments."""
    if isinstance(transform, str):
        name = checks.one_of("transform", transform, tuple(_ARGUMENTS))
        known = {**_ARGUMENTS[name], **_COMMON}
        if unknown := sorted(set(arguments) - set(known)):
            raise ValueError(
                f"{name} has no argument {unknown[0]!r}; its arguments are {', '.join(known)}"
            )
        return name, {**known, **arguments}
    name = type(transform).__name__
    if name not in _ARGUMENTS or arguments:
        raise TypeError(
            f"transform must be one of {', '.join(_ARGUMENTS)} of torchvision.transforms, or the "
            f"name of one with its arguments; received {transform!r}"
        )
    given = {key: getattr(transform, key, value) for key, value in _ARGUMENTS[name].items()}
    fill = getattr(transform, "fill", None)
    if fill is None or isinstance(fill, dict):  # of transforms.v2: one for each type
        fill = next(iter((fill or {}).values()), None)
    return name, {**given, "interpolation": transform.interpolation, "fill": fill}


def _options(given, omissions):
    """Returns the fill colour, and the options of the ops that move pixels."""
    interpolation = getattr(given["interpolation"], "value", given["interpolation"])
    if interpolation not in ("nearest", "bilinear"):
        omissions.add(f"interpolation {interpolation!r}, in place of which nearest is used")
        interpolation = "nearest"
    if interpolation == "bilinear":
        omissions.remark(f"interpolation 'bilinear', {EDGES}")
    fill = given["fill"]
    options = {"fill": 0 if fill is None else fill}
    return options | ({"interpolation": interpolation} if interpolation != "nearest" else {})


def _with(rows, options):
    """Gives the steps that move pixels an interpolation."""
    chosen = {key: value for key, value in options.items() if key == "interpolation"}
    pairs = tuple(chosen.items())
    return [
        [
            Step(
                step.op,
                step.rate,
                value=step.value,
                unit=step.unit,
                signed=step.signed,
                whole=step.whole,
                options=pairs if step.op in WARPS else (),
            )
            for step in row
        ]
        for row in rows
    ]


def _policy_name(policy):
    return str(getattr(policy, "value", policy)), sorted(_published.AUTO_AUGMENT)


def _trivial_augment(num_bins, options, made):
    checks.integer("num_magnitude_bins", num_bins, minimum=2)
    rows, weights = [], []
    for op in RAND_AUGMENT_OPS:
        fields = _published.TRIVIAL_AUGMENT_WIDE.get(op, {})
        if op in ("posterize", "translate_x", "translate_y"):
            # Whole numbers there, and not rounded as here: every magnitude is a row of its own.
            for place in range(num_bins):
                pixels = int(_in_float32(32.0, num_bins, place))
                number = 8 - round(6 * place / (num_bins - 1)) if op == "posterize" else pixels
                rows.append([Step(op, value=number, signed=op != "posterize")])
                weights.append(1 / num_bins)
            continue
        rows.append([Step(op, **fields)])
        weights.append(1.0)
    return Policy(_with(rows, options), weights, num_levels=num_bins, **made)


def _in_float32(end, count, place):
    """Returns an element of `torch.linspace(0, end, count)`, which counts from both ends."""
    step = float(np.float32(end) / np.float32(count - 1))
    return np.float32(step * place if place < count // 2 else end - step * (count - 1 - place))


def _from_source(text):
    """Reads the data of a file that `to_torchvision` made."""
    found = {}
    try:
        for node in ast.parse(text).body:
            target: Any = node.targets[0] if isinstance(node, ast.Assign) else None
            if isinstance(node, ast.Assign) and target.id in ("NAME", "FILL", "STAGES"):
                found[target.id] = ast.literal_eval(node.value)
        stages = tuple(_stage(**fields) for fields in found["STAGES"])
    except (SyntaxError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"the text is not one that to_torchvision made: {error!r}") from error
    policy = Policy(
        [[Step("identity")]], fill=found["FILL"], name=found["NAME"], spec="torchvision"
    )
    return policy._with_stages(stages)


def _stage(num_draws, num_levels, weights, sub_policies):
    rows = []
    for row in sub_policies:
        rows.append([])
        for op, fields in row:
            interpolation = {"interpolation": fields.pop("interpolation", "nearest")}
            value = fields.pop("value", None)
            rows[-1].append(
                Step(
                    op,
                    **fields,
                    value=None if value is None else tuple(value),
                    options=tuple(interpolation.items()) if op in WARPS else (),
                )
            )
        rows[-1] = rows[-1] or [Step("identity")]
    return Stage(rows, weights, num_draws, num_levels)
