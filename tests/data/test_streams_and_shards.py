"""Streams in shards, partners of streams, and orders that numbers decide."""

import os

import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import data
from keras_cv_extras.data import FilePart, _identity, _order, _part, _pipeline
from keras_cv_extras.data._rows import EpochStream, Rows
from keras_cv_extras.data.balance import _draws
from keras_cv_extras.data.files import _decode, _folder, _layout, _unreadable, decoder


def numbered(count, size=2):
    """Images whose pixels hold their number, which is their label too."""
    images = np.tile(np.arange(count, dtype="uint8")[:, None, None, None], (1, size, size, 1))
    return images, np.arange(count, dtype="int32")


def stream_of(count):
    return tf.data.Dataset.from_tensor_slices(numbered(count))


def labels_of(dataset):
    return np.concatenate([labels for _, labels in dataset.as_numpy_iterator()]).tolist()


def test_the_shards_of_a_stream_make_up_the_whole():
    options = {"seed": 2, "epoch": 1, "shuffle_buffer": 30}
    whole = labels_of(data.pipeline(stream_of(23), 4, **options))
    assert whole != sorted(whole)
    parts = [data.pipeline(stream_of(23), 4, shard=(i, 3), **options) for i in range(3)]
    # Every third of the epoch's order: 8, 8 and 7 samples, in batches of 4.
    assert [labels_of(part) for part in parts] == [whole[i::3] for i in range(3)]
    assert [int(part.cardinality()) for part in parts] == [2, 2, 2]
    still = data.pipeline(stream_of(9), 4, shard=(1, 2), shuffle=False)
    assert labels_of(still) == [1, 3, 5, 7]
    assert int(still.cardinality()) == 1


def test_a_sample_of_a_stream_keeps_its_number_in_a_shard():
    def mix(images, labels, *, seed, epoch, samples):
        return images, (labels, samples)

    shard = data.pipeline(stream_of(11), 3, mix=mix, shard=(1, 2), seed=3, epoch=0)
    for _, (labels, samples) in shard.as_numpy_iterator():
        np.testing.assert_array_equal(labels, samples)


def test_the_shards_of_arrays_are_every_nth_of_the_order():
    rows = numbered(23)
    whole = labels_of(data.pipeline(rows, 4, seed=2, epoch=1))
    assert whole != sorted(whole)
    parts = [data.pipeline(rows, 4, seed=2, epoch=1, shard=(i, 3)) for i in range(3)]
    assert [labels_of(part) for part in parts] == [whole[i::3] for i in range(3)]
    assert [int(part.cardinality()) for part in parts] == [2, 2, 2]
    with pytest.raises(ValueError, match=r"shard \(4, 5\) of 3 samples is empty"):
        data.pipeline(numbered(3), 2, shard=(4, 5))
    with pytest.raises(ValueError, match="index below count, received"):
        data.pipeline(numbered(6), 2, shard=(2, 2))


@pytest.mark.parametrize("kind", ["stream", "arrays"])
def test_second_images(kind):
    """Of a stream the next of the batch; of arrays any of them, drawn for each sample."""
    shape = (8, 0, False, (0, 1), 10, True)
    if kind == "stream":
        source = _pipeline._Stream(stream_of(20), *shape)
        batch = next(iter(source.batches(tf.data.Dataset.from_tensors(np.int64(0)))))
        read = source.read(batch)
        np.testing.assert_array_equal(read["partners"][:, 0, 0, 0], [*range(1, 8), 0])
        return
    source = _pipeline._Arrays(numbered(20), *shape)
    reads = [
        source.read({"epoch": tf.constant(0, tf.int64), "number": tf.constant(n, tf.int64)})
        for n in range(3)
    ]
    partners = np.concatenate([read["partners"][:, 0, 0, 0] for read in reads])
    assert len(partners) == 20
    assert 8 < len(set(partners.tolist())) < 20
    assert partners[:8].max() > 8  # of all the data, not of the batch


def test_a_shuffle_goes_through_its_buffer():
    found = labels_of(data.pipeline(stream_of(40), 8, seed=1, epoch=0, shuffle_buffer=5))
    assert sorted(found) == list(range(40))
    assert found != sorted(found)
    # A sample can come at most four places before its own.
    assert max(label - place for place, label in enumerate(found)) <= 4


