"""Stable forms of probabilities: everything is computed from logits and their logarithms."""

import keras
import numpy as np
from keras import ops


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


def log_complement(logits):
    """Returns log(1 - softmax(logits)) without cancellation, along the last axis.

    Only for the largest logit can 1 - p lose its digits: there the others are summed by
    themselves. All others have p <= 1/2.
    """
    top = ops.one_hot(ops.argmax(logits, axis=-1), logits.shape[-1], dtype="bool")
    others = ops.where(top, -float("inf"), logits)
    shift = ops.stop_gradient(ops.max(others, axis=-1, keepdims=True))
    rest = ops.log(ops.sum(ops.exp(others - shift), axis=-1, keepdims=True)) + shift
    logs = ops.log_softmax(logits, axis=-1)
    small = ops.where(top, -1.0, logs)
    total = ops.logsumexp(logits, axis=-1, keepdims=True)
    return ops.where(top, rest - total, ops.log1p(-ops.exp(small)))
