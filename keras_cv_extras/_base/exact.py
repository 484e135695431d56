"""Arithmetic that gives the same bits compiled, plain and on every backend.

Sums, products and comparisons of float32 are the same everywhere, unless a compiler fuses a product
with a sum, which rounds once instead of twice. On a processor so are quotients and square roots; on
a GPU XLA takes instructions that are off by up to two units of the last place (`div.full.f32`,
`-nvptx-prec-divf32=1` in its NVPTX backend), which `quotient` and `root` mend. Exponentials are not
the same: every library has its own.
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


def quotient(dividend, divisor):
    """Returns a quotient of finite float32, rounded to nearest on every device."""
    value = dividend / divisor
    return _mended_quotient(value, dividend, divisor) if engine.is_accelerated() else value


def root(number):
    """Returns a square root of finite float32, rounded to nearest on every device."""
    value = ops.sqrt(number)
    return _mended_root(value, number) if engine.is_accelerated() else value


def _mended_quotient(value, dividend, divisor):
    """A quotient that was off by few units of the last place."""
    return value + apart(_left_over(dividend, value, divisor) / divisor)


def _mended_root(value, number):
    """A square root that was off by few units of the last place."""
    twice = ops.where(value > 0, value + value, 1.0)
    return value + apart(_left_over(number, value, value) / twice)


def _left_over(number, first, second):
    """What is left of a number by a product that is nearly the same, without any rounding.

    Of 24 bits each factor is cut in halves (Veltkamp 1968), whose products a float32 holds: it is
    the same whether or not they are fused with the differences, which are exact too (Dekker 1971).
    """
    for one in _halves(first):
        for other in _halves(second):
            number = apart(number - one * other)
    return number


def _halves(number):
    """Two numbers of 12 bits whose sum it is."""
    number = ops.convert_to_tensor(number, "float32")
    large = product(number, 4097.0)
    head = large - apart(large - number)
    return head, number - head


def reciprocal(positive):
    """Returns 1 over positive numbers, by a division.

    TensorFlow's graphs know a reciprocal of fewer digits, and take it where they see a 1.
    """
    return quotient(ops.cast(positive > 0, "float32"), positive)


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
