"""What all translations share: steps in the ops' own numbers, and a list of what gets lost.

Libraries agree on few names and on no scale. What they have in common is a step `(op, rate,
value)` with the value in the op's own unit: degrees, factors, pixels. A policy is brought to this
form first, and every library's file translates from it, and back to it.
"""

import itertools
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from keras_cv_extras._base import checks
from keras_cv_extras._base.text import caller
from keras_cv_extras.augment import OPS, Range
from keras_cv_extras.policy._compose import listed
from keras_cv_extras.policy._policy import Policy
from keras_cv_extras.policy._step import Step

_MOST_NAMED = 20  # of the omissions in one message
_MOST_ROWS = 2000  # of a policy whose sub-policies must all be equally likely

#: How many windows torchvision, timm and Albumentations draw, until one fits into the image.
TRIES = 10

#: Ops that work on the pixels' positions, and whose `interpolation` other libraries set too.
WARPS = ("shear_x", "shear_y", "translate_x", "translate_y", "rotate")
ENHANCERS = ("brightness", "color", "contrast", "sharpness")


def resized_crop(area: Any, aspect: Any, rate: float = 1.0) -> Step:
    """Returns the step of a random window that is resized.

    Args:
        area: ends of the window's share of the image.
        aspect: ends of width over height.
        rate: share of the images.
    """
    low, high = (float(end) for end in area)
    options = (("aspect", tuple(map(float, aspect))), ("largest", high), ("tries", TRIES))
    return Step("random_resized_crop", rate, value=low, options=options)


class Omissions:
    """Collects what another library cannot say, to raise or to warn of all of it at once.

    Args:
        library: its name, for the message.
    """

    def __init__(self, library: str):
        self.library = library
        self.found: list[str] = []
        self.remarks: list[str] = []

    def add(self, what: str):
        """Notes one thing."""
        if what not in self.found:
            self.found.append(what)

    def remark(self, what: str):
        """Notes one thing that differs a little, of which there is a warning and no error."""
        if what not in self.remarks:
            self.remarks.append(what)

    def settle(self, strict: bool):
        """Raises a ValueError of what was noted, or warns of it if not `strict`."""
        if checks.boolean("strict", strict) and self.found:
            raise ValueError(
                f"{self.library} cannot say this policy exactly: {_named(self.found)}. Give "
                "strict=False (on the command line --lossy) to translate it without"
            )
        if noted := self.found + self.remarks:
            caller.warn(f"translated for {self.library}, but not exactly: {_named(noted)}")


