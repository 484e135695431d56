"""Labels of scores, counts and pipelines: read as they are meant, or refused in one line."""

import keras
import numpy as np
import pytest

from keras_cv_extras import data, training

IMAGES = np.arange(6 * 4 * 4 * 3, dtype=np.uint8).reshape(6, 4, 4, 3)
CLASSES = np.array([0, 1, 2, 0, 1, 2])
ROWS = np.eye(3, dtype=np.float32)[CLASSES]
SEVERAL = np.maximum(ROWS, [1, 0, 0])
NAMES = ("a", "b", "c")
WORDS = "labels must be whole numbers, .* or of several labels per image rows of 0 and"
MASKED = np.ma.masked_equal(CLASSES, 2)


def network(activation=None):
    keras.utils.set_random_seed(0)
    layers = [keras.Input((4, 4, 3)), keras.layers.GlobalAveragePooling2D()]
    return keras.Sequential([*layers, keras.layers.Dense(3, activation=activation)])


@pytest.fixture(scope="module")
def model():
    return network()


@pytest.mark.parametrize(
    "labels",
    [CLASSES.astype("float32"), CLASSES[:, None], CLASSES.astype("uint8"), CLASSES.tolist()],
    ids=["floats", "column", "bytes", "list"],
)
def test_whole_numbers_in_any_form_are_classes(model, labels):
    wanted = training.evaluate(model, IMAGES, CLASSES, NAMES)
    assert training.evaluate(model, IMAGES, labels, NAMES).to_dict() == wanted.to_dict()
    part = IMAGES, np.asarray(labels)
    assert training.predict(model, part, NAMES).evaluation().to_dict() == wanted.to_dict()


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (CLASSES + 0.5, WORDS),
        (np.where(CLASSES, CLASSES, np.inf), "labels must"),
        (CLASSES.astype(complex), "labels must be"),
        (CLASSES.astype(object), "labels must be"),
        (np.array(NAMES)[CLASSES], WORDS),
        (CLASSES.astype("M8[D]"), "labels must be"),
        (ROWS / 2, WORDS),
        (ROWS * 2 - 1, WORDS),
        (ROWS[:, :2], WORDS),
        (ROWS[:, None], WORDS),
        (CLASSES - 1, r"labels must lie in \[0, 3\), received -1 to 1"),
        (CLASSES + 1, r"labels must lie in \[0, 3\), received 1 to 3"),
        (np.where(CLASSES, CLASSES, np.nan), "labels must"),
        (MASKED, "labels must not be masked, received 2 masked"),
    ],
)
def test_labels_that_cannot_be_meant_are_an_error(model, labels, message):
    for score in (
        lambda: training.evaluate(model, IMAGES, labels, NAMES),
        lambda: training.predict(model, (IMAGES, labels), NAMES),
    ):
        with pytest.raises((ValueError, TypeError), match=message) as caught:
            score()
        assert "\n" not in str(caught.value)


def test_ragged_labels_are_said(model):
    for read in (
        lambda labels: training.evaluate(model, IMAGES, labels, NAMES),
        lambda labels: data.pipeline((IMAGES, labels), 3),
        lambda labels: data.split(IMAGES, labels, [0.5, 0.5]),
        data.class_weight,
    ):
        with pytest.raises((ValueError, TypeError), match="label"):
            read([[0], [1, 2]] * 3)


def test_one_hot_rows_are_not_taken_for_several_labels_in_silence(model):
    with pytest.warns(UserWarning, match=r"give class numbers, labels.argmax\(axis=1\)"):
        training.evaluate(model, IMAGES, ROWS, NAMES)
    assert training.evaluate(model, IMAGES, SEVERAL, NAMES).images == 6
    with pytest.raises(ValueError, match="the model ends in a softmax, which tells one"):
        training.evaluate(network("softmax"), IMAGES, SEVERAL, NAMES)


def test_masks_and_nan_do_not_vanish():
    for read in (
        lambda: data.pipeline((IMAGES, MASKED), 3),
        lambda: data.split(IMAGES, MASKED, [0.5, 0.5]),
        lambda: data.class_weight(MASKED),
        lambda: data.smote(IMAGES, MASKED),
    ):
        with pytest.raises(ValueError, match="must not be masked, received 2 masked"):
            read()
    with pytest.raises(
        ValueError, match="labels must not hold NaN or infinity, received it for 2 images, the"
    ):
        data.pipeline((IMAGES, np.where(CLASSES, CLASSES, np.nan)), 3)
    with pytest.raises(TypeError, match="labels must be numbers, texts or truth values, received"):
        data.pipeline((IMAGES, CLASSES.astype("M8[D]")), 3)
    with pytest.raises(TypeError, match="received object"):
        data.pipeline((IMAGES, np.array([None, *CLASSES[1:]], object)), 3)
    with pytest.raises(ValueError, match="labels must be class numbers below 16777216, received"):
        data.class_weight(CLASSES + (1 << 40))
