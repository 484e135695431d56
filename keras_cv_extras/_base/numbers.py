"""Small pieces of arithmetic that losses, metrics and layers share."""

import keras
import numpy as np
from keras import ops


def floats(values):
    """Returns a tensor of float32, or of float64 if it is one."""
    tensor = ops.convert_to_tensor(values)
    if keras.backend.standardize_dtype(tensor.dtype) == "float64":
        return tensor
    return ops.cast(tensor, "float32")


def any_floats(values):
    """Returns a tensor of the float type that values have, and of float32 if they have none."""
    tensor = ops.convert_to_tensor(values)
    is_float = keras.backend.is_float_dtype(keras.backend.standardize_dtype(tensor.dtype))
    return tensor if is_float else ops.cast(tensor, "float32")


def unit_rows(embeddings):
    """Returns rows of length one, shorter ones than 1e-12 apart, which stay as they are.

    `keras.ops.normalize` of Keras 3.15.1 gives a row of zeros a gradient of 1e7.
    """
    squares = ops.sum(embeddings**2, axis=-1, keepdims=True)
    return embeddings * ops.rsqrt(ops.where(squares > 1e-24, squares, 1.0))


def log_prior(class_counts):
    """Returns the logarithms of the classes' shares; an empty class counts as one sample."""
    counts = np.maximum(class_counts, 1)
    return np.log(counts / counts.sum()).tolist()


def power(values, exponent):
    """Returns values in [0, 1] to a power of at least 0, with a finite gradient at zero too.

    By a logarithm and an exponential: the power of TensorFlow 2.21 takes eight times as long.
    """
    if exponent == 0:
        return ops.ones_like(values)
    if exponent == 1:
        return values
    if exponent in (2, 4):
        return ops.square(power(values, exponent / 2))
    tiny = float(np.finfo(keras.backend.standardize_dtype(values.dtype)).tiny)
    return ops.exp(exponent * ops.log(ops.maximum(values, tiny)))


def largest(values):
    """Returns the largest along the last axis, which stays with size 1; of no rows too."""
    return ops.max(values, axis=-1, keepdims=True, initial=-float("inf"))


def smallest(values):
    """Returns the smallest along the last axis, as `largest`."""
    return ops.min(values, axis=-1, keepdims=True, initial=float("inf"))
