"""Files that are whole or absent: written beside their place, then moved into it."""

import contextlib
import ctypes
import errno
import fnmatch
import json
import os
import pathlib
import shutil
import sys
import tempfile
import time
import zipfile
import zlib

_FULL = "free some space there, or choose a folder on another disk, and start again"
_CLOSED = "choose a folder that you may write to"
_ADVICE = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: _FULL,  # a limit of the process, as batch systems set it
    errno.EROFS: _CLOSED,
    errno.EACCES: _CLOSED,
    errno.EPERM: _CLOSED,
}


@contextlib.contextmanager
def replacing(path):
    """Gives a temporary path beside `path`; at the end of the block, moves it to `path`.

    An interrupted or failed block leaves what was at `path` as it was. The temporary path may
    be made a file or a folder; it ends as `path` does, since some writers go by the ending.

    Args:
        path: where the result goes. Missing parent folders are made.
    """
    path = pathlib.Path(path)
    with explaining(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = pathlib.Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
        try:
            yield folder / path.name
            _sync(folder / path.name)
            if not (path.is_dir() and _exchange(folder / path.name, path)):
                if path.is_dir():  # killed between these two steps, the old one is in the folder
                    os.replace(path, folder / "previous")
                os.replace(folder / path.name, path)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def explaining(path):
    """Makes of an error that says that nothing can be written one that says what to do.

    Raises:
        OSError: of the same class and number, if the disk is full or the folder read-only.
    """
    try:
        yield
    except OSError as error:
        advice = _ADVICE.get(error.errno)
        if advice is None or getattr(error, "explained", False):
            raise
        better = OSError(
            error.errno,
            f"cannot write {path} ({os.strerror(error.errno).lower()}): {advice}. What was "
            "written before is as it was",
        )
        better.explained = True
        raise better from error


def remove_leftovers(folder, *, age: float = 0.0):
    """Removes the temporary folders that killed writers have left in a folder and below it.

    Args:
        folder: the folder.
        age: seconds since the last change that make a temporary folder a leftover.
    """
    for parent, names, _ in os.walk(folder):
        for name in fnmatch.filter(names, ".*.????????"):  # as `mkdtemp` names them
            path = pathlib.Path(parent, name)
            with contextlib.suppress(FileNotFoundError):  # its writer has finished meanwhile
                changed = max(item.stat().st_mtime for item in [path, *path.iterdir()])
                if time.time() - changed >= age:
                    shutil.rmtree(path, ignore_errors=True)


def _exchange(first, second):
    """Lets two paths change places in one step, where the system can; returns whether it did.

    No other call replaces a folder that is not empty: with two renames there is a moment at which
    there is none.
    """
    rename = getattr(ctypes.CDLL(None), "renameat2", None) if sys.platform == "linux" else None
    if rename is None:
        return False
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    names = [os.fsencode(os.path.abspath(path)) for path in (first, second)]
    return rename(here, names[0], here, names[1], exchange) == 0


def write_text(path, text):
    """Writes a text file in one step."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path, value):
    """Writes a JSON file in one step."""
    write_text(path, json.dumps(value, indent=2) + "\n")


def read_json(path):
    """Reads a JSON file; a missing or damaged one raises an error that names it."""
    path = pathlib.Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a JSON file ({error})") from error


def write_arrays(path, arrays):
    """Writes NumPy arrays by name in one step."""
    import numpy as np

    with replacing(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, **arrays)


def read_arrays(path):
    """Reads what `write_arrays` wrote; a damaged file raises a ValueError that names it."""
    import numpy as np

    try:
        with open(path, "rb") as file, np.load(file) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{path}: not a file of arrays ({error})") from error


def _sync(path):
    for item in [path, *path.rglob("*")] if path.is_dir() else [path]:
        if item.is_file():
            with item.open("rb") as file:
                os.fsync(file.fileno())
