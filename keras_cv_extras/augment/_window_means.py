"""Weighted means of the pixels around a pixel: along rows and columns, or along a line.

The means of bytes are sums of whole numbers, which have the same bits in any order. They take half
as long as float32, whose products must be kept apart from sums.
"""

import functools

import numpy as np
from keras import backend, ops

from keras_cv_extras._base import engine
from keras_cv_extras._base.exact import product
from keras_cv_extras.augment._op import round_off

_MOST = 16  # distances whose weights may be rounded: with more, errors add up
_REACHES = (1, 2, 4, 8)  # each has a program, which leaves out what has no weight


def separable(image, weights, mirrored=False):
    """Returns the weighted means of columns of the weighted means of rows.

    Args:
        image: `(height, width, channels)`, of any type.
        weights: `(radius + 1,)`, float32, of the distances 0 to `radius`. They do not grow, and
            add up to 1 over both sides.
        mirrored: whether the image is mirrored about its outermost pixels; else these go on.

    Returns:
        An image of the same shape and type, rounded.
    """
    radius, (height, _, channels) = weights.shape[0] - 1, ops.shape(image)
    arithmetic = _arithmetic(image, radius)
    weights = arithmetic.weights(weights)
    if mirrored:
        padded = engine.kept(functools.partial(_mirrored_columns, radius=radius), image)
    else:
        padded = pad_columns(ops.reshape(image, (height, -1)), channels, radius)

    def blur(last):
        def along_rows(padded, weights):
            values = arithmetic.values(padded)

            def shifted(pixels):
                return shift(values, radius + pixels, 2 * radius, axis=1, step=channels)

            return arithmetic.kept(arithmetic.mean(_pairs(shifted, last), weights))

        def along_columns(means, weights):
            values, rows = arithmetic.values(means), _places(height, radius, mirrored)

            def shifted(pixels):  # looking up whole rows saves a copy with more of them
                return engine.take(values, shift(rows, radius + pixels, 2 * radius), axis=0)

            mean = arithmetic.mean(_pairs(shifted, last), weights)
            return arithmetic.image(mean, image.dtype, passes=2)

        return along_columns(engine.kept(along_rows, padded, weights), weights)

    lasts = [*(reach for reach in _REACHES if reach < radius), radius]
    if len(lasts) == 1 or engine.is_vectorized():
        blurred = blur(radius)
    else:
        beyond = engine.take(weights, np.array(lasts[:-1]) + 1, axis=0)
        index = ops.sum(ops.cast(beyond > 0, "int32"))
        blurred = engine.switch(index, [functools.partial(blur, last) for last in lasts])
    return ops.reshape(blurred, ops.shape(image))


def line(image, weights, offsets):
    """Returns the weighted means of the pixels on a line.

    Args:
        image: `(height, width, channels)`, of any type.
        weights: as those of `separable`.
        offsets: `(radius + 1, 2)`, int32: pixels down and to the right at every distance.

    Returns:
        An image of the same shape and type, rounded.
    """
    radius, (height, width, channels) = weights.shape[0] - 1, ops.shape(image)
    arithmetic = _arithmetic(image, radius)
    padded = pad_columns(pad_rows(image, radius), channels, radius)

    def along_line(padded, weights, offsets):
        values = arithmetic.values(padded)

        def shifted(pixels):
            sign = -1 if pixels < 0 else 1
            down, right = (sign * offsets[abs(pixels), axis] for axis in (0, 1))
            start = (radius + down, (radius + right) * channels)
            return engine.window(values, start, (height, width * channels))

        mean = arithmetic.mean(_pairs(shifted, radius), weights)
        return arithmetic.image(mean, image.dtype, passes=1)

    means = engine.kept(along_line, padded, arithmetic.weights(weights), offsets)
    return ops.reshape(means, ops.shape(image))


def _pairs(shifted, last):
    """The middle, and the sums of both sides at the distances up to the last."""
    return [shifted(0), *(shifted(-far) + shifted(far) for far in range(1, last + 1))]


