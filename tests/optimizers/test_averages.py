"""Averages of weights: in a model, in a checkpoint, and with batch normalisation."""

import keras
import numpy as np
import pytest

from keras_cv_extras import optimizers


def made(optimizer):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(6),
            keras.layers.BatchNormalization(momentum=0.9),
            keras.layers.Dense(2),
        ]
    )
    model.compile(optimizer, "mse")
    return model


X = np.random.default_rng(0).normal(1, 2, size=(48, 4)).astype("float32")
Y = X[:, :2]


@pytest.mark.wide
def test_swapping_twice_changes_nothing():
    optimizer = optimizers.MovingAverage("sgd", 0.5)
    assert not optimizer.has_shadow_copy
    model = made(optimizer)
    optimizer.shadow_copy(model.trainable_variables)
    assert optimizer.has_shadow_copy
    model.fit(X, Y, batch_size=12, verbose=0)
    weights = model.get_weights()
    averages = [np.asarray(a) for a in optimizer.averages(model.trainable_variables)]
    optimizer.swap_weights()
    for variable, average in zip(model.trainable_variables, averages, strict=True):
        np.testing.assert_array_equal(variable, average)
    optimizer.swap_weights()
    for one, two in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(one, two)


def test_statistics_become_the_mean_of_those_of_the_batches():
    model = made("sgd")
    batches = [X[:24], (X[24:], Y[24:])]
    assert optimizers.update_batch_normalization(model, batches) is model
    first, norm = model.layers[0], model.layers[1]
    hidden = [np.asarray(first(part)).astype("float64") for part in (X[:24], X[24:])]
    mean = np.mean([part.mean(0) for part in hidden], 0)
    variance = np.mean([part.var(0) for part in hidden], 0)
    np.testing.assert_allclose(norm.moving_mean, mean, rtol=1e-5)
    np.testing.assert_allclose(norm.moving_variance, variance, rtol=1e-4)
    assert norm.momentum == 0.9
    optimizers.update_batch_normalization(model, batches, steps=1)
    np.testing.assert_allclose(norm.moving_mean, hidden[0].mean(0), rtol=1e-5)
    with pytest.raises(ValueError, match="at least one batch"):
        optimizers.update_batch_normalization(model, [])


def test_averages_before_training_are_an_error():
    optimizer = optimizers.SWA("sgd")
    assert isinstance(optimizer, optimizers.AveragedOptimizerWrapper)
    with pytest.raises(ValueError, match="no averages before training"):
        optimizer.assign_average_vars([])


@pytest.mark.wide
@pytest.mark.parametrize("update", [True, False])
def test_a_checkpoint_has_the_averages(tmp_path, update):
    optimizer = optimizers.SWA(keras.optimizers.SGD(0.01), average_period=1)
    model = made(optimizer)
    path = tmp_path / "averages.weights.h5"
    checkpoint = optimizers.AverageModelCheckpoint(update, str(path), save_weights_only=True)
    model.fit(X, Y, batch_size=12, epochs=1, verbose=0, callbacks=[checkpoint])
    averages = [np.asarray(a) for a in optimizer.averages(model.trainable_variables)]
    now = [np.asarray(v) for v in model.trainable_variables]
    assert all(np.array_equal(a, b) for a, b in zip(averages, now, strict=True)) is update
    model.load_weights(path)
    for average, variable in zip(averages, model.trainable_variables, strict=True):
        np.testing.assert_array_equal(average, variable)


def test_a_checkpoint_needs_averages(tmp_path):
    checkpoint = optimizers.AverageModelCheckpoint(True, str(tmp_path / "model.keras"))
    with pytest.raises(TypeError, match="needs an optimizer that keeps averages"):
        made("sgd").fit(X, Y, verbose=0, callbacks=[checkpoint])


def test_training_ends_when_the_time_is_over(capsys):
    callback = optimizers.TimeStopping(seconds=1e-6, verbose=1)
    history = made("sgd").fit(X, Y, epochs=5, verbose=0, callbacks=[callback])
    assert len(history.history["loss"]) == 1
    assert "Stopped after epoch 1" in capsys.readouterr().out
    with pytest.raises(ValueError, match="seconds must be above 0"):
        optimizers.TimeStopping(0)


@pytest.mark.wide
def test_all_variables_of_a_model_may_be_given():
    optimizer = optimizers.SWA("sgd", average_period=2)
    model = made(optimizer)
    model.fit(X, Y, batch_size=12, verbose=0)
    norm = model.layers[1]
    held = [np.asarray(v) for v in norm.non_trainable_variables]
    averages = [np.asarray(a) for a in optimizer.averages(model.trainable_variables)]
    model.layers[2].trainable = False  # what was trained has an average, frozen or not
    optimizer.assign_average_vars(model.variables)
    model.layers[2].trainable = True
    for variable, average in zip(model.trainable_variables, averages, strict=True):
        np.testing.assert_array_equal(variable, average)
    for variable, value in zip(norm.non_trainable_variables, held, strict=True):
        np.testing.assert_array_equal(variable, value)


def test_a_number_of_updates_bounds_the_decay_from_above():
    for num_updates, decay in ((None, 0.3), (90, 0.3), (0, 0.1)):
        optimizer = optimizers.MovingAverage("sgd", 0.3, num_updates=num_updates)
        weight, average = optimizer.after(keras.ops.ones(1), keras.ops.zeros(1))
        np.testing.assert_allclose([weight[0], average[0]], [1.0, 1 - decay], rtol=1e-6)


def test_a_number_of_updates_is_read_anew_if_it_is_a_variable():
    updates = keras.Variable(0, dtype="int32")
    optimizer = optimizers.MovingAverage("sgd", 0.3, num_updates=updates)
    for count, decay in ((0, 0.1), (90, 0.3)):
        updates.assign(count)
        _, average = optimizer.after(keras.ops.ones(1), keras.ops.zeros(1))
        np.testing.assert_allclose(average[0], 1 - decay, rtol=1e-6)
    assert optimizer.get_config()["num_updates"] == 90
    assert all(variable is not updates for variable in optimizer.variables)
    with pytest.raises(TypeError, match="num_updates must be an integer"):
        optimizers.MovingAverage("sgd", num_updates=keras.Variable(1.0))


def test_variables_that_are_not_trained_stay_where_averages_are_assigned():
    kernel, other = keras.Variable([1.0, 2.0]), keras.Variable([3.0], trainable=False)
    optimizer = optimizers.MovingAverage(keras.optimizers.SGD(1.0), 0.5)
    optimizer.apply([keras.ops.ones(2)], [kernel])
    optimizer.assign_average_vars([kernel, other])
    np.testing.assert_allclose(kernel, [0.5, 1.5])
    np.testing.assert_array_equal(other, [3.0])
