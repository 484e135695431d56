"""What a pipeline hands to its mix and to its policy."""

import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import data
from keras_cv_extras.data import _augmenter
from keras_cv_extras.policy import Policy, Step


def numbered(count):
    """Images whose pixels hold their number, which is their label too."""
    numbers = np.arange(count, dtype="int32")
    return np.tile(numbers.astype("uint8")[:, None, None, None], (1, 2, 2, 1)), numbers


def told(images, labels, *, seed, epoch, samples):
    """A mix that gives, in place of labels, all that it is told."""
    numbers = [tf.broadcast_to(tf.cast(one, tf.int64), tf.shape(labels)) for one in (seed, epoch)]
    return images, tf.stack([*numbers, samples, tf.cast(labels, tf.int64)], axis=1)


@pytest.mark.parametrize("stream", [False, True])
def test_a_mix_is_told_the_seed_the_epoch_and_the_samples(stream):
    rows = numbered(7)
    rows = tf.data.Dataset.from_tensor_slices(rows) if stream else rows
    dataset = data.pipeline(rows, 3, mix=told, seed=5, first_epoch=2)
    for epoch in (2, 3):
        found = np.concatenate([labels for _, labels in dataset.as_numpy_iterator()])
        np.testing.assert_array_equal(found[:, :2], [(5, epoch)] * 7)
        np.testing.assert_array_equal(found[:, 2], found[:, 3])
        assert sorted(found[:, 3]) == list(range(7))


def test_a_policy_is_told_likewise_of_a_batch_that_is_filled_up():
    calls = []

    def policy(images, **options):
        calls.append((images, options))
        return images + 1

    rows = {"images": tf.range(3)[:, None, None, None], "partners": tf.range(7, 10)}
    batch = {**rows, "samples": tf.constant([4, 6, 5]), "epoch": tf.constant(9)}
    batch["partners"] = batch["partners"][:, None, None, None]
    images = _augmenter._augmented(batch, policy, None, 5, 4)
    np.testing.assert_array_equal(images[:, 0, 0, 0], [1, 2, 3])
    ((given, options),) = calls
    np.testing.assert_array_equal(given[:, 0, 0, 0], [0, 1, 2, 2])
    np.testing.assert_array_equal(options["samples"], [4, 6, 5, 5])
    np.testing.assert_array_equal(options["partners"][:, 0, 0, 0], [7, 8, 9, 9])
    assert (options["seed"], int(options["epoch"])) == (5, 9)


def test_a_function_that_has_changed_is_not_taken_from_before():
    factor = [2]

    def mix(images, labels, **_):
        return images, labels * factor[0]

    def labels():
        dataset = data.pipeline(numbered(3), 3, mix=mix, shuffle=False)
        return next(dataset.as_numpy_iterator())[1].tolist()

    assert labels() == [0, 2, 4]
    factor[0] = 3
    assert labels() == [0, 3, 6]


def test_programs_of_labels_of_another_form_are_others():
    spec = tf.TensorSpec([None], tf.int32)
    one = _augmenter._Spec({"labels": (spec, spec)}, (spec, spec))
    other = _augmenter._Spec({"labels": {"a": spec, "b": spec}}, (spec, spec))
    assert one != other
    assert one == _augmenter._Spec({"labels": (spec, spec)}, (spec, spec))


def test_values_that_a_policy_cannot_take_are_told_before_any_graph():
    images, labels = numbered(3)
    chosen = Policy([[Step("identity")]])
    with pytest.raises(ValueError, match=r"uint16 images need value_range=\(0, 65535\)"):
        data.pipeline((images.astype("uint16"), labels), 3, policy=chosen)


def test_a_dataset_knows_the_size_of_its_images():
    policy = Policy([[Step("invert", 0.5)]])
    dataset = data.pipeline(numbered(7), 3, policy)
    assert dataset.element_spec[0].shape[1:] == (2, 2, 1)
