"""Policies as NVIDIA DALI's, and from them.

References:
    NVIDIA DALI 2.4, python/nvidia/dali/auto_aug.
"""

import ast
import itertools
import math
import pprint
from typing import Any

from keras_cv_extras._base.types import Color
from keras_cv_extras.policy._policy import Policy
from keras_cv_extras.policy._stage import Stage
from keras_cv_extras.policy._step import Step
from keras_cv_extras.policy.interop._common import (
    ENHANCERS,
    WARPS,
    Omissions,
    checked_policy,
    ends_of,
    equally_likely,
    interpolated,
    lost,
    own_numbers,
)
from keras_cv_extras.policy.interop._templates import DALI

_FLAT = {
    "identity": "identity",
    "invert": "invert",
    "equalize": "equalize",
    "autocontrast": "auto_contrast",
    "flip_horizontal": "flip_horizontal",
    "flip_vertical": "flip_vertical",
}
_NAMES = {name: op for op, name in _FLAT.items()}
_VALUED = (*WARPS, *ENHANCERS, "posterize", "solarize", "solarize_add")
_LEVELS = 11  # in place of a strength that is drawn
_MARK = "AUGMENTATIONS = "


def to_dali(policy: Policy, *, strict: bool = True) -> str:
    """Returns a policy as Python source for NVIDIA DALI.

    The text needs DALI, and nothing of this library. It defines `POLICIES`, objects of DALI's own
    class `Policy`, and `augment(images)` for a pipeline with conditional execution, which
    applies them with nearest sampling. Strengths are magnitude bins there, and sub-policies
    equally likely: those drawn from levels become one sub-policy for each level, and weights
    repetitions. `from_dali` reads the text back. Shares of an image are not cut to whole pixels
    there, which moves borders by up to one.

    Args:
        policy: a policy for images in [0, 255].
        strict: whether to raise if the policy has what DALI cannot do: other ops, fill colours
            per channel, strengths drawn between levels. Else it warns, draws from 11 levels, and
            leaves the rest out.

    Raises:
        TypeError, ValueError: if `policy` is none, or cannot be said.

    Example:
        >>> pathlib.Path("augment.py").write_text(to_dali(policy))
    """
    omissions = Omissions("DALI")
    fill = checked_policy(policy, omissions).fill
    if isinstance(fill, tuple):
        omissions.add(f"the fill colour {fill}: its mean is used instead")
        fill = sum(fill) / len(fill)
    bins, policies = _Bins(), []
    for stage in policy.stages:
        alone = policy._with_stages((Stage(stage.sub_policies, stage.weights),))
        rows = []
        for number, steps in enumerate(equally_likely(alone, omissions)):
            cells = [
                _cells(step, f"sub-policy {number}, step {column}", stage.num_levels, omissions)
                for column, step in enumerate(steps)
            ]
            rows.append([cell for cell in cells if cell])
        sizes = [math.prod(len(cell) for cell in row) for row in rows]
        most = math.lcm(*sizes)
        listed = []
        for row, size in zip(rows, sizes, strict=True):
            for combination in itertools.product(*row):
                listed += [[bins.triple(*cell) for cell in combination]] * (most // size)
        policies.append({"num_draws": stage.num_draws, "sub_policies": listed})
    omissions.settle(strict)
    data = f"NAME = {policy.name or 'policy'!r}\nFILL = {fill!r}\n{_MARK}"
    data += pprint.pformat(bins.augmentations(), width=96, sort_dicts=False, compact=True)
    data += "\nDRAWN = " + pprint.pformat(policies, width=96, sort_dicts=False, compact=True)
    return DALI.replace("{data}", data)


def from_dali(policy: Any, *, fill: Color = 128, **options: Any) -> Policy:
    """Translates a policy of NVIDIA DALI.

    Args:
        policy: a `nvidia.dali.auto_aug.core.Policy`, as `auto_augment.get_image_net_policy()`
            makes it; or the text of a file that `to_dali` made.
        fill: what DALI's `fill_value` is, in [0, 255]; the text has its own.
        **options: `value_range`, `name` of `Policy`.

    Returns:
        A policy of the same ops with the same numbers, sampled nearest.

    Raises:
        TypeError, ValueError: if an augmentation is not one of DALI's own.

    Example:
        >>> policy = from_dali(nvidia.dali.auto_aug.auto_augment.get_svhn_policy())
    """
    if isinstance(policy, str):
        return _from_source(policy, options)
    if not hasattr(policy, "sub_policies") or not hasattr(policy, "num_magnitude_bins"):
        raise TypeError(f"policy must be a Policy of DALI or a text, received {policy!r:.80}")
    rows = [
        [_step(*triple, num_bins=policy.num_magnitude_bins) for triple in row]
        for row in policy.sub_policies
    ]
    return Policy(rows, **{"fill": fill, "spec": "dali", "name": policy.name, **options})


class _Bins:
    """Numbers the values of every augmentation."""

    def __init__(self):
        self._values = {}

    def triple(self, key, rate, value):
        """Returns the name of an augmentation, its probability and its bin."""
        values = self._values.setdefault(key, [])
        if value is None:
            return (_name(key), rate, None)
        values += [value] if value not in values else []
        return (_name(key), rate, values.index(value))

    def augmentations(self):
        """Returns what there is to know of every augmentation, by its name."""
        return {
            _name(key): {
                "op": key[0],
                **({"values": values} if values else {}),
                **({"signed": True} if key[1] else {}),
                **({"unit": key[2]} if key[2] else {}),
            }
            for key, values in self._values.items()
        }


def _name(key):
    op, signed, unit = key
    return "_".join([op, *(["signed"] if signed else []), *(["of", unit] if unit else [])])


def _cells(step, place, num_levels, omissions):
    """Lists an augmentation's key, rate and values that are equally likely, for a step."""
    step = own_numbers(step)
    if step.op in _FLAT:
        return None if step.op == "identity" else [((step.op, False, None), step.rate, None)]
    if step.op not in _VALUED:
        return lost(omissions, step, place)
    interpolated(step, omissions, place, known=("nearest",))
    low, high = ends_of(step)
    if low == high:
        values = [low]
    else:
        if not num_levels:
            omissions.add(f"{place}: {step.op} of a drawn strength: levels are used instead")
        count = num_levels or _LEVELS
        values = [low + (high - low) * k / (count - 1) for k in range(count)]
    if step.op == "posterize":
        values = [math.floor(value + 0.5) for value in values]
        if min(values) < 1:
            omissions.add(f"{place}: posterize to 0 bits, where there is one left")
    elif step.op == "solarize":
        values = [math.ceil(value) for value in values]
    key = (step.op, step.signed, step.unit)
    return [(key, step.rate, round(float(value), 9)) for value in values]


def _step(augmentation, rate, magnitude, num_bins):
    """Returns the step of a triple of DALI."""
    name = augmentation.op.__name__
    if name in _NAMES:
        return Step(_NAMES[name], rate)
    op = name.removesuffix("_no_shape")
    if op not in _VALUED:
        raise ValueError(f"the augmentation {augmentation.name!r} is none of DALI's own")
    ends = augmentation.mag_range
    if len(ends) == 2 and num_bins != 2:
        value = ends[0] + (ends[1] - ends[0]) * magnitude / max(1, num_bins - 1)
    else:
        value = ends[magnitude]
    if op in ENHANCERS:
        # One of three functions says whether 0 or 1 is the identity.
        function = augmentation.mag_to_param.__name__
        shifted = function in ("shift_enhance_range", "sharpness_kernel")
        value = 1 + value if shifted else value
    elif op == "posterize":
        value = min(8, max(1, round(value)))
    elif op == "solarize_add":
        value = int(value)
    unit = {"translate_x": "width", "translate_y": "height"}.get(name)
    if op == "solarize" or op == "posterize":
        return Step(op, rate, value=float(value))
    signed = bool(augmentation.randomly_negate)
    return Step(op, rate, value=float(value), unit=unit, signed=signed)


def _from_source(text, options):
    found = {}
    try:
        for node in ast.parse(text).body:
            target: Any = node.targets[0] if isinstance(node, ast.Assign) else None
            if isinstance(node, ast.Assign) and target.id in (
                "NAME",
                "FILL",
                "AUGMENTATIONS",
                "DRAWN",
            ):
                found[target.id] = ast.literal_eval(node.value)
        stages = tuple(_read_stage(found["AUGMENTATIONS"], **fields) for fields in found["DRAWN"])
    except (SyntaxError, KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"the text is not one that to_dali made: {error!r:.200}") from error
    made = {"fill": found["FILL"], "spec": "dali", "name": found["NAME"], **options}
    return Policy([[Step("identity")]], **made)._with_stages(stages)


def _read_stage(augmentations, num_draws, sub_policies):
    rows = []
    for row in sub_policies:
        rows.append([])
        for name, rate, number in row:
            fields = dict(augmentations[name])
            op, values = fields.pop("op"), fields.pop("values", None)
            value = {} if values is None else {"value": values[number], **fields}
            rows[-1].append(Step(op, rate, **value))
        rows[-1] = rows[-1] or [Step("identity")]
    return Stage(rows, None, num_draws)
