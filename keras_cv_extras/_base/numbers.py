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
