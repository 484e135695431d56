"""Policies from and to TensorFlow Model Garden's lists of `(op, probability, magnitude)`.

References:
    tf-models-official 2.20, official/vision/ops/augment.py. Its contrast keeps the mean of every
    channel, that of older versions a constant; here it is Pillow's in any case.
"""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

from keras_cv_extras._base import checks
from keras_cv_extras.policy import _published
from keras_cv_extras.policy._policy import Policy
from keras_cv_extras.policy._specs import OP_NAMES, step_of_magnitude
from keras_cv_extras.policy._step import Step
from keras_cv_extras.policy.interop._common import (
    ENHANCERS,
    WARPS,
    Omissions,
    checked_policy,
    ends_of,
    equally_likely,
    in_pixels,
    lost,
)
from keras_cv_extras.policy.interop._pba import PBA_OPS

#: The ops of its RandAugment, which also draws none of them: those of PBA, and one more.
RAND_AUGMENT_OPS = (*PBA_OPS, "SolarizeAdd")
_NAMES = {op: name for name, op in OP_NAMES.items()}
_NOTHING = ("Equalize", 0.0, 0.0)
_PLACES = 9  # decimals of a magnitude


def from_model_garden(
    policies: str | Sequence[Sequence[tuple[str, float, float]]] = "v0",
    *,
    cutout_const: float = 100,
    translate_const: float = 250,
    fill_mode: str = "reflect",
    **options: Any,
) -> Policy:
    """Translates an AutoAugment policy of TensorFlow Model Garden.

    Args:
        policies: a list of sub-policies, each a list of `(op, probability, magnitude)`,
            magnitudes from 0 to 10; or the name of one: "v0", "reduced_cifar10", "svhn" or
            "reduced_imagenet".
        cutout_const: what its class of the same argument takes: half the side in pixels of a
            square that magnitude 10 cuts out.
        translate_const: likewise, the pixels that magnitude 10 moves an image.
        fill_mode: what is outside of images that are moved: "reflect", as in its release 2.20, or
            "constant" for `fill`, as in its earlier code.
        **options: `fill` (grey, 128, as there), `value_range`, `name` of `Policy`.

    Raises:
        ValueError: if an op or magnitude is not known; the message names sub-policy and step.

    Example:
        >>> policy = from_model_garden([[("Equalize", 0.8, 1), ("ShearY", 0.8, 4)]])
    """
    name = None
    if isinstance(policies, str):
        name = f"AutoAugment ({policies})"
        known = {
            "v0": _published.EFFICIENT_NET,
            "reduced_cifar10": _published.AUTO_AUGMENT["cifar10"],
            "svhn": _published.AUTO_AUGMENT["svhn"],
            "reduced_imagenet": _published.AUTO_AUGMENT["imagenet"],
        }
        policies = known[checks.one_of("policies", policies, tuple(known))]
    rows = []
    if not isinstance(policies, list | tuple):
        raise TypeError(f"policies must be a list or a name, received {checks.shown(policies)}")
    for number, steps in enumerate(policies):
        rows.append([])
        for position, step in enumerate(steps):
            try:
                op, rate, magnitude = step
                made = _step(op, rate, magnitude, cutout_const, translate_const)
                rows[-1].append(_filled(made, fill_mode))
            except (TypeError, ValueError) as error:
                raise ValueError(f"sub-policy {number}, step {position}: {error}") from error
    return Policy(rows, **{"fill": 128, "spec": "tpu", "name": name, **options})


def rand_augment_from_model_garden(
    num_layers: int = 2,
    magnitude: float = 10.0,
    *,
    cutout_const: float = 40,
    translate_const: float = 100,
    prob_to_apply: float | None = None,
    exclude_ops: tuple[str, ...] = (),
    fill_mode: str = "reflect",
    **options: Any,
) -> Policy:
    """Translates the RandAugment of TensorFlow Model Garden.

    Args:
        num_layers: how many ops an image gets.
        magnitude: the magnitude of all of them, from 0 to 10.
        cutout_const: half the side in pixels of a square that magnitude 10 cuts out.
        translate_const: the pixels that magnitude 10 moves an image.
        prob_to_apply: None, or the probability that a drawn op is applied.
        exclude_ops: names of ops to leave out, such as "Invert".
        fill_mode: as in `from_model_garden`.
        **options: `fill` (grey, 128, as there), `value_range`, `name` of `Policy`.

    Returns:
        A policy that draws, as it does there, none of the ops as often as each of them.

    Raises:
        ValueError: if an argument is not as above.

    Example:
        >>> policy = rand_augment_from_model_garden(num_layers=2, magnitude=9)
    """
    for op in exclude_ops:
        checks.one_of("exclude_ops", op, RAND_AUGMENT_OPS)
    rate = 1.0 if prob_to_apply is None else checks.fraction("prob_to_apply", prob_to_apply)
    rows = [
        [_filled(_step(op, rate, magnitude, cutout_const, translate_const), fill_mode)]
        for op in RAND_AUGMENT_OPS
        if op not in exclude_ops
    ]
    name = f"RandAugment({num_layers}, {magnitude:g})"
    return Policy(
        [*rows, [Step("identity")]],
        num_draws=checks.integer("num_layers", num_layers, minimum=1),
        **{"fill": 128, "spec": "tpu", "name": name, **options},
    )


