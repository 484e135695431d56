import numpy as np
import pytest

from keras_cv_extras import data


def numbered(counts):
    """Images that hold their own number, so that a part tells where its images are from."""
    labels = np.repeat(np.arange(len(counts)), counts)
    return np.arange(len(labels)).reshape(-1, 1, 1, 1), labels


def counts_of(parts, num_classes):
    return np.array([np.bincount(labels, minlength=num_classes) for _, labels in parts])


@pytest.mark.parametrize(
    ("wanted", "sizes"),
    [
        ([100, 60, 40], [100, 60, 40]),
        ([0.5, 0.3, 0.2], [100, 60, 40]),
        ([0.25], [50]),
        ((1 / 3, 1 / 3, 1 / 3), [67, 66, 67]),
        (np.array([20, 30]), [20, 30]),
    ],
)
def test_parts_are_disjoint_and_have_the_sizes_and_proportions(wanted, sizes):
    counts = np.array([120, 60, 20])
    images, labels = numbered(counts)
    parts = data.split(images, labels, wanted, seed=3)
    assert [len(part) for _, part in parts] == sizes
    chosen = np.concatenate([part.ravel() for part, _ in parts])
    assert len(set(chosen.tolist())) == sum(sizes)
    for part_images, part_labels in parts:
        np.testing.assert_array_equal(labels[part_images.ravel()], part_labels)
        share = counts * len(part_labels) / len(labels)
        assert np.abs(np.bincount(part_labels) - share).max() <= 1


def test_order_of_images_is_random():
    (images, labels), _ = data.split(*numbered([500, 500]), [0.5, 0.5])
    assert abs(labels[:250].mean() - 0.5) < 0.1
    assert abs(np.corrcoef(np.arange(500), images.ravel())[0, 1]) < 0.15


def test_same_seed_same_parts_and_another_seed_others():
    images, labels = numbered([50, 50])
    first, again, other = (data.split(images, labels, [0.5, 0.5], seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(first[0][0], again[0][0])
    assert set(first[0][0].ravel()) != set(other[0][0].ravel())


def test_seed_and_order_of_today_stay():
    # Scores are compared over versions: the parts of a seed must not change unnoticed.
    (images, _), _ = data.split(*numbered([4, 4]), [4, 4], seed=0)
    assert images.ravel().tolist() == [7, 1, 5, 2]


@pytest.mark.parametrize("counts", [[3, 400, 400], [400, 3, 3], [3, 3, 3], [4, 3, 1000]])
@pytest.mark.parametrize("seed", range(4))
def test_every_part_holds_every_class_however_small(counts, seed):
    total = sum(counts)
    sizes = [3, 3, total - 6]
    parts = data.split(*numbered(counts), sizes, seed=seed)
    held = counts_of(parts, 3)
    assert held.min() >= 1
    assert held.sum(axis=1).tolist() == sizes
    np.testing.assert_array_equal(held.sum(axis=0), counts)


def test_class_numbers_need_not_be_dense():
    images, labels = numbered([10, 10])
    parts = data.split(images, labels * 7 - 3, [10, 10])
    assert [np.unique(part).tolist() for _, part in parts] == [[-3, 4], [-3, 4]]


@pytest.mark.parametrize(
    ("counts", "wanted", "error", "message"),
    [
        ([10, 1], [0.5, 0.5], ValueError, "class 1 has only 1 image"),
        ([10, 10, 10], [28, 2], ValueError, "a part of 2 images cannot hold all 3 classes"),
        ([10, 10], [15, 6], ValueError, "asks for 21 images, received 20"),
        ([10, 10], [0.7, 0.4], ValueError, "sum of at most 1"),
        ([10, 10], [1.5], ValueError, r"\[0, 1\]"),
        ([10, 10], [0.0, 0.5], ValueError, "above 0"),
        ([10, 10], [-1, 5], ValueError, "at least 1"),
        ([10, 10], [5, 0.5], TypeError, "all floats"),
        ([10, 10], [True, 3], TypeError, "integer"),
        ([10, 10], ["half"], TypeError, "number"),
        ([10, 10], 0.5, TypeError, "a list of numbers"),
        ([10, 10], [], TypeError, "a list of numbers"),
    ],
)
def test_wrong_fractions_or_sizes(counts, wanted, error, message):
    with pytest.raises(error, match=message):
        data.split(*numbered(counts), wanted)


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (np.zeros((4, 2, 2, 1)), np.zeros(3, int), "must have the same length"),
        (np.zeros((4, 2, 2, 1)), np.zeros(4), "labels must be integers or texts"),
        (np.zeros((4, 2, 2, 1)), np.zeros((4, 2), int), "labels must be integers or texts"),
        (np.zeros((0, 2, 2, 1)), np.zeros(0, int), "at least one image"),
    ],
)
def test_wrong_images_or_labels(images, labels, message):
    with pytest.raises(ValueError, match=message):
        data.split(images, labels, [0.5, 0.5])


def test_wrong_seed():
    with pytest.raises(TypeError, match="seed must be an integer"):
        data.split(*numbered([5, 5]), [0.5, 0.5], seed=0.5)


@pytest.mark.parametrize(
    "form",
    [
        np.asarray,
        list,
        lambda names: np.array(names, object),
        lambda names: np.array(names.tolist(), np.dtypes.StringDType()),
    ],
)
def test_texts_are_classes(form):
    images, labels = numbered([12, 6])
    names = np.array(["cat", "dog"])[labels]
    for (x, y), (wanted, numbers) in zip(
        data.split(images, form(names), [0.5, 0.5]),
        data.split(images, labels, [0.5, 0.5]),
        strict=True,
    ):
        np.testing.assert_array_equal(x, wanted)
        assert y.tolist() == np.array(["cat", "dog"])[numbers].tolist()
