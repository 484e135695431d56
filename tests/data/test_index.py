"""The index of a folder: headers are read once, and again where a file is new or changed."""

import os

import numpy as np
import pytest
from PIL import Image

from keras_cv_extras import data
from keras_cv_extras._base import files
from keras_cv_extras.data.files import _folder, _image_files, _index


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(_index, "_FEWEST", 1)
    for name in ("cat", "dog"):
        (tmp_path / "photographs" / name).mkdir(parents=True)
        for number in range(4):
            paint(tmp_path / "photographs" / name / f"{number}.png", 20 + number)
    return tmp_path / "photographs"


def paint(path, height):
    value = ("cat", "dog").index(path.parent.name)
    Image.fromarray(np.full((height, 30, 3), value, "uint8")).save(path)


@pytest.fixture
def opened(monkeypatch):
    """The names of the files whose headers are read."""
    seen, read = [], _image_files._facts

    def facts(path):
        seen.append(os.path.basename(path))
        return read(path)

    monkeypatch.setattr(_image_files, "_facts", facts)
    return seen


def heights(files):
    parts = (files.train, files.test)
    return {
        os.path.join(*path.split(os.sep)[-2:]): int(facts[1])
        for part in parts
        for path, facts in zip(part.paths, part.facts, strict=True)
    }


def test_only_new_and_changed_files_are_opened_again(folder, opened):
    first = heights(data.image_files(folder, 16))
    assert len(opened) == 8
    opened.clear()
    assert heights(data.image_files(folder, 16)) == first
    assert opened == [], "all is known"
    paint(folder / "cat" / "9.png", 44)
    paint(folder / "dog" / "0.png", 50)
    (folder / "dog" / "3.png").unlink()
    changed = heights(data.image_files(folder, 16))
    assert sorted(opened) == ["0.png", "9.png"]
    gone = {os.path.join("dog", "3.png"): 23}
    new = {os.path.join("cat", "9.png"): 44, os.path.join("dog", "0.png"): 50}
    assert changed == {**{k: v for k, v in first.items() if k not in gone}, **new}
    opened.clear()
    assert heights(data.image_files(folder, 16)) == changed
    assert opened == []


def test_a_file_that_keeps_its_size_is_known_by_its_time(folder, opened):
    path = folder / "cat" / "1.png"
    data.image_files(folder, 16)
    opened.clear()
    os.utime(path, ns=(0, os.stat(path).st_mtime_ns + 1))
    data.image_files(folder, 16)
    assert opened == ["1.png"]


def test_what_was_read_before_an_interruption_is_kept(folder, opened, monkeypatch):
    facts = _image_files._facts

    def interrupted(path):
        if path.endswith(os.path.join("dog", "1.png")):
            raise KeyboardInterrupt
        return facts(path)

    monkeypatch.setattr(_image_files, "_facts", interrupted)
    monkeypatch.setattr(_folder, "num_cores", lambda: 1)
    with pytest.raises(KeyboardInterrupt):
        data.image_files(folder, 16)
    monkeypatch.setattr(_image_files, "_facts", facts)
    opened.clear()
    assert len(heights(data.image_files(folder, 16))) == 8
    assert sorted(opened)[-3:] == ["1.png", "2.png", "3.png"]
    assert len(opened) < 8


def test_what_could_not_be_read_is_tried_again(folder, opened):
    bad = folder / "cat" / "bad.png"
    bad.write_bytes(b"")
    for _ in range(2):
        opened.clear()
        assert data.image_files(folder, 16).refused == {str(bad): "an empty file"}
        assert "bad.png" in opened
    assert opened == ["bad.png"]


def test_a_damaged_index_is_written_anew(folder, opened, tmp_path):
    first = heights(data.image_files(folder, 16))
    (index,) = (tmp_path / "cache" / "keras_cv_extras" / "index").iterdir()
    index.write_bytes(b"no arrays")
    assert heights(data.image_files(folder, 16)) == first
    opened.clear()
    data.image_files(folder, 16)
    assert opened == []
    assert {item.name for item in folder.iterdir()} == {"cat", "dog"}, "nothing beside the images"


def test_a_folder_of_few_files_has_no_index(folder, monkeypatch, tmp_path):
    monkeypatch.setattr(_index, "_FEWEST", 9)
    data.image_files(folder, 16)
    assert not (tmp_path / "cache").exists()


def test_a_cache_that_cannot_be_written_is_done_without(folder, tmp_path):
    (tmp_path / "cache").write_text("a file in the way")
    assert len(heights(data.image_files(folder, 16))) == 8


def kept(tmp_path):
    """Where the index is, and what is in it."""
    (place,) = (tmp_path / "cache" / "keras_cv_extras" / "index").iterdir()
    return place, files.read_arrays(place)


@pytest.mark.parametrize("name", ["version", "facts", "names", "stamps", "digests"])
def test_an_index_of_another_form_is_not_read(folder, opened, tmp_path, name):
    first = heights(data.image_files(folder, 16))
    place, whole = kept(tmp_path)
    other = np.array(1) if name == "version" else whole[name][:1]
    for changed in ({**whole, name: other}, {n: whole[n] for n in whole if n != name}):
        files.write_arrays(place, changed)
        opened.clear()
        assert heights(data.image_files(folder, 16)) == first
        assert len(opened) == 8
        assert kept(tmp_path)[1].keys() == whole.keys(), "it is written anew"
    place.write_bytes(b"PK\x03\x04 and nothing more")
    assert heights(data.image_files(folder, 16)) == first


def test_an_index_is_read_whatever_the_order_of_its_files(folder, opened, tmp_path):
    first = heights(data.image_files(folder, 16))
    place, whole = kept(tmp_path)
    names = whole["names"].tobytes().split(b"\0")[:-1][::-1]
    turned = {n: whole[n][::-1] for n in ("stamps", "facts", "digests")}
    turned["names"] = np.frombuffer(b"".join(name + b"\0" for name in names), "uint8")
    files.write_arrays(place, {**whole, **turned})
    opened.clear()
    assert heights(data.image_files(folder, 16)) == first
    assert opened == []


def test_files_that_may_be_copies_are_read_once(folder, monkeypatch, recwarn):
    read = []
    digests = _index.file_digests
    monkeypatch.setattr(_index, "file_digests", lambda some: read.extend(some) or digests(some))
    (folder / "dog" / "copy.png").write_bytes((folder / "cat" / "0.png").read_bytes())
    for expected in (2, 2):
        data.image_files(folder, 16)
        assert len(read) == expected
        assert "copies in another class" in str(recwarn.pop().message)
    os.utime(folder / "dog" / "copy.png", ns=(0, 7))
    data.image_files(folder, 16)
    assert [os.path.basename(path) for path in read[2:]] == ["copy.png"]


def test_folders_of_one_name_have_an_index_each(folder, opened, tmp_path, monkeypatch):
    other = tmp_path / "other"
    (other / "photographs" / "cat").mkdir(parents=True)
    (other / "photographs" / "dog").mkdir()
    for name in ("cat", "dog"):
        for number in range(2):
            paint(other / "photographs" / name / f"{number}.png", 30 + number)
    for place in (tmp_path, other):
        monkeypatch.chdir(place)
        data.image_files("photographs", 16, test_fraction=0.5)
    opened.clear()
    for place in (tmp_path, other):
        monkeypatch.chdir(place)
        data.image_files("photographs", 16, test_fraction=0.5)
    assert opened == []
