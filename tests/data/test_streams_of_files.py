"""Streams of files, without files: which samples come, which are missed, and how many may be."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_cv_extras import data
from keras_cv_extras.data import FilePart
from keras_cv_extras.data.files import _image_files


class Painted(FilePart):
    """Files that are not there: image n holds the number n, and some cannot be read."""

    def __init__(self, count, bad, most_bad):
        facts = np.zeros((count, 4), np.int32)
        options = {"image_size": (2, 2), "resize": "crop", "channels": 1, "most_bad": most_bad}
        paths = [f"{number}.png" for number in range(count)]
        super().__init__(paths, np.arange(count), facts, **options)
        self.bad = tf.constant(list(bad), tf.int64)

    def _decoded(self, sample, plan):
        good = tf.debugging.Assert(tf.reduce_all(sample != self.bad), ["damaged"])
        with tf.control_dependencies([good]):
            return tf.cast(tf.fill(self.shape, sample), tf.uint8)


def drawn(dataset):
    """The labels of an epoch, which are the numbers in its images."""
    batches = list(dataset.as_numpy_iterator())
    labels = np.concatenate([labels for _, labels in batches])
    images = np.concatenate([images for images, _ in batches])
    np.testing.assert_array_equal(images[:, 1, 1, 0], labels)
    assert [len(labels) for _, labels in batches[:-1]] == [4] * (len(batches) - 1)
    return labels.tolist()


def test_what_cannot_be_read_is_left_out_and_named():
    part = Painted(10, [3, 9], most_bad=2)
    dataset = data.pipeline(part, 4, shuffle=False, epoch=0)
    assert int(dataset.cardinality()) < 0
    assert drawn(dataset) == [0, 1, 2, 4, 5, 6, 7, 8]
    assert sorted(part.unreadable()) == ["3.png", "9.png"]
    assert part.readable().tolist() == [0, 1, 2, 4, 5, 6, 7, 8]
    part.check()
    part.most_bad = 1
    with pytest.raises(ValueError, match="2 of 10 image files cannot be read, more than the 1"):
        part.check()


def test_one_more_than_may_be_bad_is_an_error():
    dataset = data.pipeline(Painted(10, [3, 8], most_bad=1), 4, shuffle=False, epoch=0)
    with pytest.raises(tf.errors.InvalidArgumentError, match="more than 1 of 10 image files"):
        drawn(dataset)


def test_a_shuffled_epoch_has_as_many_samples_as_files():
    dataset = data.pipeline(Painted(10, [3], most_bad=1), 4, seed=1, epoch=0)
    assert int(dataset.cardinality()) == 3
    labels = drawn(dataset)
    assert len(labels) == 10
    assert sorted(set(labels)) == [0, 1, 2, 4, 5, 6, 7, 8, 9]
    assert labels != sorted(labels)


BAD = [[0], [19], [0, 1, 2, 3], [16, 17, 18, 19], [3, 7, 8], [*range(4, 20)], [*range(1, 20)]]


@pytest.mark.parametrize("bad", BAD, ids=str)
@pytest.mark.parametrize("shard", [(0, 1), (1, 2)])
def test_an_epoch_goes_on_with_what_can_be_read(bad, shard):
    """What is left out, what comes again, and how many are counted, by their places."""
    part = Painted(20, [-1], most_bad=20)
    for shuffle in (False, True):
        options = {"seed": 5, "shuffle": shuffle, "shard": shard}
        epochs = data.pipeline(part, 4, **options, num_epochs=2).as_numpy_iterator()
        order = np.concatenate([labels for _, labels in epochs]).reshape(2, -1)
        lost = {int(order[0, place]) for place in bad if place < order.shape[1]}
        some = Painted(20, sorted(lost) or [-1], most_bad=max(1, len(lost)))
        found = list(data.pipeline(some, 4, **options, num_epochs=2).as_numpy_iterator())
        labels = np.concatenate([labels for _, labels in found])
        wanted = [[sample for sample in epoch if sample not in lost] for epoch in order]
        if shuffle:
            assert len(found) == 2 * -(-order.shape[1] // 4)
            wanted = [np.resize(epoch, order.shape[1]) for epoch in wanted]
        assert labels.tolist() == np.concatenate(wanted).tolist()
        assert {int(path.removesuffix(".png")) for path in some.unreadable()} == lost
        if len(lost) > 1:
            few = Painted(20, sorted(lost), most_bad=len(lost) - 1)
            with pytest.raises(tf.errors.InvalidArgumentError, match=r"image files cannot be read"):
                list(data.pipeline(few, 4, **options))


@pytest.mark.parametrize("count", [1, 6])
def test_a_shuffled_epoch_of_nothing_that_can_be_read_is_an_error(count):
    dataset = data.pipeline(Painted(count, range(count), most_bad=count), 4)
    with pytest.raises(tf.errors.InvalidArgumentError, match="image files cannot be read, the las"):
        list(dataset)


@pytest.mark.parametrize("num_epochs", [None, 2])
@pytest.mark.parametrize("left", [0, 5, 19])
def test_files_that_vanish_in_the_middle_of_an_epoch_are_named(num_epochs, left):
    """All of them, after so many: a disk that is gone."""
    part = Painted(20, [-1], most_bad=2)
    read, counter = part._decoded, tf.Variable(0)

    def vanished(sample, plan):
        there = tf.debugging.Assert(counter.assign_add(1, read_value=True) <= left, ["gone"])
        with tf.control_dependencies([there]):
            return read(sample, plan)

    part._decoded = vanished
    batches = data.pipeline(part, 4, seed=1, num_epochs=num_epochs, num_parallel_calls=1)
    with pytest.raises(
        tf.errors.InvalidArgumentError, match="more than 2 of 20 image files cannot"
    ):
        list(batches)
    assert len(part.unreadable()) >= 20 - left
    with pytest.raises(ValueError, match="of 20 image files cannot be read"):
        part.check()


def test_few_files_that_can_be_read_do_not_fill_a_batch():
    part = Painted(400, range(1, 400), most_bad=4)
    asked, decoded = tf.Variable(0), part._decoded

    def counted(sample, plan):
        with tf.control_dependencies([asked.assign_add(1)]):
            return decoded(sample, plan)

    part._decoded = counted
    with pytest.raises(tf.errors.InvalidArgumentError, match="image files cannot be read"):
        list(data.pipeline(part, 256, seed=1))
    assert int(asked) <= 800


def test_how_many_files_may_be_bad(tmp_path):
    """A share of all files when they are listed, and of those of a part when they are read."""
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for number in range(10):
            value = 10 * number + 100 * (name == "dog")
            Image.new("L", (2, 2), value).save(tmp_path / name / f"{number}.png")
    Image.new("RGB", (2, 2)).save(tmp_path / "dog" / "9.png")
    assert data.load(tmp_path).train[0].shape[1:] == (2, 2, 3)  # one file has colours
    (tmp_path / "cat" / "0.png").write_bytes(b"none")
    crop = data.RandomResizedCrop()
    files = data.image_files(tmp_path, 2, max_bad=0.18, test_fraction=0.5, crop=crop)
    assert (files.train.crop, files.test.crop) == (crop, None)
    counts = [len(files.train), len(files.test)]
    assert [files.train.most_bad, files.test.most_bad] == [int(0.18 * count) for count in counts]
    assert len(data.image_files(tmp_path, 2, max_bad=0.0).refused) == 1  # one always
    for number in (1, 2, 3):
        (tmp_path / "dog" / f"{number}.png").write_bytes(b"none")
    with pytest.raises(ValueError, match="4 of 20 image files cannot be read, more than the 3"):
        data.image_files(tmp_path, 2, max_bad=0.18)  # 3.6


def test_a_pack_is_opened_with_what_was_asked(monkeypatch):
    options = {"class_names": ["a", "b"], "channels": 1, "crop": data.RandomResizedCrop()}
    options |= {"max_bad": 0.5, "resize": "pad", "jpeg": "reduced"}
    monkeypatch.setattr(_image_files, "is_pack", lambda folder: True)
    monkeypatch.setattr(_image_files, "packed_files", lambda *given, **named: (given, named))
    monkeypatch.setattr(_image_files.copies, "tell_of_pack", lambda place, packed: packed)
    assert data.image_files("packed", 4, **options) == (("packed", (4, 4)), options)


@pytest.mark.parametrize(("orientation", "size"), [(4, [10, 20]), (5, [20, 10])])
def test_boxes_are_drawn_in_the_upright_image(orientation, size):
    asked = []

    class Box:
        def box(self, size, *, seed, epoch, sample):
            asked.append((size.numpy().tolist(), seed, int(epoch), int(sample)))
            return tf.constant([1, 2, 3, 4])

    part = FilePart(
        ["a.png"], [0], [[1, 10, 20, orientation]], image_size=(2, 2), resize="crop", channels=1,
        most_bad=1, crop=Box(),
    )  # fmt: skip
    part._decoded = lambda sample, plan: plan[0]
    plan = part.read_box(tf.constant(0, tf.int64), seed=7, epoch=tf.constant(5, tf.int64))
    assert asked == [(size, 7, 5, 0)]
    assert len(plan) == 13  # with the place of the box
