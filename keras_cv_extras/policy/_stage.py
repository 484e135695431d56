"""One stage of a policy: weighted sub-policies, of which every image gets some."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_cv_extras._base import checks
from keras_cv_extras.policy._program import stage_table
from keras_cv_extras.policy._step import Step

#: The 16 ops of AutoAugment, arXiv:1805.09501: the space that policies are searched in.
SEARCH_OPS: tuple[str, ...] = (
    "shear_x",
    "shear_y",
    "translate_x",
    "translate_y",
    "rotate",
    "autocontrast",
    "invert",
    "equalize",
    "solarize",
    "posterize",
    "contrast",
    "color",
    "brightness",
    "sharpness",
    "cutout",
    "sample_pairing",
)


# Each draw is a step of the program of its own: more than these would never be compiled.
MOST_DRAWS = 100
MOST_LEVELS = 1 << 20  # float32 tells no more of them apart


@dataclasses.dataclass(frozen=True)
class Stage:
    """Weighted sub-policies, of which each image gets one, or several in a row.

    Args:
        sub_policies: a sequence of sub-policies; each a sequence of steps, applied in order.
        weights: how often each is drawn, relative to the others; None for equally often.
        num_draws: how many sub-policies are drawn for an image, with replacement, and applied
            in a row.
        num_levels: None to draw strengths continuously between the ends of a step's interval,
            or how many equally spaced strengths there are to draw from.

    Example:
        >>> stage = Stage([[Step("rotate", 1.0, 0.5)], [Step("invert", 1.0)]], num_draws=2)
        >>> len(stage.sub_policies), rand_augment(num_ops=3).stages[0].num_draws
        (2, 3)
    """

    sub_policies: Sequence[Sequence[Step]]
    weights: Sequence[float] | None = None
    num_draws: int = 1
    num_levels: int | None = None

    def __post_init__(self) -> None:
        rows = tuple(tuple(steps) for steps in self.sub_policies)
        if not rows:
            raise ValueError("a policy needs at least one sub-policy")
        for number, steps in enumerate(rows):
            if not steps:
                raise ValueError(f"sub-policy {number} has no steps")
            for step in steps:
                if not isinstance(step, Step):
                    raise TypeError(f"sub-policy {number} must hold Steps, received {step!r}")
        object.__setattr__(self, "sub_policies", rows)
        checks.integer("num_draws", self.num_draws, minimum=1, maximum=MOST_DRAWS)
        if self.num_levels is not None:
            checks.integer("num_levels", self.num_levels, minimum=2, maximum=MOST_LEVELS)
        if self.weights is not None:
            weights = tuple(checks.number("a weight", weight) for weight in self.weights)
            if len(weights) != len(rows):
                raise ValueError(
                    f"weights must hold one number per sub-policy, {len(rows)}, received "
                    f"{len(weights)}"
                )
            if min(weights) < 0 or sum(weights) <= 0:
                raise ValueError(f"weights must be at least 0, and one above, received {weights}")
            if not math.isfinite(sum(weights)):
                weights = tuple(weight / max(weights) for weight in weights)
            object.__setattr__(self, "weights", weights)

    @property
    def branches(self) -> tuple[tuple[str, tuple[Any, ...]], ...]:
        """The branches of the compiled switch: pairs of an op's name and its options.

        All policies over several of AutoAugment's ops share one, so that they share one program.
        That of one op alone is compiled in a tenth of the time, and runs faster.
        """
        used = self.own_branches
        standard = tuple((name, ()) for name in ("identity", *SEARCH_OPS))
        return standard if len(used) > 2 and set(used) <= set(standard) else used

    @property
    def own_branches(self) -> tuple[tuple[str, tuple[Any, ...]], ...]:
        """The branches that the steps use, and the identity."""
        used = {step.branch for steps in self.sub_policies for step in steps} | {("identity", ())}
        return tuple(sorted(used, key=repr))

    @property
    def num_steps(self) -> int:
        """How many steps the longest sub-policy has."""
        return max(len(steps) for steps in self.sub_policies)

    def table(self, height: int, width: int, branches: Sequence[Any] | None = None) -> np.ndarray:
        """Returns the steps as numbers, `(sub-policies, steps, columns)`, for images of a size.

        Args:
            height: height of the images in pixels.
            width: width of the images in pixels.
            branches: the branches of the compiled switch; None for the stage's own.
        """
        return stage_table(self.sub_policies, branches or self.branches, height, width)

    def cumulative_weights(self) -> np.ndarray:
        """The cumulative shares of the sub-policies, the last being 1."""
        weights = np.ones(len(self.sub_policies)) if self.weights is None else self.weights
        weights = np.asarray(weights)
        cumulative = np.cumsum(weights) / np.sum(weights)
        cumulative[np.flatnonzero(weights)[-1] :] = 1.0  # whatever rounding made of it
        return cumulative.astype("float32")


def stage_to_dict(stage: Stage) -> dict[str, Any]:
    """Returns a stage as a dictionary for JSON."""
    rows = [{"steps": [step.to_dict() for step in steps]} for steps in stage.sub_policies]
    if stage.weights is not None:
        rows = [{"weight": weight, **row} for weight, row in zip(stage.weights, rows, strict=True)]
    return {"num_draws": stage.num_draws, "num_levels": stage.num_levels, "sub_policies": rows}


def stage_from_dict(number: int, fields: dict[str, Any]) -> Stage:
    """Returns the stage of a dictionary; errors name the stage, sub-policy and step."""
    rows = fields.get("sub_policies") if isinstance(fields, dict) else None
    if not isinstance(rows, list) or not rows:
        raise ValueError(f"stage {number} must hold a list 'sub_policies' of at least one")
    try:
        checks.unknown_fields(fields, ("num_draws", "num_levels", "sub_policies"))
    except ValueError as error:
        raise ValueError(f"stage {number}: {error}") from error
    sub_policies = []
    for index, row in enumerate(rows):
        place = f"stage {number}, sub-policy {index}"
        steps = row.get("steps") if isinstance(row, dict) else None
        if not isinstance(steps, list) or not steps:
            raise ValueError(f"{place} must hold a list 'steps' of at least one")
        try:
            checks.unknown_fields(row, ("steps", "weight"))
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from error
        sub_policies.append([])
        for position, step in enumerate(steps):
            try:
                sub_policies[-1].append(Step.from_dict(step))
            except (TypeError, ValueError) as error:
                raise ValueError(f"{place}, step {position}: {error}") from error
    weights = [row.get("weight") for row in rows]
    try:
        return Stage(
            sub_policies,
            None if weights == [None] * len(rows) else weights,
            fields.get("num_draws", 1),
            fields.get("num_levels"),
        )
    except (TypeError, ValueError) as error:
        raise ValueError(f"stage {number}: {error}") from error
