"""Files that are decoded anew in every epoch, and what happens to bad ones."""

import re
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from image_kinds import PHOTOGRAPH, encoded, png
from PIL import Image

from keras_cv_extras import data, policy

# Images are drawn anew for each part, and come out alike.
pytestmark = pytest.mark.filterwarnings("ignore:.* copies ")

KINDS = {
    "jpg": encoded(PHOTOGRAPH, "JPEG", quality=90),
    "progressive.jpg": encoded(PHOTOGRAPH, "JPEG", progressive=True),
    "png": encoded(PHOTOGRAPH, "PNG"),
    "gif": encoded(PHOTOGRAPH, "GIF"),
    "bmp": encoded(PHOTOGRAPH, "BMP"),
    "webp": encoded(PHOTOGRAPH, "WEBP"),
}


def png_bomb(width, height):
    """A small PNG that says it is large."""
    return png(width, height, zlib.compress(b"\0" * 100_000))


def jpeg_bomb(side):
    """A small JPEG whose header says that it is large."""
    content = bytearray(KINDS["jpg"])
    at = content.index(b"\xff\xc0")
    content[at + 5 : at + 9] = struct.pack(">HH", side, side)
    return bytes(content)


BAD_HEADERS = {
    "bomb.png": (png_bomb(30_000, 30_000), "900000000 pixels"),
    "bomb.jpg": (jpeg_bomb(10_000), "more than the 64,000,000"),
    "empty.jpg": (b"", "an empty file"),
    "text.jpg": (b"not an image" * 20, "not an image of a known kind"),
    "sixteen.bmp": (KINDS["bmp"][:28] + b"\x10" + KINDS["bmp"][29:], "16 bits: save it as PNG"),
}
BAD_PIXELS = {
    "half.jpg": KINDS["jpg"][: len(KINDS["jpg"]) // 2],
    "half.png": KINDS["png"][: len(KINDS["png"]) // 2],
    "half.gif": KINDS["gif"][: len(KINDS["gif"]) // 2],
    "small-bomb.png": png_bomb(5_000, 5_000),
}


def folder_of(path, good=6, **bad):
    for name in ("cat", "dog"):
        (path / name).mkdir(parents=True)
        for row in range(good):
            shift = 9 * row + 4 * (name == "dog")
            rolled = Image.fromarray(np.roll(np.asarray(PHOTOGRAPH), shift, axis=1))
            rolled.save(path / name / f"good-{row}.png")
    for name, content in bad.items():
        (path / "cat" / name).write_bytes(content)
    return path


def all_of(dataset):
    batches = list(dataset.as_numpy_iterator())
    return np.concatenate([b[0] for b in batches]), np.concatenate([b[1] for b in batches])


@pytest.mark.wide
def test_bad_files_are_named_and_left_out(tmp_path):
    bad = {name: content for name, (content, _) in BAD_HEADERS.items()}
    folder_of(tmp_path, 6, **bad, **BAD_PIXELS)
    files = data.image_files(tmp_path, 32, max_bad=0.6, test_fraction=0.2)
    assert sorted(files.refused) == sorted(str(tmp_path / "cat" / name) for name in BAD_HEADERS)
    for name, (_, why) in BAD_HEADERS.items():
        assert re.search(why, files.refused[str(tmp_path / "cat" / name)])
    total = len(files.train) + len(files.test)
    assert total == 12 + len(BAD_PIXELS)
    seen = [
        len(labels)
        for part in (files.train, files.test)
        for _, labels in [
            all_of(data.pipeline(part, 5, policy.flip_crop(), shuffle=False, epoch=0))
        ]
    ]
    assert sum(seen) == 12
    found = set(files.unreadable()) - set(files.refused)
    assert found == {str(tmp_path / "cat" / name) for name in BAD_PIXELS}
    assert "damaged" in files.unreadable()[str(tmp_path / "cat" / "half.jpg")]
    assert not any("\n" in why or "__inference" in why for why in files.unreadable().values())
    files.train.check()


@pytest.mark.wide
def test_too_many_bad_files_are_an_error(tmp_path):
    folder_of(tmp_path, 6, **{f"{n}.jpg": BAD_PIXELS["half.jpg"] for n in range(4)})
    files = data.image_files(tmp_path, 16, max_bad=0.1, test_fraction=0.2)
    with pytest.raises(tf.errors.InvalidArgumentError, match="more than 1 of 1. image files"):
        all_of(data.pipeline(files.train, 4, epoch=0))
    with pytest.raises(ValueError, match=r"more than the 1 that are accepted: .*jpg \(damaged"):
        files.train.check()
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (tmp_path / "dog" / name).write_bytes(b"")
    with pytest.raises(ValueError, match="3 of 19 image files cannot be read, more than the 1"):
        data.image_files(tmp_path, 16, max_bad=0.1)


@pytest.mark.wide
def test_damage_at_every_place_is_survived(tmp_path):
    bad = {}
    for name in KINDS:
        content = KINDS[name]
        for share in range(0, 100, 10):
            bad[f"{share}.{name}"] = content[: len(content) * share // 100]
    folder_of(tmp_path, 3, **bad)
    files = data.image_files(tmp_path, 8, max_bad=1.0, test_fraction=0.1)
    parts = (files.train, files.test)
    counts = [len(all_of(data.pipeline(part, 16, shuffle=False, epoch=0))[1]) for part in parts]
    assert sum(counts) + len(files.unreadable()) == len(bad) + 6
    assert len(files.unreadable()) > 0.9 * len(bad)  # a file may lack only what adds nothing


@pytest.mark.wide
def test_a_file_that_goes_away_is_left_out(tmp_path):
    files = data.image_files(folder_of(tmp_path), 16, max_bad=0.5)
    gone = tmp_path / "dog" / "good-0.png"
    part = files.train if str(gone) in files.train.paths else files.test
    gone.unlink()
    _, labels = all_of(data.pipeline(part, 4, shuffle=False, epoch=0))
    assert len(labels) == len(part) - 1
    assert "No such file" in part.unreadable()[str(gone)]


@pytest.mark.wide
def test_order_depends_on_seed_and_epoch_alone(tmp_path):
    folder_of(tmp_path / "train", 6, **{"bad.jpg": BAD_PIXELS["half.jpg"]})
    folder_of(tmp_path / "test", 1)
    files = data.image_files(tmp_path, 16, max_bad=0.5)

    def epoch(batch_size, **options):
        return all_of(data.pipeline(files.train, batch_size, seed=3, **options))[0]

    running = data.pipeline(files.train, 3, seed=3)
    first, second = all_of(running)[0], all_of(running)[0]
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(second, epoch(5, epoch=1, num_parallel_calls=1))
    assert len(first) == len(files.train)  # another one stands for the one that is damaged
    assert len({image.tobytes() for image in first}) == len(first) - 1
    shards = [epoch(3, epoch=0, shard=(index, 2)) for index in (0, 1)]
    assert sum(map(len, shards)) == len(first)
    rows = {image.tobytes() for image in first}
    assert rows == {image.tobytes() for shard in shards for image in shard}


@pytest.mark.wide
def test_parts_of_their_own_and_what_is_refused(tmp_path):
    folder_of(tmp_path / "train", 3)
    folder_of(tmp_path / "test", 2)
    files = data.image_files(tmp_path, (8, 16), channels=1)
    assert (len(files.train), len(files.test), files.class_names) == (6, 4, ("cat", "dog"))
    images, labels = all_of(data.pipeline(files.test, 3, shuffle=False, epoch=0))
    assert images.shape == (4, 8, 16, 1)
    assert labels.tolist() == [0, 0, 1, 1]
    assert "4 test files, images of (8, 16, 1), 2 classes" in repr(files)
    with pytest.raises(ValueError, match="channels must be one of"):
        data.image_files(tmp_path, 8, channels=2)
    with pytest.raises(FileNotFoundError, match="no such folder"):
        data.image_files(tmp_path / "nowhere", 8)


@pytest.mark.wide
def test_an_iterator_goes_on_from_its_checkpoint(tmp_path):
    folder_of(tmp_path / "files", 6, **{"bad.jpg": BAD_PIXELS["half.jpg"]})
    files = data.image_files(tmp_path / "files", 16, max_bad=0.5)
    dataset = data.pipeline(files.train, 3, epoch=2)
    whole = list(dataset.as_numpy_iterator())
    iterator = iter(dataset)
    next(iterator)
    saved = tf.train.Checkpoint(iterator=iterator).save(str(tmp_path / "state"))
    again = iter(data.pipeline(files.train, 3, epoch=2))
    tf.train.Checkpoint(iterator=again).restore(saved)
    rest = list(again)
    assert len(rest) == len(whole) - 1
    for (images, _), (wanted, _) in zip(rest, whole[1:], strict=True):
        np.testing.assert_array_equal(images, wanted)


def test_files_are_a_record_of_two_parts(tmp_path):
    files = data.image_files(folder_of(tmp_path, 6), 16, test_fraction=0.5)
    assert type(files) is data.ImageFiles
    train, test = len(files.train), len(files.test)
    assert train + test == 12
    assert min(train, test) > 0
    assert repr(files) == (
        f"ImageFiles({tmp_path.name!r}: {train} training and {test} test files, images of "
        "(16, 16, 3), 2 classes)"
    )
    asked, crop = {"resize": "pad", "channels": 1, "jpeg": "reduced"}, data.RandomResizedCrop()
    other = data.image_files(tmp_path, (16, 8), crop=crop, **asked)
    for part, own in ((other.train, crop), (other.test, None)):
        assert {name: getattr(part, name) for name in asked} == asked
        assert (part.crop, part.image_size, part.shape) == (own, (16, 8), (16, 8, 1))
    assert other.decoding == {"resize": "pad", "jpeg": "reduced"}
    own = data.ImageFiles(files.test, files.train, ("a", "b"), "mine", {"x.jpg": "an empty file"})
    assert own.unreadable() == {"x.jpg": "an empty file"}
    assert repr(own).startswith(f"ImageFiles('mine': {test} training and {train} test files")
