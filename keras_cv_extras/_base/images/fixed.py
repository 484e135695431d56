"""Arithmetic that gives the same bits on every backend, compiled or not.

Positions are whole numbers of 1/65536 pixel, as in Pillow (libImaging/Geometry.c). Where a
float32 is needed, products are kept apart from sums: a compiler that fuses the two rounds once
instead of twice, and a pixel on an edge falls on its other side.
"""

import math

import numpy as np
from keras import ops

from keras_cv_extras._base import engine

ONE = 1 << 16  # fixed point: one pixel
HALF = 1 << 15
_HUGE = np.float32(3e38)


def round_half_up(value, library=ops):
    """Returns a float32 as int32, rounded to nearest, halves up, without rounding twice."""
    whole = library.floor(value)
    return library.cast(whole, "int32") + library.cast(value - whole >= 0.5, "int32")


def times(first, second):
    """Returns a product of float32 that no compiler fuses with a sum that follows."""
    return ops.minimum(first * second, _HUGE)


def between(low, high, share):
    """Returns the number at `share` in [0, 1] of the way from `low` to `high`, all float32."""
    return low + times(high - low, share)


def key_of(x, y):
    """Returns two numbers in [0, 1) as one key, for kernels that take positions."""
    x, y = (ops.cast(ops.floor(number * (1 << 24)), "int32") for number in (x, y))
    return ops.bitwise_xor(x, y)


def offset(pixels):
    """Returns a float32 distance as int32 in 1/65536 pixel; 16,384 pixels are the largest."""
    return round_half_up(ops.clip(pixels, -16384.0, 16384.0) * ONE)


# Rotation needs sines to better than 1/65536 pixel over the width of a picture, which is more
# than a float32 holds. A number is therefore kept as a pair (int32, float32) whose sum it is,
# in 1/65536 pixel: a table of every 1/16 degree gives the whole part and the fraction, and a
# Taylor series the distance to the table's angle.
_STEPS = 16
_RADIAN = math.pi / 180
_TABLE_COS = np.cos(np.arange(360 * _STEPS) * (_RADIAN / _STEPS)) * ONE
_COS_WHOLE = np.floor(_TABLE_COS).astype("int32")
_COS_FRACTION = (_TABLE_COS - np.floor(_TABLE_COS)).astype("float32")
_SLOPE = np.roll(_TABLE_COS, 90 * _STEPS) * _RADIAN  # sine, times radians per degree
_SLOPE_COARSE = (np.round(_SLOPE * 2) / 2).astype("float32")  # at most 12 bits
_SLOPE_FINE = (_SLOPE - _SLOPE_COARSE).astype("float32")


def cos_sin(degrees):
    """Returns the cosine and the sine of an angle, each as a pair in 1/65536."""
    step = round_half_up(degrees * _STEPS)
    rest = degrees - ops.cast(step, "float32") / _STEPS
    quarter = 90 * _STEPS
    return _cos(step, rest), _cos(step - quarter, rest)


def _cos(step, rest):
    """The cosine of `step / 16 + rest` degrees as a pair, for |rest| <= 1/32."""
    index = ops.mod(step, 360 * _STEPS)
    whole, fraction, coarse, fine = (
        engine.take(ops.convert_to_tensor(table), index, axis=0)
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


def times_half(pair, factor):
    """A pair times `factor / 2`, for a whole factor."""
    whole = pair[0] * factor
    odd = ops.cast(ops.bitwise_and(whole, 1), "float32")
    return ops.right_shift(whole, 1), odd * 0.5 + pair[1] * ops.cast(factor, "float32") * 0.5


def sum_pairs(*pairs):
    """Returns the sum of pairs."""
    return sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)


def to_fixed(pair):
    """Returns a pair as a whole number of 1/65536."""
    return pair[0] + round_half_up(pair[1])
