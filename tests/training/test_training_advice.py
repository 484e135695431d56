"""What a report says should be done next."""

import numpy as np
import pytest

from keras_cv_extras.training.evaluation import _advice
from keras_cv_extras.training.evaluation._predictions import Predictions

NAMES = ("cat", "dog", "owl")


def predictions(given, labels, sure=0.95):
    """Predictions that name a class for each image, with one probability for all of them."""
    rows = np.full((len(given), 3), (1 - sure) / 2)
    rows[np.arange(len(given)), given] = sure
    return Predictions(rows, np.array(labels), tuple(map(str, range(len(given)))), NAMES)


RIGHT = [0, 1, 2] * 40


def test_nothing_where_all_is_well():
    assert _advice.advice(predictions(RIGHT * 2, RIGHT * 2), []) == []


def test_nothing_learned_is_said_and_no_more():
    (line,) = _advice.advice(predictions([0] * 120, RIGHT))
    assert "always says 'cat'" in line
    assert "more epochs" in line


def test_what_may_be_chance_is_nothing_learned():
    labels = [0] * 80 + [1] * 40
    assert _advice.advice(predictions([0] * 84 + [1] * 36, labels)) == []
    # Right are 69 %, and 67 % are cats.
    (line,) = _advice.advice(predictions([0] * 77 + [1] * 9 + [0] * 34, labels))
    assert "always says 'cat'" in line


def test_classes_that_are_never_predicted():
    given = [0, 1, 1] * 40
    (line,) = _advice.advice(predictions(given, RIGHT))
    assert "never predicted: owl." in line
    assert _advice.advice(predictions([0, 1] * 60, [0, 1] * 60)) == []  # no owl to be found


@pytest.mark.parametrize(
    ("losses", "words"),
    [
        ([3, 2, 1], "still falling at the end: train for more epochs"),
        ([3, 1, 2], "lowest after epoch 2 of 3 and has risen"),
        ([3, 1, 1.05], None),
        ([1], None),
        (["", "", ""], None),
    ],
)
def test_learning_curves(losses, words):
    log = [{"epoch": number, "val_loss": loss} for number, loss in enumerate(losses)]
    found = _advice.advice(predictions(RIGHT, RIGHT), log)
    assert [words in line for line in found] == ([] if words is None else [True])


def test_images_that_may_have_wrong_labels():
    given = [1, *RIGHT[1:]]
    (line,) = _advice.advice(predictions(given, RIGHT, sure=0.995))
    assert line.startswith("One image is given a wrong class")
    assert _advice.advice(predictions(given, RIGHT, sure=0.98)) == []


def test_probabilities_that_are_off():
    given = RIGHT * 2
    (line,) = _advice.advice(predictions(given, given, sure=0.8))
    assert "off by 20 points" in line
    assert _advice.advice(predictions(RIGHT, RIGHT, sure=0.8)) == []  # too few


def test_scores_and_calibration_are_computed_once():
    found = predictions(RIGHT, RIGHT)
    assert found.evaluation() is found.evaluation()
    assert found.calibration is found.calibration
