"""Several augmented views of an image: mixed into one, side by side, or one after the other."""

import functools
import itertools
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from keras_cv_extras._base import checks, random
from keras_cv_extras._base.draws import draws_of
from keras_cv_extras._base.images.batches import as_batch
from keras_cv_extras._base.types import Images, Interval, Labels, Tensor
from keras_cv_extras.policy._policy import Policy
from keras_cv_extras.policy._step import Step

#: The ops of AugMix: those that are not corruptions of ImageNet-C.
AUGMIX_OPS: tuple[str, ...] = (
    "autocontrast",
    "equalize",
    "posterize",
    "rotate",
    "solarize",
    "shear_x",
    "shear_y",
    "translate_x",
    "translate_y",
)
_STREAM = 0x85EBCA6B  # sets the draws of views and chains apart


def augmix_chain(
    strength: float = 0.3, fill: float = 0, lengths: Sequence[int] = (1, 2, 3)
) -> Policy:
    """Returns the policy of one chain of AugMix: by default one, two or three ops in a row.

    Args:
        strength: the greatest strength of an op, in [0, 1]; it is drawn for every image.
        fill: the colour of pixels from outside the image, in [0, 255].
        lengths: how many ops are in a row, integers in [1, 3].

    Returns:
        A policy whose sub-policies are all chains of these lengths, each length as likely as
        another.

    Raises:
        TypeError, ValueError: if an argument is not as above.

    Example:
        >>> chain = augmix_chain(strength=0.5, lengths=(2,))
    """
    values: Any = lengths
    if hasattr(values, "tolist"):
        values = values.tolist()
    if not isinstance(values, Sequence) or isinstance(values, (str, bytes)):
        raise TypeError(f"lengths must be a sequence of integers, received {lengths!r}")
    if not values:
        raise ValueError("lengths must not be empty: give integers in [1, 3]")
    values = [checks.integer("lengths", value, minimum=1, maximum=3) for value in values]
    colour = tuple(fill) if isinstance(fill, list) else fill
    return _chain(checks.fraction("strength", strength), colour, tuple(values))


@functools.cache
def _chain(strength, fill, lengths):
    flat = ("autocontrast", "equalize")
    steps = [Step(op, 1.0, None if op in flat else (0.0, strength)) for op in AUGMIX_OPS]
    chains = [chain for length in lengths for chain in itertools.product(steps, repeat=length)]
    weights = [len(steps) ** -len(chain) for chain in chains]
    return Policy(chains, weights, fill=fill, name="AugMix chain")


def augmix(
    images: Images,
    *,
    strength: float = 0.3,
    width: int = 3,
    alpha: float = 1.0,
    value_range: Interval = (0, 255),
    fill: float = 0,
    jensen_shannon: bool = False,
    chain: Policy | None = None,
    seed: Tensor = 0,
    epoch: Tensor = 0,
    samples: Tensor | None = None,
) -> Any:
    """Blends each image with a mixture of several augmented versions of it.

    Args:
        images: `(batch, height, width, channels)`, integer or float, values in `value_range`.
        strength: the greatest strength of an op, in [0, 1].
        width: how many chains of ops are mixed.
        alpha: the parameter of the Dirichlet distribution of the chains' weights, and of the
            beta distribution of the image's own; above 0.
        value_range: the range of the images' values.
        fill: the colour of pixels from outside the image, in [0, 255].
        jensen_shannon: whether to give what the Jensen-Shannon loss of AugMix compares.
        chain: None for `augmix_chain(strength, fill)`, or the policy of a chain.
        seed: an integer or integer tensor: another seed gives other draws.
        epoch: likewise.
        samples: `(batch,)`, integers: the numbers of the samples; None for 0, 1, 2, ...

    Returns:
        Images of the same shape and type; with `jensen_shannon` a tuple of three: the images as
        they are, and two views of them, drawn independently.

    Raises:
        TypeError, ValueError: if an argument is not as above.

    References:
        [AugMix](https://arxiv.org/abs/1912.02781)

    Example:
        >>> mixed = augmix(images, strength=0.3, chain=augmix_chain(lengths=(1,)), seed=1)
    """
    checks.integer("width", width, minimum=1)
    alpha = checks.positive("alpha", alpha)
    images, restore = as_batch(images)
    draws = draws_of(images, seed, epoch, samples)
    chain = augmix_chain(float(strength), fill) if chain is None else chain
    chain = chain.with_value_range(value_range)
    view = functools.partial(_augmix, images, chain, width, alpha, draws)
    if checks.boolean("jensen_shannon", jensen_shannon):
        return restore(images), restore(view(0)), restore(view(1))
    return restore(view(0))


