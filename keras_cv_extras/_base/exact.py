"""Arithmetic that gives the same bits compiled, plain and on every backend.

Sums, products, quotients, square roots and comparisons of float32 are the same everywhere, unless
a compiler fuses a product with a sum, which rounds once instead of twice. Exponentials are not:
every library has its own.
"""

import math

import numpy as np
from keras import ops

from keras_cv_extras._base import engine

_POWERS = np.exp2(-np.arange(127.0)).astype("float32")
# Taylor's series of 2**x. On [-0.5, 0.5] what is left out is below 6e-9.
_SERIES = [math.log(2) ** k / math.factorial(k) for k in range(8)]


def apart(value):
    """Returns a value as it is, which no compiler joins with what goes before and after.

    TensorFlow's graphs reorder sums of three terms, which rounds otherwise. The minimum changes
    nothing for what images and their weights can be.
    """
    return ops.minimum(value, 1e30)


def product(first, second):
    """Returns a product that is not fused with a sum that follows."""
    return apart(first * second)


def reciprocal(positive):
    """Returns 1 over positive numbers, by a division.

    TensorFlow's graphs know a reciprocal of fewer digits, and take it where they see a 1.
    """
    return ops.cast(positive > 0, "float32") / positive


def exp2(exponents):
    """Returns 2 to powers that are not positive, to within two units of the last place."""
    exponents = ops.maximum(ops.cast(exponents, "float32"), -126.0)
    whole = ops.floor(exponents + 0.5)
    rest = exponents - whole
    powers = ops.convert_to_tensor(_POWERS)
    return exp2_near(rest) * engine.take(powers, ops.cast(-whole, "int32"), axis=0)


def exp2_near(exponents):
    """Returns 2 to powers in [-0.5, 0.5]."""
    value = _SERIES[-1]
    for coefficient in _SERIES[-2::-1]:
        value = product(value, exponents) + coefficient
    return value


def blend(degenerate, image, factor):
    """Goes from a degenerate image through an image at factor 1 and beyond.

    Pillow rounds the product before it adds. The minimum, which changes nothing, keeps a
    compiler from fusing both into one instruction that does not.
    """
    return degenerate + ops.minimum(factor * (image - degenerate), 1e6)
