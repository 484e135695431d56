"""Folders as they are: parts by any of their names, and what is no image is said or passed over."""

import os
import threading
import warnings

import numpy as np
import pytest
from PIL import Image

from keras_cv_extras import data
from keras_cv_extras._base.owned import folders, kinds
from keras_cv_extras.data.files import _folder, _layout

# Images are drawn anew for each part, and come out alike.
pytestmark = pytest.mark.filterwarnings("ignore:.* copies ")


def make(folder, count=2, classes=("cat", "dog"), suffix=".png"):
    for number, name in enumerate(classes):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for row in range(count):
            color = (100 * number, 10 * row, 7)
            Image.new("RGB", (9, 8), color).save(folder / name / f"{row}{suffix}")
    return folder


def both(folder, **options):
    """Loads and lists a folder; returns the numbers of training and test images, and classes."""
    loaded = data.load(folder, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        files = data.image_files(folder, 8, **options)
    counts = (len(loaded.train[1]), len(loaded.test[1]))
    assert counts == (len(files.train), len(files.test))
    assert loaded.class_names == files.class_names
    return *counts, loaded.class_names


def in_time(function):
    """Calls a function that could wait for ever; a daemon thread does not hold up the end."""
    results = []
    thread = threading.Thread(target=lambda: results.append(function()), daemon=True)
    thread.start()
    thread.join(60)
    return results[0]


@pytest.mark.parametrize(
    ("train", "test"),
    [
        *(("Training", "Testing"), ("TRAIN", "Test"), ("train", "dev"), ("train", "Validation")),
        *(("training_set", "Test-Set"), ("train images", "test_imgs "), ("TrainData", "val_split")),
    ],
)
def test_parts_are_known_by_any_of_their_names(tmp_path, train, test):
    make(tmp_path / train, 3)
    make(tmp_path / test, 1)
    assert both(tmp_path) == (6, 2, ("cat", "dog"))


def test_folders_that_may_be_parts_are_not_taken_for_classes_in_silence(tmp_path):
    """As those named in another language, which classes of cameras or years may look like."""
    for name in ("Testen", "Trainieren"):
        make(tmp_path / name, 3)
    said = "'Testen' and 'Trainieren' are taken for classes, and each holds 'cat' and 'dog': if"
    for read in (data.load, lambda folder: data.image_files(folder, 8)):
        with pytest.warns(UserWarning, match=said):
            assert read(tmp_path).class_names == ("Testen", "Trainieren")
    Image.new("RGB", (9, 8)).save(tmp_path / "Testen" / "of the class itself.png")
    assert data.load(tmp_path).class_names == ("Testen", "Trainieren")


@pytest.mark.parametrize("names", [("benign", "malignant"), ("left", "right")])
def test_classes_may_hold_folders_of_the_same_names(tmp_path, names):
    for name in names:
        make(tmp_path / name, 3)
    assert data.load(tmp_path).class_names == names


@pytest.mark.parametrize("pair", [("train", "train_images"), ("Test", "test_set")])
def test_two_folders_for_one_part_are_an_error(tmp_path, pair):
    for name in {"train", *pair}:
        make(tmp_path / name, 3)
    with pytest.raises(ValueError, match=f"{pair[1]}: stands beside {pair[0]}, and both are call"):
        data.load(tmp_path)


def test_a_folder_beside_the_parts_is_an_error(tmp_path):
    make(tmp_path / "train", 3)
    make(tmp_path / "extra", 1)
    for read in (data.load, lambda path: data.image_files(path, 8)):
        with pytest.raises(ValueError, match="extra: stands beside train, whose folders are class"):
            read(tmp_path)


def test_empty_folders_and_those_of_systems_are_said(tmp_path):
    make(tmp_path, 3)
    for name in ("__MACOSX", ".cache", "@eaDir"):
        make(tmp_path / name, 1)
    for name in ("Thumbs.db", ".DS_Store", "desktop.ini"):
        (tmp_path / "cat" / name).write_bytes(b"no image")
    (tmp_path / "cat" / "@eaDir").mkdir()
    (tmp_path / "dog" / "@eaDir").mkdir()
    (tmp_path / "dog" / "@eaDir" / "0.png").write_bytes(b"no image")
    with pytest.warns(UserWarning, match="folders of systems") as caught:
        total = both(tmp_path)
    assert (sum(total[:2]), total[2]) == (6, ("cat", "dog"))
    said = str(caught[0].message).partition("folders of systems are passed over: ")[2]
    assert sorted(said.split(", ")) == [".cache (1)", "@eaDir (2)", "__MACOSX (1)"]
    (tmp_path / "images").mkdir()
    with pytest.warns(UserWarning, match="images is empty"):
        assert both(tmp_path)[2] == ("cat", "dog")


def test_images_without_labels_are_said(tmp_path):
    make(tmp_path / "train", 4)
    (tmp_path / "test").mkdir()
    for row in range(3):
        Image.new("RGB", (9, 8)).save(tmp_path / "test" / f"{row}.png")
    (tmp_path / "test" / "._0.png").write_bytes(b"of a system")
    with pytest.warns(UserWarning, match="the 3 images in test are in no class folder"):
        assert sum(both(tmp_path)[:2]) == 8
    for row in (1, 2):
        (tmp_path / "test" / f"{row}.png").unlink()
    with pytest.warns(UserWarning, match="the image in test is in no class folder: it is not us"):
        both(tmp_path)


def test_images_of_other_kinds_are_counted_by_suffix(tmp_path):
    make(tmp_path, 3)
    make(tmp_path, 5, suffix=".TIFF")
    make(tmp_path, 4, suffix=".webp")
    (tmp_path / "cat" / "x.heic").write_bytes(b"")
    (tmp_path / "cat" / "notes.txt").write_text("no image")
    with pytest.warns(UserWarning, match="14 of 25 images are used, skipped: 10 .tiff, 1 .heic"):
        assert sum(both(tmp_path)[:2]) == 14


def test_pipes_are_not_opened_and_links_are_followed_once(tmp_path):
    make(tmp_path / "images", 3)
    make(tmp_path / "far", 2, classes=("more",))
    cat = tmp_path / "images" / "cat"
    os.mkfifo(cat / "pipe.jpg")
    (cat / "broken.jpg").symlink_to(tmp_path / "nowhere")
    (cat / "more").symlink_to(tmp_path / "far" / "more")
    (cat / "circle").symlink_to(cat)
    with pytest.warns(UserWarning, match="images are used") as caught:
        counts = in_time(lambda: both(tmp_path / "images"))
    assert sum(counts[:2]) == 8
    message = str(caught[0].message)
    for said in ("8 of 11 images", "1 pipes", "1 broken links", "1 links to a folder that is read"):
        assert said in message


@pytest.mark.wide
def test_file_names_need_not_be_utf8(tmp_path):
    make(tmp_path, 3)
    for name in ("cat", "dog"):
        path = os.path.join(os.fsencode(tmp_path / name), b"\xff\xe4.png")
        Image.new("RGB", (9, 8)).save(os.fsdecode(path))
    bad = os.fsdecode(os.path.join(os.fsencode(tmp_path / "cat"), b"\xe4.png"))
    with open(bad, "wb") as file:
        file.write((tmp_path / "cat" / "0.png").read_bytes()[:45])
    with pytest.warns(UserWarning, match=r"1 of 9 .*\\xe4.png") as caught:
        data.load(tmp_path)
    str(caught[0].message).encode("utf-8")
    files = data.image_files(tmp_path, 8, max_bad=0.5)
    for part in (files.train, files.test):
        images = [batch[0] for batch in data.pipeline(part, 2, shuffle=False, epoch=0)]
        assert np.concatenate(images).shape[1:] == (8, 8, 3)
    assert bad in files.unreadable()


def test_a_link_to_another_folder_of_images_is_not_read_twice(tmp_path):
    make(tmp_path / "data", 3)
    (tmp_path / "data" / "cat" / "up").symlink_to(tmp_path / "data")
    (tmp_path / "data" / "ant").symlink_to(tmp_path / "data" / "cat")
    with (
        pytest.warns(UserWarning, match="6 of 8 images are used, skipped: 2 links to a folder"),
        pytest.raises(ValueError, match="class 'ant' has no image to train on"),
    ):
        data.load(tmp_path / "data")
    make(tmp_path / "parts" / "train", 3)
    (tmp_path / "parts" / "test").symlink_to(tmp_path / "parts" / "train")
    with pytest.warns(UserWarning, match="skipped: 2 links to a folder that is read already"):
        train, test, _ = both(tmp_path / "parts")
    assert train + test == 6


def test_what_links_lead_to_is_read_where_it_stands(tmp_path):
    make(tmp_path / "one", 4)
    for part in ("train", "test"):
        make(tmp_path / "parts" / part, 3)
    (tmp_path / "parts" / "val").symlink_to(tmp_path / "parts" / "test")
    with pytest.warns(UserWarning, match="2 links to a folder that is read already"):
        train, test, _ = both(tmp_path / "parts")
    assert (train, test) == (6, 6)
    (tmp_path / "one" / "dog" / "sub").mkdir()
    (tmp_path / "one" / "dog" / "0.png").rename(tmp_path / "one" / "dog" / "sub" / "0.png")
    (tmp_path / "one" / "cat" / "more").symlink_to(tmp_path / "one" / "dog" / "sub")
    with pytest.warns(UserWarning, match="8 of 9 images are used, skipped: 1 links to a folder"):
        listed = _folder.listing(tmp_path / "one")
    assert np.bincount(listed.labels).tolist() == [4, 4]


def test_links_in_what_a_link_leads_to_are_followed(tmp_path):
    make(tmp_path / "images", 2)
    make(tmp_path / "far", 3, classes=("more",))
    (tmp_path / "near").mkdir()
    (tmp_path / "near" / "more").symlink_to(tmp_path / "far" / "more")
    (tmp_path / "images" / "cat" / "near").symlink_to(tmp_path / "near")
    listed = _folder.listing(tmp_path / "images")
    assert np.bincount(listed.labels).tolist() == [5, 2]


def test_many_archives_are_one_sentence(tmp_path):
    for number in range(30):
        (tmp_path / f"n{number}.tar").write_bytes(b"an archive")
    with pytest.raises(
        ValueError, match=r"no class folders.*30 files are archives, such as n0.tar"
    ):
        _folder.listing(tmp_path)


def test_what_lies_beside_classes_and_what_may_be_an_image_is_said(tmp_path):
    make(tmp_path, 4)
    Image.new("RGB", (9, 8)).save(tmp_path / "loose.png")
    (tmp_path / "wolf.zip").write_bytes(b"PK")
    (tmp_path / "cat" / "more.tar.gz").write_bytes(b"no image")
    (tmp_path / "cat" / "0.png").rename(tmp_path / "cat" / "0.png.crdownload")
    (tmp_path / "cat" / "1.png").rename(tmp_path / "cat" / "1")
    (tmp_path / "cat" / "LICENSE").write_text("text")
    (tmp_path / "cat" / "2.png.txt").write_text("a caption")
    with pytest.warns(UserWarning, match="images are used") as caught:
        assert sum(both(tmp_path)[:2]) == 6
    said = str(caught[0].message)
    for line in (
        "6 of 9 images are used",
        "1 .gz",
        "1 whose names go on after the suffix",
        "1 without a suffix",
        f"the image in {tmp_path.name} is in no class folder: it is not used",
        "wolf.zip is an archive: unpack it if it holds images",
    ):
        assert line in said


def test_a_folder_around_the_classes_is_named(tmp_path):
    make(tmp_path / "images", 3)
    with pytest.raises(ValueError, match="one class only, 'images'.* If cat, dog are the classes"):
        data.load(tmp_path)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("Cat", "cat"), "'Cat' and 'cat' look alike"),
        (("caf\u00e9", "cafe\u0301"), r"'cafe\\u0301' and 'caf\\xe9' look alike"),
        (("cat", " cat\u200b"), r"' cat\\u200b' and 'cat' look alike"),
        (("1", "01", "2"), "'01' and '1' look alike"),
        (("nan", "cat"), "the class 'nan' may stand for a missing label"),
        (("0", "1", "-1"), "the class '-1' is below zero"),
        (("0.5", "1.5"), "numbers with fractions"),
    ],
)
def test_names_of_classes_that_may_not_be_meant_are_said(tmp_path, names, said):
    make(tmp_path, 3, names)
    with pytest.warns(UserWarning, match=said):
        assert set(both(tmp_path)[2]) == set(names)


