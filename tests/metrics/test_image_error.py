"""Mean absolute error of images: signs, channels, types, gradients."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras.metrics import ImageMeanAbsoluteError, image_mean_absolute_error


def test_signs_do_not_cancel():
    """The signed sum of these two differences is 0."""
    a = np.array([[255, 0]], "uint8")[None, :, :, None]
    assert float(image_mean_absolute_error(a, 255 - a)[0]) == 1


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_black_against_white_is_one(channels):
    """A division by height and width alone gives the number of channels."""
    black = np.zeros((2, 5, 7, channels), "uint8")
    assert np.array_equal(image_mean_absolute_error(black, black + 255), [1, 1])


def test_values_and_types(photographs):
    a, b = photographs[0][:64, :64], photographs[1][:64, :64]
    want = np.abs(a.astype("float64") - b).mean() / 255
    assert float(image_mean_absolute_error(a, b)) == pytest.approx(want, rel=1e-6)
    assert float(image_mean_absolute_error(b, a)) == pytest.approx(want, rel=1e-6)
    half = image_mean_absolute_error(a.astype("float16"), b)
    assert float(half) == pytest.approx(want, rel=1e-6)
    assert keras.backend.standardize_dtype(half.dtype) == "float32"
    double = image_mean_absolute_error(a / 127.5 - 1, b / 127.5 - 1, value_range=(-1, 1))
    assert keras.backend.standardize_dtype(double.dtype) == "float64"
    assert float(double) == pytest.approx(want, rel=1e-12)


def test_one_number_per_image(batch):
    got = image_mean_absolute_error(batch, batch[::-1])
    want = np.abs(batch.astype("float64") - batch[::-1]).mean(axis=(1, 2, 3)) / 255
    np.testing.assert_allclose(got, want, rtol=1e-6)


def test_gradient():
    a = tf.constant(np.array([3.0, 1.0, 2.0, 2.0], "float32").reshape(1, 2, 2, 1))
    b = tf.constant(np.array([1.0, 2.0, 2.0, 0.0], "float32").reshape(1, 2, 2, 1))
    with tf.GradientTape() as tape:
        tape.watch(a)
        error = image_mean_absolute_error(a, b, value_range=(0, 4))
    assert np.array_equal(np.ravel(tape.gradient(error, a)), np.array([1, -1, 0, 1]) / 16)


@pytest.mark.parametrize(
    ("shape_a", "shape_b"), [((4, 4, 3), (4, 4, 1)), ((4, 4), (4, 4)), ((1, 4, 4, 3), (4, 4, 3))]
)
def test_shapes_that_are_refused(shape_a, shape_b):
    with pytest.raises(ValueError, match="images must be two of the same shape"):
        image_mean_absolute_error(np.zeros(shape_a), np.zeros(shape_b))


def test_range_that_is_refused():
    for value_range in ((1, 1), (255, 0)):
        with pytest.raises(ValueError, match="value_range must be"):
            ImageMeanAbsoluteError(value_range)


def test_metric(batch):
    metric = ImageMeanAbsoluteError()
    assert float(metric.result()) == 0
    weights = np.arange(12)
    errors = np.abs(batch.astype("float64") - batch[::-1]).mean(axis=(1, 2, 3)) / 255
    metric.update_state(batch, batch[::-1], sample_weight=weights)
    assert float(metric.result()) == pytest.approx(np.average(errors, weights=weights), rel=1e-6)
    with pytest.raises(ValueError, match="add the axis of the batch"):
        metric.update_state(batch[0], batch[1])


def test_saved_beside_the_loss_of_the_same_name():
    """A registered name that both share would give one for the other."""
    from keras_cv_extras import losses

    metric = ImageMeanAbsoluteError((0, 1))
    again = keras.metrics.deserialize(keras.metrics.serialize(metric))
    assert type(again) is ImageMeanAbsoluteError
    loss = losses.ImageMeanAbsoluteError(value_range=(0, 1))
    assert type(keras.losses.deserialize(keras.losses.serialize(loss))) is type(loss)
