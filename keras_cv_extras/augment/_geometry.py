"""Ops that move pixels: flips, shears, translations, rotation.

Signs, units and rounding are Pillow's, to the last bit: an affine op looks up, for the centre of
every output pixel, the nearest input pixel, in the 16-bit fixed-point arithmetic of
`Image.transform` (libImaging/Geometry.c). All coefficients are whole numbers of 1/65536 pixel,
so that every backend, compiled or not, reads the same pixels.
"""

import math

import numpy as np
from keras import ops

from keras_cv_extras.augment import _engine
from keras_cv_extras.augment._op import Range, image_op

_ONE = 1 << 16  # fixed point: one pixel
_HALF = 1 << 15
_NOTHING = np.int32(0)


@image_op(pixels="moved")
def identity(image):
    """Returns the images as they are.

    Args:
        images: `(height, width, channels)` or `(batch, height, width, channels)`, integer or
            float, values in [0, 255].

    Returns:
        Images of the same shape and type.
    """
    return image


@image_op(pixels="moved")
def flip_horizontal(image):
    """Mirrors images left to right.

    Args:
        images: `(height, width, channels)` or `(batch, height, width, channels)`, integer or
            float, values in [0, 255].

    Returns:
        Images of the same shape and type.
    """
    return ops.flip(image, axis=1)


@image_op(pixels="moved")
def flip_vertical(image):
    """Mirrors images top to bottom.

    Args:
        images: `(height, width, channels)` or `(batch, height, width, channels)`, integer or
            float, values in [0, 255].

    Returns:
        Images of the same shape and type.
    """
    return ops.flip(image, axis=0)


@image_op(strength=Range(0.0, 0.3, signed=True), pixels="moved")
def shear_x(image, slope, *, fill=0):
    """Shears images along the horizontal axis, with the top left corner fixed.

    Args:
        images: `(height, width, channels)` or `(batch, height, width, channels)`, integer or
            float, values in [0, 255].
        slope: horizontal pixels for each vertical one; a number, or one per image. Row `y`
            shows what was `slope * y` pixels further right. 0 is the identity.
        fill: the value of pixels from outside, in [0, 255]; a number, or one per channel.

    Returns:
        Images of the same shape and type.

    References:
        Pillow's `Image.transform(size, AFFINE, (1, slope, 0, 0, 1, 0))`.
    """
    step, start = _shear(slope)
    return warp(image, (_ONE, step, start, 0, _ONE, _HALF), fill)


@image_op(strength=Range(0.0, 0.3, signed=True), pixels="moved")
def shear_y(image, slope, *, fill=0):
    """Shears images along the vertical axis, with the top left corner fixed.

    Args:
        images: `(height, width, channels)` or `(batch, height, width, channels)`, integer or
            float, values in [0, 255].
        slope: vertical pixels for each horizontal one; a number, or one per image. Column `x`
            shows what was `slope * x` pixels further down. 0 is the identity.
        fill: the value of pixels from outside, in [0, 255]; a number, or one per channel.

    Returns:
        Images of the same shape and type.

    References:
        Pillow's `Image.transform(size, AFFINE, (1, 0, 0, slope, 1, 0))`.
    """
    step, start = _shear(slope)
    return warp(image, (_ONE, 0, _HALF, step, _ONE, start), fill)


@image_op(strength=Range(0.0, 150 / 331, signed=True, unit="width"), pixels="moved")
def translate_x(image, pixels, *, fill=0):
    """Moves images horizontally.

    Args:
        images: `(height, width, channels)` or `(batch, height, width, channels)`, integer or
            float, values in [0, 255].
        pixels: how far to the left; a number, or one per image. Rounded to whole pixels, halves
            up. 0 is the identity.
        fill: the value of pixels from outside, in [0, 255]; a number, or one per channel.

    Returns:
        Images of the same shape and type.

    References:
        Pillow's `Image.transform(size, AFFINE, (1, 0, pixels, 0, 1, 0))`.
    """
    return translate(image, round_half_up(pixels), _NOTHING, fill)


