"""Policies that need no search, and the published ones."""

import pathlib
from collections.abc import Sequence
from typing import Any

from keras_cv_extras._base import checks
from keras_cv_extras._base.saved.known import check_policy
from keras_cv_extras.augment import OPS
from keras_cv_extras.policy import _published
from keras_cv_extras.policy._policy import Policy
from keras_cv_extras.policy._schedule import PolicySchedule, load
from keras_cv_extras.policy._specs import step_of_magnitude
from keras_cv_extras.policy._step import Step

#: The 14 ops of RandAugment, arXiv:1909.13719, and TrivialAugment, arXiv:2103.10158.
RAND_AUGMENT_OPS: tuple[str, ...] = (
    "identity",
    "autocontrast",
    "equalize",
    "rotate",
    "solarize",
    "color",
    "posterize",
    "contrast",
    "brightness",
    "sharpness",
    "shear_x",
    "shear_y",
    "translate_x",
    "translate_y",
)


def named(name: str) -> Policy | PolicySchedule:
    """Returns the policy of a name, or of a file.

    Args:
        name: "none", "flip_crop", "crop" (without mirroring), "rand_augment",
            "trivial_augment", one of AutoAugment's data sets, "cifar10", "svhn" or "imagenet",
            or the path of a file of a policy or a schedule.

    Returns:
        The policy or the schedule.

    Raises:
        ValueError: if there is no such name and no such file.

    Example:
        >>> named("crop").describe()
    """
    if name in _NAMED:
        return _NAMED[name]()
    if not pathlib.Path(name).is_file():
        check_policy(name)
    return load(name)


def no_augmentation(**options: Any) -> Policy:
    """Returns the policy that changes nothing.

    Args:
        **options: `fill`, `value_range`, `name` of `Policy`.

    Example:
        >>> bool(np.all(no_augmentation()(images) == images))
        True
    """
    return Policy([[Step("identity")]], **{"name": "none", **options})


def flip_crop(flip: bool = True, padding: float = 1 / 8, **options: Any) -> Policy:
    """Returns the usual augmentation of small images: mirror half of them, crop all.

    Args:
        flip: whether to mirror half of the images; off where left and right matter, as for
            digits and text.
        padding: padding on each side before the crop, as a fraction in [0, 1] of the shorter
            side; 1/8 is 4 pixels at 32 x 32.
        **options: `fill`, `value_range`, `name` of `Policy`.

    Example:
        >>> policy = flip_crop(padding=0.125)
        >>> augmented = policy(images, seed=1)
    """
    padding = checks.fraction("padding", padding)
    steps = [Step("flip_horizontal", 0.5)] if flip else []
    steps.append(Step("padded_crop", 1.0, value=padding, unit="shorter"))
    return Policy([steps], **{"name": "flip and crop" if flip else "crop", **options})


def rand_augment(
    num_ops: int = 2,
    strength: float = 0.5,
    *,
    ops: tuple[str, ...] = RAND_AUGMENT_OPS,
    **options: Any,
) -> Policy:
    """Returns RandAugment: for every image some ops, drawn uniformly, all of one strength.

    Args:
        num_ops: how many ops an image gets, drawn with replacement.
        strength: the strength of all of them, in [0, 1].
        ops: names to draw from.
        **options: `fill`, `value_range`, `name` of `Policy`.

    References:
        [RandAugment](https://arxiv.org/abs/1909.13719)

    Example:
        >>> policy = rand_augment(num_ops=2, strength=0.3)
        >>> policy.sub_policies[3]
    """
    strength = checks.fraction("strength", strength)
    name = f"RandAugment({num_ops}, {strength:.2g})"
    return Policy(
        [[_step(op, 1.0, strength)] for op in ops],
        num_draws=checks.integer("num_ops", num_ops, minimum=1),
        **{"name": name, **options},
    )


def trivial_augment(wide: bool = False, **options: Any) -> Policy:
    """Returns TrivialAugment: for every image one op, drawn uniformly, of any of 31 strengths.

    Args:
        wide: whether to use the wide ranges: shears to 0.99, translations to 32 pixels,
            rotations to 135 degrees, factors to 1 +- 0.99, posterize down to 2 bits.
        **options: `fill`, `value_range`, `name` of `Policy`.

    References:
        [TrivialAugment](https://arxiv.org/abs/2103.10158); the wide ranges are those of its
        "wide" space as torchvision 0.29 has it.

    Example:
        >>> policy = trivial_augment(wide=True)
    """
    if wide:
        steps = [_published.TRIVIAL_AUGMENT_WIDE.get(op) for op in RAND_AUGMENT_OPS]
        steps = [
            Step(op) if fields is None else Step(op, **fields)
            for op, fields in zip(RAND_AUGMENT_OPS, steps, strict=True)
        ]
    else:
        steps = [_step(op, 1.0, (0.0, 1.0)) for op in RAND_AUGMENT_OPS]
    name = "TrivialAugment (wide)" if wide else "TrivialAugment"
    return Policy([[step] for step in steps], num_levels=31, **{"name": name, **options})


