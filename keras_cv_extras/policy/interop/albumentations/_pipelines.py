"""Policies as Albumentations' dictionaries, and from them.

References:
    Albumentations 2.0.8, `to_dict` and `from_dict`.
"""

import itertools
import math
from typing import Any

from keras_cv_extras.policy._policy import Policy
from keras_cv_extras.policy._stage import Stage
from keras_cv_extras.policy._step import Step
from keras_cv_extras.policy.interop._common import (
    WARPS,
    Omissions,
    checked_policy,
    scale_of,
    translate,
)
from keras_cv_extras.policy.interop.albumentations import _read as known
from keras_cv_extras.policy.interop.albumentations import _written
from keras_cv_extras.policy.interop.albumentations._old import fields_of, note_targets

VERSION = "2.0.8"
_OWN = "keras_cv_extras"
_MOST_ROWS = 4096
#: The ops that a fill colour matters to.
_FILLED = (*WARPS, "affine", "channel_dropout", "hole_dropout")
#: What applies its transforms one after another.
_ROWS = ("Compose", "ReplayCompose", "Sequential")
#: What becomes a stage of its own.
_ALONE = ("OneOf", "OneOrOther", "RandomOrder", "SomeOf", "Sequential")


def to_albumentations(
    policy: Policy, *, image_size: tuple[int, int] | None = None, strict: bool = True
) -> dict[str, Any]:
    """Returns a policy as the dictionary that `albumentations.from_dict` takes.

    A stage becomes a `OneOf` of sub-policies, for each draw of it one. An op with a strength of
    either sign becomes two, or an interval. The pictures are those of this library but for
    rounding, with three exceptions: borders move by up to a pixel, as shears turn about the
    centre there and are moved back by whole pixels, and translations are cut to whole pixels;
    Equalize and AutoContrast round otherwise; Sharpness has another border.

    Args:
        policy: a policy for images in [0, 255].
        image_size: `(height, width)` in pixels, for images that are not square: else shears are
            moved back by too much or too little.
        strict: whether to raise if the policy has what cannot be said so. Else it warns and says
            the nearest thing: a blur for Sharpness below 1, a hole inside the image for Cutout,
            strengths drawn from an interval instead of from levels. What has none is left out.

    Raises:
        TypeError, ValueError: if `policy` is none, or cannot be said.

    Example:
        >>> transform = albumentations.from_dict(to_albumentations(policy))
        >>> augmented = transform(image=image)["image"]
    """
    omissions = Omissions("Albumentations")
    fill: Any = checked_policy(policy, omissions).fill
    fill = list(fill) if isinstance(fill, tuple) else float(fill)

    def one(step, place):
        return _written.transform_of(step, place, fill, image_size, omissions)

    transforms = []
    stages = translate(policy, omissions, one)
    for stage, rows in zip(policy.stages, stages, strict=True):
        drawn = any(isinstance(s.strength or s.value, tuple) for r in stage.sub_policies for s in r)
        if stage.num_levels and drawn:
            omissions.add(f"{stage.num_levels} levels: strengths between them are drawn too")
        weights = stage.weights or (1.0,) * len(rows)
        sequences = [
            _named("Sequential", weight / max(weights), transforms=row or [_named("NoOp", 1.0)])
            for weight, row in zip(weights, rows, strict=True)
        ]
        if len(sequences) > 1:
            sequences = [_named("OneOf", 1.0, transforms=sequences)]
        transforms += sequences * stage.num_draws
    omissions.settle(strict)
    compose = _named("Compose", 1.0, transforms=transforms)
    mark = {"__version__": VERSION, "made_by": _OWN}
    compose |= {"bbox_params": None, "keypoint_params": None, "additional_targets": {}}
    return {**mark, "transform": {**compose, "is_check_shapes": True}}


