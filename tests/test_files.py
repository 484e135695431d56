"""What is replaced in one step is whole at every moment."""

import errno
import functools
import os
import random
import subprocess
import sys
import threading
import time

import pytest

from keras_cv_extras._base import files

WRITER = """
import itertools, sys
from keras_cv_extras._base import files

for number in itertools.count():
    with files.replacing(sys.argv[1]) as folder:
        folder.mkdir()
        for name in ("first", "second"):
            (folder / name).write_text(f"{number} " * 20_000)
    print(number, flush=True)
"""


linux = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux lets two folders change places"
)


@linux
def test_a_killed_writer_leaves_a_whole_folder(tmp_path):
    path = tmp_path / "folder"
    seen = set()
    numbers = random.Random(0)
    for least in range(10):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
        ) as process:
            for number in range(least + 1):
                assert process.stdout.readline() == f"{number}\n"
            time.sleep(numbers.uniform(0, 0.02))  # somewhere in the next folders
            process.kill()
        first, second = ((path / name).read_text() for name in ("first", "second"))
        assert first == second
        assert len(first.split()) == 20_000
        assert len(set(first.split())) == 1
        seen.add(int(first.split()[0]))
        assert int(first.split()[0]) >= least
    assert len(seen) > 1


@linux
def test_there_is_no_moment_without_a_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_sync", lambda path: None)  # the disk would take the time
    path = tmp_path / "folder"

    def write():
        with files.replacing(path) as folder:
            folder.mkdir()
            (folder / "file").touch()

    write()
    written, enough = [], threading.Event()

    def go_on():
        while not enough.is_set():
            written.append(write())

    writer = threading.Thread(target=go_on)
    writer.start()
    try:
        looks, deadline = 0, time.monotonic() + 60
        while len(written) < 100 or looks < 100:
            os.stat(path)
            looks += 1
            assert writer.is_alive()
            assert time.monotonic() < deadline
    finally:
        enough.set()
        writer.join()


@linux
def test_a_folder_changes_places_with_the_new_one_in_one_call(tmp_path, monkeypatch):
    def write(text):
        with files.replacing(tmp_path / "folder") as folder:
            folder.mkdir()
            (folder / "file").write_text(text)

    def refuse(*paths):
        raise AssertionError("it was moved away first")

    write("old")
    monkeypatch.setattr(files.os, "replace", refuse)
    write("new")
    assert (tmp_path / "folder" / "file").read_text() == "new"
    assert os.listdir(tmp_path) == ["folder"]


def test_without_the_system_call_a_folder_is_replaced_too(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_exchange", lambda first, second: False)
    for number in range(2):
        with files.replacing(tmp_path / "folder") as folder:
            folder.mkdir()
            (folder / "file").write_text(str(number))
    assert (tmp_path / "folder" / "file").read_text() == "1"
    assert os.listdir(tmp_path) == ["folder"]


def test_a_failed_block_changes_nothing(tmp_path):
    files.write_text(tmp_path / "file", "before")

    def fail():
        with files.replacing(tmp_path / "file") as temporary:
            temporary.write_text("after")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert (tmp_path / "file").read_text() == "before"
    assert os.listdir(tmp_path) == ["file"]


def test_a_name_that_no_disk_takes_is_told_before_the_work(tmp_path):
    files.check_parent(tmp_path / ("n" * 255))
    for check in (files.check_file, functools.partial(files.check_replaceable, kind="folder")):
        with pytest.raises(OSError, match="a name of more than 255 bytes: give .* than llll"):
            check(tmp_path / ("l" * 300) / "model.keras")
    with pytest.raises(OSError, match="a name of more than 255 bytes: give a shorter one"):
        files.check_parent(tmp_path / ("n" * 256))


def test_only_errors_of_writing_are_said_to_be_of_the_output(tmp_path):
    """What is read beside the output, or runs out elsewhere, is named as it was."""
    import tensorflow as tf

    source = tmp_path / "out.csv"

    def of_system(number, file=None):
        return OSError(number, os.strerror(number), file)

    def of_tensorflow(number, file):
        return tf.errors.PermissionDeniedError(None, None, f"{file}; {os.strerror(number)}")

    def raised(make, number, *file):
        try:
            with files.replacing(tmp_path / "out") as temporary:
                named = [temporary / "part" if item == "temporary" else item for item in file]
                raise make(number, *named)
        except (OSError, tf.errors.OpError) as error:
            return "cannot write" in str(error)

    for number in (errno.EACCES, errno.ENOSPC):
        assert raised(of_system, number)
        for file in ("temporary", tmp_path, tmp_path / "out", tmp_path / "out" / "part"):
            assert raised(of_system, number, file)
        assert not raised(of_system, number, source)
        assert raised(of_tensorflow, number, "temporary")
        assert raised(of_tensorflow, number, tmp_path / "out")
        assert not raised(of_tensorflow, number, source)
    for number in (errno.EMFILE, errno.EIO, errno.ENOENT):
        assert not raised(of_system, number, "temporary")
