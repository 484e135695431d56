"""Trials and searches take one label per image, and say so before they train."""

import keras
import numpy as np
import pytest

from keras_cv_extras import search

IMAGES, CLASSES = np.zeros((12, 4, 4, 1), np.uint8), np.arange(12) % 3
ROWS = np.eye(3)[CLASSES]


def build():
    layers = [keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(3)]
    return keras.Sequential(layers)


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
