"""A weight of 0, a mask and `ignore_class` win over any label, in value and in gradient."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import losses

from .cases import CASES, make

ON_CLASSES = [
    name
    for name, (_, labels, _) in CASES.items()
    if labels.dtype == "int32" and not getattr(losses, name).compares_labels
]
WITH_OPTION = [name for name in ON_CLASSES if name != "JensenShannonConsistency"]


WAYS = {
    "eager": lambda function: function,
    "graph": tf.function,
    "XLA": lambda function: tf.function(function, jit_compile=True),
}


def runner(loss, way="eager"):
    """Returns a function of labels, predictions and weights that gives a value and a gradient."""

    def both(labels, predictions, weights):
        with tf.GradientTape() as tape:
            tape.watch(predictions)
            value = loss(labels, predictions, weights)
        return value, tape.gradient(value, predictions)

    run = WAYS[way](both)

    def call(labels, predictions, weights):
        weights = None if weights is None else tf.constant(weights)
        value, gradient = run(tf.constant(labels), tf.constant(predictions), weights)
        return np.array(value), np.array(gradient)

    return call


def value_and_gradient(loss, labels, predictions, weights):
    return runner(loss)(labels, predictions, weights)


@pytest.mark.wide_but("eager", "LogLoss-graph", "LogLoss-XLA")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ON_CLASSES)
def test_a_weight_of_0_wins_over_any_label(name, way):
    _, labels, predictions = CASES[name]
    weights = np.float32([1, 0, 2, 0, 1, 1, 1, 1])
    wanted = value_and_gradient(make(name), labels, predictions, weights)
    run = runner(make(name), way)
    for wrong in (-1, 255):
        spoilt = np.where(weights == 0, wrong, labels).astype("int32")
        for form in (spoilt, spoilt[:, None])[: 1 if way == "XLA" else 2]:  # each is compiled
            found = run(form, predictions, weights)
            np.testing.assert_allclose(found[0], wanted[0], rtol=1e-6)
            np.testing.assert_allclose(found[1], wanted[1], rtol=1e-5, atol=1e-7)


@pytest.mark.wide_but("eager", "LogLoss-graph", "LogLoss-XLA")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", WITH_OPTION)
def test_a_label_that_counts_and_is_no_class_is_never_overlooked(name, way):
    """Where nothing can be raised the loss is NaN."""
    _, labels, predictions = CASES[name]
    run = runner(make(name), way)
    for wrong in (-1, 5, 255):
        value, _ = run(
            np.where(np.arange(8) == 2, wrong, labels).astype("int32"), predictions, None
        )
        assert np.isnan(value), wrong
    assert np.isfinite(run(labels, predictions, None)[0])


@pytest.mark.wide_but("eager", "LogLoss-graph", "LogLoss-XLA")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", [name for name in WITH_OPTION if name != "ClassWeighted"])
def test_ignored_samples_are_left_out_of_the_mean(name, way):
    options, labels, predictions = CASES[name]
    keep = np.array([True, False, True, True, False, True, True, True])
    loss = getattr(losses, name)(**options, ignore_class=255)
    assert type(loss).from_config(loss.get_config()).ignore_class == 255
    ignored = np.where(keep, labels, 255).astype("int32")
    found, gradient = runner(loss, way)(ignored, predictions, None)
    np.testing.assert_allclose(found, make(name)(labels[keep], predictions[keep]), rtol=1e-5)
    assert np.all(gradient[~keep] == 0)
    assert np.all(np.isfinite(gradient))


def test_class_weights_heed_the_class_that_their_loss_ignores():
    inner = losses.LogLoss(from_logits=True, ignore_class=-1)
    loss = losses.ClassWeighted(inner, [1.0, 3.0])
    labels, logits = np.array([0, -1, 1]), np.zeros((3, 2), "float32")
    np.testing.assert_allclose(loss(labels, logits), np.log(2) * (1 + 3) / 2, rtol=1e-6)


def test_dense_labels_are_ignored_per_pixel():
    labels = np.array([[[0, 255], [1, 255]]])
    logits = np.random.default_rng(0).normal(size=(1, 2, 2, 2)).astype("float32")
    keras_loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=255)
    found = losses.LogLoss(from_logits=True, ignore_class=255)(labels, logits)
    np.testing.assert_allclose(found, keras_loss(labels, logits), rtol=1e-6)


def test_a_signed_label_that_does_not_count_may_be_any():
    labels, scores = np.float32([[1], [0]]), np.float32([[0.5], [0.5]])
    assert float(losses.Hinge()(labels, scores, np.float32([2, 0]))) == pytest.approx(0.5)


def test_class_0_can_be_ignored():
    loss = losses.LogLoss(from_logits=True, ignore_class=0)
    logits = np.float32([[9, 0], [0, 0]])
    np.testing.assert_allclose(loss(np.array([0, 1]), logits), np.log(2), rtol=1e-6)


def test_a_mask_wins_over_any_label():
    inputs = keras.Input((3, 2))
    outputs = keras.layers.Dense(4)(keras.layers.Masking()(inputs))
    model = keras.Model(inputs, outputs)
    model.compile("sgd", losses.LogLoss(from_logits=True))
    images = np.ones((2, 3, 2), "float32")
    images[:, 2] = 0  # masked
    labels = np.array([[0, 1, -1], [2, 3, -1]])
    history = model.fit(images, labels, verbose=0, epochs=2)
    assert np.all(np.isfinite(history.history["loss"]))
    assert all(np.all(np.isfinite(weights)) for weights in model.get_weights())


def test_a_label_that_counts_and_cannot_be_is_nan():
    loss = losses.LogLoss(from_logits=True, ignore_class=255)
    assert np.isnan(loss(np.array([0, 2]), np.zeros((2, 2), "float32")))


def test_one_label_per_sample_keeps_the_batch():
    labels, scores = np.float32([0, 1, 1]), np.float32([0.3, -1, 2])
    found = losses.asymmetric_multilabel(labels, scores, from_logits=True)
    column = losses.asymmetric_multilabel(labels[:, None], scores[:, None], from_logits=True)
    np.testing.assert_allclose(found, column)
    assert found.shape == (3,)
