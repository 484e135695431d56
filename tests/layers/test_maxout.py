import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras.layers.parts._maxout import Maxout


@pytest.mark.parametrize("axis", [-1, 1, 2, -2])
@pytest.mark.parametrize("num_units", [1, 3, 12])
def test_value(axis, num_units):
    x = np.random.default_rng(0).normal(size=(2, 12, 12, 12)).astype("float32")
    outputs = np.asarray(Maxout(num_units, axis=axis)(x))
    channels = np.moveaxis(x, axis, 0)
    units = [channels[j::num_units].max(0) for j in range(num_units)]
    np.testing.assert_array_equal(outputs, np.moveaxis(np.stack(units), 0, axis))


def test_gradient_goes_to_the_largest():
    x = tf.constant([[1.0, 5.0, 3.0, 2.0]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = Maxout(2)(x)
    np.testing.assert_array_equal(outputs, [[3, 5]])
    np.testing.assert_array_equal(tape.gradient(outputs, x), [[0, 1, 1, 0]])


@pytest.mark.parametrize("compiled", [False, True])
def test_unknown_sizes(compiled):
    inputs = keras.Input((None, None, 6))
    outputs = Maxout(2)(inputs)
    assert outputs.shape == (None, None, None, 2)
    call = tf.function(
        keras.Model(inputs, outputs),
        input_signature=[tf.TensorSpec((None, None, None, 6))],
        jit_compile=compiled,
    )
    for size in (3, 5):
        x = np.random.default_rng(size).normal(size=(2, size, 4, 6)).astype("float32")
        expected = x.reshape(2, size, 4, 3, 2).max(3)
        np.testing.assert_array_equal(call(x), expected)


def test_wrong_arguments():
    with pytest.raises(ValueError, match="num_units must divide.*num_units=4 for 6 channels"):
        Maxout(4)(keras.Input((2, 6)))
    with pytest.raises(ValueError, match="axis must name an axis behind the batch's"):
        Maxout(2, axis=-3)(np.ones((4, 4, 4)))
    with pytest.raises(ValueError, match="the batch's"):
        Maxout(2, axis=0)
    with pytest.raises(ValueError, match="num_units must be at least 1"):
        Maxout(0)
