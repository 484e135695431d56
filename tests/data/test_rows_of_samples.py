"""Images and labels in arrays: what forms labels may have, and what is said of others."""

import numpy as np
import pytest

from keras_cv_extras.data import _rows

IMAGES = np.zeros((3, 2, 2, 1), "uint8")


def rows(labels, images=IMAGES):
    return _rows.Rows(images, labels)


@pytest.mark.parametrize(
    "labels",
    [
        [0, 1, 2],
        np.array([0.5, 1.0, 2.0]),
        np.eye(3),
        [True, False, True],
        np.array(["a", "b", "c"]),
        np.array([b"a", b"b", b"c"]),
        np.array(["a", "b", "c"], np.dtypes.StringDType()),
        np.array(["a", b"b", "c"], object),
        np.zeros((3, 2, 2)),
    ],
)
def test_labels_of_any_form(labels):
    found = rows(labels)
    assert found.count == 3
    assert found.labels.shape == np.shape(labels)
    assert found.flat == (found.labels,)


def test_several_arrays_of_labels():
    found = rows([np.arange(3), np.eye(3)])
    assert [part.shape.as_list() for part in found.labels] == [[3], [3, 3]]
    weighted = rows((np.arange(3), np.ones(3)))
    assert len(weighted.flat) == 2


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        (3, ValueError, r"one row per image, 3, received shape \(\)"),
        ([0, 1], ValueError, r"one row per image, 3, received shape \(2,\)"),
        ((np.arange(3), np.ones(2)), ValueError, "one row per image, 3"),
        ([0.0, np.nan, np.nan], ValueError, "for 2 images, the first of them number 1: leave"),
        (
            np.array([[0, 1], [1, 0], [0, np.inf]]),
            ValueError,
            "for 1 images, the first of them number 2",
        ),
        (np.array([1j, 2, 3]), TypeError, "numbers, texts or truth values, received complex"),
        (np.array([None, "a", "b"], object), TypeError, "received object"),
        (np.array([1, "a", "b"], object), TypeError, "received object"),
    ],
)
def test_labels_that_are_none(labels, error, message):
    with pytest.raises(error, match=message):
        rows(labels)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (IMAGES[0], r"shape \(count, height, width, channels\), received shape \(2, 2, 1\)"),
        (np.zeros((3, 4)), r"channels\), received shape \(3, 4\)"),
        (IMAGES[:, :0], r"must not be empty, received shape \(3, 0, 2, 1\)"),
        (IMAGES[..., :0], "must not be empty"),
        (np.full((3, 2, 2, 1), np.nan), "images must"),
    ],
)
def test_images_that_are_none(images, message):
    with pytest.raises(ValueError, match=message):
        rows([0, 1, 2], images)


def test_tables_are_taken_where_they_are_meant():
    kind = type("Tables", (_rows.Rows,), {"takes_tables": True})
    assert kind(np.zeros((3, 4)), [0, 1, 2]).count == 3
    with pytest.raises(ValueError, match=r"or a table \(count, features\), received shape \(3,\)"):
        kind(np.zeros(3), [0, 1, 2])
