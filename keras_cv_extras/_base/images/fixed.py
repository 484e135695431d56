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
_QUARTER = 90 * _STEPS
_COS = np.cos(np.arange(4 * _QUARTER) * (_RADIAN / _STEPS)) * ONE
_SLOPE = np.roll(_COS, _QUARTER) * _RADIAN  # sine, times radians per degree
_COARSE = np.round(_SLOPE * 2) / 2  # at most 12 bits
# Of each angle the cosine as a whole number and a fraction, the slope as 12 bits and the rest.
_TABLE = np.stack([np.floor(_COS), _COS - np.floor(_COS), _COARSE, _SLOPE - _COARSE], 1)


def rotation(degrees):
    """Returns cosine, minus sine, sine and cosine of an angle, as a pair `(4,)` in 1/65536."""
    step = round_half_up(degrees * _STEPS)
    rest = degrees - ops.cast(step, "float32") / _STEPS
    # The sine is the cosine of a quarter less. Each step of the program computes all four.
    whole, small = _cos(ops.stack([step, step - _QUARTER, step - _QUARTER, step]), rest)
    signs = np.array([1, -1, 1, 1])
    return whole * signs.astype("int32"), small * signs.astype("float32")


def _cos(step, rest):
    """The cosines of `step / 16 + rest` degrees as pairs, for |rest| <= 1/32."""
    index = ops.mod(step, 4 * _QUARTER)
    rows = engine.take(ops.convert_to_tensor(_TABLE, "float32"), index, axis=0)
    whole, fraction, coarse, fine = ops.unstack(rows, 4, axis=-1)
    head = ops.floor(rest * (1 << 17) + 0.5) / (1 << 17)  # at most 12 bits
    product = head * coarse  # 12 bits by 12 bits: exact
    product_whole = ops.floor(product)
    curvature = (whole + fraction) * (_RADIAN**2 / 2)
    small = (
        head * fine
        + (rest - head) * (coarse + fine)
        + rest * rest * (curvature - rest * (coarse + fine) * (_RADIAN**2 / 6))
    )
    return (
        ops.cast(whole - product_whole, "int32"),
        fraction - (product - product_whole) - small,
    )


def times_half(pair, factor):
    """A pair times `factor / 2`, for a whole factor."""
    whole = pair[0] * factor
    odd = ops.cast(ops.bitwise_and(whole, 1), "float32")
    return ops.right_shift(whole, 1), odd * 0.5 + pair[1] * ops.cast(factor, "float32") * 0.5


def to_fixed(pair):
    """Returns a pair as a whole number of 1/65536."""
    return pair[0] + round_half_up(pair[1])