def _places(size, radius, mirrored):
    """Numbers of pixels, and of those that stand for the ones beyond the border."""
    places = ops.arange(-radius, size + radius, dtype="int32")
    if not mirrored:
        return ops.clip(places, 0, size - 1)
    places = places % ops.cast(ops.maximum(1, 2 * (size - 1)), "int32")
    return ops.minimum(places, 2 * (size - 1) - places)


def _mirrored_columns(image, radius):
    height, width = ops.shape(image)[:2]
    columns = _places(width, radius, mirrored=True)
    return ops.reshape(engine.take(image, columns, axis=1), (height, -1))


class _Whole:
    """Whole numbers: weights have 16 bits after the point, values between two passes have 8.

    With the 8 bits of a byte, their products fill the 32 bits that sums have.
    """

    @staticmethod
    def weights(weights):
        """Returns weights of 1/65536, of which the middle has what the others leave."""
        rounded = ops.cast(ops.floor(weights * 65536.0 + 0.5), "int32")
        rest = 65536 + rounded[0] - 2 * ops.sum(rounded)
        middle = np.arange(weights.shape[0]) == 0
        return ops.cast(rounded + rest * middle.astype("int32"), "uint32")

    @staticmethod
    def values(image):
        return ops.cast(image, "uint32")

    @staticmethod
    def mean(pairs, weights):
        parts = (pair * weights[far] for far, pair in enumerate(pairs))
        return functools.reduce(ops.add, parts)

    @staticmethod
    def kept(mean):
        return ops.cast(ops.right_shift(mean, 8), "uint16")

    @staticmethod
    def image(mean, dtype, passes):
        bits, cut_off = (16, 0) if passes == 1 else (24, 1 << 15)  # by `kept`, on average
        return ops.cast(ops.right_shift(mean + ((1 << bits - 1) + cut_off), bits), dtype)


class _Float:
    """The same in float32."""

    @staticmethod
    def weights(weights):
        """Leaves out what would not change the last bit of a mean."""
        return ops.where(weights < 2.0**-26, 0.0, weights)

    @staticmethod
    def values(image):
        return ops.cast(image, "float32")

    @staticmethod
    def mean(pairs, weights):
        total = product(weights[0], pairs[0])
        for far, pair in enumerate(pairs[1:], 1):
            total = total + product(weights[far], pair)
        return total

    @staticmethod
    def kept(mean):
        return mean

    @staticmethod
    def image(mean, dtype, passes):
        del passes  # values are never scaled
        return round_off(mean, dtype)


def _arithmetic(image, radius):
    """Bytes have whole numbers, unless the weights are too many to be rounded."""
    whole = backend.standardize_dtype(image.dtype) == "uint8" and radius <= _MOST
    return _Whole if whole else _Float


def pad_rows(image, radius):
    """Returns an image as rows of values, the outermost rows repeated above and below.

    Args:
        image: `(height, width, channels)`.
        radius: how many rows to add on each side.

    Returns:
        A tensor of shape `(height + 2 * radius, width * channels)`.
    """

    def pad(rows):
        above, below = ops.tile(rows[:1], (radius, 1)), ops.tile(rows[-1:], (radius, 1))
        return ops.concatenate([above, rows, below], axis=0)

    return engine.kept(pad, ops.reshape(image, (ops.shape(image)[0], -1)))


def pad_columns(rows, channels, radius):
    """Returns rows of values with the outermost pixels repeated on the left and the right."""

    def pad(rows):
        left, right = rows[:, :channels], rows[:, -channels:]
        return ops.concatenate(
            [ops.tile(left, (1, radius)), rows, ops.tile(right, (1, radius))], axis=1
        )

    return engine.kept(pad, rows)


def shift(padded, number, margin, *, axis=0, step=1):
    """Returns the part without `number` steps in front and the rest of the margin behind."""
    part = slice(number * step, (number - margin) * step or None)
    return padded[part] if axis == 0 else padded[:, part]