def test_letters_of_both_cases_are_classes(tmp_path):
    assert both(make(tmp_path, 3, ("A", "a", "b")))[2] == ("A", "a", "b")
    assert both(make(tmp_path / "more", 3, ("-1", "-2")))[2] == ("-1", "-2")


def test_what_was_written_into_the_folder_is_no_class(tmp_path):
    make(tmp_path, 5)
    before = both(tmp_path)
    for place in (tmp_path / "results", tmp_path / "cat" / "results"):
        with folders.owned(place, kinds.TRAINING):
            Image.new("RGB", (9, 8)).save(place / "worst.png")
            (place / "train.json").write_text("{}")
    with pytest.warns(UserWarning, match=r"results is passed over: results .training., no class"):
        assert both(tmp_path) == before
    made = tmp_path / "owl"
    with folders.owned(made, kinds.MADE_IMAGES):
        make(tmp_path, 5, ("owl",))
    with pytest.warns(UserWarning, match="1 folders of results"):
        assert both(tmp_path)[2] == ("cat", "dog", "owl")


def test_the_training_part_is_listed_first(tmp_path):
    for name in ("eval", "test", "train"):
        (tmp_path / name / "a").mkdir(parents=True)
    found = _layout.parts(tmp_path, _layout.Skipped())
    assert [(folder.name, is_test) for folder, is_test in found][0] == ("train", False)
