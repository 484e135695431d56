"""Losses of distributions: soft targets, and views that should agree."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.spatial.distance import jensenshannon

from keras_cv_extras import losses

from . import oracles

RNG = np.random.default_rng(5)
VIEWS = RNG.normal(size=(6, 3, 4)).astype("float32") * 2
CLASSES = np.arange(6) % 4


def test_divergence_of_two_equals_scipy():
    p = oracles.softmax(VIEWS.astype("float64"))
    wanted = [jensenshannon(a, b) ** 2 for a, b in zip(p[:, 0], p[:, 1], strict=True)]
    found = losses.jensen_shannon_divergence(VIEWS[:, :2], from_logits=True)
    np.testing.assert_allclose(found, wanted, rtol=1e-5)
    found = losses.jensen_shannon_divergence(p[:, :2].astype("float32"))
    np.testing.assert_allclose(found, wanted, rtol=1e-4)


def test_consistency_is_the_loss_of_augmix():
    p = oracles.softmax(VIEWS.astype("float64"))
    mixture = p.mean(1)
    divergence = sum((p[:, v] * np.log(p[:, v] / mixture)).sum(-1) for v in range(3)) / 3
    wanted = -np.log(p[np.arange(6), 0, CLASSES]) + 12 * divergence
    found = losses.jensen_shannon_consistency(CLASSES, VIEWS, from_logits=True)
    np.testing.assert_allclose(found, wanted, rtol=1e-5)
    found = losses.jensen_shannon_consistency(np.eye(4)[CLASSES], VIEWS, from_logits=True)
    np.testing.assert_allclose(found, wanted, rtol=1e-5)
    two = losses.jensen_shannon_consistency(CLASSES, VIEWS[:, :2], alpha=3.0, from_logits=True)
    divergence = losses.jensen_shannon_divergence(VIEWS[:, :2], from_logits=True)
    np.testing.assert_allclose(
        two, -np.log(p[np.arange(6), 0, CLASSES]) + 3 * divergence, rtol=1e-5
    )
    with pytest.raises(ValueError, match=r"two or more views of each image.*\(6, 1, 4\)"):
        losses.jensen_shannon_consistency(CLASSES, VIEWS[:, :1], from_logits=True)
    plain = losses.JensenShannonConsistency(alpha=0.0, from_logits=True, label_smoothing=0.1)
    first = losses.LogLoss(from_logits=True, label_smoothing=0.1)
    np.testing.assert_allclose(plain(CLASSES, VIEWS), first(CLASSES, VIEWS[:, 0]), rtol=1e-6)


def test_views_that_agree_and_views_that_cannot():
    same = np.repeat(VIEWS[:, :1], 3, axis=1)
    found = losses.jensen_shannon_divergence(same, from_logits=True)
    np.testing.assert_allclose(found, 0, atol=1e-6)
    apart = tf.constant([[[1e3, -1e3], [-1e3, 1e3]]])
    with tf.GradientTape() as tape:
        tape.watch(apart)
        value = losses.jensen_shannon_divergence(apart, from_logits=True)
    np.testing.assert_allclose(value, np.log(2), rtol=1e-6)
    assert np.isfinite(tape.gradient(value, apart)).all()


@pytest.mark.wide
def test_three_views_train_one_classifier():
    keras.utils.set_random_seed(0)
    classifier = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
    inputs = keras.Input((3, 4))
    logits = classifier(keras.ops.reshape(inputs, (-1, 4)))
    trained = keras.Model(inputs, keras.ops.reshape(logits, (-1, 3, 4)))
    loss = losses.JensenShannonConsistency(from_logits=True)
    trained.compile(keras.optimizers.Adam(0.05), loss=loss, jit_compile=False)
    clean = np.eye(4, dtype="float32")[CLASSES]
    views = clean[:, None] + 0.3 * VIEWS
    views[:, 0] = clean
    before = float(np.mean(losses.jensen_shannon_divergence(trained(views), from_logits=True)))
    history = [float(trained.train_on_batch(views, CLASSES)) for _ in range(20)]
    assert history[-1] < 0.7 * history[0]
    after = float(np.mean(losses.jensen_shannon_divergence(trained(views), from_logits=True)))
    assert after < before
    assert classifier(clean).shape == (6, 4)


def test_soft_targets_of_one_temperature():
    teacher, logits = VIEWS[:, 0].astype("float64"), VIEWS[:, 1].astype("float64")
    targets = oracles.softmax(teacher / 3)
    wanted = -9 * (targets * np.log(oracles.softmax(logits / 3))).sum(-1)
    found = losses.soft_target(targets, VIEWS[:, 1], temperature=3.0, from_logits=True)
    np.testing.assert_allclose(found, wanted, rtol=1e-5)
    p = oracles.softmax(logits).astype("float32")
    np.testing.assert_allclose(losses.soft_target(targets, p, temperature=3.0), wanted, rtol=1e-4)
    # It is least where the predictions are the targets.
    least = losses.soft_target(targets, VIEWS[:, 0], temperature=3.0, from_logits=True)
    entropy = -(targets * np.log(targets)).sum(-1)
    np.testing.assert_allclose(least, 9 * entropy, rtol=1e-5)


def test_views_that_are_refused():
    with pytest.raises(ValueError, match="two or more views of each image"):
        losses.jensen_shannon_consistency(CLASSES, VIEWS[:, 0])
    with pytest.raises(ValueError, match="temperature must be above 0"):
        losses.SoftTarget(temperature=0.0)
