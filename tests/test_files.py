"""What is replaced in one step is whole at every moment."""

import os
import random
import subprocess
import sys
import threading
import time

import pytest

from keras_cv_extras import _files

WRITER = """
import itertools, sys
from keras_cv_extras import _files

for number in itertools.count():
    with _files.replacing(sys.argv[1]) as folder:
        folder.mkdir()
        for name in ("first", "second"):
            (folder / name).write_text(f"{number} " * 20_000)
    if number == 0:
        print("begun", flush=True)
"""


linux = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux lets two folders change places"
)


@linux
def test_a_killed_writer_leaves_a_whole_folder(tmp_path):
    path = tmp_path / "folder"
    seen = set()
    numbers = random.Random(0)
    for _ in range(10):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout.readline() == "begun\n"
            time.sleep(numbers.uniform(0, 0.2))
            process.kill()
        first, second = ((path / name).read_text() for name in ("first", "second"))
        assert first == second
        assert len(first.split()) == 20_000
        assert len(set(first.split())) == 1
        seen.add(first[:9])
    assert len(seen) > 1


@linux
def test_there_is_no_moment_without_a_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(_files, "_sync", lambda path: None)  # the disk would take the time
    path = tmp_path / "folder"

    def write():
        with _files.replacing(path) as folder:
            folder.mkdir()
            (folder / "file").touch()

    write()
    writer = threading.Thread(target=lambda: [write() for _ in range(300)])
    writer.start()
    looks = 0
    while writer.is_alive():
        os.stat(path)
        looks += 1
    writer.join()
    assert looks > 100


def test_without_the_system_call_a_folder_is_replaced_too(tmp_path, monkeypatch):
    monkeypatch.setattr(_files, "_exchange", lambda first, second: False)
    for number in range(2):
        with _files.replacing(tmp_path / "folder") as folder:
            folder.mkdir()
            (folder / "file").write_text(str(number))
    assert (tmp_path / "folder" / "file").read_text() == "1"
    assert os.listdir(tmp_path) == ["folder"]


def test_a_failed_block_changes_nothing(tmp_path):
    _files.write_text(tmp_path / "file", "before")

    def fail():
        with _files.replacing(tmp_path / "file") as temporary:
            temporary.write_text("after")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert (tmp_path / "file").read_text() == "before"
    assert os.listdir(tmp_path) == ["file"]