def from_albumentations(fields: Any, *, strict: bool = True, **options: Any) -> Policy:
    """Translates a pipeline of Albumentations.

    Args:
        fields: a dictionary as `albumentations.to_dict` makes it, or a transform with such a
            method. `Compose`, `Sequential`, `OneOf`, `OneOrOther`, `SomeOf` and `RandomOrder`
            of transforms are understood, and of these `Rotate`, `Affine` without a shear among
            others, `ShiftScaleRotate`, `ColorJitter` without hue, `RandomBrightnessContrast`,
            `HueSaturationValue`, `RGBShift`, `RandomGamma`, `MultiplicativeNoise`, `GaussNoise`,
            `Posterize`, `Solarize`, `InvertImg`, `Equalize`, `AutoContrast`, `Sharpen`, `ToGray`,
            `ChannelShuffle`, `ChannelDropout`, `CoarseDropout`, `Blur`, `MedianBlur`,
            `GaussianBlur`, both flips, `RandomRotate90`, `Transpose` and `SquareSymmetry` of
            square images, `NoOp` and, but for its size, `RandomResizedCrop`; of version 1, too.
        strict: whether to raise where this library cannot do the same; else one warning names
            what differs, and what is left out, such as `Normalize`. Of `Equalize`, `Sharpen` and
            shears, whose pictures are nearly the same, there is a warning in either case.
        **options: `value_range`, `name` of `Policy`.

    Raises:
        TypeError, ValueError: if a transform is not known and `strict`; the message names it.

    Example:
        >>> policy = from_albumentations(albumentations.to_dict(transform))
    """
    fields, omissions = fields_of(fields), Omissions("keras_cv_extras")
    note_targets(fields, omissions)
    policy = read_policy(fields, omissions, **options)
    Policy([[Step("identity")]], fill=policy.fill)  # raises for what is no colour
    omissions.settle(strict)
    return policy


def read_policy(fields: dict[str, Any], omissions: Omissions, **options: Any) -> Policy:
    """Returns the policy of a pipeline.

    Args:
        fields: the dictionary of the pipeline, as `fields_of` returns it.
        omissions: where what differs is noted.
        **options: `value_range`, `name` of `Policy`.
    """
    reader = _Reader(fields.get("made_by") == _OWN, omissions)
    stages = reader.stages(fields["transform"])
    if len(reader.fills) > 1:
        omissions.add(f"fill colours that differ, of which {reader.fills[0]} is used")
    fill = options.pop("fill", reader.fills[0] if reader.fills else 0)
    policy = Policy([[Step("identity")]], **{"spec": "albumentations", **options})
    return policy._with_stages(tuple(stages), fill=fill)


