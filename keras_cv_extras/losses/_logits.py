"""Stable forms of probabilities: everything is computed from logits and their logarithms."""

import keras
import numpy as np
from keras import ops

from keras_cv_extras._base import numbers
from keras_cv_extras.losses import _labels


def floor_of(values):
    """Returns the smallest probability that a loss takes a logarithm of: the type's epsilon."""
    return float(np.finfo(keras.backend.standardize_dtype(values.dtype)).eps)


def bounded(values, low, high):
    """Returns values moved into [low, high], with the gradient of the identity.

    A plain clip has no gradient outside: a model that is sure and wrong would never learn.
    """
    return values + ops.stop_gradient(ops.clip(values, low, high) - values)


def class_logits(y_pred, from_logits):
    """Returns logits `(..., num_classes)`; the logarithms of probabilities are logits."""
    if from_logits:
        return y_pred
    return ops.log(bounded(y_pred, floor_of(y_pred), 1.0))


def binary_logits(y_pred, from_logits):
    """Returns the logits of probabilities of a positive label."""
    if from_logits:
        return y_pred
    floor = floor_of(y_pred)
    probability = bounded(y_pred, floor, 1.0 - floor)
    return ops.log(probability) - ops.log1p(-probability)


def expected_of_logs(y_true, logits, function, label_smoothing=0.0):
    """Returns the mean over classes of `function(log_softmax(logits))`, weighted by the labels.

    Args:
        y_true: labels, integers or rows.
        logits: `(..., num_classes)`.
        function: elementwise, the loss by the logarithm of the true class' probability. For
            integer labels that are not smoothed only that class' logarithm is computed.
        label_smoothing: share of the weight that all classes get in equal parts.

    Returns:
        `(...)`. NaN for integer labels outside of the classes.
    """
    if label_smoothing or not _labels.are_classes(y_true, logits):
        losses = function(ops.log_softmax(logits, axis=-1))
        return _labels.expected(y_true, losses, label_smoothing)
    shifted = logits - ops.stop_gradient(numbers.largest(logits))
    total = ops.log(ops.sum(ops.exp(shifted), axis=-1))
    return function(_labels.pick(shifted, _labels.indices(y_true, logits)) - total)


@ops.custom_gradient
def softplus(values):
    """Returns log(1 + exp(values)), to the type's epsilon: by kernels that use vector units.

    `ops.softplus` and its gradient take three times as long on the TensorFlow backend.
    """

    def gradient(upstream):
        return upstream * ops.sigmoid(values)

    return ops.relu(values) - ops.log(ops.sigmoid(ops.absolute(values))), gradient


def focal_terms(logits, gamma):
    """Returns `-(1 - p)^gamma log p` and `-p^gamma log(1 - p)` of the logits of p, for gamma > 0.

    Both together, and their gradients, share what each would compute for itself.
    """

    @ops.custom_gradient
    def terms(logits):
        common = ops.log(ops.sigmoid(ops.absolute(logits)))
        probability = ops.sigmoid(logits)
        complement = 1 - probability
        missed, alarmed = ops.relu(-logits) - common, ops.relu(logits) - common
        weights = numbers.power(complement, gamma), numbers.power(probability, gamma)

        def gradient(*upstream):
            first, second = upstream if len(upstream) == 2 else upstream[0]  # JAX gives one pair
            rising = second * weights[1] * (gamma * complement * alarmed + probability)
            return rising - first * weights[0] * (gamma * probability * missed + complement)

        return (weights[0] * missed, weights[1] * alarmed), gradient

    return terms(logits)
