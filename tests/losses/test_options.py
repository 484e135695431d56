"""Options of losses beside the plain formula: smoothing, squares, one weight, empty classes."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.optimize import brentq

from keras_cv_extras import losses
from keras_cv_extras.losses import _labels

from . import oracles

COUNTS = [500, 60, 20, 7]
LOGITS = np.random.default_rng(3).normal(size=(12, 4)).astype("float32")
LABELS = np.random.default_rng(4).integers(0, 4, 12)
LOGIT = {"from_logits": True}
COSINES = np.tanh(LOGITS)

# Name -> options, predictions, the loss of every class in float64.
SMOOTHED = {
    "LogLoss": (LOGIT, LOGITS, lambda z: oracles.focal(z, 0)),
    "CategoricalFocal": (LOGIT, LOGITS, oracles.focal),
    "Poly1": (LOGIT, LOGITS, oracles.poly1),
    "LogitAdjusted": (
        {"class_counts": COUNTS},
        LOGITS,
        lambda z: oracles.logit_adjusted(z, COUNTS),
    ),
    "LDAM": (
        {"class_counts": COUNTS, "scale": 8.0},
        COSINES,
        lambda z: oracles.ldam(z, COUNTS, scale=8.0),
    ),
    "ArcFace": ({"scale": 8.0}, COSINES, oracles.arcface),
    "CosFace": ({"scale": 8.0}, COSINES, oracles.cosface),
}


def per_sample(name, options, predictions, labels=LABELS):
    return np.asarray(getattr(losses, name)(**options, reduction=None)(labels, predictions))


@pytest.mark.parametrize("name", SMOOTHED)
def test_smoothed_labels_share_their_weight_with_all_classes(name):
    options, predictions, oracle = SMOOTHED[name]
    each = oracle(predictions.astype("float64"))
    smooth = 0.7 * np.eye(4)[LABELS] + 0.3 / 4
    wanted = (smooth * each).sum(axis=-1)
    options = {**options, "label_smoothing": 0.3}
    for labels in (LABELS, np.eye(4)[LABELS]):
        found = per_sample(name, options, predictions, labels)
        np.testing.assert_allclose(found, wanted, rtol=3e-5, atol=3e-6)


def test_smoothed_labels_of_the_bi_tempered_loss():
    """The formula of the paper, the constant of the softmax found by bisection."""
    t1, smooth = 0.8, 0.8 * np.eye(4)[LABELS] + 0.2 / 4

    def tempered(row):
        def p(c):
            return (1 + 0.2 * (c - row)) ** (-1 / 0.2)

        return p(brentq(lambda c: p(c).sum() - 1, row.max(), row.max() + 1e4, xtol=1e-13))

    p = np.stack([tempered(row) for row in LOGITS.astype("float64")])
    log_t = lambda v: (v ** (1 - t1) - 1) / (1 - t1)  # noqa: E731
    wanted = smooth * (log_t(smooth) - log_t(p))
    wanted = (wanted - (smooth ** (2 - t1) - p ** (2 - t1)) / (2 - t1)).sum(axis=-1)
    found = per_sample("BiTempered", {"label_smoothing": 0.2}, LOGITS)
    np.testing.assert_allclose(found, wanted, rtol=1e-4)


@pytest.mark.parametrize("variant", ["crammer_singer", "weston_watkins", "one_vs_rest"])
def test_squares_and_margins_of_the_multiclass_hinge(variant):
    wanted = np.empty(12)
    for row, (scores, k) in enumerate(zip(LOGITS.astype("float64"), LABELS, strict=True)):
        others = np.delete(scores, k)
        terms = np.maximum(0, 0.5 + others - scores[k])
        if variant == "crammer_singer":
            terms = terms.max(keepdims=True)
        if variant == "one_vs_rest":
            terms = np.maximum(0, 0.5 + np.append(others, -scores[k]))
        wanted[row] = (terms**2).sum()
    options = {"variant": variant, "margin": 0.5, "squared": True}
    for labels in (LABELS, np.eye(4)[LABELS]):
        found = per_sample("MulticlassHinge", options, LOGITS, labels)
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)


def test_rows_of_one_class_have_the_hinge_and_gradient_of_its_number():
    soft = np.full(4, 0.25, "float32")
    rows = np.eye(4, dtype="float32")[LABELS]
    logits = np.concatenate([LOGITS, [[1.0, 1.0, 0.0, -np.inf]]]).astype("float32")  # two are best
    beside = np.concatenate([rows, [soft]])  # as a batch with a soft row takes another way
    wanted = hinge_and_gradient(LABELS, LOGITS)
    for found in (hinge_and_gradient(rows, LOGITS), hinge_and_gradient(beside, logits)):
        for array, other in zip(found, wanted, strict=True):
            np.testing.assert_allclose(array[:12], other, atol=1e-6)
    one = np.eye(4, dtype="float32")[[2]]
    _, slope = hinge_and_gradient(one, logits[-1:])
    np.testing.assert_array_equal(slope, [[0.5, 0.5, -1.0, 0.0]])


def hinge_and_gradient(labels, logits):
    logits = tf.constant(logits)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        value = losses.multiclass_hinge(labels, logits)
    return value.numpy(), tape.gradient(value, logits).numpy()


def test_squares_of_the_hinge_are_those_of_keras():
    signs = np.where(LABELS > 1, 1.0, -1.0).astype("float32")
    wanted = keras.losses.SquaredHinge()(signs[:, None], LOGITS[:, :1])
    found = losses.Hinge(squared=True)(signs[:, None], LOGITS[:, :1])
    np.testing.assert_allclose(found, wanted, rtol=1e-6)


def test_one_weight_and_half_an_adjustment():
    rows, exact = np.arange(12), LOGITS.astype("float64")
    found = per_sample("CategoricalFocal", {**LOGIT, "alpha": 0.25}, LOGITS)
    np.testing.assert_allclose(found, 0.25 * oracles.focal(exact)[rows, LABELS], rtol=3e-5)
    found = per_sample("LogitAdjusted", {"class_counts": COUNTS, "tau": 0.5}, LOGITS)
    wanted = oracles.logit_adjusted(exact, COUNTS, tau=0.5)[rows, LABELS]
    np.testing.assert_allclose(found, wanted, rtol=3e-5)
    options = {**LOGIT, "gamma_positive": 2.0, "gamma_negative": 1.0, "label_smoothing": 0.2}
    found = per_sample("AsymmetricCategorical", options, LOGITS)
    wanted = oracles.asymmetric(exact, 1.0, 2.0, 0.2)[rows, LABELS]
    np.testing.assert_allclose(found, wanted, rtol=3e-5)


@pytest.mark.parametrize("name", ["LogitAdjusted", "LDAM"])
def test_an_empty_class_counts_as_one(name):
    counts = [500, 0, 20, 7]
    found = per_sample(name, {"class_counts": counts}, COSINES)
    assert np.isfinite(found).all()
    counts[1] = 1
    np.testing.assert_allclose(found, per_sample(name, {"class_counts": counts}, COSINES))


def test_class_balanced_weights_without_overlap_are_equal():
    assert losses.class_balanced_weights([500, 0, 3], beta=0.0) == {0: 1.0, 1: 0.0, 2: 1.0}


def test_weights_that_are_not_active_yet_are_not_active_when_loaded():
    inner = losses.LogLoss(from_logits=True)
    loss = losses.ClassWeighted(inner, [1.0, 2.0, 3.0, 4.0], active=False, reduction="sum")
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert not again.active
    np.testing.assert_allclose(again(LABELS, LOGITS), inner(LABELS, LOGITS) * 12, rtol=1e-5)


def test_labels_are_of_their_kind_and_shape():
    scores = keras.ops.convert_to_tensor(np.zeros((3, 1), "float32"))
    found = np.asarray(_labels.binary(np.array([[-1.0], [0.0], [2.0]]), scores))
    np.testing.assert_array_equal(np.isnan(found[:, 0]), [True, False, True])
    with pytest.raises(ValueError, match="y_true must have the shape of y_pred"):
        _labels.same_rank(np.zeros(3), np.zeros((3, 4)))
    mixed = keras.ops.convert_to_tensor([[1.0, 0.5], [1.0, -1.0]])
    with pytest.raises(ValueError, match="y_true must hold -1 and 1 only"):
        _labels.signs(mixed, keras.ops.zeros((2, 2)), "signed")