@image_op(strength=Range(0.0, 150 / 331, signed=True, unit="height"), pixels="moved")
def translate_y(image, pixels, *, fill=0):
    """Moves images vertically.

    Args:
        images: `(height, width, channels)` or `(batch, height, width, channels)`, integer or
            float, values in [0, 255].
        pixels: how far up; a number, or one per image. Rounded to whole pixels, halves up. 0 is
            the identity.
        fill: the value of pixels from outside, in [0, 255]; a number, or one per channel.

    Returns:
        Images of the same shape and type.

    References:
        Pillow's `Image.transform(size, AFFINE, (1, 0, 0, 0, 1, pixels))`.
    """
    return translate(image, _NOTHING, round_half_up(pixels), fill)


@image_op(strength=Range(0.0, 30.0, signed=True), pixels="moved")
def rotate(image, degrees, *, fill=0):
    """Rotates images about their centre.

    Args:
        images: `(height, width, channels)` or `(batch, height, width, channels)`, integer or
            float, values in [0, 255].
        degrees: the angle, counter-clockwise; a number, or one per image. 0 is the identity.
        fill: the value of pixels from outside, in [0, 255]; a number, or one per channel.

    Returns:
        Images of the same shape and type.

    References:
        Pillow's `Image.rotate(degrees)`.
    """
    height, width = ops.shape(image)[:2]
    cos, sin = _cos_sin(degrees)
    minus_sin = (-sin[0], -sin[1])
    # The centre of the picture stays: c = W/2 - a W/2 - b H/2, and half a pixel to pixel centres.
    right, down = 1 - width, 1 - height
    x_start = _sum((width * _HALF, 0.0), _times_half(cos, right), _times_half(minus_sin, down))
    y_start = _sum((height * _HALF, 0.0), _times_half(sin, right), _times_half(cos, down))
    parts = (cos, minus_sin, x_start, sin, cos, y_start)
    return warp(image, [_to_fixed(part) for part in parts], fill)


def warp(image, matrix, fill):
    """Looks up every pixel of the result in an image.

    Args:
        image: `(height, width, channels)`.
        matrix: six int32 scalars `(a, b, c, d, e, f)` in 1/65536 pixel. Pixel `(x, y)` of the
            result shows pixel `(a x + b y + c, d x + e y + f)` of the image, rounded down.
        fill: `(channels,)`, shown where that is outside.

    Returns:
        An image of the same shape and type.
    """
    height, width, channels = ops.shape(image)
    a, b, c, d, e, f = matrix
    x = ops.arange(width, dtype="int32")[None, :]
    y = ops.arange(height, dtype="int32")[:, None]
    source_x = ops.right_shift(a * x + b * y + c, 16)
    source_y = ops.right_shift(d * x + e * y + f, 16)
    inside = (source_x >= 0) & (source_x < width) & (source_y >= 0) & (source_y < height)
    index = ops.where(inside, source_y * width + source_x, 0)
    pixels = _engine.take(
        ops.reshape(image, (height * width, channels)), ops.reshape(index, (-1,)), axis=0
    )
    pixels = ops.reshape(pixels, ops.shape(image))
    return ops.where(inside[..., None], pixels, ops.cast(fill, image.dtype))


def translate(image, x, y, fill):
    """Moves an image by whole pixels, `x` to the left and `y` up.

    Takes rows, cuts a window out of two images side by side, and fills what came round: three
    times as fast as a warp.
    """
    height, width, channels = ops.shape(image)
    row = width * channels
    source_x = ops.arange(row, dtype="int32") // channels + x
    source_y = ops.arange(height, dtype="int32") + y
    flat = _engine.take(ops.reshape(image, (height, row)), ops.mod(source_y, height), axis=0)
    flat = ops.concatenate([flat, flat], axis=1)
    flat = _engine.window(flat, (0, ops.mod(x, width) * channels), (height, row))
    inside_x = (source_x >= 0) & (source_x < width)
    inside_y = (source_y >= 0) & (source_y < height)
    inside = inside_y[:, None] & inside_x[None, :]
    return ops.reshape(ops.where(inside, flat, fill_row(fill, image)), ops.shape(image))