class Growing(EpochStream):
    """A stream whose samples tell the epoch."""

    element_spec = (tf.TensorSpec((2, 2, 1), tf.uint8), tf.TensorSpec((), tf.int64))

    def of_epoch(self, epoch):
        images = tf.zeros((3, 2, 2, 1), tf.uint8)
        return tf.data.Dataset.from_tensor_slices(
            (images, tf.range(3, dtype=tf.int64) + 10 * epoch)
        )


def test_a_stream_of_epochs_is_asked_for_each():
    dataset = data.pipeline(Growing(), 2, shuffle=False, first_epoch=1)
    assert int(dataset.cardinality()) == tf.data.UNKNOWN_CARDINALITY
    assert labels_of(dataset) == [10, 11, 12]
    assert labels_of(dataset) == [20, 21, 22]


def test_orders_are_permutations_that_seed_and_epoch_decide():
    places = tf.range(9, dtype=tf.int64)

    def order(seed, epoch, shuffle=True, shard=(0, 1), places=places):
        options = {"count": 9, "seed": seed, "shuffle": shuffle, "shard": shard}
        return _order.samples_at(places, tf.constant(epoch, tf.int64), **options).numpy().tolist()

    orders = {tuple(order(seed, epoch)) for seed in (0, 1, -1) for epoch in (0, 1)}
    assert len(orders) == 6
    assert all(sorted(one) == list(range(9)) for one in orders)
    assert order(5, 0, shuffle=False) == list(range(9))
    assert order(5, 0, shuffle=False, shard=(1, 4), places=places[:2]) == [1, 5]
    assert order(1 << 32, 3) == order(0, 3)


def test_orders_do_not_come_again_after_256_epochs_or_seeds():
    """TensorFlow's shuffle reads the lowest eight bits of each word of its key."""
    places = tf.range(40, dtype=tf.int64)

    def order(seed, epoch):
        options = {"count": 40, "seed": seed, "shuffle": True, "shard": (0, 1)}
        return tuple(_order.samples_at(places, tf.constant(epoch, tf.int64), **options).numpy())

    assert len({order(3, epoch) for epoch in range(0, 256 * 8, 64)}) == 32
    assert len({order(seed, 0) for seed in range(0, 256 * 8, 64)}) == 32
    assert len({order(3 << shift, 1) for shift in range(30)}) == 30
    # Those of small numbers are TensorFlow's own.
    own = tf.random.experimental.index_shuffle(places, tf.constant([255, 7], tf.uint32), 39)
    assert order(255, 7) == tuple(own.numpy())


def test_orders_within_a_class_do_not_come_again():
    places = tf.range(40, dtype=tf.int64)

    def order(seed=3, number=0, epoch=0, turn=0):
        return tuple(_draws.in_turn(seed, number, epoch, 40 * turn + places, 40).numpy())

    assert len({order(turn=turn) for turn in (0, 255, 256, 512)}) == 4
    assert len({order(epoch=epoch) for epoch in (0, 256, 512)}) == 3
    assert len({order(seed=3 + (1 << shift)) for shift in range(31)}) == 31
    assert len({order(number=number) for number in range(40)}) == 40
    # Orders of small seeds are those that earlier versions gave.
    assert order(7, 1, 5)[:5] == (22, 29, 4, 30, 16)


def test_rows_of_a_nest_of_labels():
    rows = Rows(numbered(5)[0], {"a": np.arange(5), "b": np.ones((5, 2))})
    images, labels = rows.take([3, 1])
    assert images[:, 0, 0, 0].numpy().tolist() == [3, 1]
    assert labels["a"].numpy().tolist() == [3, 1]
    nothing = np.zeros((4, 2, 2, 1), "float32")
    nothing[2, 0, 0, 0] = np.nan
    with pytest.raises(ValueError, match="in 1 images, the first of them number 2"):
        Rows(nothing, np.arange(4))
    with pytest.raises(TypeError, match="integers or floats, received complex64"):
        Rows(nothing.astype("complex64"), np.arange(4))


