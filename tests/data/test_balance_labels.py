"""Images and labels as class balance takes them."""

import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import data
from keras_cv_extras.data import balance

IMAGES = np.arange(6 * 4).reshape(6, 2, 2, 1).astype("uint8")


def test_labels_of_every_form_are_classes_and_come_back():
    classes = np.array([0, 2, 1, 2, 0, 0])
    for labels in (
        classes,
        classes[:, None],
        np.eye(3, dtype="float32")[classes],
        np.array(["cat", "dog", "owl"])[classes],
    ):
        found, restore = balance.as_classes(labels)
        assert found.shape == (6,)
        np.testing.assert_array_equal(np.unique(found, return_inverse=True)[1], [0, 2, 1, 2, 0, 0])
        np.testing.assert_array_equal(restore(found), labels)
        assert restore(found).dtype == labels.dtype


def test_the_training_part_is_what_was_handed_over_or_that_of_loaded_data():
    labels = np.array([0, 1] * 3)
    images, found = balance.training_part(IMAGES, labels)
    np.testing.assert_array_equal(images, IMAGES)
    np.testing.assert_array_equal(found, labels)
    loaded = data.load("digits")
    assert balance.training_part(loaded, None)[0] is loaded.train[0]
    for arguments, problem in (
        ((loaded, labels), "y must be left out with loaded data"),
        ((IMAGES, None), "y must be the labels of x, received None"),
        ((IMAGES, labels[:5]), "x and y must have the same length"),
        ((np.full((6, 2), np.nan), labels), "x must be finite"),
        ((IMAGES, labels, IMAGES[2:3]), "held"),
    ):
        with pytest.raises(ValueError, match=problem):
            balance.training_part(*arguments)


def test_weights_of_whole_floats_and_of_a_dataset_of_texts():
    assert data.class_weight([0.0, 1.0, 1.0, 1.0]) == {0: 2.0, 1: 4 / 6}
    texts = ["dog", "cat", "dog", "dog"]
    for size in (3, None):
        pairs = tf.data.Dataset.from_tensor_slices((np.zeros(4), texts))
        pairs = pairs.batch(size) if size else pairs
        stats = data.ClassStats.from_dataset(pairs)
        assert stats.class_weight() == data.class_weight(texts) == {"cat": 2.0, "dog": 4 / 6}
    with pytest.raises(ValueError, match="labels must be integers"):
        data.class_weight([0.5, 1.0])


@pytest.mark.parametrize("missing", [None, np.nan])
def test_samplers_say_that_labels_are_missing(missing):
    labels = np.array(["cat", "dog", missing] * 2, object)
    for sampler in (data.OverSampler(), data.UnderSampler(), data.SmoteSampler(), data.Resampler()):
        with pytest.raises(ValueError, match="fill in or leave out what is missing"):
            sampler.fit_resample(IMAGES, labels)


def test_a_list_that_mixes_texts_with_something_else_is_refused():
    for labels in (["cat", float("nan"), "dog"], ["cat", None, "dog"], ("cat", 1, "dog")):
        with pytest.raises(ValueError, match="labels must be all texts or all integers"):
            data.class_weight(labels)
        for sampler in (data.OverSampler(), data.SmoteSampler(), data.Resampler()):
            with pytest.raises(ValueError, match="labels must be all texts or all integers"):
                sampler.fit_resample(IMAGES, [*labels, *labels])


def test_batches_of_whole_floats_are_class_numbers():
    for numbers in ([0.0, 1.0, 1.0], [0.0, 1.0, 0.0]):
        pairs = tf.data.Dataset.from_tensor_slices((IMAGES[:3], numbers)).batch(3)
        found = data.ClassStats.from_dataset(pairs, num_classes=2).counts.tolist()
        assert found == [numbers.count(0), numbers.count(1)]


def test_texts_are_as_many_classes_as_they_show():
    texts = np.array(["cat", "dog", "cat"])
    pairs = tf.data.Dataset.from_tensor_slices((IMAGES[:3], texts))
    for labels in (texts, pairs):
        assert data.ClassStats.from_dataset(labels, num_classes=2).classes == ("cat", "dog")
        with pytest.raises(ValueError, match="texts of 2 classes, received num_classes=3"):
            data.ClassStats.from_dataset(labels, num_classes=3)


def test_missing_numbers_and_one_class_are_called_so():
    for labels in ([0.0, 1.0, np.nan] * 2, [np.nan] * 6):
        for function in (lambda y: data.smote(IMAGES, y), data.class_weight):
            with pytest.raises(ValueError, match="NaN or infinity, received it for"):
                function(np.array(labels))
    for labels in ([0, 0, 0], ["cat"] * 3):
        with pytest.raises(ValueError, match="labels must hold at least two classes, received 1"):
            data.class_weight(labels)
    assert data.class_weight([0, 0, 0], num_classes=2) == {0: 1.0, 1: 0.0}


