"""Copies of images in two parts or two classes: whoever reads a folder is told of them."""

import csv
import os
import shutil
import warnings

import numpy as np
import pytest
from PIL import Image

from keras_cv_extras import data
from keras_cv_extras.data import _identity
from keras_cv_extras.data.files import copies

ACROSS_PARTS = "2 of 5 test images are copies of training images"
ACROSS_CLASSES = "1 image has copies in another class: keep each in one class"
READERS = {
    "load": lambda source: data.load(source, image_size=8),
    "image_files": lambda source: data.image_files(source, 8),
}


@pytest.fixture
def folder(tmp_path):
    """Six training images of each class, and two test images, all different."""
    for place, (part, name, count) in enumerate(
        [("train", "cat", 6), ("train", "dog", 6), ("test", "cat", 2), ("test", "dog", 2)]
    ):
        (tmp_path / "photographs" / part / name).mkdir(parents=True)
        for row in range(count):
            pixels = np.full((8, 8, 3), 10 * row + place, np.uint8)
            file = tmp_path / "photographs" / part / name / f"{row}.bmp"
            Image.fromarray(pixels).save(file)
    return tmp_path / "photographs"


def said(read, source, **options):
    """Returns what is warned of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        read(source, **options)
    return [str(one.message) for one in caught]


@pytest.fixture
def copied(folder):
    shutil.copy(folder / "train" / "dog" / "1.bmp", folder / "test" / "dog" / "1.bmp")
    shutil.copy(folder / "train" / "dog" / "2.bmp", folder / "test" / "cat" / "other.bmp")
    shutil.copy(folder / "train" / "cat" / "3.bmp", folder / "train" / "cat" / "same.bmp")
    return folder


def table_of(folder):
    """A table of a folder's files."""
    with open(folder.parent / "table.csv", "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["image", "label", "split"])
        for path in sorted(folder.rglob("*.bmp")):
            rows.writerow([path, path.parent.name, path.parent.parent.name])
    return folder.parent / "table.csv"


@pytest.mark.parametrize("read", READERS)
def test_copies_are_counted_and_no_other_file_is_read_for_that(read, copied, monkeypatch):
    asked, digest = [], _identity._of_file

    def seen(path):
        asked.append(path)
        return digest(path)

    monkeypatch.setattr(_identity, "_of_file", seen)
    (line,) = said(READERS[read], copied)
    assert line.startswith(f"{copied}: {ACROSS_PARTS}")
    assert line.endswith(ACROSS_CLASSES)
    names = {path.removeprefix(f"{copied}/").removesuffix(".bmp") for path in asked}
    assert names == {"train/dog/1", "train/dog/2", "test/dog/1", "test/cat/other"}
    asked.clear()
    for path in (copied / "test" / "dog" / "1.bmp", copied / "test" / "cat" / "other.bmp"):
        path.unlink()
    assert said(READERS[read], copied) == []
    assert asked == []  # those in one class and one part are nobody's matter


def test_files_that_only_begin_alike_are_no_copies(folder):
    for part in ("train", "test"):
        pixels = np.zeros((40, 40, 3), np.uint8)
        pixels[0, 0] = len(part)  # a BMP file begins with its last row
        Image.fromarray(pixels).save(folder / part / "cat" / "long.bmp")
    assert said(READERS["image_files"], folder) == []
    shutil.copy(folder / "train" / "cat" / "long.bmp", folder / "test" / "cat" / "long.bmp")
    assert len(said(READERS["image_files"], folder)) == 1


@pytest.mark.parametrize("read", READERS)
def test_tables_and_packs_say_the_same(read, copied, tmp_path):
    (line,) = said(READERS[read], str(table_of(copied)))
    assert ACROSS_PARTS in line
    assert ACROSS_CLASSES in line
    assert len(said(lambda source: data.pack(source, tmp_path / "pack", 8), copied)) == 1
    (line,) = said(READERS[read], tmp_path / "pack")
    assert line.startswith(f"{tmp_path / 'pack'}: {ACROSS_PARTS}")
    assert line.endswith(ACROSS_CLASSES)


def test_a_model_has_parts_of_its_own(folder):
    """Which of a folder's images it was trained on is not known here; which class they have is."""
    train = folder / "train"
    for row in range(6):
        shutil.copy(train / "cat" / f"{row}.bmp", train / "cat" / f"again{row}.bmp")
    assert "copies" in said(lambda source: data.load(source, test_fraction=0.5), train)[0]
    given = {"test_fraction": 0.5, "class_names": ("cat", "dog")}
    assert "copies" in said(lambda source: data.load(source, **given), train)[0]
    with copies.for_a_model():
        assert said(lambda source: data.load(source, **given), train) == []
        shutil.copy(train / "cat" / "1.bmp", train / "dog" / "cat.bmp")
        across = [f"{train}: {ACROSS_CLASSES}"]
        assert said(lambda source: data.load(source, **given), train) == across
    assert "test images are copies" in said(lambda source: data.load(source, **given), train)[0]


def test_several_labels_are_not_compared():
    digests = np.array([1, 1, 2], np.uint64)
    assert copies.across_classes(digests, np.eye(3, dtype=np.float32)) == []
    assert copies.across_classes(digests, np.array([0, 0, 1])) == []
    two = copies.across_classes(np.array([1, 1, 2, 2]), np.array([0, 1, 1, 0]))
    assert two == ["2 images have copies in another class: keep each in one class"]
    assert copies.across_parts(digests[:2], digests[2:], "test") == []


@pytest.mark.parametrize("read", READERS)
def test_of_links_to_a_file_one_is_read(read, folder, monkeypatch):
    asked, digest = [], _identity._of_file
    monkeypatch.setattr(_identity, "_of_file", lambda path: asked.append(path) or digest(path))
    for number in range(3):
        os.link(folder / "train/cat/0.bmp", folder / f"train/dog/link-{number}.bmp")
    (line,) = said(READERS[read], folder)
    assert line == f"{folder}: {ACROSS_CLASSES}"
    assert len(asked) == 1