def test_what_is_said_of_unreadable_files(tmp_path):
    bad = {f"{n}.png": "torn" for n in range(7)}
    assert _unreadable.listing(bad) == (
        "; ".join(f"{n}.png (torn)" for n in range(5)) + "; and 2 more"
    )
    assert "7 of 50 image files cannot be read, more than the 3" in _unreadable.too_many(bad, 50, 3)
    (tmp_path / "empty.png").touch()
    assert _unreadable.reason(tmp_path / "empty.png", ValueError("x")) == "an empty file"


def test_more_images_than_memory_holds_are_refused():
    _folder.check_bytes(8192, (1024, 1024), 1)  # 8 GiB to the byte
    with pytest.raises(ValueError, match=r"8,193 images of 1024 x 1024 x 1 take 8\.0 GiB"):
        _folder.check_bytes(8193, (1024, 1024), 1)


def test_images_are_fitted_as_they_say():
    """A left half of 0 and a right half of 200, twice as wide as high."""
    from PIL import Image

    pixels = np.zeros((4, 8), "uint8")
    pixels[:, 4:] = 200
    image = Image.fromarray(pixels)
    crop = _decode.fit(image, (4, 4), "crop", 1)[..., 0]
    assert crop.tolist() == [[0, 0, 200, 200]] * 4
    pad = _decode.fit(image, (8, 8), "pad", 1)[..., 0]
    assert pad[:2].max() == pad[6:].max() == 0
    np.testing.assert_array_equal(pad[2:6], pixels)
    stretched = _decode.fit(image, (2, 8), "stretch", 3)
    assert stretched.shape == (2, 8, 3)
    np.testing.assert_array_equal(stretched[0, :, 1], pixels[0])


def test_which_samples_a_batch_is_made_of():
    for source in (numbered(11), stream_of(11)):
        dataset = data.pipeline(source, 4, seed=3, epoch=2, shard=(1, 2))
        found = [batch.tolist() for batch in data.samples_of(dataset).as_numpy_iterator()]
        labels = [labels.tolist() for _, labels in dataset.as_numpy_iterator()]
        assert found == labels
    assert data.samples_of(dataset.take(1)) is None


def test_digits_are_white_at_255():
    digits = data.load("digits")
    levels = np.unique(np.concatenate([digits.train[0].ravel(), digits.test[0].ravel()]))
    np.testing.assert_array_equal(levels, np.rint(np.arange(17) * 255 / 16))


def test_a_subset_has_its_own_files_and_labels():
    options = {"image_size": (4, 3), "resize": "crop", "channels": 3, "most_bad": 2}
    part = FilePart(["a", "b", "c"], [0, 1, 2], np.arange(12).reshape(3, 4), **options)
    some = part.subset([2, 0])
    assert some.paths == ("c", "a")
    assert some.labels.tolist() == [2, 0]
    assert some.facts.tolist() == [[8, 9, 10, 11], [0, 1, 2, 3]]
    assert (some.shape, some.most_bad) == ((4, 3, 3), 2)
    some.note(tf.constant([1], tf.int64))
    assert some.readable().tolist() == [0]
    assert part.readable().tolist() == [0, 1, 2]


def test_the_test_part_of_files_is_its_share(tmp_path):
    from PIL import Image

    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for number in range(10):
            color = (number, len(os.listdir(tmp_path)), 0)
            Image.new("RGB", (4, 4), color).save(tmp_path / name / f"{number}.png")
    files = data.image_files(tmp_path, 4, test_fraction=0.2, max_bad=0.5)
    assert 2 <= len(files.test) <= 8
    assert len(files.train) + len(files.test) == len({*files.train.paths, *files.test.paths}) == 20
    assert set(files.test.labels) == set(files.train.labels) == {0, 1}
    for number, path in zip(files.train.labels, files.train.paths, strict=True):
        assert f"/{files.class_names[number]}/" in path


def test_a_sample_is_held_out_by_itself():
    keys, labels = [f"{n}.png" for n in range(1000)], np.arange(1000) % 2
    chosen = _part.held_out(keys, labels, 0.2, 3, "test")
    assert 150 < chosen.sum() < 250  # of 200, with a deviation of 13
    for rows in (np.arange(0, 1000, 3), np.arange(999, -1, -1)):  # fewer, and in another order
        some = _part.held_out([keys[row] for row in rows], labels[rows], 0.2, 3, "test")
        np.testing.assert_array_equal(some, chosen[rows])
    for seed, salt in ((4, "test"), (3, "validation")):
        other = _part.held_out(keys, labels, 0.2, seed, salt)
        assert 20 < np.sum(chosen & other) < 65  # of 40
    # Copies of a sample have draws of their own, and so have numbers in place of names.
    same = _part.held_out([7] * 400, labels[:400], 0.5, 3, "test")
    assert 150 < same.sum() < 250


