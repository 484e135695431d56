"""Layers and losses give the same on an accelerator as on a processor."""

import pathlib
import sys

import keras
import numpy as np
import pytest
from losses.cases import CASES, make

from accelerator.devices import BACKEND, assert_same, run_on

# The lists of layers and their arguments stand with the contracts.
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "layers"))
import test_augmentation_contract as augmentations
import test_layers_contract as parts


@pytest.mark.parametrize("name", parts.NAMES)
def test_layers(name, devices):
    """At inference, and in training with the same seed."""
    inputs, weights = parts.data(name), None
    for training in (False, True):

        def call(training=training):
            nonlocal weights
            keras.utils.set_random_seed(0)
            layer = parts.make(name)
            layer.build(parts.shapes(inputs))
            if weights is None:  # the initial ones of the processor
                weights = layer.get_weights()
            layer.set_weights(weights)
            options = {"training": training} if layer._call_has_training_arg else {}
            return layer(keras.tree.map_structure(keras.ops.convert_to_tensor, inputs), **options)

        assert_same(call, devices, scale=None, name=name)


@pytest.mark.parametrize("name", augmentations.NAMES)
def test_augmentation_layers(name, devices):
    inputs = augmentations.inputs_of(name)

    def call():
        layer = augmentations.make(name, seed=1)
        return [layer(inputs, training=True) for _ in range(3)]

    assert_same(call, devices, name=name)


def value_and_gradient(name):
    """Returns the loss of a case and its gradient."""
    _, y_true, y_pred = CASES[name]
    loss = make(name)
    if BACKEND == "jax":
        import jax

        return jax.value_and_grad(lambda p: loss(y_true, p))(keras.ops.convert_to_tensor(y_pred))
    import tensorflow as tf

    predictions = tf.constant(y_pred)
    with tf.GradientTape() as tape:
        tape.watch(predictions)
        value = loss(y_true, predictions)
    return value, tf.convert_to_tensor(tape.gradient(value, predictions))


@pytest.mark.parametrize("name", CASES)
def test_losses(name, devices):
    assert_same(lambda: value_and_gradient(name), devices, scale=None, name=name)


def test_a_network_trains_alike(device):
    """Three steps of SGD, from the same weights on the same images."""
    inputs = np.random.default_rng(0).normal(size=(16, 8, 8, 1)).astype("float32")
    labels, weights = np.arange(16) % 4, []

    def train():
        keras.utils.set_random_seed(1)
        model = keras.Sequential(
            [
                keras.Input((8, 8, 1)),
                keras.layers.Conv2D(8, 3, activation="relu"),
                keras.layers.Flatten(),
                keras.layers.Dense(4),
            ]
        )
        weights[:] = weights or model.get_weights()
        model.set_weights(weights)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(0.05), loss, jit_compile=False)
        for _ in range(3):
            model.train_on_batch(inputs, labels)
        return [variable.value for variable in model.trainable_variables]

    one, other = run_on("CPU:0", train), run_on(device, train)
    for wanted, found in zip(one, other, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
    assert any(np.abs(new - old).max() > 1e-3 for new, old in zip(one, weights, strict=True))
