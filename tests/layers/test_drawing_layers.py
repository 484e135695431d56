"""Layers that draw: what is loaded draws as the original would, and each draw is for one thing."""

import inspect
import json

import keras
import numpy as np
import pytest

from keras_cv_extras import layers, policy
from keras_cv_extras._base import engine
from keras_cv_extras.layers.augmentation import (
    _compose,
    _crop,
    _ctaugment,
    _image_op,
    _mix_layers,
    _policy,
)

AUGMENTATIONS = {
    module.__name__ for module in (_compose, _crop, _ctaugment, _image_op, _mix_layers, _policy)
}
ARGUMENTS = {
    "DropBlock2D": {"rate": 0.4, "block_size": 2},
    "DropPath": {"rate": 0.4},
    "GlobalMixedPooling": {"mixing": "random", "share": 0.4},
    "MixedPooling": {"mixing": "random", "share": 0.4},
    "FractionalMaxPooling2D": {"pool_ratio": 1.6, "pseudo_random": False},
}
NAMES = [
    name
    for name in layers.__all__
    if inspect.isclass(getattr(layers, name))
    and "seed" in inspect.signature(getattr(layers, name)).parameters
    and getattr(layers, name).__module__ not in AUGMENTATIONS
]


@pytest.fixture
def plain(monkeypatch):
    """Programs run as they are, without a compilation, which gives the same numbers."""
    monkeypatch.setattr(engine, "compiled", lambda function: function)
    engine._runner.cache_clear()
    yield
    engine._runner.cache_clear()


@pytest.mark.parametrize("name", NAMES)
def test_a_loaded_layer_draws_as_the_original_goes_on(name, plain):
    rank = int(name[-2]) if name[-1] == "D" else 2
    x = np.random.default_rng(0).normal(size=(6, *(6, 5, 4)[:rank], 3)).astype("float32")
    inputs = [x, 2 * x] if name == "StochasticDepth" else x
    given = ARGUMENTS.get(name, ARGUMENTS.get(name[:-2], {}))
    layer = getattr(layers, name)(**given, seed=7)
    first = np.asarray(layer(inputs, training=True))
    again = keras.layers.deserialize(json.loads(json.dumps(keras.layers.serialize(layer))))
    assert again.get_config() == layer.get_config()
    assert again.seed == 7
    np.testing.assert_array_equal(again(inputs, training=True), first)
    later = [np.asarray(layer(inputs, training=True)) for _ in range(8)]
    assert any(np.any(one != first) for one in later), "new draws at every call"
    idle = np.asarray(layer(inputs))
    assert any(np.any(one != idle) for one in (first, *later)), "training does something"
    np.testing.assert_array_equal(layer(inputs, training=False), idle)


def test_mixed_pooling_draws_for_every_window_and_channel():
    x = np.tile(np.float32([0.0, 1.0]), (1, 20, 20)).reshape(1, 20, 40, 1).repeat(3, axis=-1)
    pooled = layers.MixedPooling2D((1, 2), share=0.5, mixing="random", seed=1)(x, training=True)
    highest = (np.asarray(pooled)[0] == 1).astype(float)  # the average is a half
    assert 0.4 < highest.mean() < 0.6
    for axis in range(3):
        others = tuple({0, 1, 2} - {axis})
        assert highest.std(axis=axis).mean() > 0.3, (axis, others)
    pooled = layers.GlobalMixedPooling2D(share=0.5, mixing="random", seed=1)(
        np.repeat(x, 40, axis=0), training=True
    )
    highest = (np.asarray(pooled) == 1).astype(float)
    assert min(highest.std(axis=0).min(), highest.std(axis=1).mean()) > 0.3


def test_an_exponent_that_is_not_to_be_learned_is_not():
    for kind in (layers.GeneralizedMeanPooling2D, layers.GlobalGeneralizedMeanPooling2D):
        for learnable in (True, False):
            layer = kind(learnable=learnable)
            layer.build((None, 4, 4, 3))
            assert len(layer.trainable_weights) == learnable