@pytest.mark.parametrize("share", [1e-9, 1 - 1e-9])
def test_every_class_has_samples_in_both_parts(share):
    labels = np.array([0] * 5 + [1] * 2 + [2])
    chosen = _part.held_out(range(8), labels, share, 0, "test")
    few = 1 if share < 0.5 else 0
    counts = [int(np.sum(chosen[labels == number])) for number in range(3)]
    assert counts == ([1, 1, 0] if few else [4, 1, 1])


def test_data_are_known_by_every_sample_and_label():
    images, labels = numbered(6)

    def name(images=images, labels=labels, test=(images[:2], labels[:2])):
        found = data.ImageData((images, labels), test, ("a", "b"), "some")
        return _identity.identity(found)["data_digest"]

    changed = images.copy()
    changed[4, 1, 1, 0] ^= 1
    others = [name(changed), name(labels=labels[::-1]), name(images[:5], labels[:5])]
    others.append(name(test=(images[:2], labels[1:3])))
    assert len({name(), *others}) == 5
    assert name() == name(images.copy(), labels.astype("int64"))


def test_long_files_are_known_by_blocks_to_their_end(tmp_path):
    def digest(content):
        (tmp_path / "file").write_bytes(content)
        return _identity._of_file(tmp_path / "file")

    content = bytes(200_000)
    digests = {digest(content), digest(content[:-1]), digest(content[:-1] + b"1")}
    digests |= {digest(b"1" + content[1:]), digest(content[:60_000]), digest(b"1" + bytes(59_999))}
    assert len(digests) == 6


def test_which_files_are_images(tmp_path):
    for name in ("b.JPG", "a.png", "notes.txt", ".hidden.png", "deep/c.JPeG", ".git/d.png"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    found = [
        os.path.relpath(path, tmp_path)
        for some in _layout.images("", [], [tmp_path], _layout.Skipped())[tmp_path]
        for path in some
    ]
    assert found == ["a.png", "b.JPG", "deep/c.JPeG"]


@pytest.mark.wide
def test_a_shuffled_epoch_is_as_long_as_ever_where_a_file_is_damaged(tmp_path):
    from PIL import Image

    paths = [tmp_path / f"{number}.png" for number in range(7)]
    for number, path in enumerate(paths):
        noise = np.arange(768, dtype="uint16").reshape(16, 16, 3) * (7919 + 2 * number) % 251
        Image.fromarray(noise.astype("uint8")).save(path)
    facts = [decoder.facts_of(_decode.read_header(path)) for path in paths]
    whole = paths[3].read_bytes()
    paths[3].write_bytes(whole[: len(whole) // 2])
    options = {"image_size": (8, 8), "resize": "crop", "channels": 3, "most_bad": 1}
    part = FilePart(paths, range(7), facts, **options)
    shuffled = data.pipeline(part, 3, seed=1, epoch=0)
    assert int(shuffled.cardinality()) == 3
    found = labels_of(shuffled)
    assert len(found) == 7
    assert set(found) == {0, 1, 2, 4, 5, 6}
    assert labels_of(data.pipeline(part, 3, shuffle=False, epoch=0)) == [0, 1, 2, 4, 5, 6]
    assert list(part.unreadable()) == [str(paths[3])]


def test_orders_stay_those_of_earlier_versions():
    """Who goes on with a training, or repeats one, meets the same samples in the same order."""
    order = {"count": 10, "seed": 70_000, "shuffle": True, "shard": (0, 1)}
    places = _order.samples_at(tf.range(10, dtype=tf.int64), tf.constant(300, tf.int64), **order)
    assert places.numpy().tolist() == [0, 1, 2, 7, 9, 6, 3, 5, 4, 8]
    assert [int(one) for one in _order.key_of(70_000, 300, 5)] == [413207818, 1614128, 6309]