class _Reader:
    """Reads a tree of transforms."""

    def __init__(self, own, omissions):
        self.own = own  # of a file of to_albumentations it was said what differs
        self.omissions = omissions
        self.fills = []

    def stages(self, node):
        """Returns the stages of a list of transforms applied in a row."""
        if _name(node) not in _ROWS or node.get("p", 1.0) != 1.0:
            return [self._stage(self.rows(node))]
        stages, plain = [], []
        for child in node["transforms"]:
            alone = _name(child) in _ALONE or (
                _name(child) == "ColorJitter" and len(known.colours_of(child, 1.0)) > 1
            )
            if alone and not self._pair(child):
                stages += [self._stage(self._product(plain))] if plain else []
                plain = []
                stages.append(self._stage(self.rows(child)))
            else:
                plain.append(child)
        stages += [self._stage(self._product(plain))] if plain or not stages else []
        joined = stages[:1]
        for stage in stages[1:]:  # the same again is another draw
            last = joined[-1]
            if len(stage.sub_policies) > 1 and (stage.sub_policies, stage.weights) == (
                last.sub_policies,
                last.weights,
            ):
                count = last.num_draws + stage.num_draws
                joined[-1] = Stage(last.sub_policies, last.weights, count)
            else:
                joined.append(stage)
        return joined

    def rows(self, node, forced=False):
        """Lists pairs of a probability and of steps that a transform may come to."""
        name, rate = _name(node), 1.0 if forced else float(node.get("p", 1.0))
        if pair := self._pair(node):
            return [(1.0, (pair,))]
        if name in _ROWS:
            rows = self._product(node["transforms"])
        elif name == "OneOf":
            weights = [float(child.get("p", 1.0)) for child in node["transforms"]]
            rows = [
                (weight / sum(weights) * chance, steps)
                for weight, child in zip(weights, node["transforms"], strict=True)
                for chance, steps in self.rows(child, forced=True)
            ]
        elif name == "NoOp":
            return [(1.0, ())]
        elif name in ("SomeOf", "RandomOrder"):
            rows = self._some(node)
        elif name == "OneOrOther":
            return [
                (share * chance, steps)
                for share, child in zip((rate, 1 - rate), node["transforms"], strict=True)
                for chance, steps in self.rows(child, forced=True)
            ]
        elif name == "ColorJitter" and len(steps := known.colours_of(node, 1.0)) > 1:
            self._step(node, rate)  # says what is left out
            orders = list(itertools.permutations(steps))
            rows = [(1 / len(orders), order) for order in orders]
        elif (rows := known.rows_of(name, node, self.omissions)) is not None:
            pass
        else:
            step = self._step(node, rate)
            return [(1.0, () if step is None else (step,))]
        if rate == 1.0:
            return rows
        return [(1 - rate, ()), *((rate * chance, steps) for chance, steps in rows)]

    def _some(self, node):
        """Lists what SomeOf, which keeps the order of the list, and RandomOrder come to."""
        count, children = int(node["n"]), node["transforms"]
        draw = itertools.product if node.get("replace") else itertools.permutations
        options = {"repeat": count} if node.get("replace") else {"r": count}
        forced = bool(node.get("forced"))  # of version 1
        if forced and len({child.get("p", 1.0) for child in children}) > 1:
            self.omissions.add("SomeOf of transforms with other p: all are as likely here")
        if len(children) ** count > _MOST_ROWS:
            raise ValueError(f"{_name(node)} of {count} in {len(children)} has too many outcomes")
        picks = list(draw(range(len(children)), **options))
        found: dict[Any, float] = {}
        for pick in picks:
            order = sorted(pick) if _name(node) == "SomeOf" and not forced else pick
            for chance, steps in self._product([children[place] for place in order], forced):
                found[steps] = found.get(steps, 0.0) + chance / len(picks)
        return [(chance, steps) for steps, chance in found.items()]

    def _stage(self, rows, num_draws=1):
        if len(rows) > _MOST_ROWS:
            raise ValueError(f"there are more than {_MOST_ROWS} combinations of transforms")
        rows = [(chance, steps) for chance, steps in rows if chance > 0]
        weights = [round(chance / max(c for c, _ in rows), 9) for chance, _ in rows]
        weights = None if len(set(weights)) == 1 else weights
        steps = [steps or (Step("identity"),) for _, steps in rows]
        return Stage(steps, weights, num_draws)

    def _product(self, nodes, forced=False):
        result = []
        for row in itertools.product(*(self.rows(node, forced) for node in nodes)):
            steps = tuple(step for _, steps in row for step in steps)
            result.append((math.prod(chance for chance, _ in row), steps))
        return result

    def _pair(self, node):
        """Returns the step of a OneOf that is one op with either sign, or None."""
        if _name(node) != "OneOf" or len(node["transforms"]) != 2:
            return None
        names = {_name(child) for child in node["transforms"]}
        if len(names) != 1 or names & {*_ALONE, *_ROWS, "NoOp"}:
            return None
        if len({child.get("p", 1.0) for child in node["transforms"]}) != 1:
            return None
        first, second = (
            self._step(child, float(node.get("p", 1.0))) for child in node["transforms"]
        )
        if (
            first is None
            or second is None
            or first.op != second.op
            or not isinstance(first.value, (int, float))
        ):
            return None
        identity = scale_of(first.op).identity
        if second != _changed(first, value=round(2 * identity - first.value, 9)):
            return None
        value = max(first.value, round(2 * identity - first.value, 9), key=abs)
        return _changed(first, value=value, signed=True)

    def _step(self, node, rate):
        step, fill = known.step_of(_name(node), node, rate, self.omissions)
        if not self.own:
            known.note_others(_name(node), node, self.omissions)
        if step is not None and fill is not None and step.op in _FILLED:
            fill = tuple(fill) if isinstance(fill, (list, tuple)) else fill
            self.fills += [fill] if fill not in self.fills else []
        return step


def _changed(step, **fields):
    given = {"value": step.value, "unit": step.unit, "signed": step.signed, "whole": step.whole}
    return Step(step.op, step.rate, **{**given, **fields}, options=step.options)


def _name(node):
    if not isinstance(node, dict) or "__class_fullname__" not in node:
        raise ValueError(f"a transform must have a '__class_fullname__', received {node!r:.80}")
    return node["__class_fullname__"].rpartition(".")[2]


def _named(name, rate, **fields):
    return {"__class_fullname__": name, "p": float(rate), **fields}
