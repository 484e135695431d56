"""Ops that blur: means and medians of the pixels around a pixel."""

import functools

import numpy as np
from keras import ops

from keras_cv_extras._base import checks, engine
from keras_cv_extras._base.exact import apart, exp2, quotient
from keras_cv_extras._base.random import of_key
from keras_cv_extras._base.types import Numbers, Tensor
from keras_cv_extras.augment._image_op import image_op
from keras_cv_extras.augment._op import Range
from keras_cv_extras.augment._window_means import line, pad_columns, pad_rows, separable, shift

_HALF_LOG2_E = 0.7213475204444817
_DIRECTIONS = 256


def _check_kernel_size(name, value):
    if checks.integer(name, value, minimum=1) % 2 == 0:
        raise ValueError(f"{name} must be odd, received {value}")
    return int(value)


_CHECKS = {"kernel_size": _check_kernel_size}
_BORDER = {"border": checks.choice("nearest", "mirror")}


@image_op(
    strength=Range(0.0, 2.0),
    pixels="moved",
    reads_values=True,
    checks={**_CHECKS, **_BORDER},
)
def gaussian_blur(
    image: Tensor, sigma: Numbers, *, kernel_size: int = 13, border: str = "nearest"
) -> Tensor:
    """Blurs by a Gaussian kernel.

    Args:
        sigma: standard deviation in pixels; a number, or one per image. 0 is the identity.
        kernel_size: width of the kernel in pixels, an odd integer. What a larger sigma would
            have outside of it is left out; 6 sigma + 1 leaves out 0.3 percent.
        border: "nearest", or "mirror" about the outermost pixels, as torchvision and OpenCV.

    Returns:
        Images of the same shape and type; integers are rounded, uint8 up or down where the mean
        is within 0.03 of a half. Beyond the border the outermost pixels go on, unless `border`
        says otherwise.

    References:
        `scipy.ndimage.gaussian_filter(image, sigma, mode=border, radius=kernel_size // 2)`.

    Example:
        >>> blurred = gaussian_blur(images, 1.0, kernel_size=7)
    """
    radius = kernel_size // 2
    # A sigma of 0 has all of its weight in the middle, as has any below 0.03.
    sharpness = quotient(_HALF_LOG2_E, ops.square(ops.maximum(sigma, 0.03)))
    squares = ops.convert_to_tensor(np.arange(radius + 1, dtype="float32") ** 2)
    weights = exp2(-squares * sharpness)
    total = weights[0]
    for distance in range(1, radius + 1):
        total = apart(total + 2.0 * weights[distance])
    return separable(image, quotient(weights, total), mirrored=border == "mirror")


@image_op(
    strength=Range(0.0, 3.0), pixels="moved", reads_values=True, checks={**_CHECKS, **_BORDER}
)
def box_blur(
    image: Tensor, radius: Numbers, *, kernel_size: int = 7, border: str = "nearest"
) -> Tensor:
    """Replaces every pixel by the mean of the square around it.

    Args:
        radius: pixels on each side, in [0, kernel_size // 2]; a number, or one per image. Of a
            fraction the outermost pixels count that much. 0 is the identity.
        kernel_size: width of the largest square in pixels, an odd integer.
        border: "nearest", or "mirror" about the outermost pixels, as OpenCV.

    Returns:
        Images of the same shape and type; integers are rounded, uint8 up or down where the mean
        is within 0.03 of a half. Beyond the border the outermost pixels go on, unless `border`
        says otherwise.

    References:
        `scipy.ndimage.uniform_filter(image, 2 * radius + 1, mode="nearest")`; Pillow's
        `ImageFilter.BoxBlur(radius)`, which rounds between rows and columns.

    Example:
        >>> blurred = box_blur(images, 1.5)
    """
    largest = kernel_size // 2
    radius = ops.clip(radius, 0.0, float(largest))
    distances = ops.convert_to_tensor(np.arange(largest + 1, dtype="float32"))
    weights = quotient(ops.clip(radius + 1.0 - distances, 0.0, 1.0), 2.0 * radius + 1.0)
    return separable(image, weights, mirrored=border == "mirror")


