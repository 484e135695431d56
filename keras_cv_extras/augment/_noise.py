"""Ops that add noise. Every pixel's random number is a function of the image's key."""

from keras import ops

from keras_cv_extras._base import engine
from keras_cv_extras._base.exact import exp2_near, product, quotient, root
from keras_cv_extras._base.random import halves_of_key, normal_of_halves
from keras_cv_extras._base.types import Numbers, Tensor
from keras_cv_extras.augment._image_op import image_op
from keras_cv_extras.augment._op import Range

_LOG2_E = 1.4426950408889634
_FEW = 4.0  # below so many photons on average their number is counted out
_NO_GAIN = 1.0 / 16384  # below it nothing of the noise is left after rounding
_MOST = 16  # more than so many are never counted: 4 photons give 17 in one case of a million


@image_op(strength=Range(0.0, 51.0), pixels="rounded")
def gaussian_noise(
    image: Tensor, stddev: Numbers, key: Numbers = 0, *, per_channel: bool = True
) -> Tensor:
    """Adds normally distributed noise.

    Args:
        stddev: standard deviation, in pixel values; a number, or one per image. 0 is the identity.
        per_channel: whether every channel gets noise of its own, or all channels the same.

    Returns:
        Images of the same shape and type, clipped to [0, 255]; integers are rounded.

    Example:
        >>> noisy = gaussian_noise(images, 10.0, key=np.arange(len(images)))
    """
    return _with_noise(
        image,
        key,
        per_channel,
        lambda image, halves: image + product(stddev, normal_of_halves(halves)),
    )


@image_op(strength=Range(0.0, 0.4), pixels="rounded")
def speckle_noise(
    image: Tensor, stddev: Numbers, key: Numbers = 0, *, per_channel: bool = True
) -> Tensor:
    """Multiplies images by normally distributed noise of mean 1.

    Args:
        stddev: standard deviation of the factors; a number, or one per image. 0 is the
            identity.
        per_channel: whether every channel gets noise of its own, or all channels the same.

    Returns:
        Images of the same shape and type, clipped to [0, 255]; integers are rounded.

    References:
        scikit-image's `util.random_noise(mode="speckle")`.

    Example:
        >>> noisy = speckle_noise(images, 0.1, key=np.arange(len(images)))
    """
    return _with_noise(
        image,
        key,
        per_channel,
        lambda image, halves: image + product(image, product(stddev, normal_of_halves(halves))),
    )


@image_op(strength=Range(0.0, 25.5), pixels="rounded")
def poisson_noise(
    image: Tensor, gain: Numbers, key: Numbers = 0, *, per_channel: bool = True
) -> Tensor:
    """Replaces pixel values by photon counts: shot noise, of variance `gain * value`.

    Args:
        gain: pixel values per photon; a number, or one per image. 0 is the identity.
        per_channel: whether every channel gets noise of its own, or all channels the same.

    Returns:
        Images of the same shape and type, clipped to [0, 255]; integers are rounded. Counts
        are Poisson distributed: by inversion of the distribution, to the 16 bits of the random
        numbers, where fewer than 4 photons are expected; by the first terms of its asymptotic
        expansion above, which misses the distribution function by less than 0.0015.

    References:
        Giles, Algorithm 955: approximation of the inverse Poisson cumulative distribution
        function, [TOMS 2016](https://doi.org/10.1145/2699466), equation of the normal
        approximation.

    Example:
        >>> noisy = poisson_noise(images, 2.0, key=np.arange(len(images)))
    """
    gain = ops.maximum(gain, _NO_GAIN)

    def choose(image, few, normal, gain):
        expected = quotient(image, gain)
        many = _expand(ops.maximum(expected, _FEW), normal)
        counts = product(ops.where(expected < _FEW, few, many), gain)
        return ops.where(gain > _NO_GAIN, counts, image)

    def count(image, halves):
        # In one loop with the rest, neither of the two has vector instructions.
        few = engine.kept(_count_out, ops.minimum(quotient(image, gain), _FEW), halves)
        normal = engine.kept(normal_of_halves, halves)
        return engine.kept(choose, image, few, normal, gain)

    return _with_noise(image, key, per_channel, count)


@image_op(strength=Range(0.0, 0.2, least=0.0, most=1.0), pixels="moved", reads_values=True)
def salt_and_pepper(
    image: Tensor, amount: Numbers, key: Numbers = 0, *, per_channel: bool = False
) -> Tensor:
    """Makes a share of the pixels white or black, half of them each.

    Args:
        amount: share of the pixels, in [0, 1]; a number, or one per image. 0 is the identity.
        key: an integer in [0, 2**24), or one per image; another key hits other pixels.
        per_channel: whether channels are hit one by one, or whole pixels.

    References:
        scikit-image's `util.random_noise(mode="s&p")`, which hits channels one by one.

    Example:
        >>> noisy = salt_and_pepper(images, 0.05, key=np.arange(len(images)))
    """
    share = amount * 32768.0

    def hit(image, halves):
        # Pepper from below and salt from above: what a small share hits, a larger one hits too.
        halves = ops.cast(halves, "float32")
        noisy = ops.where(halves < share, ops.zeros_like(image), image)
        return ops.where(halves >= 65536.0 - share, ops.full_like(image, 255), noisy)

    return _with_noise(image, key, per_channel, hit)


def _with_noise(image, key, per_channel, function):
    """Calls a function of an image and a random number in [0, 2**16) for each of its values.

    Both are handed over as rows of values, in which compiled programs are faster.
    """
    height, width, channels = (*ops.shape(image)[:2], image.shape[-1])
    rows = (height, width * channels)
    if per_channel:
        halves = halves_of_key(key, height * width * channels)
    else:
        halves = ops.repeat(halves_of_key(key, height * width), channels)
    result = function(ops.reshape(image, rows), ops.reshape(halves, rows))
    return ops.reshape(result, ops.shape(image))


def _count_out(expected, halves):
    """The Poisson quantile: how many of the first values of the distribution lie below."""

    def none(expected):
        share = exp2_near(expected * (-_LOG2_E / 16.0))  # 4 photons: an exponent of -0.36
        for _ in range(4):
            share = product(share, share)
        return share

    uniform = (ops.cast(halves, "float32") + 0.5) * (1.0 / 65536)
    share = engine.kept(none, expected)
    below = share
    count = ops.cast(uniform > below, "float32")
    for photons in range(1, _MOST):
        share = product(share, expected) * (1.0 / photons)
        below = below + share
        count = count + ops.cast(uniform > below, "float32")
    return count


def _expand(expected, normal):
    """The Poisson quantile, from the normal one and the first terms of its expansion."""
    deviation = root(expected)
    square = product(normal, normal)
    quantile = expected + product(deviation, normal) + (product(square, 1.0 / 6.0) + 1.0 / 3.0)
    correction = quotient(product(normal, product(square, 1.0 / 72.0) + 1.0 / 36.0), deviation)
    return ops.maximum(ops.floor(quantile - correction), 0.0)
