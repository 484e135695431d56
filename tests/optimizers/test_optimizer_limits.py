"""Where optimizers begin and end: zeros, half precision, a warm-up, what is not trained."""

import time

import keras
import numpy as np
import pytest

from keras_cv_extras import optimizers


def stepped(optimizer, gradients, start, dtype="float32"):
    """Returns a weight after some steps."""
    weight = keras.Variable(start, dtype=dtype)
    for gradient in gradients:
        optimizer.apply([keras.ops.convert_to_tensor(gradient, dtype)], [weight])
    return np.asarray(keras.ops.cast(weight, "float32"))


@pytest.mark.parametrize("kind", [optimizers.RectifiedAdam, optimizers.AdaBelief, optimizers.LAMB])
def test_half_precision_counts_steps_as_single_precision_does(kind):
    gradients = [[0.5], [-0.25], [0.75]]
    wanted, found = (
        stepped(kind(0.25, epsilon=1e-3), gradients, [2.0], dtype)
        for dtype in ("float32", "bfloat16")
    )
    assert abs(wanted[0] - 2) > 0.1
    np.testing.assert_allclose(found, wanted, atol=0.02)


def test_decay_is_warmed_up_as_the_rate_is():
    optimizer = optimizers.RectifiedAdam(
        0.1, weight_decay=0.5, total_steps=10, warmup_proportion=0.5
    )
    found = stepped(optimizer, [[0.0]], [2.0])
    np.testing.assert_allclose(found, [2 - 0.1 / 5 * 0.5 * 2], rtol=1e-6)


def test_weights_of_zero_take_a_step():
    found = stepped(optimizers.LAMB(0.1), [[0.5, -0.5]], [0.0, 0.0])
    np.testing.assert_allclose(found, [-0.1, 0.1], rtol=1e-4)


def test_a_decay_that_grows_ends_at_what_was_asked_for():
    optimizer = optimizers.MovingAverage("sgd", 0.5, dynamic_decay=True)
    weight, wanted, rate = keras.Variable([1.0]), 1.0, 0.01
    for step in range(14):
        optimizer.apply([keras.ops.ones(1)], [weight])
        decay = min(0.5, (1 + step) / (10 + step))
        wanted = decay * wanted + (1 - decay) * (1 - rate * (step + 1))
    np.testing.assert_allclose(optimizer.averages([weight])[0], [wanted], rtol=1e-5)


def test_averages_follow_until_averaging_starts():
    optimizer = optimizers.SWA("sgd", start_averaging=4, average_period=2)
    weight = keras.Variable([1.0])
    for _ in range(3):
        optimizer.apply([keras.ops.ones(1)], [weight])
        np.testing.assert_array_equal(optimizer.averages([weight])[0], weight)


def test_averages_of_other_weights_are_refused():
    optimizer = optimizers.SWA("sgd")
    stepped(optimizer, [[1.0]], [1.0])
    with pytest.raises(ValueError, match="Unknown variable"):
        optimizer.averages([keras.Variable([1.0])])


def test_statistics_that_are_held_are_not_computed_anew():
    model = keras.Sequential([keras.Input((2,)), keras.layers.BatchNormalization()])
    model.layers[0].trainable = False
    optimizers.update_batch_normalization(model, [np.ones((4, 2), "float32")])
    np.testing.assert_array_equal(model.layers[0].moving_mean, [0, 0])


def test_averages_within_loss_scaling_are_saved(tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    scaled = keras.optimizers.LossScaleOptimizer(optimizers.SWA("sgd"))
    model.compile(scaled, "mse", run_eagerly=True)
    checkpoint = optimizers.AverageModelCheckpoint(False, str(tmp_path / "a.keras"))
    checkpoint.set_model(model)  # it says so if there are none
    assert checkpoint._averaging() is scaled.inner_optimizer


def test_rates_have_the_digits_of_the_program(monkeypatch):
    schedule = optimizers.TriangularCyclicalLearningRate(0.1, 0.7, 3)
    monkeypatch.setattr(keras.config, "floatx", lambda: "float64")
    np.testing.assert_allclose(float(schedule(1)), 0.3, rtol=1e-12)


def test_training_ends_at_the_second_that_was_said(monkeypatch):
    now = [10.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    callback = optimizers.TimeStopping(5)
    callback.set_model(keras.Sequential())
    callback.on_train_begin()
    for now[0], stopped in ((14.9, None), (15.0, 1)):
        callback.on_epoch_end(int(now[0]) - 14)
        assert callback.stopped_epoch == stopped