def test_a_list_of_labels_is_a_label_for_each_image():
    for labels in (["cat", "dog", "dog"] * 2, [0, 1, 1] * 2):
        source = data.BalancedSource(IMAGES, labels)
        assert source.count == 8
        assert source.labels.shape == (6,)


TAKERS = {
    "weights": data.class_weight,
    "source": lambda labels: data.BalancedSource(IMAGES, labels),
    "smote source": lambda labels: data.SmoteSource(IMAGES, labels),
    "smote": lambda labels: data.smote(IMAGES, labels),
    "over-sampling": data.oversample_indices,
    "sampler": lambda labels: data.UnderSampler().fit_resample(IMAGES, labels),
    "tail": lambda labels: data.make_imbalanced(IMAGES, labels, 1),
}


@pytest.mark.parametrize("name", TAKERS)
def test_a_number_that_may_be_no_class_is_told_everywhere(name):
    take = TAKERS[name]
    for labels in (
        [0, 0, 1, 1, -1, -1],
        [[0], [0], [1], [1], [-1], [-1]],
        [0.0, 0, 1, 1, -1, -1],
        [0, 0, 0, -1, -1, -1],
    ):
        if name == "weights":  # whose counts go by the number
            with pytest.raises(ValueError, match="at least 0, received -1.*Leave those samples ou"):
                take(np.array(labels))
            continue
        with pytest.warns(UserWarning, match="labels hold -1, which counts as a class of its own"):
            take(np.array(labels))
    with pytest.warns(UserWarning, match="labels hold 255, which counts as a class of its own"):
        take(np.array([0, 0, 1, 1, 255, 255], "uint8"))


@pytest.mark.parametrize("numbers", [[-1, 0, 1], [-2, 2, 3], [-1, 0, 254]])
def test_classes_below_0_are_balanced_as_any_other(numbers):
    labels, plain = np.repeat(numbers, [3, 2, 1]), np.repeat([0, 1, 2], [3, 2, 1])
    known = np.array(numbers)
    with pytest.warns(UserWarning, match=f"labels hold {numbers[0]}, .*: leave those samples out"):
        rows = data.oversample_indices(labels)
    np.testing.assert_array_equal(rows, data.oversample_indices(plain))
    with pytest.warns(UserWarning, match=f"labels hold {numbers[0]},"):
        found = data.smote(IMAGES, labels, single="duplicate")
    wanted = data.smote(IMAGES, plain, single="duplicate")
    np.testing.assert_array_equal(found[0], wanted[0])
    np.testing.assert_array_equal(found[1], known[wanted[1]])
    labels, plain = np.repeat(numbers, 2), np.repeat([0, 1, 2], 2)
    with pytest.warns(UserWarning, match=f"labels hold {numbers[0]},"):
        parts = list(data.folds(IMAGES, labels, 2))
    for part, alike in zip(parts, data.folds(IMAGES, plain, 2), strict=True):
        np.testing.assert_array_equal(part[1][1], known[alike[1][1]])


def test_two_numbers_that_may_be_none_are_both_told():
    with pytest.warns(UserWarning, match="counts as a class of its own") as told:
        data.oversample_indices([-1, 0, 255])
    assert [str(one.message).split(",")[0] for one in told] == ["labels hold -1", "labels hold 255"]


def test_one_number_alone_is_no_suspect():
    for number in (-1, 255):
        classes, _ = balance.as_classes(np.full(6, number))
        assert classes.tolist() == [number] * 6
        with pytest.raises(ValueError, match="at least two classes"):
            data.smote(IMAGES, np.full(6, number))


def test_numbers_that_may_be_classes_are():
    source = data.BalancedSource(IMAGES, np.array([-1, -1, -1, -1, 1, 1]))
    assert source.count == 8
    assert len(data.class_weight(np.array([0, 1, 255]), num_classes=256)) == 256
    assert len(data.class_weight(np.array([0, 254, 255]))) == 256
    pairs = tf.data.Dataset.from_tensor_slices((IMAGES, [0, 1, 0, 1, 255, 1])).batch(2)
    with pytest.warns(UserWarning, match="labels hold 255"):
        data.class_weight(pairs)


def test_counts_of_classes_are_a_copy_that_stays():
    given = np.array([3.0, 4.0])
    stats = data.ClassStats(given)
    given[0] = 9.0
    assert stats.counts.tolist() == [3.0, 4.0]
    with pytest.raises(ValueError, match="read-only"):
        stats.counts[0] = 9.0