def test_windows_are_placed_by_two_numbers():
    seen = {}

    class Seen(layers.RandomCrop):
        def augmented(self, images, x, y):
            seen["places"] = np.asarray(x), np.asarray(y)
            return images

    Seen(2, seed=1)(np.zeros((400, 2, 2, 1), "float32"), training=True)
    assert abs(np.corrcoef(*seen["places"])[0, 1]) < 0.2


def test_colours_are_brought_to_the_range_of_the_images():
    layer = layers.JitteredResize(4, fill=(0, 255, 51), value_range=(-1, 1))
    np.testing.assert_allclose(layer.own_fill(layer.fill), [-1, 1, -0.6])
    assert layers.JitteredResize(4, fill=255, value_range=(0, 1)).own_fill(255) == 1


def test_layers_of_ops_without_arguments():
    turn = layers.RandomRotate().policy.sub_policies[0][0]
    assert (turn.strength, turn.rate) == ((0.0, 1.0), 1.0)
    assert layers.RandomInvert().policy.sub_policies[0][0].rate == 0.5


def test_three_views_at_inference_too():
    images = np.zeros((2, 4, 4, 3), "uint8")
    chain = policy.Policy([[policy.Step("invert")]])
    views = layers.AugMix(jensen_shannon=True, chain=chain)(images, training=False)
    assert len(views) == 3


class _Judge:
    """A network that answers each batch alike, and remembers how often it was asked."""

    def __init__(self, outputs):
        self.outputs, self.asked = outputs, 0

    def predict_on_batch(self, images):
        self.asked += 1
        return np.repeat([self.outputs], len(images), axis=0)


def test_the_probe_measures_every_so_many_steps_by_the_probability_of_the_class(plain):
    images, labels = np.zeros((6, 2, 2, 1), "uint8"), np.array([0, 1, 1, 1, 1, 0])
    for from_logits, outputs in ((False, [0.2, 0.8]), (True, np.log([0.2, 0.8]) + 3)):
        layer = layers.CTAugment(ops=("invert",), num_ops=1, decay=0.5)
        told, judge = [], _Judge(outputs)
        layer.update = lambda chosen, matches, told=told: told.append(matches)
        options = {"batch_size": 6, "every": 3, "from_logits": from_logits}
        probe = layers.CTAugmentProbe(layer, images, labels, **options)
        probe.set_model(judge)
        for step in range(7):
            probe.on_train_batch_end(step)
        assert judge.asked == len(told) == 2  # after the third and the sixth
        for matches in told:
            # All images, in some order; a match is the probability of the true class.
            np.testing.assert_allclose(np.sort(matches), [0.2, 0.2, 0.8, 0.8, 0.8, 0.8], rtol=1e-6)


def test_a_schedule_draws_anew_at_every_call(plain):
    half = policy.Policy([[policy.Step("invert", 0.5), policy.Step("flip_vertical", 0.0)]])
    layer = layers.PolicyAugment(policy.PolicySchedule({0: half}), seed=1)
    images = np.zeros((20, 1, 1, 1), "uint8")
    first, second = (np.ravel(layer(images, training=True)) for _ in range(2))
    assert 0 < np.mean(first == 255) < 1
    assert np.any(first != second)


def test_bins_that_are_never_recognised_are_still_drawn_from():
    layer = layers.CTAugment(ops=("invert", "rotate"), num_bins=2, decay=0.9)
    layer.bin_weights.assign(np.zeros(4, "float32"))
    assert layer.policy().weights == pytest.approx((0.25,) * 4)
    # One that is recognised outweighs them: 0.1 of 1.1 is below any threshold of a tenth.
    layer.bin_weights.assign(np.float32([1, 0, 0, 0]))
    assert layer.policy().weights == pytest.approx((0.5, 0.0, 0.25, 0.25))
