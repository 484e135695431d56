"""Supervised contrastive loss and NT-Xent."""

import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import losses

from . import oracles

RNG = np.random.default_rng(7)
ROWS = RNG.normal(size=(9, 4)).astype("float32")
CLASSES = np.array([0, 1, 2, 0, 1, 0, 3, 2, 2])
VIEWS = RNG.normal(size=(5, 3, 4)).astype("float32")


@pytest.mark.parametrize("temperature", [0.07, 0.5])
def test_supcon_of_one_view_each(temperature):
    wanted = oracles.contrastive(ROWS.astype("float64"), CLASSES, temperature)
    assert np.isnan(wanted).sum() == 1  # the class of its own
    loss = losses.SupCon(temperature)
    np.testing.assert_allclose(loss(CLASSES, ROWS), np.nanmean(wanted), rtol=1e-5)
    np.testing.assert_allclose(loss(CLASSES[:, None], 5 * ROWS), np.nanmean(wanted), rtol=1e-5)
    each = losses.supcon(CLASSES, ROWS, temperature=temperature)
    np.testing.assert_allclose(each, np.nan_to_num(wanted) * 9 / 8, rtol=1e-4)


def test_supcon_of_several_views():
    classes = np.array([0, 1, 0, 2, 1])
    wanted = oracles.contrastive(VIEWS.reshape(15, 4).astype("float64"), classes.repeat(3), 0.1)
    found = losses.supcon(classes, VIEWS)
    np.testing.assert_allclose(found, wanted.reshape(5, 3).mean(1), rtol=1e-4)


def test_nt_xent_is_that_of_simclr():
    pair = VIEWS[:, :2]
    units = pair / np.linalg.norm(pair, axis=-1, keepdims=True)
    a, b = units[:, 0].astype("float64"), units[:, 1].astype("float64")
    wanted = []
    for x, y in ((a, b), (b, a)):
        # The logits of SimCLR's own code: the other view of all, then this view of the others.
        logits = np.concatenate([x @ y.T, x @ x.T - 1e9 * np.eye(5)], axis=1) / 0.5
        wanted.append(-np.log(oracles.softmax(logits)[np.arange(5), np.arange(5)]))
    found = losses.nt_xent(np.zeros(5), pair, temperature=0.5)
    np.testing.assert_allclose(found, np.mean(wanted, axis=0), rtol=1e-5)
    three = oracles.contrastive(VIEWS.reshape(15, 4).astype("float64"), np.arange(5).repeat(3), 0.1)
    np.testing.assert_allclose(
        losses.nt_xent(np.zeros(5), VIEWS), three.reshape(5, 3).mean(1), 1e-4
    )


def slope(loss, y_true, y_pred):
    y_pred = tf.constant(y_pred)
    with tf.GradientTape() as tape:
        tape.watch(y_pred)
        value = loss(y_true, y_pred)
    return float(value), np.asarray(tape.gradient(value, y_pred))


def test_without_positives_nothing_is_lost():
    value, found = slope(losses.SupCon(), np.arange(9), ROWS)
    assert value == 0
    np.testing.assert_array_equal(found, 0)


def test_rows_of_zeros_have_a_gradient():
    rows = ROWS.copy()
    rows[:2] = 0
    for loss in (losses.SupCon(), losses.TripletHardLoss(distance_metric="angular")):
        value, found = slope(loss, CLASSES, rows)
        assert np.isfinite(value)
        assert 0 < np.abs(found).max() < 100


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: losses.SupCon(temperature=0), "temperature must be above 0"),
        (lambda: losses.supcon([0], [0.1]), r"embeddings \(batch, dimensions\) or"),
        (lambda: losses.nt_xent([0], [[0.1]]), r"\(batch, views, dimensions\), received shape"),
        (lambda: losses.nt_xent([0], [[[0.1]]]), "at least two views"),
        (lambda: losses.npairs_loss([0], [0.1]), r"or anchors and positives \(batch, 2"),
        (
            lambda: losses.NpairsLoss(gather_across_replicas=True)([0, 1], np.eye(2)),
            "needs the anchors and positives themselves",
        ),
    ],
)
def test_clear_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_n_pairs_of_embeddings_are_those_of_their_products():
    pair = VIEWS[:, :2]
    similarities = pair[:, 0] @ pair[:, 1].T
    classes = [0, 1, 0, 2, 1]
    found = losses.npairs_loss(classes, pair)
    np.testing.assert_allclose(found, losses.npairs_loss(classes, similarities), rtol=1e-5)
    labels = np.eye(3)[classes]
    found = losses.npairs_multilabel_loss(labels, pair)
    wanted = losses.npairs_multilabel_loss(labels, similarities)
    np.testing.assert_allclose(found, wanted, rtol=1e-5)
