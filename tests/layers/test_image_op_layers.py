"""The layers of single ops: one for every op, with the op's own arguments."""

import keras
import numpy as np
import pytest

from keras_cv_extras import augment, layers, policy
from keras_cv_extras.augment import OPS

#: Their layers have a size, and tests of their own.
SIZED = {"random_resized_crop", "jittered_resize"}
NAMES = sorted(set(OPS) - {"identity"} - SIZED)


def layer_class(name):
    words = name.removeprefix("random_").split("_")
    return getattr(layers, "Random" + "".join(word.capitalize() for word in words))


@pytest.mark.parametrize("name", NAMES)
def test_every_op_has_a_layer_that_can_be_saved(name, batch):
    cls = layer_class(name)
    layer = cls(seed=1, name="own")
    copy = keras.layers.deserialize(keras.layers.serialize(layer))
    assert type(copy) is cls
    assert copy.get_config() == layer.get_config()
    assert copy.policy == layer.policy
    assert layer.compute_output_shape((None, 8, 8, 3)) == (None, 8, 8, 3)
    np.testing.assert_array_equal(layer(batch, training=False), batch)


@pytest.mark.wide
def test_the_ops_own_number_and_options(batch):
    layer = layers.RandomRotate(degrees=90.0, fill=7)
    np.testing.assert_array_equal(layer(batch), augment.rotate(batch, 90.0, fill=7))
    halves = np.asarray(layers.RandomFlipVertical(rate=0.5, seed=0)(np.repeat(batch, 20, axis=0)))
    changed = (halves != np.repeat(batch, 20, axis=0)).any(axis=(1, 2, 3)).mean()
    assert 0.35 < changed < 0.65
    weak = np.asarray(layers.RandomSolarizeAdd((0.0, 0.1), value_range=(0, 1), seed=1)(batch / 255))
    assert 0 < np.abs(weak - batch / 255).max() <= 11.01 / 255


@pytest.mark.wide
def test_a_number_of_the_name_of_a_layers_argument(batch):
    layer = layers.RandomCoarseDropout(value=1.0, rate=0.5, fill=9, seed=1)
    filled = (np.asarray(layer(np.repeat(batch, 10, axis=0))) == 9).all(axis=(1, 2, 3))
    assert 0.3 < filled.mean() < 0.7
    config = layer.get_config()
    assert (config["value"], config["rate"], config["strength"]) == (1.0, 0.5, None)
    old = layers.RandomCoarseDropout.from_config({"strength": [0.0, 0.2], "rate": 0.25})
    assert (old.get_config()["rate"], old.get_config()["value"]) == (0.25, None)


def test_wrong_arguments():
    with pytest.raises(ValueError, match="either a strength"):
        layers.RandomRotate(0.5, degrees=3.0)
    with pytest.raises(ValueError, match="RandomInvert has no strength, received 0.5"):
        layers.RandomInvert(strength=0.5)
    with pytest.raises(ValueError, match="rate must be in"):
        layers.RandomInvert(rate=2.0)
    with pytest.raises(ValueError, match="name must be one of"):
        layers.image_op_layer("blurr")


def test_a_layer_compiles_its_own_op_alone():
    """A policy of several ops shares the program of all that AutoAugment has, for seconds."""
    (stage,) = layers.RandomInvert(seed=1).policy.stages
    assert set(stage.branches) == {("identity", ()), ("invert", ())}
    (shared,) = policy.Policy([[policy.Step("invert"), policy.Step("equalize")]]).stages
    assert len(shared.branches) > 10
