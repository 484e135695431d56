import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import layers
from keras_cv_extras.layers.parts._normalization import TLU, FilterResponseNormalization


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


@pytest.mark.parametrize(
    ("axis", "shape"),
    [
        ([1, 2], (3, 5, 4, 6)),
        ([2, 3], (3, 6, 5, 4)),
        ([1], (3, 5, 6)),
        ([-2, -3, -4], (2, 3, 4, 5, 6)),
    ],
)
def test_filter_response_normalization(axis, shape):
    x = normal(*shape)
    layer = FilterResponseNormalization(epsilon=0.01, axis=axis)
    layer.build(shape)
    gamma, beta = (normal(*v.shape, seed=i) for i, v in enumerate(layer.weights))
    layer.set_weights([gamma, beta])
    mean_square = np.mean(np.float64(x) ** 2, axis=tuple(axis), keepdims=True)
    expected = gamma * x / np.sqrt(mean_square + 0.01) + beta
    np.testing.assert_allclose(layer(x), expected, rtol=1e-4, atol=1e-6)


def test_weights_have_the_shape_of_tensorflow_addons():
    layer = FilterResponseNormalization(learned_epsilon=True)
    layer.build((None, 8, 8, 3))
    shapes = {v.name: tuple(v.shape) for v in layer.trainable_variables}
    assert shapes == {"gamma": (1, 1, 1, 3), "beta": (1, 1, 1, 3), "learned_epsilon": (1,)}


def test_learned_epsilon():
    x = tf.constant(normal(4, 1, 1, 3))
    layer = FilterResponseNormalization(epsilon=-0.1, learned_epsilon=True)
    layer.build(x.shape)
    np.testing.assert_allclose(layer.epsilon_weight, 1e-4)
    layer.epsilon_weight.assign([-0.3])
    with tf.GradientTape() as tape:
        outputs = layer(x)
        loss = tf.reduce_sum(outputs**2)
    np.testing.assert_allclose(outputs, x / np.sqrt(np.square(x) + 0.4), rtol=1e-5)
    # A larger epsilon makes outputs smaller: its absolute value, that is, so the sign turns.
    assert tape.gradient(loss, layer.epsilon_weight.value)[0] > 0


def test_large_responses_in_half_precision():
    x = 1000 * normal(2, 4, 4, 3)
    outputs = FilterResponseNormalization(dtype="mixed_float16")(x)
    assert outputs.dtype == "float16"
    expected = x / np.sqrt(np.mean(x**2, axis=(1, 2), keepdims=True))
    np.testing.assert_allclose(outputs, expected, rtol=5e-3, atol=1e-3)


def test_gradients_of_zeros_are_finite():
    x = tf.zeros((2, 4, 4, 3))
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = FilterResponseNormalization()(x)
    np.testing.assert_allclose(tape.gradient(outputs, x), 1000.0, rtol=1e-5)


@pytest.mark.parametrize("affine", [False, True])
@pytest.mark.parametrize(("axis", "shape"), [(-1, (2, 5, 4, 3)), (1, (2, 3, 5, 4)), (1, (4, 3))])
def test_tlu(affine, axis, shape):
    x = normal(*shape)
    layer = TLU(affine=affine, axis=axis, tau_initializer="normal", alpha_initializer="normal")
    layer.build(shape)
    weights = [normal(*v.shape, seed=i) for i, v in enumerate(layer.weights)]
    layer.set_weights(weights)
    expected = np.maximum(x, (weights[1] * x if affine else 0) + weights[0])
    assert all(w.size == 3 for w in weights)
    np.testing.assert_allclose(layer(x), expected, rtol=1e-6)


def test_tlu_starts_as_relu():
    x = normal(3, 4, 4, 2)
    np.testing.assert_array_equal(TLU(affine=True)(x), np.maximum(x, 0))


@pytest.mark.parametrize("compiled", [False, True])
def test_unknown_sizes(compiled):
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, TLU()(FilterResponseNormalization()(inputs)))
    spec = tf.TensorSpec((None, None, None, 3))
    call = tf.function(model, input_signature=[spec], jit_compile=compiled)
    for size in (2, 5):
        x = normal(2, size, 3, 3)
        mean_square = np.mean(x**2, axis=(1, 2), keepdims=True)
        expected = np.maximum(x / np.sqrt(mean_square + 1e-6), 0)
        np.testing.assert_allclose(call(x), expected, rtol=1e-5)


@pytest.mark.parametrize(
    "layer",
    [
        FilterResponseNormalization(
            beta_initializer=keras.initializers.Constant(0.5),
            gamma_regularizer=keras.regularizers.L2(0.1),
            learned_epsilon=True,
            learned_epsilon_constraint="non_neg",
        ),
        TLU(affine=True, tau_constraint="non_neg", alpha_regularizer="l1"),
    ],
)
def test_configuration_round_trip(layer):
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    for each in (layer, again):
        each.build((None, 3, 3, 2))
    np.testing.assert_array_equal(again.weights[1], layer.weights[1])
    assert [type(v.constraint) for v in again.weights] == [
        type(v.constraint) for v in layer.weights
    ]


def test_wrong_arguments():
    with pytest.raises(TypeError, match="axis must be a list"):
        FilterResponseNormalization(axis=1)
    for axis in ([0, 1], [1, 1], [1, 4], [1, -3]):
        with pytest.raises(ValueError, match="axis must name different axes behind the batch's"):
            FilterResponseNormalization(axis=axis)(np.ones((2, 3, 4, 5)))
    with pytest.raises(ValueError, match="may be of unknown size"):
        FilterResponseNormalization()(keras.Input((4, 4, None)))
    with pytest.raises(ValueError, match="number of channels"):
        TLU()(keras.Input((4, None)))
    with pytest.raises(ValueError, match="axis must name"):
        TLU(axis=0)(np.ones((2, 3)))


def test_a_kernel_is_normalised_for_good():
    x = np.random.default_rng(0).normal(size=(16, 5)).astype("float32")
    for data_init in (True, False):
        normalized = layers.WeightNormalization(keras.layers.Dense(3), data_init=data_init)
        with pytest.raises(ValueError, match="before it is built"):
            normalized.remove()
        normalized(x, training=True)
        normalized.g.assign(normalized.g * 2)
        wanted = np.asarray(normalized(x))
        plain = normalized.remove()
        assert isinstance(plain, keras.layers.Dense)
        np.testing.assert_allclose(plain(x), wanted, rtol=1e-5, atol=1e-5)