def to_model_garden(
    policy: Policy,
    *,
    image_size: tuple[int, int] | None = None,
    cutout_const: float = 100,
    translate_const: float = 250,
    strict: bool = True,
) -> list[list[tuple[str, float, float]]]:
    """Returns a policy as the list that Model Garden's `AutoAugment(policies=...)` takes.

    All sub-policies are equally likely there and have as many steps: weights become
    repetitions, several stages or draws all their combinations, a factor of either sign two
    sub-policies, and what is missing an op of probability 0. The list does not say what is outside
    of images that are moved: Model Garden reflects them, or fills with 128.

    Args:
        policy: a policy for images in [0, 255].
        image_size: `(height, width)` of the images in pixels; for policies that move or cut a
            fraction of the image. Model Garden's numbers are pixels.
        cutout_const: what its class of the same argument is given.
        translate_const: likewise.
        strict: whether to raise if the policy has what cannot be said so: other ops, options,
            strengths that are drawn or beyond magnitude 10. Else it warns, and
            takes the middle of strengths that are drawn and leaves the rest out.

    Raises:
        TypeError, ValueError: if `policy` is none, or cannot be said.

    Example:
        >>> policies = to_model_garden(policy, image_size=(224, 224))
        >>> augmenter = official.vision.ops.augment.AutoAugment(policies=policies)
    """
    omissions = Omissions("Model Garden")
    checked_policy(policy, omissions)
    rows = []
    for number, steps in enumerate(equally_likely(policy, omissions)):
        steps = [step for step in steps if step.op != "identity"]
        own = [in_pixels(step, image_size) for step in steps]
        options = [
            _triples(step, f"sub-policy {number}, step {column}", omissions, cutout_const,
                     translate_const)
            for column, step in enumerate(own)
        ]  # fmt: skip
        options = [triples for triples in options if triples]
        found = [[]]
        for triples in options:
            found = [row + [triple] for row in found for triple in triples]
        rows.append(found)
    most = max(len(found) for found in rows)  # a power of two, as are all others
    longest = max(1, *(len(row) for found in rows for row in found))
    omissions.settle(strict)
    return [
        row + [_NOTHING] * (longest - len(row))
        for found in rows
        for row in found * (most // len(found))
    ]


def _step(op, rate, magnitude, cutout_const, translate_const):
    """Returns the step of a triple, with other constants than those of the table."""
    step = step_of_magnitude("tpu", op, rate, magnitude)
    if step.op == "cutout":
        return Step(step.op, rate, value=2 * int(magnitude / 10 * cutout_const))
    if step.op.startswith("translate"):
        return Step(step.op, rate, value=magnitude / 10 * translate_const, signed=True)
    return step


def _filled(step, fill_mode):
    """Gives a step that moves pixels what is outside."""
    if step.op not in WARPS:
        return step
    return dataclasses.replace(step, options=(("fill_mode", fill_mode),))


def _triples(step, place, omissions, cutout_const, translate_const):
    """Returns the triples that together are a step: two, each for half of the images, or one."""
    name = _NAMES.get(step.op)
    if name is None or name == "SamplePairing":
        return lost(omissions, step, place)
    for option, value in step.options:
        if (option, value) == ("fill_mode", "reflect"):
            continue
        omissions.add(f"{place}: {step.op} with {option}={value!r}")
    if step.value is None:
        return [(name, step.rate, 0.0)]
    if step.unit is not None:
        return lost(omissions, step, place, "is a fraction of the image: give image_size")
    low, high = ends_of(step)
    if low != high:
        omissions.add(f"{place}: {step.op} of a drawn strength: its middle is used instead")
    value = _whole(step.op, (low + high) / 2)
    if step.op in WARPS and value and not step.signed:
        omissions.add(f"{place}: {step.op} to one side, where it goes to either")
    signed = step.op in ENHANCERS and step.signed
    triples = []
    for number in dict.fromkeys([value, 2 - value] if signed else [value]):
        magnitude, reached = _magnitude(name, number, cutout_const, translate_const)
        if abs(reached - number) > 1e-6:
            omissions.add(f"{place}: {step.op} of {number:.4g}, which becomes {reached:.4g}")
        triples.append((name, step.rate, magnitude))
    return triples * 2 if signed and len(triples) == 1 else triples


def _whole(op, value):
    """Returns the whole number that an op makes of its own, where it does."""
    if op == "solarize":
        return float(math.ceil(value))  # magnitudes are compared with it
    return math.floor(value + 0.5) if op in ("posterize", "cutout") else value


def _magnitude(name, value, cutout_const, translate_const):
    """Returns the magnitude of an op that comes closest to a value, and what it comes to."""

    def value_at(magnitude):
        return ends_of(_step(name, 1.0, magnitude, cutout_const, translate_const))[0]

    start, end = value_at(0.0), value_at(10.0)
    guess = 10 * (value - start) / (end - start) if end != start else 0.0
    # Most are linear. Some are cut to whole numbers, which are reached a little later.
    found = [round(guess), round(guess, 1), guess, *(guess + k / 40 for k in range(1, 80))]
    found = [round(min(max(float(magnitude), 0.0), 10.0), _PLACES) for magnitude in found]
    best = min(found, key=lambda magnitude: round(abs(value_at(magnitude) - value), 6))
    return best, value_at(best)
