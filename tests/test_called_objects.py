"""What is called as a function says so: a loss, a layer, under `tf.function` and in `tf.data`."""

import inspect

import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import layers, losses, policy
from keras_cv_extras.compat.keras_cv import _layer, _rand_augment  # noqa: F401
from keras_cv_extras.layers import ImageOp
from keras_cv_extras.losses import FunctionLoss

BASES = (FunctionLoss, ImageOp, _layer.OldLayer)
CLASSES = [
    made
    for base in BASES
    for made in base.__subclasses__()
    if made.__module__.startswith("keras_cv_extras.") and "__signature__" in vars(made)
]
IMAGES = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), "uint8")


@pytest.mark.parametrize("made", CLASSES, ids=lambda made: made.__name__)
def test_an_instance_has_the_signature_of_its_call(made):
    instance = object.__new__(made)
    called = inspect.signature(instance)
    assert called == inspect.signature(instance.__call__)
    assert called != inspect.signature(made)


def test_a_loss_is_a_function():
    loss, predictions = losses.LogLoss(from_logits=True), tf.constant([[1.0, 2.0], [3.0, 4.0]])
    found = tf.function(loss)(tf.constant([0, 1]), predictions)
    np.testing.assert_allclose(found, loss([0, 1], predictions), rtol=1e-6)


@pytest.mark.parametrize(
    "called",
    [layers.RandomInvert(rate=1.0, seed=0), policy.Policy([[policy.Step("invert")]])],
    ids=["layer", "policy"],
)
def test_layers_and_policies_are_functions(called):
    wanted = 255 - IMAGES
    np.testing.assert_array_equal(tf.function(called)(tf.constant(IMAGES)), wanted)
    mapped = tf.data.Dataset.from_tensors(IMAGES).map(called)
    np.testing.assert_array_equal(next(iter(mapped)), wanted)
