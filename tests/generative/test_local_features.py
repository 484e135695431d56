"""The network that measures images: how it is trained, by a model that only says so."""

import types

import keras
import numpy as np
import pytest

from keras_cv_extras import data, training
from keras_cv_extras.generative import LocalFeatures, _local_features

X = np.random.default_rng(0).integers(0, 256, (100, 4, 4, 1)).astype("uint8")
Y = np.repeat([0, 2], [90, 10])


@pytest.fixture
def told(monkeypatch):
    """What the network that is trained was told."""
    found = []

    def small_cnn(shape, num_classes, *, width):
        layers = [keras.Input(shape), keras.layers.Flatten(), keras.layers.Dense(5)]
        model = keras.Sequential([*layers, keras.layers.Dense(num_classes)])
        told = types.SimpleNamespace(model=model, width=width, classes=num_classes)
        model.compile = lambda optimizer, loss, **options: vars(told).update(
            optimizer=optimizer, loss=loss, options=options
        )
        model.fit = lambda batches, **options: vars(told).update(batches=batches, fit=options)
        found.append(told)
        return model

    monkeypatch.setattr(training, "small_cnn", small_cnn)
    return found


def train(told, **options):
    _local_features.trained_classifier((X, Y), (4, 4, 1), 3, **{"steps": 5, **options})
    return told[-1]


def test_it_is_trained_as_it_is_told(told):
    weights = {0: 1.0, 2: 9.0}
    found = train(told, width=7, class_weight=weights)
    assert (found.width, found.classes) == (7, 3)
    assert found.fit["class_weight"] == weights
    assert found.fit["steps_per_epoch"] == 5
    # A batch of 64 and one of 36; three epochs have six, one more than is asked for.
    sizes = [len(images) for images, _ in found.batches]
    assert sizes == [64, 36] * 3
    assert found.loss.from_logits
    rates = [float(found.optimizer._learning_rate(step)) for step in (1, 4, 5)]
    assert rates[0] > rates[1] > rates[2] == 0
    assert max(rates) <= 2e-3
    assert found.optimizer.weight_decay == 0.004
    assert train(told).fit["class_weight"] is None
    with pytest.raises(ValueError, match="steps must be at least 1"):
        train(told, steps=0)


def test_its_weights_are_those_of_the_seed(told):
    def weights(seed, drawn_before):
        keras.utils.set_random_seed(drawn_before)
        return train(told, seed=seed).model.get_weights()

    one, same, other = weights(1, 10), weights(1, 11), weights(2, 10)
    for first, second, third in zip(one, same, other, strict=True):
        np.testing.assert_array_equal(first, second)
        if first.ndim > 1:
            assert (first != third).all()
        else:
            assert not first.any()
    shares = [weights / np.sqrt(6 / sum(weights.shape)) for weights in (one[0], one[2])]
    assert not np.isclose(shares[0].ravel()[:15], shares[1].ravel()).any()


def test_batches_are_those_of_the_seed(told):
    def images(seed):
        return np.concatenate([images for images, _ in train(told, seed=seed).batches])

    np.testing.assert_array_equal(images(1), images(1))
    assert (images(1) != images(2)).any()


def test_images_must_fit_the_network(told, monkeypatch):
    asked = []
    monkeypatch.setattr(
        _local_features.value_range, "check_for", lambda *given: asked.append(given)
    )
    found = train(told)
    assert asked[0][0] is found.model
    np.testing.assert_array_equal(asked[0][1], X)


def test_every_class_is_as_frequent(monkeypatch):
    asked = []

    def trained(source, shape, num_classes, **options):
        asked.append((source, shape, num_classes, options))
        return keras.Sequential([keras.Input(shape), keras.layers.Flatten(), keras.layers.Dense(3)])

    monkeypatch.setattr(_local_features, "trained_classifier", trained)
    sources = []
    monkeypatch.setattr(
        data, "BalancedSource", lambda *given, **named: sources.append((given, named))
    )
    network = LocalFeatures.train(X, Y, data="mine", steps=3, width=4, seed=6)
    (((_, _, kind), named),) = sources
    assert (kind, named) == ("largest", {"seed": 6})
    assert asked == [(None, (4, 4, 1), 3, {"steps": 3, "width": 4, "seed": 6})]
    assert " on mine (" in network.name
    assert len(network.name.rpartition("(")[2]) == 8 + 1
    with pytest.raises(ValueError, match=r"at least two classes, received \[2\]"):
        LocalFeatures.train(X[90:], Y[90:])


def test_features_are_of_the_layer_before_the_last():
    layers = [keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dropout(0.5)]
    model = keras.Sequential([*layers, keras.layers.Dense(2)])
    network = LocalFeatures(model)
    np.testing.assert_array_equal(network.features(X[:2]), X[:2].reshape(2, 16))  # none is dropped
    assert network.features(X[:2]).dtype == np.float64
    with pytest.raises(TypeError, match="a Keras model of two or more layers"):
        LocalFeatures(keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)]))
