"""Trials and searches take one label per image, and say so before they train."""

import keras
import numpy as np
import pytest

from keras_cv_extras import search
from keras_cv_extras.search.stages._splits import split_for_search
from keras_cv_extras.search.trials._child import score_of

IMAGES, CLASSES = np.zeros((12, 4, 4, 1), np.uint8), np.arange(12) % 3
ROWS = np.eye(3)[CLASSES]


def build():
    layers = [keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(3)]
    return keras.Sequential(layers)


@pytest.mark.wide_but("below", "several")
@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (ROWS, r"one label per image"),
        (np.maximum(ROWS, [1, 0, 0]), "one label per image"),
        (CLASSES - 1, r"labels must lie in \[0, 3\), received -1 to 1"),
        (CLASSES + 1, r"labels must lie in \[0, 3\), received 1 to 3"),
        (CLASSES + 0.5, "integers"),
        (np.ma.masked_equal(CLASSES, 2), "must not be masked, received 4 masked"),
    ],
    ids=["one-hot", "several", "below", "above", "fractions", "masked"],
)
def test_other_labels_are_refused(tmp_path, labels, message):
    data = (IMAGES, labels)
    oracle = search.RandomOracle(max_trials=1, seed=0)
    with pytest.raises(ValueError, match=message):
        search.PolicyTuner(oracle, build, data, data, epochs=1, batch_size=6, directory=tmp_path)
    sizes = {"train_size": 4, "validation_size": 4, "confirmation_size": 4}
    with pytest.raises(ValueError, match=message):
        search.search_policy(data, build, directory=tmp_path / "search", method="full", **sizes)
    assert not (tmp_path / "search").exists()


def test_labels_in_a_column_are_scored_as_in_a_row():
    outputs = np.random.default_rng(0).random((12, 3)) + ROWS
    row, column = (score_of(outputs, labels, 1.0) for labels in (CLASSES, CLASSES[:, None]))
    assert row.accuracy == column.accuracy == np.mean(outputs.argmax(axis=1) == CLASSES)
    assert row.log_loss == column.log_loss
    np.testing.assert_array_equal(row.correct, column.correct)
    sizes = {"train_size": 4, "validation_size": 4, "confirmation_size": 4}
    parts = split_for_search(IMAGES, CLASSES[:, None], **sizes, seed=0)
    assert all(labels.shape == (4,) for _, labels in parts.values())


def test_labels_to_validate_on_are_looked_at_too(tmp_path):
    oracle = search.RandomOracle(max_trials=1, seed=0)
    options = {"epochs": 1, "batch_size": 6, "directory": tmp_path}
    for labels, message in ((CLASSES - 1, "received -1"), (ROWS, "argmax")):
        with pytest.raises(ValueError, match=message):
            search.PolicyTuner(oracle, build, (IMAGES, CLASSES), (IMAGES, labels), **options)
    with pytest.raises(ValueError, match=r"labels must lie in \[0, 3\), received 1 to 3"):
        score_of(ROWS, CLASSES + 1, 1.0)
