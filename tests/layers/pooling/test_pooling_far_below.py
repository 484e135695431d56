"""Windows that lie far below the largest cell of their map keep their digits."""

import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import layers


def gem(window):
    return np.mean(window**3.0) ** (1 / 3)


def lp(window):
    return np.sum(window**3.0) ** (1 / 3)


def soft(window):
    weights = np.exp(window - window.max())
    return np.sum(weights * window) / np.sum(weights)


# A small map beside a large cell, which would leave nothing of it in float32.
CASES = {
    "GeneralizedMeanPooling2D": ({"epsilon": 1e-30}, gem, 1e-16, 1e4),
    "LPPooling2D": ({"p": 3.0}, lp, 1e-20, 1.0),
    "SoftPooling2D": ({}, soft, 1.0, 300.0),
}


def image_of(small, large):
    x = small * (1 + np.random.default_rng(0).random((1, 7, 7, 1)))
    x[0, 6, 6] = large
    return tf.constant(x, "float32")


@pytest.mark.wide_but("GeneralizedMeanPooling2D-valid", "LPPooling2D-valid", "SoftPooling2D-valid")
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("name", CASES)
def test_far_below_the_largest_cell(name, padding):
    options, reduce, small, large = CASES[name]
    layer, image = getattr(layers, name)(3, 2, padding, **options), image_of(small, large)
    x = image.numpy().astype("float64")
    with tf.GradientTape() as tape:
        tape.watch(image)
        found = layer(image)
    edge = 1 if padding == "same" else 0  # cells of padding before the first window
    starts = np.arange(found.shape[1]) * 2 - edge
    for i, top in enumerate(starts):
        for j, left in enumerate(starts):
            cells = x[0, max(top, 0) : top + 3, max(left, 0) : left + 3, 0]
            np.testing.assert_allclose(found[0, i, j, 0], reduce(cells), rtol=1e-5)
    slope = np.asarray(tape.gradient(found, image))
    assert np.all(np.isfinite(slope))
    assert slope[0, 0, 0, 0] > 0


@pytest.mark.wide_but("SoftPooling2D")
@pytest.mark.parametrize("name", CASES)
def test_far_below_under_xla(name):
    options, _, small, large = CASES[name]
    layer, image = getattr(layers, name)(3, 2, **options), image_of(small, large)
    found = layer(image)
    compiled = tf.function(layer, jit_compile=True, autograph=False)(image)
    np.testing.assert_allclose(compiled, found, rtol=1e-5)
