"""Warnings name the line of the program that called the library, from however deep they come."""

import pathlib
import warnings

import keras
import numpy as np
import pytest

import keras_cv_extras
from keras_cv_extras import augment, inference, layers, losses, mix, policy
from keras_cv_extras._base.text import caller

SOURCE = pathlib.Path(keras_cv_extras.__file__).parent
DARK = np.random.default_rng(0).random((2, 8, 8, 1), "float32")
FAR = np.array([[5.0, 0.0]], "float32")
BRIGHTER = [[policy.Step("brightness", 0.5, 0.5)]]
SMOOTHED = policy.Policy(BRIGHTER).with_batch(label_smoothing=0.1)


def of_a_policy():
    policy.Policy(BRIGHTER)(DARK, compile=False)


def of_a_loss():
    losses.LDAM([5, 5])(np.array([0]), FAR)


CALLS = {
    "op": lambda: augment.brightness(DARK, 0.5, compile=False),
    "policy": of_a_policy,
    "layer": lambda: layers.RandomSolarize()(DARK, training=True),
    "model": lambda: keras.Sequential([layers.RandomSolarize()])(DARK, training=True),
    "loss": of_a_loss,
    "translated": lambda: policy.to_torchvision(SMOOTHED, strict=False),
    "fitted": lambda: inference.fit_temperature(np.array([[9.0, 0.0]]), np.array([0])),
    "mixed": lambda: mix.MixUp()(DARK, np.array([2.0, 1.0]), compile=False),
}


@pytest.mark.parametrize("name", CALLS)
def test_the_line_of_the_caller_is_named(name):
    with pytest.warns(UserWarning, match=" ") as seen:
        CALLS[name]()
    assert {warning.filename for warning in seen} == {__file__}


def test_what_is_told_once():
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        for _ in range(3):
            caller.warn("again", once=True)
        caller.warn("again", once=True)
        for _ in range(2):
            caller.warn("often", FutureWarning)
    assert [str(one.message) for one in seen] == ["again", "again", "often", "often"]
    assert [one.category for one in seen[1:3]] == [UserWarning, FutureWarning]
    warnings.simplefilter("error")  # which pytest takes back
    for _ in range(2):
        with pytest.raises(UserWarning, match="once more"):
            caller.warn("once more", once=True)


def test_all_warnings_are_told_in_one_place():
    """Each other call would have to count the frames above it."""
    files = [path for path in SOURCE.rglob("*.py") if "warnings.warn(" in path.read_text("utf-8")]
    assert files == []
