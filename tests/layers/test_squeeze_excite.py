import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import special

from keras_cv_extras.layers.parts._squeeze_excite import SqueezeExcite


def test_value(batch):
    x = (batch / 255).astype("float32")
    layer = SqueezeExcite(bottleneck_filters=5)
    outputs = layer(x)
    w1, b1, w2, b2 = layer.get_weights()
    assert w1.shape == (3, 5)
    hidden = np.maximum(x.mean((1, 2), dtype="float64") @ w1 + b1, 0)
    gate = special.expit(hidden @ w2 + b2)
    np.testing.assert_allclose(outputs, x * gate[:, None, None], rtol=1e-5)


@pytest.mark.parametrize(("ratio", "width"), [(0.25, 8), (1 / 16, 2), (0.01, 1), (1, 32)])
def test_ratio_is_the_width_of_the_bottleneck(ratio, width):
    layer = SqueezeExcite(ratio)
    layer.build((None, 4, 4, 32))
    assert layer.squeeze.units == width


@pytest.mark.parametrize("shape", [(2, 7, 4), (2, 5, 6, 4), (2, 3, 5, 2, 4)])
def test_data_formats_of_every_rank(shape):
    x = np.random.default_rng(0).normal(size=shape).astype("float32")
    last = SqueezeExcite(0.5, squeeze_activation="tanh", data_format="channels_last")
    first = SqueezeExcite(0.5, squeeze_activation="tanh", data_format="channels_first")
    expected = last(x)
    moved = np.moveaxis(x, -1, 1)
    first.build(moved.shape)
    first.set_weights(last.get_weights())
    np.testing.assert_allclose(np.moveaxis(first(moved), 1, -1), expected, rtol=1e-5)


def test_a_large_map_in_half_precision():
    # The sum of each channel, 150 * 64 * 64, is ten times the largest float16.
    x = np.full((1, 64, 64, 2), 150.0)
    layer = SqueezeExcite(1, dtype="mixed_float16", excite_activation="linear")
    layer.build(x.shape)
    layer.set_weights([np.eye(2) / 150, np.zeros(2), np.eye(2), np.zeros(2)])
    outputs = layer(x)
    assert outputs.dtype == "float16"
    np.testing.assert_allclose(outputs, x, rtol=2e-3)


def test_gradients_reach_every_weight():
    x = tf.constant(np.random.default_rng(1).normal(size=(4, 5, 5, 6)).astype("float32"))
    layer = SqueezeExcite(0.5)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(x) ** 2)
    gradients = tape.gradient(loss, [v.value for v in layer.trainable_variables])
    assert len(gradients) == 4
    for gradient in gradients:
        assert np.all(np.isfinite(gradient))
        assert np.any(gradient != 0)


def test_activations_survive_a_round_trip():
    layer = SqueezeExcite(squeeze_activation="silu", excite_activation="hard_sigmoid")
    again = SqueezeExcite.from_config(layer.get_config())
    assert again.squeeze_activation is keras.activations.silu
    assert again.get_config() == layer.get_config()


def test_wrong_arguments():
    with pytest.raises(ValueError, match="ratio must be in.*16: for a reduction of 16 give 1 / 16"):
        SqueezeExcite(16)
    with pytest.raises(ValueError, match="bottleneck_filters must be at least 1"):
        SqueezeExcite(bottleneck_filters=0)
    with pytest.raises(ValueError, match="number of channels must be known"):
        SqueezeExcite()(keras.Input((4, 4, None)))