def _augmix(images, chain, width, alpha, draws, view):
    own = draws.apart(view)
    # Gamma variables, normalised, are Dirichlet's; those of a beta distribution in a row are too.
    weights, rest = [], 1.0
    for number in range(width):
        last = number == width - 1
        part = 1.0 if last else own.beta(number, alpha, alpha * (width - 1 - number))
        weights.append(rest * part)
        rest = rest * (1 - part)
    mixture = 0.0
    for number, weight in enumerate(weights):
        stream = random.as_word(_STREAM * (1 + view * width + number))
        augmented = chain(
            images,
            seed=ops.bitwise_xor(draws.seed, stream),
            epoch=draws.epoch,
            samples=draws.samples,
        )
        weight = ops.reshape(weight, (-1, 1, 1, 1))
        mixture = mixture + weight * ops.cast(augmented, "float32")
    share = ops.reshape(own.beta(width, alpha, alpha), (-1, 1, 1, 1))
    mixed = (1 - share) * ops.cast(images, "float32") + share * mixture
    dtype = keras.backend.standardize_dtype(images.dtype)
    if not keras.backend.is_float_dtype(dtype):
        mixed = ops.floor(mixed + 0.5)
    return ops.cast(mixed, dtype)


def repeated_augment(
    policy: Policy,
    images: Images,
    labels: Labels | None = None,
    *,
    num_repeats: int = 2,
    seed: Tensor = 0,
    epoch: Tensor = 0,
    samples: Tensor | None = None,
) -> Any:
    """Augments every image of a batch several times, each time with other draws.

    Args:
        policy: a policy.
        images: `(batch, height, width, channels)`.
        labels: None, or a tensor of one row per image, or a nest of them.
        num_repeats: how many times.
        seed: an integer or integer tensor: another seed gives other draws.
        epoch: likewise.
        samples: `(batch,)`, integers: the numbers of the samples; None for 0, 1, 2, ...

    Returns:
        Images `(num_repeats * batch, ...)`: the whole batch, then the whole batch again. The
        first time, they are what `policy` makes of them. With labels, `(images, labels)`.

    References:
        [Augment your batch](https://arxiv.org/abs/1901.09335), and
        [MultiGrain](https://arxiv.org/abs/1902.05509).

    Example:
        >>> views, twice = repeated_augment(rand_augment(), images, labels, num_repeats=2, seed=1)
        >>> len(views), len(twice)
        (192, 192)
    """
    checks.integer("num_repeats", num_repeats, minimum=1)
    images, _ = as_batch(images)
    draws = draws_of(images, seed, epoch, samples)
    views = [
        policy(
            images,
            seed=ops.bitwise_xor(draws.seed, random.as_word(_STREAM * number)),
            epoch=draws.epoch,
            samples=draws.samples,
        )
        for number in range(num_repeats)
    ]
    repeated = ops.concatenate(views, axis=0)
    if labels is None:
        return repeated
    repeat = lambda rows: ops.concatenate([rows] * num_repeats, axis=0)  # noqa: E731
    return repeated, keras.tree.map_structure(repeat, labels)
