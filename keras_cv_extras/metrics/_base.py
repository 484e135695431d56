"""What every metric here rests on: sums that can be added, and checked labels and predictions.

A metric's state is nothing but sums over samples, so that the sum of the states of batches or
replicas is the state of the whole. What is invalid (a class out of range, a NaN) raises where
values are known. In a compiled step nothing can be raised: there it turns the result into NaN
until the next `reset_state`, which cannot be overlooked. Samples of weight 0 may hold anything.
"""

from typing import Any, TypeVar

import keras
import numpy as np
from keras import ops

from keras_cv_extras._base import label_forms
from keras_cv_extras._base.engine import is_traced
from keras_cv_extras._base.label_forms import flat, is_flat
from keras_cv_extras._base.types import Shape, Tensor

# A package of its own: some metrics have the class name of a loss.
_Class = TypeVar("_Class", bound=type)


def registered(cls: _Class) -> _Class:
    """Makes a metric known to Keras, so that models that were saved with it load."""
    register: Any = keras.saving.register_keras_serializable("keras_cv_extras.metrics")
    return register(cls)


class Accumulator(keras.metrics.Metric):
    """A metric whose state is sums.

    They are kept in float32 whatever the type of the result, or in float64 for a float64 metric.
    A count is exact up to 2**24 (16.7 million samples in one cell), in float64 up to 2**53; JAX
    has float64 only where `jax_enable_x64` is set.
    """

    def __init__(self, name: str, dtype: Any) -> None:
        super().__init__(name=name, dtype=dtype)
        self.sum_dtype = "float64" if self.dtype == "float64" else "float32"

    def add_sum(self, shape: Shape, name: str) -> Any:
        """Returns a new variable of zeros, added up over replicas."""
        return self.add_variable(shape, "zeros", dtype=self.sum_dtype, name=name)

    def as_result(self, value: Tensor) -> Tensor:
        """Returns a value in the type of the metric."""
        return ops.cast(value, self.dtype)


def divide(numerator, denominator):
    """Returns the quotient, 0 where the denominator is 0; a NaN stays one."""
    numerator, denominator = map(ops.convert_to_tensor, (numerator, denominator))
    empty = ops.equal(denominator, 0)
    quotient = numerator / ops.where(empty, ops.ones_like(denominator), denominator)
    return ops.where(empty, ops.zeros_like(quotient), quotient)


def batch_weights(sample_weight, samples):
    """Returns `(batch,)` weights of the type of `samples`.

    Args:
        sample_weight: `(batch,)`, `(batch, 1)`, a number, or None for 1.
        samples: a tensor whose first axis is the batch.

    Raises:
        ValueError: for another shape.
    """
    first = samples if len(samples.shape) == 1 else samples[:, 0]
    ones = ops.ones_like(first)
    if sample_weight is None:
        return ones
    weights = ops.cast(label_forms.tensor(sample_weight), samples.dtype)
    shape = tuple(weights.shape)
    if len(shape) == 2 and shape[1] == 1:
        weights = ops.squeeze(weights, axis=-1)
    elif len(shape) > 1:
        raise ValueError(f"sample_weight must be of shape (batch,) or (batch, 1), received {shape}")
    same_batch("sample_weight", weights, "y_pred", samples)
    return weights * ones


def same_batch(name_a, tensor_a, name_b, tensor_b):
    """Raises if two tensors are known to have different numbers of samples."""
    counts = [tensor.shape[0] if len(tensor.shape) else None for tensor in (tensor_a, tensor_b)]
    if None not in counts and counts[0] != counts[1]:
        raise ValueError(
            f"{name_a} and {name_b} must have as many samples, received {counts[0]} and {counts[1]}"
        )


def whole_classes(values, num_classes):
    """Reads class numbers.

    Args:
        values: `(batch,)` or `(batch, 1)`, integers, booleans or whole floats.
        num_classes: how many classes there are.

    Returns:
        The classes as int32 `(batch,)`, 0 where invalid, and whether they are valid.
    """
    # Float32 holds every class number, and the comparison of small integer types with large
    # numbers of classes would overflow.
    values = ops.cast(flat(values), "float32")
    inside = ops.logical_and(values >= 0, values < num_classes)
    valid = ops.logical_and(inside, ops.equal(values, ops.floor(values)))
    return ops.cast(ops.where(valid, values, ops.zeros_like(values)), "int32"), valid


def top_classes(rows):
    """Reads the class of the largest entry of each row; rows with a NaN are invalid.

    Returns:
        The classes as int32 `(batch,)`, and whether they are valid.
    """
    if "float" not in keras.backend.standardize_dtype(rows.dtype):
        rows = ops.cast(rows, "int32")
    classes = ops.cast(ops.argmax(rows, axis=-1), "int32")
    if "float" not in keras.backend.standardize_dtype(rows.dtype):
        return classes, ops.ones_like(classes, dtype="bool")
    return classes, ops.logical_not(ops.any(ops.isnan(rows), axis=-1))


def true_classes(y_true, num_classes):
    """Reads labels: classes `(batch,)` or `(batch, 1)`, one-hot or soft rows, mixed classes.

    Of soft rows and of mixed classes the largest share counts. A row without an entry above 0
    names no class and is invalid, and so is one of 0 and 1 that has several labels. Of votes that
    are tied the first counts.

    Returns:
        The classes as int32 `(batch,)`, and whether they are valid.

    Raises:
        ValueError: if the shape fits neither.
    """
    shape = tuple(y_true.shape)
    if is_flat(y_true):
        return whole_classes(y_true, num_classes)
    if label_forms.is_mixed(y_true):
        return whole_classes(label_forms.largest(y_true), num_classes)
    if len(shape) == 2 and shape[1] == num_classes:
        classes, valid = top_classes(y_true)
        rows = ops.cast(y_true, "float32")
        named = ops.any(rows > 0, axis=-1)
        shares = ops.any(ops.logical_and(rows != 0, rows != 1), axis=-1)
        one = ops.logical_or(shares, ops.sum(rows, axis=-1) <= 1)
        return classes, ops.logical_and(valid, ops.logical_and(named, one))
    raise ValueError(
        "y_true must hold classes (batch,) or (batch, 1), or one-hot rows (batch, "
        f"{num_classes}), received shape {shape}"
    )


def poison(valid, weights, name, wanted, values):
    """Raises if a sample that counts is invalid, or says so where nothing can be raised.

    Args:
        valid: `(batch,)`, booleans.
        weights: `(batch,)`.
        name: the argument.
        wanted: what it must hold.
        values: the argument's values, for the message.

    Returns:
        A scalar to add to a sum: 0, or in a compiled program NaN if something is invalid.

    Raises:
        ValueError: if a sample is invalid and values are known.
    """
    wrong = ops.logical_and(ops.logical_not(valid), ops.not_equal(weights, 0))
    if not is_traced(wrong):
        found = ops.convert_to_numpy(wrong)
        if found.any():
            received = ops.convert_to_numpy(ops.cast(values, "float32"))[np.flatnonzero(found)[:3]]
            raise ValueError(f"{name} must hold {wanted}, received {received.tolist()}")
    return ops.where(ops.any(wrong), float("nan"), ops.zeros((), weights.dtype))