def _named(noted):
    more = len(noted) - _MOST_NAMED
    return "; ".join(noted[:_MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")


def checked_policy(policy: Any, omissions: Omissions) -> Policy:
    """Returns a policy, or raises if it is something else.

    Args:
        policy: what was given.
        omissions: where to note what goes with a policy in a training alone.
    """
    if not isinstance(policy, Policy):
        raise TypeError(f"policy must be a Policy, received {policy!r}")
    if of_batches := policy.batch.describe():
        omissions.add(f"of batches: {of_batches}")
    return policy


def scale_of(op: str) -> Range:
    """Returns how a strength becomes the value of an op that has one."""
    scale = OPS[op].strength
    if scale is None:
        raise ValueError(f"{op} has no strength")
    return scale


def own_numbers(step: Step) -> Step:
    """Returns a step with the op's own number in place of a strength."""
    if step.strength is None:
        return step
    scale = scale_of(step.op)
    ends = step.strength if isinstance(step.strength, tuple) else (step.strength,) * 2
    low, high = (scale.identity + (scale.extreme - scale.identity) * end for end in ends)
    return Step(
        step.op,
        step.rate,
        value=(low, high),
        unit=scale.unit,
        signed=scale.signed,
        options=step.options,
    )


def ends_of(step: Step) -> tuple[float, float]:
    """Returns both ends of a step's own number, which are equal unless it is drawn."""
    if step.value is None:
        raise ValueError(f"{step.op} has no number of its own")
    return step.value if isinstance(step.value, tuple) else (step.value, step.value)


def in_pixels(step: Step, image_size: tuple[int, int] | None) -> Step:
    """Returns a step whose number is no fraction of a side, if the image's size is known."""
    step = own_numbers(step)
    if step.unit is None or image_size is None:
        return step
    return Step(
        step.op,
        step.rate,
        value=step.interval(*image_size),
        signed=step.signed,
        options=step.options,
    )


def translate(policy: Policy, omissions: Omissions, one: Callable[..., Any]) -> list[Any]:
    """Translates every step of a policy.

    Args:
        policy: the policy.
        omissions: where to note steps that cannot be said.
        one: a function of a step, in the op's own numbers, and of its place as text; returns its
            translation, or None to leave it out.

    Returns:
        For every stage a list of sub-policies, each a list of translated steps.
    """
    stages = []
    for number, stage in enumerate(policy.stages):
        stages.append([])
        for row, steps in enumerate(stage.sub_policies):
            place = f"sub-policy {row}" if len(policy.stages) == 1 else f"{number}.{row}"
            own = [
                one(own_numbers(step), f"{place}, step {column}")
                for column, step in enumerate(steps)
                if step.op != "identity"
            ]
            stages[-1].append([step for step in own if step is not None])
    return stages


def lost(omissions: Omissions, step: Step, place: str, why: str = "has no counterpart") -> None:
    """Notes a step that is left out."""
    omissions.add(f"{place}: {step.op} {why}")


def equally_likely(policy: Policy, omissions: Omissions) -> list[tuple[Step, ...]]:
    """Lists what a policy may do to an image, as sub-policies that are all equally likely.

    Several stages and draws become all their combinations; weights, repetitions.
    """
    rows = listed(policy)
    total = sum(weight for weight, _ in rows)
    shares = [Fraction(weight / total).limit_denominator(_MOST_ROWS) for weight, _ in rows]
    size = math.lcm(*(share.denominator for share in shares))
    counts = [int(share * size) for share in shares]
    if sum(counts) > _MOST_ROWS or sum(counts) != size:
        omissions.add(f"the weights of its sub-policies, which become multiples of 1/{_MOST_ROWS}")
        counts = [max(1, round(float(share) * _MOST_ROWS)) for share in shares if share]
        rows = [row for row, share in zip(rows, shares, strict=True) if share]
    return [steps for (_, steps), count in zip(rows, counts, strict=True) for _ in range(count)]


def interpolated(
    step: Step, omissions: Omissions, place: str, known=("nearest", "bilinear")
) -> str:
    """Returns a step's interpolation; notes other options, and ones that are not known."""
    options: dict[str, Any] = dict(step.options)
    interpolation = options.pop("interpolation", "nearest")
    if interpolation not in known:
        omissions.add(f"{place}: interpolation {interpolation!r}")
        interpolation = known[0]
    for name, value in options.items():
        omissions.add(f"{place}: {step.op} with {name}={value!r}")
    return interpolation


def chains(rows, depth: int, **options) -> Policy:
    """Returns the policy of a chain of AugMix: `depth` draws, or one to three if it is not above 0.

    Args:
        rows: pairs of a weight and a step.
        depth: the number of steps.
        **options: of `Policy`.
    """
    lengths = (depth,) if depth > 0 else (1, 2, 3)
    if sum(len(rows) ** length for length in lengths) > 5000:
        raise ValueError(f"chains of {lengths[-1]} of {len(rows)} steps are too many to list")
    found = [chain for length in lengths for chain in itertools.product(rows, repeat=length)]
    total = sum(weight for weight, _ in rows)
    weights = [math.prod(weight / total for weight, _ in chain) for chain in found]
    steps = [[step for _, step in chain] for chain in found]
    return Policy(steps, weights, **{"name": "AugMix chain", **options})
