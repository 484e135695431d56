"""The last layers of test-time augmentation, by themselves."""

import keras
import numpy as np
import pytest
from PIL import Image

from keras_cv_extras import inference
from keras_cv_extras.inference import _crops


def test_views_are_taken_out_of_the_batch_and_fused():
    """Two images of two views each: the mean of the probabilities, as logits."""
    chances = np.array([[0.75, 0.25], [0.25, 0.75], [0.5, 0.5], [0.9, 0.1]], "float32")
    layer = inference.Fuse(2, "probability", "softmax", False)
    found = keras.ops.softmax(layer(chances))
    np.testing.assert_allclose(found, [[0.5, 0.5], [0.7, 0.3]], rtol=1e-5)
    logits = np.log(chances)
    other = inference.Fuse(2, "logit", "softmax", True)
    np.testing.assert_allclose(other(logits), logits.reshape(2, 2, 2).mean(axis=1), rtol=1e-5)
    assert layer.compute_output_shape((None, 2)) == (None, 2)
    again = inference.Fuse.from_config(other.get_config())
    assert (again.num_views, again.fusion, again.from_logits) == (2, "logit", True)
    np.testing.assert_array_equal(again(logits), other(logits))


@pytest.mark.parametrize(
    ("activation", "wanted"),
    [(None, ("softmax", True)), ("softmax", ("softmax", False)), ("sigmoid", ("sigmoid", False))],
)
def test_how_a_model_ends(activation, wanted):
    images = keras.Input((4, 4, 1))
    outputs = keras.layers.Dense(2, activation)(keras.layers.Flatten()(images))
    assert inference.output_activation(keras.Model(images, outputs)) == wanted
    layer = keras.layers.Softmax()(outputs)
    assert inference.output_activation(keras.Model(images, layer)) == ("softmax", False)


def test_probabilities_of_a_sigmoid_are_the_same_afterwards():
    chances = np.array([[0.75, 0.25, 0.5], [0.9, 0.01, 0.2]], "float32")
    layer = inference.Fuse(1, "probability", "sigmoid", False)
    np.testing.assert_allclose(keras.ops.sigmoid(layer(chances)), chances, rtol=1e-5)


def test_images_are_scaled_as_pillow_does():
    images = np.random.default_rng(0).uniform(0, 255, (1, 10, 14, 1)).astype("float32")
    found = np.asarray(_crops._scaled(images, 7, 5))
    assert found.shape == (1, 7, 10, 1)  # of 9.8 columns
    wanted = Image.fromarray(images[0, ..., 0]).resize((10, 7), Image.Resampling.BILINEAR)
    np.testing.assert_allclose(found[0, ..., 0], wanted, atol=0.1)