def fill_row(fill, image):
    """Returns a row of an image's shape and type, flat, in a fill colour (channels,).

    Rows of bytes are the layout in which compiled masks are fast: one that is broadcast over
    channels takes three times as long.
    """
    width, channels = ops.shape(image)[1:]
    row = ops.broadcast_to(ops.cast(fill, image.dtype), (width, channels))
    return ops.reshape(row, (1, width * channels))


def round_half_up(value):
    """Returns a float32 as int32, rounded to nearest, halves up, without rounding twice."""
    whole = ops.floor(value)
    return ops.cast(whole, "int32") + ops.cast(value - whole >= 0.5, "int32")


def _shear(slope):
    """The step from row to row and the offset of the first, in 1/65536 pixel."""
    return round_half_up(slope * _ONE), _HALF + round_half_up(slope * _HALF)


# Rotation needs sines to better than 1/65536 pixel over the width of a picture, which is more
# than a float32 holds. A number is therefore kept as a pair (int32, float32) whose sum it is,
# in 1/65536 pixel: a table of every 1/16 degree gives the whole part and the fraction, and a
# Taylor series the distance to the table's angle.
_STEPS = 16
_RADIAN = math.pi / 180
_TABLE_COS = np.cos(np.arange(360 * _STEPS) * (_RADIAN / _STEPS)) * _ONE
_COS_WHOLE = np.floor(_TABLE_COS).astype("int32")
_COS_FRACTION = (_TABLE_COS - np.floor(_TABLE_COS)).astype("float32")
_SLOPE = np.roll(_TABLE_COS, 90 * _STEPS) * _RADIAN  # sine, times radians per degree
_SLOPE_COARSE = (np.round(_SLOPE * 2) / 2).astype("float32")  # at most 12 bits
_SLOPE_FINE = (_SLOPE - _SLOPE_COARSE).astype("float32")


def _cos_sin(degrees):
    step = round_half_up(degrees * _STEPS)
    rest = degrees - ops.cast(step, "float32") / _STEPS
    quarter = 90 * _STEPS
    return _cos(step, rest), _cos(step - quarter, rest)


def _cos(step, rest):
    """The cosine of `step / 16 + rest` degrees as a pair, for |rest| <= 1/32."""
    index = ops.mod(step, 360 * _STEPS)
    whole, fraction, coarse, fine = (
        _engine.take(ops.convert_to_tensor(table), index, axis=0)
        for table in (_COS_WHOLE, _COS_FRACTION, _SLOPE_COARSE, _SLOPE_FINE)
    )
    head = ops.floor(rest * (1 << 17) + 0.5) / (1 << 17)  # at most 12 bits
    product = head * coarse  # 12 bits by 12 bits: exact
    product_whole = ops.floor(product)
    curvature = (ops.cast(whole, "float32") + fraction) * (_RADIAN**2 / 2)
    small = (
        head * fine
        + (rest - head) * (coarse + fine)
        + rest * rest * (curvature - rest * (coarse + fine) * (_RADIAN**2 / 6))
    )
    return (
        whole - ops.cast(product_whole, "int32"),
        fraction - (product - product_whole) - small,
    )


def _times_half(pair, factor):
    """A pair times `factor / 2`, for a whole factor."""
    whole = pair[0] * factor
    odd = ops.cast(ops.bitwise_and(whole, 1), "float32")
    return ops.right_shift(whole, 1), odd * 0.5 + pair[1] * ops.cast(factor, "float32") * 0.5


def _sum(*pairs):
    return sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)


def _to_fixed(pair):
    return pair[0] + round_half_up(pair[1])
