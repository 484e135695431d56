"""Labels that nobody should give: a loss is what its formula says, or it is NaN, never a guess."""

import functools

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from keras_cv_extras import losses

LOGITS = np.random.default_rng(5).normal(size=(4, 3)).astype("float32")
CHANCES = np.exp(LOGITS.astype("float64"))
LOGS = -np.log(CHANCES / CHANCES.sum(axis=1, keepdims=True))
ODD = [-1, 255, 3, 2**31 - 1, -(2**31), 2**32 + 1, 2**53]
TYPES = st.sampled_from(["int8", "uint8", "int32", "int64", "float32", "float64"])
NUMBERS = st.integers(0, 2) | st.sampled_from(ODD) | st.floats(-1e30, 1e30) | st.just(float("nan"))
WEIGHTS = st.none() | arrays.arrays("float32", 4, elements=st.sampled_from([0, 0, 1, 0.5, 2]))


def reference(labels, weights, ignored):
    """Returns the mean over the batch, NaN where a label that counts is no class."""
    weights = np.ones(4) if weights is None else weights.astype("float64")
    counts = np.ones(4)
    if ignored is not None and (labels == ignored).any():
        counts = (labels != ignored) * 4 / max((labels != ignored).sum(), 1)
    total = 0.0
    for row, label in enumerate(labels):
        weight = weights[row] * counts[row]
        if weight == 0:
            continue
        label = np.float32(label)  # the type that Keras gives labels
        if abs(label) < np.finfo("float32").tiny:
            label = np.float32(0)  # which processors make of it
        if label not in (0, 1, 2):
            return np.nan
        total += weight * LOGS[row, int(label)]
    return total / 4


def eager(ignored):
    return losses.LogLoss(from_logits=True, ignore_class=ignored)


@functools.cache
def graph(ignored):
    """Returns the loss as a program, one for each type and form of labels."""
    loss = eager(ignored)
    return tf.function(lambda *batch: loss(*batch), autograph=False)


def check(numbers, dtype, weights, column, ignored, make):
    with np.errstate(all="ignore"):
        labels = np.array(numbers).astype(dtype)
    given = labels[:, None] if column else labels
    weighted = weights if weights is None else tf.constant(weights)
    found = float(make(ignored)(tf.constant(given), tf.constant(LOGITS), weighted))
    wanted = reference(labels, weights, ignored)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6, equal_nan=True)


CASES = given(
    numbers=st.lists(NUMBERS, min_size=4, max_size=4),
    dtype=TYPES,
    weights=WEIGHTS,
    column=st.booleans(),
    ignored=st.sampled_from([None, -1, 255, 2]),
)


@settings(max_examples=200, deadline=None, derandomize=True)
@example(numbers=[0, 1, 2, 1.5], dtype="float32", weights=None, column=False, ignored=None)
@example(numbers=[0, 1, 2, 2**32 + 1], dtype="int64", weights=None, column=False, ignored=None)
@example(numbers=[0, 1, 2, -1], dtype="int8", weights=None, column=True, ignored=-1)
@example(numbers=[0, 0, 0, 1e-64], dtype="float64", weights=None, column=False, ignored=None)
@example(numbers=[0, 0, 0, 1.4e-45], dtype="float32", weights=None, column=False, ignored=None)
@CASES
def test_the_formula_or_nan(numbers, dtype, weights, column, ignored):
    check(numbers, dtype, weights, column, ignored, eager)


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None, derandomize=True)
@CASES
def test_ten_thousand_labels(numbers, dtype, weights, column, ignored):
    check(numbers, dtype, weights, column, ignored, graph)
