"""The index of a file of records: whole, as it was written, or refused."""

import numpy as np
import pytest

from keras_cv_extras._base import files
from keras_cv_extras.data.packed import _records

GOOD = {
    "starts": np.array([20, 60]),
    "lengths": np.array([30, 40]),
    "labels": np.array([1, 0], "int32"),
    "facts": np.ones((2, 4), "int32"),
    "digests": np.array([7, 9], np.uint64),
    "names": np.frombuffer(b"a\0b", np.uint8),
    "bytes": np.array(100),
    "sha256": np.array("of it"),
}
SOUND = {
    "a record up to the end": {"lengths": np.array([80, 40])},
    "rows of labels": {"labels": np.ones((2, 3), "float32")},
    "digests of several parts": {"digests": np.ones((2, 2), np.uint64)},
    "no record": {
        **{name: GOOD[name][:0] for name in _records.ARRAYS},
        "names": np.frombuffer(b"", np.uint8),
    },
}
DAMAGED = {
    "a record beyond the end": {"lengths": np.array([30, 41])},
    "a record longer than the file": {"lengths": np.array([101, 40])},
    "a start below 0": {"starts": np.array([-1, 60])},
    "a length below 0": {"lengths": np.array([30, -1])},
    "a sum beyond its type": {"starts": np.array([20, 2**63 - 1])},
    "starts of floats": {"starts": np.array([20.0, 60.0])},
    "starts by columns": {"starts": np.array([[20], [60]])},
    "labels of floats": {"labels": np.array([1.0, 0.0])},
    "a label below 0": {"labels": np.array([-1, 0])},
    "labels of three axes": {"labels": np.ones((2, 3, 1), "float32")},
    "labels of text": {"labels": np.array(["a", "b"])},
    "facts in a row": {"facts": np.ones(2, "int32")},
    "facts of floats": {"facts": np.ones((2, 4))},
    "digests with a sign": {"digests": np.array([7, 9])},
    "digests of three axes": {"digests": np.ones((2, 2, 2), np.uint64)},
    "fewer labels": {"labels": np.array([1], "int32")},
    "fewer digests": {"digests": np.array([7], np.uint64)},
    "several sizes": {"bytes": np.array([100, 100])},
    "fewer names": {"names": np.frombuffer(b"a", np.uint8)},
    "more names": {"names": np.frombuffer(b"a\0b\0c", np.uint8)},
    "another size": {"bytes": np.array(101)},
}


@pytest.fixture
def read(tmp_path):
    def through(changes, size=100, thorough=False):
        path = tmp_path / "train.tfrecord"
        path.write_bytes(bytes(size))
        files.write_arrays(path.with_suffix(".npz"), {**GOOD, **changes})
        return _records.read(path, thorough=thorough)

    return through


@pytest.mark.parametrize("changes", [{}, *SOUND.values()], ids=["as written", *SOUND])
def test_what_is_read_of_it(read, changes):
    found = read(changes)
    assert found["names"] == ([b"a", b"b"] if len(found["starts"]) else [b""])
    for name in _records.ARRAYS:
        np.testing.assert_array_equal(found[name], {**GOOD, **changes}[name])


@pytest.mark.parametrize("changes", DAMAGED.values(), ids=DAMAGED)
def test_what_is_damaged(read, changes):
    with pytest.raises(ValueError, match="damaged; pack the images again into this folder"):
        read(changes)


@pytest.mark.parametrize("name", [*_records.ARRAYS, "names", "bytes", "sha256"])
def test_an_array_that_is_missing(tmp_path, name):
    path = tmp_path / "train.tfrecord"
    path.write_bytes(bytes(100))
    rest = {key: value for key, value in GOOD.items() if key != name}
    files.write_arrays(path.with_suffix(".npz"), rest)
    with pytest.raises(ValueError, match=r"train\.npz: damaged"):
        _records.read(path)


def test_a_thorough_look_reads_the_file(read, tmp_path, monkeypatch):
    monkeypatch.setattr(_records, "_BLOCK", 64)
    path = tmp_path / "train.tfrecord"
    with pytest.raises(ValueError, match=r"train\.tfrecord: damaged"):
        read({}, thorough=True)
    path.write_bytes(bytes(100))
    whole = {"sha256": np.array(_records._sha256(path))}
    assert len(read(whole, thorough=True)["starts"]) == 2
    assert _records.is_whole(path)
    path.write_bytes(bytes(99) + b"x")
    assert not _records.is_whole(path)
    path.unlink()
    assert not _records.is_whole(path)
    with pytest.raises(FileNotFoundError, match="no such file; pack the images again"):
        _records.read(path)


def test_a_record_keeps_names_that_are_no_text():
    name = b"caf\xe9".decode("utf-8", "surrogateescape")  # of a folder, in another coding
    made = _records.example(b"content", [3], [name], b"a.jpg", (0, 7, 9, 0), "jpeg")
    assert b"caf\xe9" in made
    assert b"content" in made
