"""ArcFace and CosFace, and the cosines that they take."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.datasets import load_digits
from sklearn.metrics.pairwise import cosine_similarity

from keras_cv_extras import layers, losses

from . import oracles

CLASSES = np.arange(6) % 3
COSINES = np.random.default_rng(3).uniform(-0.99, 0.99, (6, 3)).astype("float32")


def test_arcface_adds_an_angle():
    c = COSINES.astype("float64")
    angles = np.arccos(c)
    # Where the angle may be added: theta + m <= pi.
    assert (angles + 0.5 <= np.pi).mean() > 0.7
    wanted = oracles.margin(c, lambda k: np.cos(np.arccos(k) + 0.5), 10.0)
    found = losses.arcface(CLASSES, COSINES, margin=0.5, scale=10.0)
    chosen = angles[np.arange(6), CLASSES] + 0.5 <= np.pi
    assert chosen.sum() >= 3
    wanted = wanted[np.arange(6), CLASSES]
    np.testing.assert_allclose(np.asarray(found)[chosen], wanted[chosen], rtol=1e-5)


@pytest.mark.parametrize("margin", [0.1, 0.5, 1.0, 1.5])
def test_arcface_falls_with_the_cosine_everywhere(margin):
    true = np.linspace(-1, 1, 2001, dtype="float32")
    cosines = tf.constant(np.stack([true, np.full_like(true, 0.2)], axis=1))
    with tf.GradientTape() as tape:
        tape.watch(cosines)
        each = losses.arcface(np.zeros(2001, int), cosines, margin=margin, scale=10.0)
        total = tf.reduce_sum(each)
    slope = tape.gradient(total, cosines).numpy()
    assert np.isfinite(slope).all()
    assert (slope[:, 0] < 0).all()
    assert (slope[:, 1] > 0).all()
    assert (np.diff(each) < 1e-6).all()


def test_without_margin_both_are_cross_entropy():
    wanted = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(CLASSES, 64 * COSINES)
    for loss in (losses.ArcFace(margin=0.0), losses.CosFace(margin=0.0)):
        np.testing.assert_allclose(loss(CLASSES, COSINES), wanted, rtol=1e-5)


def test_margins_that_are_refused():
    with pytest.raises(ValueError, match=r"margin must be an angle in \[0, pi / 2\], received 2"):
        losses.ArcFace(margin=2)
    with pytest.raises(ValueError, match="margin must be at least 0"):
        losses.CosFace(margin=-0.1)


def test_cosine_dense_equals_scikit_learn():
    x = np.random.default_rng(0).normal(size=(7, 2, 5)).astype("float32")
    layer = layers.CosineDense(4)
    found = np.asarray(layer(x))
    wanted = cosine_similarity(x.reshape(14, 5), layer.kernel.numpy().T)
    np.testing.assert_allclose(found, wanted.reshape(7, 2, 4), atol=1e-6)
    assert layer.compute_output_shape((None, 2, 5)) == (None, 2, 4)
    np.testing.assert_allclose(layer(1e-3 * x), found, atol=1e-6)


def test_cosine_dense_of_nothing_and_of_much():
    layer = layers.CosineDense(4, dtype="float16")
    x = tf.constant([[0.0] * 5, [60000.0] * 5], "float16")
    layer.build(x.shape)
    with tf.GradientTape() as tape:
        tape.watch(x)
        found = layer(x)
    slope = tape.gradient(found, x).numpy()
    np.testing.assert_array_equal(found[0], 0)
    assert np.abs(found[1].numpy()).max() <= 1
    assert np.isfinite(slope).all()
    with pytest.raises(ValueError, match="known number of features"):
        layers.CosineDense(4).build((None, None))


@pytest.mark.wide
@pytest.mark.parametrize("loss", [losses.ArcFace(0.2, 16.0), losses.CosFace(0.2, 16.0)])
def test_digits_are_learned(loss):
    images, classes = load_digits(return_X_y=True)
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Dense(32, activation="relu"),
            layers.CosineDense(10),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), loss=loss, metrics=["accuracy"], jit_compile=False)
    model.fit(images[:1400] / 16, classes[:1400], epochs=4, batch_size=100, verbose=0)
    assert model.evaluate(images[1400:] / 16, classes[1400:], verbose=0)[1] > 0.85


def test_logit_adjustment_takes_the_prior_away():
    logits = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    counts = np.array([90, 9, 1])
    found = layers.LogitAdjustment(counts, tau=0.5)(logits)
    np.testing.assert_allclose(found, logits - 0.5 * np.log(counts / 100), rtol=1e-5)
    np.testing.assert_array_equal(layers.LogitAdjustment(counts, tau=0.0)(logits), logits)
    # Posterior over prior is the likelihood: classes of equal frequency.
    likelihood, prior = np.array([[0.2, 0.5, 0.3]]), counts / 100
    posterior = likelihood * prior / (likelihood * prior).sum()
    balanced = oracles.softmax(np.asarray(layers.LogitAdjustment(counts)(np.log(posterior))))
    np.testing.assert_allclose(balanced, likelihood, rtol=1e-5)
    with pytest.raises(ValueError, match="one number per class: 2, received 3"):
        layers.LogitAdjustment(counts)(logits[:, :2])


@pytest.mark.parametrize("name", ["LDAM", "ArcFace", "CosFace"])
def test_logits_are_no_cosines(name):
    options = {"class_counts": [50, 5, 1]} if name == "LDAM" else {}
    loss = getattr(losses, name)(**options)
    logits = COSINES * 9
    with pytest.warns(UserWarning, match=r"should be cosines in \[-1, 1\], as layers.CosineDense"):
        found = loss(CLASSES, logits)
    assert np.isfinite(loss(CLASSES, np.sign(COSINES) * np.float32(1.004)))  # half precision
    for compiled in (False, True):
        run = tf.function(lambda *given: loss(*given), jit_compile=compiled)
        same = run(tf.constant(CLASSES), tf.constant(logits))
        np.testing.assert_allclose(same, found, rtol=1e-5)