@image_op(strength=Range(1.0, 9.0), pixels="moved", reads_values=True, checks=_CHECKS)
def motion_blur(
    image: Tensor, length: Numbers, key: Numbers = 0, *, kernel_size: int = 9
) -> Tensor:
    """Replaces every pixel by the mean of a line through it, in a random direction.

    Args:
        length: how many pixels are in the line, in [1, kernel_size]; a number, or one per
            image. Of a fraction the ends count that much. 1 is the identity.
        key: an integer in [0, 2**24), or one per image; another key gives another direction,
            one of 256.
        kernel_size: the greatest length in pixels, an odd integer.

    Returns:
        Images of the same shape and type; integers are rounded, uint8 up or down where the mean
        is within 0.03 of a half. Beyond the border the outermost pixels go on.

    Example:
        >>> blurred = motion_blur(images, 5.0, key=7)
    """
    radius = kernel_size // 2
    length = ops.clip(length, 1.0, float(kernel_size))
    distances = ops.convert_to_tensor(np.arange(radius + 1, dtype="float32"))
    weights = quotient(ops.clip(length * 0.5 + 0.5 - distances, 0.0, 1.0), length)
    direction = ops.cast(ops.floor(of_key(key, 1)[0] * _DIRECTIONS), "int32")
    offsets = engine.take(ops.convert_to_tensor(_line_offsets(radius)), direction, axis=0)
    return line(image, weights, offsets)


@image_op(pixels="moved", checks=_CHECKS)
def median_blur(image: Tensor, *, kernel_size: int = 3) -> Tensor:
    """Replaces every pixel by the median of the square around it, channel by channel.

    Args:
        kernel_size: width of the square in pixels, an odd integer. The number of comparisons
            grows with its fourth power.

    Returns:
        Images of the same shape and type. Beyond the border the outermost pixels go on.

    References:
        `scipy.ndimage.median_filter(image, kernel_size, mode="nearest")`; OpenCV's `medianBlur`.

    Example:
        >>> smoothed = median_blur(images, kernel_size=3)
    """
    radius = kernel_size // 2
    channels = image.shape[-1]
    padded = pad_columns(pad_rows(image, radius), channels, radius)
    if radius == 1:
        median = functools.partial(_median_of_nine, channels=channels)
        return ops.reshape(engine.kept(median, padded), ops.shape(image))
    window = [
        shift(shift(padded, down, 2 * radius, axis=0), right, 2 * radius, axis=1, step=channels)
        for down in range(2 * radius + 1)
        for right in range(2 * radius + 1)
    ]
    return ops.reshape(_median(window), ops.shape(image))


def _median_of_nine(padded, channels):
    """The median of every 3 x 3 pixels, in one pass: it is faster than to keep columns in order.

    Of columns in order it is the middle of three: the greatest of the least, the middle of the
    middle, the least of the greatest.
    """
    above, own, below = padded[:-2], padded[1:-1], padded[2:]
    low, high = ops.minimum(above, own), ops.maximum(above, own)
    least, greatest = ops.minimum(low, below), ops.maximum(high, below)
    middle = ops.maximum(low, ops.minimum(high, below))

    def across(values):
        return values[:, : -2 * channels], values[:, channels:-channels], values[:, 2 * channels :]

    low = functools.reduce(ops.maximum, across(least))
    high = functools.reduce(ops.minimum, across(greatest))
    return _middle(low, _middle(*across(middle)), high)


def _middle(first, second, third):
    least, greatest = ops.minimum(first, second), ops.maximum(first, second)
    return ops.maximum(least, ops.minimum(greatest, third))


def _median(values):
    """The median of an odd number of tensors, by minima and maxima.

    Of half of the values and two more, neither the least nor the greatest can be the median of
    all: they are left out, and one of the others comes in.
    """
    values = list(values)
    first = len(values) // 2 + 2
    kept, rest = values[:first], values[first:]
    while len(kept) > 1:
        kept = _without_extremes(kept)
        if rest:
            kept.append(rest.pop())
    return kept[0]


def _without_extremes(values):
    values = list(values)
    half = len(values) // 2
    for low in range(half):  # the lesser halves of pairs go to the front
        _order(values, low, len(values) - 1 - low)
    for place in range(1, (len(values) + 1) // 2):
        _order(values, 0, place)
    for place in range(half, len(values) - 1):
        _order(values, place, -1)
    return values[1:-1]


def _order(values, low, high):
    first, second = values[low], values[high]
    values[low], values[high] = ops.minimum(first, second), ops.maximum(first, second)


def _line_offsets(radius):
    """Pixels down and to the right at every distance, for all directions of half a turn."""
    angles = np.pi * np.arange(_DIRECTIONS) / _DIRECTIONS
    steps = np.stack([np.sin(angles), np.cos(angles)], axis=-1)
    # One pixel at a time along the longer side: by true lengths, diagonals would repeat pixels.
    steps /= np.abs(steps).max(axis=-1, keepdims=True)
    distances = np.arange(radius + 1)[:, None]
    return np.rint(steps[:, None] * distances).astype("int32")