def uniform_augment(num_ops: int = 2, **options: Any) -> Policy:
    """Returns UniformAugment: ops, rates and strengths all drawn uniformly for every image.

    Args:
        num_ops: how many ops an image gets. A rate drawn uniformly for each of them is, for
            one image, a rate of 0.5.
        **options: `fill`, `value_range`, `name` of `Policy`.

    References:
        [UniformAugment](https://arxiv.org/abs/2003.14348)

    Example:
        >>> policy = uniform_augment(num_ops=2)
    """
    return Policy(
        [[_step(op, 0.5, (0.0, 1.0))] for op in ("identity", *_published.UNIFORM_AUGMENT_OPS)],
        num_draws=checks.integer("num_ops", num_ops, minimum=1),
        **{"name": "UniformAugment", **options},
    )


def auto_augment(name: str = "imagenet", *, spec: str = "torchvision", **options: Any) -> Policy:
    """Returns a policy that AutoAugment found: 25 sub-policies of two steps.

    Args:
        name: the data set that it was found on: "cifar10", "svhn" or "imagenet".
        spec: whose reading of the published magnitudes: "torchvision", "paper" (the authors' code
            for CIFAR) or "tpu" (their code for EfficientNet). They differ in the ops' numbers,
            and in the default fill: black, mean grey (128), mean grey.
        **options: `fill`, `value_range`, `name` of `Policy`.

    References:
        [AutoAugment](https://arxiv.org/abs/1805.09501), appendix.

    Example:
        >>> policy = auto_augment("cifar10")
        >>> len(policy.sub_policies)
        25
    """
    checks.one_of("name", name, sorted(_published.AUTO_AUGMENT))
    return from_magnitudes(
        _published.AUTO_AUGMENT[name],
        spec=spec,
        **{"name": f"AutoAugment ({name})", **options},
    )


def from_magnitudes(
    sub_policies: Sequence[Sequence[tuple[str, float, float | None]]], *, spec: str, **options: Any
) -> Policy:
    """Translates a policy of another library, given as magnitudes, exactly.

    Args:
        sub_policies: a sequence of sub-policies; each a sequence of `(op, rate, magnitude)` with
            the op's name as published, such as "ShearX", and a magnitude or None.
        spec: whose magnitudes they are: "torchvision" (0 to 9), "paper" or "tpu" (0 to 10).
        **options: `fill`, `value_range`, `name` of `Policy`.

    Returns:
        A policy whose steps hold the ops' own numbers.

    Raises:
        ValueError: if an op or magnitude is not known; the message names sub-policy and step.

    Example:
        >>> sub_policies = [[("ShearX", 0.9, 4), ("Invert", 0.2, None)]]
        >>> policy = from_magnitudes(sub_policies, spec="torchvision")
    """
    rows = []
    for number, steps in enumerate(sub_policies):
        rows.append([])
        for position, (op, rate, magnitude) in enumerate(steps):
            try:
                rows[-1].append(step_of_magnitude(spec, op, rate, magnitude))
            except (TypeError, ValueError) as error:
                raise ValueError(f"sub-policy {number}, step {position}: {error}") from error
    fill = 0 if spec == "torchvision" else 128
    return Policy(rows, spec=spec, **{"fill": fill, **options})


def from_levels(
    sub_policies: Sequence[Sequence[tuple[str, float, float | None]]], *, spec: str, **options: Any
) -> Policy:
    """Does what `from_magnitudes` does, whose old name it is.

    Example:
        >>> policy = from_levels([[("ShearX", 0.9, 4), ("Invert", 0.2, None)]], spec="torchvision")
    """
    return from_magnitudes(sub_policies, spec=spec, **options)


def _step(op, rate, strength):
    return Step(op, rate, strength if OPS[op].has_strength else None)


_NAMED = {
    "none": no_augmentation,
    "flip_crop": flip_crop,
    "crop": lambda: flip_crop(flip=False),
    "rand_augment": rand_augment,
    "trivial_augment": trivial_augment,
    "cifar10": lambda: auto_augment("cifar10"),
    "svhn": lambda: auto_augment("svhn"),
    "imagenet": lambda: auto_augment("imagenet"),
}
