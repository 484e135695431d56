import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras.layers.parts._local_response import LocalResponseNormalization


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def brute_force(x, size, bias, alpha, beta):
    """The paper's formula, channel by channel, with PyTorch's padding for an even size."""
    outputs = np.empty(x.shape)
    channels = x.shape[-1]
    for i in range(channels):
        window = x[..., max(0, i - size // 2) : min(channels, i + (size - 1) // 2 + 1)]
        energy = np.sum(np.float64(window) ** 2, axis=-1)
        outputs[..., i] = x[..., i] / (bias + alpha * energy) ** beta
    return outputs


@pytest.mark.parametrize("size", [1, 2, 5, 6, 7, 40])
@pytest.mark.parametrize("mode", ["paper", "caffe"])
@pytest.mark.parametrize("shape", [(3, 7), (2, 4, 7), (2, 3, 4, 7)])
def test_value_in_both_data_formats(size, mode, shape):
    x = normal(*shape)
    arguments = {"size": size, "bias": 1.5, "alpha": 0.3, "beta": 0.6, "alpha_mode": mode}
    alpha = 0.3 / size if mode == "caffe" else 0.3
    expected = brute_force(x, size, 1.5, alpha, 0.6)
    last = LocalResponseNormalization(**arguments, data_format="channels_last")(x)
    np.testing.assert_allclose(last, expected, rtol=1e-5)
    first = LocalResponseNormalization(**arguments, data_format="channels_first")
    outputs = first(np.moveaxis(x, -1, 1))
    np.testing.assert_allclose(np.moveaxis(outputs, 1, -1), expected, rtol=1e-5)


def test_defaults_are_the_paper_s_and_tensorflow_s_with_its_gradient():
    x = tf.constant(100 * normal(2, 5, 5, 12))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        outputs = LocalResponseNormalization()(x)
        expected = tf.nn.local_response_normalization(
            x, depth_radius=2, bias=2, alpha=1e-4, beta=0.75
        )
    np.testing.assert_allclose(outputs, expected, rtol=1e-5)
    gradient, wanted = tape.gradient(outputs, x), tape.gradient(expected, x)
    np.testing.assert_allclose(gradient, wanted, rtol=1e-4, atol=1e-6)


def test_large_responses_in_half_precision():
    x = 2000 * normal(2, 4, 4, 8)
    layer = LocalResponseNormalization(dtype="mixed_float16")
    outputs = layer(x)
    assert outputs.dtype == "float16"
    expected = brute_force(x.astype("float16"), 5, 2, 1e-4, 0.75)
    np.testing.assert_allclose(outputs, expected, rtol=2e-3, atol=1e-3)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("compiled", [False, True])
def test_unknown_sizes(compiled, data_format):
    shape = (None, None, 6) if data_format == "channels_last" else (6, None, None)
    inputs = keras.Input(shape)
    outputs = LocalResponseNormalization(alpha=0.1, data_format=data_format)(inputs)
    call = tf.function(
        keras.Model(inputs, outputs),
        input_signature=[tf.TensorSpec((None, *shape))],
        jit_compile=compiled,
    )
    for size in (2, 5):
        x = normal(2, size, 3, 6)
        moved = x if data_format == "channels_last" else np.moveaxis(x, -1, 1)
        outputs = np.asarray(call(moved))
        if data_format == "channels_first":
            outputs = np.moveaxis(outputs, 1, -1)
        np.testing.assert_allclose(outputs, brute_force(x, 5, 2, 0.1, 0.75), rtol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 0}, "size must be at least 1"),
        ({"bias": 0}, "bias must be above 0"),
        ({"alpha": -1}, "alpha must not be below 0"),
        ({"alpha_mode": "torch"}, "alpha_mode must be one of"),
        ({"data_format": "nhwc"}, "data_format must be one of"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        LocalResponseNormalization(**arguments)


def test_the_number_of_channels_must_be_known():
    with pytest.raises(ValueError, match="number of channels"):
        LocalResponseNormalization()(keras.Input((4, 4, None)))
