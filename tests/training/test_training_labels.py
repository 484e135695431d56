"""Weights and rows of labels in every form that the library makes or reads."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import layers, losses, metrics, mix, training

CLASSES = np.array([0, 2, 1, 2])
ROWS = np.eye(3, dtype="float32")[CLASSES]
PAIRS = np.float32(
    [[[0, 0.75], [2, 0.25]], [[2, 1], [2, 0]], [[1, 0.7], [0, 0.3]], [[2, 0.4], [1, 0.6]]]
)
MIXED_ROWS = np.float32([[0.75, 0, 0.25], [0, 0, 1], [0.3, 0.7, 0], [0, 0.6, 0.4]])
FORMS = {
    "classes": (CLASSES, ROWS),
    "column": (CLASSES[:, None], ROWS),
    "rows": (ROWS, ROWS),
    "mixed": (PAIRS, MIXED_ROWS),
}


def dataset(labels):
    return tf.data.Dataset.from_tensor_slices((np.zeros((4, 2)), labels)).batch(4)


@pytest.mark.parametrize("form", FORMS)
def test_class_weights_of_every_form(form):
    labels, rows = FORMS[form]
    made = training.with_class_weights(dataset(labels), {0: 1.0, 1: 3.0, 2: 0.5})
    _, same, weights = next(made.as_numpy_iterator())
    np.testing.assert_array_equal(same, labels)
    np.testing.assert_allclose(weights, rows @ [1.0, 3.0, 0.5], rtol=1e-6)


@pytest.mark.parametrize("form", FORMS)
def test_rows_of_every_form(form):
    labels, rows = FORMS[form]
    _, found = next(training.with_rows(dataset(labels), 3).as_numpy_iterator())
    np.testing.assert_allclose(found, rows, rtol=1e-6)


def test_the_librarys_own_mix_takes_class_weights():
    images, labels = np.zeros((4, 8, 8, 3), "float32"), CLASSES
    mixed = mix.MixUp(0.2)(images, labels, seed=1)[1]
    made = training.with_class_weights(dataset(np.asarray(mixed)), {0: 1.0, 1: 3.0, 2: 0.5})
    weights = next(made.as_numpy_iterator())[2]
    wanted = np.asarray(mix.dense_labels(mixed, 3)) @ [1.0, 3.0, 0.5]
    np.testing.assert_allclose(weights, wanted, rtol=1e-6)


def test_metrics_read_what_losses_read():
    metric = metrics.CohenKappa(num_classes=3)
    metric.update_state(PAIRS, MIXED_ROWS)
    assert float(metric.result()) == pytest.approx(1.0)


def test_an_impossible_label_is_no_weight_in_silence():
    made = training.with_class_weights(dataset(np.array([0, -1, 1, 7])), {0: 1.0, 1: 3.0})
    weights = next(made.as_numpy_iterator())[2]
    np.testing.assert_array_equal(weights, np.float32([1, np.nan, 3, np.nan]))


@pytest.mark.wide_but("labels0")
@pytest.mark.parametrize("labels", [[1, 2, 3], [0, -1, 2]])
def test_a_label_that_is_no_class_stops_training_and_is_named(labels):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    training.compile_model(model)
    batches = tf.data.Dataset.from_tensor_slices((np.ones((3, 2), "float32"), labels)).batch(3)
    wrong = max(labels, key=lambda label: abs(label - 1))
    with pytest.raises(training.DivergedError, match=f"the label {wrong} is none of .* 0 to 2"):
        training.fit(model, batches, epochs=1, progress=False)


@pytest.mark.parametrize("last", [keras.layers.Dense, layers.CosineDense])
def test_logits_for_a_loss_of_cosines_are_told(last, recwarn):
    model = keras.Sequential([keras.Input((4,)), last(3, name="last")])
    model.compile("sgd", losses.LDAM(class_counts=[5, 3, 2]))
    rows = tf.random.stateless_normal((8, 4), [0, 1]), tf.range(8) % 3
    training.fit(model, tf.data.Dataset.from_tensor_slices(rows).batch(4), epochs=1, progress=False)
    told = [str(one.message) for one in recwarn if "takes cosines" in str(one.message)]
    assert len(told) == (last is keras.layers.Dense)
    assert all("LDAM" in text and "'last'" in text for text in told)
