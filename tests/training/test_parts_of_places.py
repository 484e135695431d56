"""The variables of a model on all devices and back, without a training."""

import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import losses
from keras_cv_extras.training import _strategy
from keras_cv_extras.training.devices import _places, _steps


class Around(keras.optimizers.SGD):
    """An optimizer that is made of another one."""

    def __init__(self, inner):
        super().__init__(0.1)
        self.inner_optimizer = inner


def compiled(optimizer=None, **options):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, name="head")])
    inner = losses.LogLoss(from_logits=True)
    loss = losses.ClassWeighted(inner, [1.0, 5.0, 1.0], active=False)
    optimizer = optimizer or keras.optimizers.AdamW(0.5, weight_decay=0.5)
    optimizer.build(model.trainable_variables)
    if isinstance(optimizer, keras.optimizers.AdamW):
        optimizer.exclude_from_weight_decay(var_list=[model.get_layer("head").kernel])
    metrics = [keras.metrics.SparseCategoricalAccuracy()]
    model.compile(optimizer, loss, metrics=metrics, **{"jit_compile": True, **options})
    return model


@pytest.fixture(scope="module")
def strategy():
    return _strategy.make_strategy("mirrored")


def test_all_that_changes_is_on_all_devices_and_comes_back(strategy):
    model = compiled()
    optimizer, kernel = model.optimizer, model.get_layer("head").kernel
    everything = [*model.variables, *optimizer.variables, *_places._held(model.loss)]
    metric = model._compile_metrics._user_metrics[0]
    everything += metric.variables
    before = [keras.ops.convert_to_numpy(variable) for variable in everything]
    values = [variable.value for variable in everything]
    model.train_function = model.test_function = model.predict_function = "compiled"
    with _places.on_all_devices(model, strategy):
        for variable, number in zip(everything, before, strict=True):
            assert isinstance(variable.value, tf.distribute.DistributedValues), variable.path
            np.testing.assert_array_equal(keras.ops.convert_to_numpy(variable), number)
        assert model._distribute_strategy is optimizer._distribution_strategy is strategy
        assert (model._jit_compile, model.train_function) == (False, None)
        keys = {optimizer._var_key(variable) for variable in model.trainable_variables}
        assert set(optimizer._trainable_variables_indices) == keys
        assert optimizer._exclude_from_weight_decay == {optimizer._var_key(kernel)}
        kernel.assign(np.full((2, 3), 7.0))
        optimizer.learning_rate.assign(0.25)
        model.train_function = "compiled again"
    assert [variable.value for variable in everything] == values
    np.testing.assert_array_equal(kernel, np.full((2, 3), 7.0))
    assert float(optimizer.learning_rate) == 0.25
    assert model._jit_compile is True
    assert model._distribute_strategy is None
    assert optimizer._distribution_strategy is tf.distribute.get_strategy()
    assert model.train_function is model.test_function is model.predict_function is None
    keys = {optimizer._var_key(variable) for variable in model.trainable_variables}
    assert set(optimizer._trainable_variables_indices) == keys
    assert optimizer._exclude_from_weight_decay == {optimizer._var_key(kernel)}


def test_what_is_made_meanwhile_comes_back_too(strategy):
    model = compiled(keras.optimizers.SGD(0.1), jit_compile=False)
    with _places.on_all_devices(model, strategy):
        with strategy.scope():
            model.loss.late = keras.Variable(3.0)
        assert isinstance(model.loss.late.value, tf.distribute.DistributedValues)
    assert not isinstance(model.loss.late.value, tf.distribute.DistributedValues)
    assert float(model.loss.late) == 3.0
    assert model._jit_compile is False


def test_a_failure_brings_all_back(strategy):
    model = compiled()
    value = model.get_layer("head").kernel.value

    def fail():
        with _places.on_all_devices(model, strategy):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert model.get_layer("head").kernel.value is value
    assert model._jit_compile is True


def test_an_optimizer_within_another_is_found_once(strategy):
    inner = keras.optimizers.SGD(0.1, momentum=0.9)
    model = compiled(Around(inner))
    inner.build(model.trainable_variables)
    assert _places.optimizers(model) == [model.optimizer, inner]
    model.again = inner
    assert len(_places.optimizers(model)) == 2
    with _places.on_all_devices(model, strategy):
        assert isinstance(inner.momentums[0].value, tf.distribute.DistributedValues)
        assert inner._distribution_strategy is strategy
    assert inner._distribution_strategy is tf.distribute.get_strategy()


def test_variables_of_losses_within_losses():
    own = losses.ClassWeighted(losses.LogLoss(from_logits=True), [1.0, 2.0])
    outer = types.SimpleNamespace(loss=own)
    assert _places._held(outer) == []
    found = _places._held(own)
    assert found
    own.loss.own = keras.Variable(1.0)
    assert len(_places._held(own)) == len(found) + 1


def test_a_generator_keeps_its_batches_for_the_training():
    model = compiled()
    batch = (np.ones((4, 2), "float32"), np.zeros(4, "int64"))
    given = (batch for _ in range(2))
    _steps.make_variables(model, given)
    assert len(list(given)) == 2
    _steps.make_variables(model, [batch])  # anything else begins anew
    assert model.built
