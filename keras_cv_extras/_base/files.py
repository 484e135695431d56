"""Files that are whole or absent: written beside their place, then moved into it."""

import contextlib
import ctypes
import errno
import functools
import json
import os
import pathlib
import sys
import zipfile
import zlib

from keras_cv_extras._base import checks
from keras_cv_extras._base.owned import json_text, marks, temporaries
from keras_cv_extras._base.owned.errors import explaining

_SMALL = 1 << 28  # bytes of a file that fits into memory: what does not is claimed and not there
_UNREADABLE = (ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)


@contextlib.contextmanager
def replacing(path, *, kind: str = "folder", known=None, **identity):
    """Gives a temporary path beside `path`; at the end of the block, moves it to `path`.

    An interrupted or failed block leaves what was at `path` as it was. The temporary path may
    be made a file or a folder; it ends as `path` does, since some writers go by the ending.

    A file takes the place of a file, with `known` only of one that this library wrote, or of an
    empty one. A folder takes the place of an empty one, or of one that
    this function wrote: it has the library's mark, with the same kind and identity, and nothing
    has been added to it. Whatever else is at `path` stays, and is an error.

    Args:
        path: where the result goes. Missing parent folders are made.
        kind: what a folder is, for its mark.
        known: None, or a function that says whether this library wrote what is there: of a file,
            or of a folder without a mark, which an earlier version wrote.
        **identity: what a folder of this kind must agree on to be replaced, for JSON.

    Raises:
        OSError, ValueError: if what is at `path` may not be replaced, or nothing can be written;
            one line says why.
    """
    path = pathlib.Path(os.path.abspath(path))
    with explaining(path):
        check_replaceable(path, kind=kind, known=known, **identity)
        made = marks.make_folders(path.parent)
        try:
            temporaries.remove_dead(path.parent)
            with temporaries.temporary(path, alone=kind != "folder") as folder:
                yield folder / path.name
                if (folder / path.name).is_dir():
                    _mark(folder / path.name, kind, identity)
                _sync(folder / path.name)
                check = functools.partial(check_replaceable, kind=kind, known=known, **identity)
                _move(folder, path, check)
        except BaseException:
            marks.remove_folders(made)
            raise


@contextlib.contextmanager
def reserved(*paths):
    """Keeps paths for this thread, which will write there with `replacing` in the end.

    Another process that wants to write there is told before its work, not after it.

    Args:
        *paths: of folders or files; None is passed over.

    Raises:
        OSError, ValueError: if another process is writing there, or nothing can be written.
    """
    with contextlib.ExitStack() as stack:
        for path in paths:
            if path is not None:
                stack.enter_context(_reserved(pathlib.Path(os.path.abspath(path))))
        yield


@contextlib.contextmanager
def _reserved(path):
    temporaries.check_alone(path)
    with explaining(path):
        made = marks.make_folders(path.parent)
        try:
            temporaries.remove_dead(path.parent)
            with temporaries.temporary(path, alone=True):
                yield
        except BaseException:
            marks.remove_folders(made)
            raise


def check_file(path, known=None):
    """Raises if a file cannot be written at a path: said before the work, not after it.

    Args:
        path: the file.
        known: None, or a function that says of a file that is there whether this library wrote
            it. One that it did not write is not replaced.

    Raises:
        OSError: if there is a folder, a link, a device or somebody else's file, or the folder
            cannot be written.
    """
    path = pathlib.Path(os.path.abspath(path))
    checks.path_names(path)
    marks.check_way(path)
    if path.is_symlink():
        raise OSError(f"{path}: a link; give the path of the file that it points to")
    if path.is_dir():
        raise IsADirectoryError(f"{path}: a folder; give the path of a file")
    if path.exists() and not path.is_file():
        raise OSError(f"{path}: not a regular file; give another path")
    check_parent(path)
    if known is not None and path.is_file() and path.stat().st_size and not known(path):
        raise FileExistsError(
            f"{path}: a file that this did not write, and that is not replaced: give another path, "
            "or move it"
        )


def check_parent(path):
    """Raises if the nearest folder above a path that exists is none, or cannot be written to."""
    checks.path_names(path)
    for folder in path.parents:
        if os.path.lexists(folder):
            if not folder.is_dir():
                raise NotADirectoryError(f"{folder}: not a folder; give another path than {path}")
            if not os.access(folder, os.W_OK | os.X_OK):
                number = errno.EROFS if _is_read_only(folder) else errno.EACCES
                with explaining(path):
                    raise OSError(number, os.strerror(number))
            return


def _is_read_only(folder):
    """Returns whether a whole disk may only be read."""
    found = os.statvfs(folder).f_flag if hasattr(os, "statvfs") else 0
    return bool(found & getattr(os, "ST_RDONLY", 0))


def check_replaceable(path, *, kind: str, known=None, **identity):
    """Raises unless nothing is lost if something takes the place of what is at a path.

    The arguments and errors are those of `replacing`.
    """
    if kind != "folder":
        checks.utf8(path)
    path = pathlib.Path(os.path.abspath(path))
    checks.path_names(path)
    marks.check_way(path)
    if kind != "folder":
        temporaries.check_alone(path)
    if path.is_symlink() or not path.is_dir():
        if kind != "folder" and path.is_file():
            raise NotADirectoryError(f"{path}: a file; give the path of a folder")
        check_file(path, known)
        return
    if path in (here := pathlib.Path.cwd(), *here.parents):
        raise IsADirectoryError(f"{path}: a folder that this runs in; give another path")
    if os.path.ismount(path):  # as containers are given volumes: no other folder takes its place
        raise IsADirectoryError(f"{path}: where a disk is mounted; give a new folder in it")
    if not any(path.iterdir()):
        return
    mark = marks.read_mark(path)
    if mark is None and known is not None and known(path):
        return
    if mark is None or mark["kind"] != kind:
        raise IsADirectoryError(
            f"{path}: a folder that this did not write, and that is not replaced: give another "
            "path, or an empty folder"
        )
    added = sorted(marks.contents(path) - set(mark.get("files", ())))
    if added:
        raise IsADirectoryError(
            f"{path}: holds {added[0]}, which this did not write and would be lost: move it, or "
            "give another path"
        )
    before = mark.get("identity") or {}
    for key, value in json.loads(json.dumps(identity)).items():
        if key in before and before[key] != value:
            raise ValueError(
                f"{path}: holds one with another {key} ({_short(before[key])}, not "
                f"{_short(value)}): give another path, or delete it"
            )


def _short(value):
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _mark(folder, kind, identity):
    files = sorted(marks.contents(folder))
    text = marks.mark_text(kind, identity=identity, files=files)
    (folder / marks.MARK).write_text(text, encoding="utf-8")


def _move(folder, path, check):
    """Moves what is in a temporary folder to its place, if what is there may be replaced."""
    check(path)
    new = folder / path.name
    if not new.is_dir():
        os.replace(new, path)  # fails if there is a folder
        return
    if path.is_dir() and any(path.iterdir()):
        if _exchange(new, path):
            try:
                check(new)  # that is what stood there: it may have changed meanwhile
            except BaseException:
                _exchange(new, path)
                raise
            return
        # Killed here, it is put back at the next start.
        os.rename(path, folder / temporaries.PREVIOUS)
    os.replace(new, path)  # fails if there is a folder that is not empty


def remove_own(folder, *, kind: str, known=None):
    """Removes a folder that `replacing` wrote, unless something else is in it by now.

    Args:
        folder: the folder.
        kind: what it is, as its mark says.
        known: as in `replacing`.
    """
    folder = pathlib.Path(folder)
    with contextlib.suppress(OSError):
        if folder.is_symlink() or not folder.is_dir():
            return
        check_replaceable(folder, kind=kind, known=known)
        temporaries.remove(folder)


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


def write_text(path, text, known=None):
    """Writes a text file in one step; `known` is as in `check_file`."""
    check_file(path, known)
    with replacing(path, known=known) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")


def write_json(path, value, known=None, *, finite=True):
    """Writes a JSON file in one step.

    Args:
        path: the file.
        value: what it holds.
        known: as in `check_file`.
        finite: whether numbers that are infinite or none become null, as JSON has no others.
    """
    value = json_text.finite(value) if finite else value
    write_text(path, json.dumps(value, indent=2) + "\n", known)


def write_arrays(path, arrays):
    """Writes NumPy arrays by name in one step."""
    import numpy as np

    check_file(path)
    with replacing(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, **arrays)


def read_arrays(path):
    """Reads what `write_arrays` wrote; a damaged file raises a ValueError that names it."""
    with open_arrays(path) as arrays:
        return {name: arrays[name] for name in arrays.files}


@contextlib.contextmanager
def open_arrays(path):
    """Gives what `write_arrays` wrote; each array is read when it is asked for.

    What a damaged file raises within it is raised as a ValueError that names it.
    """
    import numpy as np

    try:
        with open(path, "rb") as file, np.load(file) as arrays:
            yield arrays
    except (*_UNREADABLE, MemoryError) as error:
        if isinstance(error, MemoryError) and os.path.getsize(path) > _SMALL:
            raise
        raise ValueError(f"{path}: not a file of arrays ({error})") from error


def write_png(picture, path):
    """Writes a uint8 image as a PNG file that says who wrote it, in one step."""
    from PIL import Image, PngImagePlugin

    about = PngImagePlugin.PngInfo()
    about.add_text("Software", "keras_cv_extras")
    with replacing(path) as temporary:
        Image.fromarray(picture).save(temporary, optimize=True, pnginfo=about)


def _sync(path):
    for item in [path, *path.rglob("*")] if path.is_dir() else [path]:
        if item.is_file():
            with item.open("rb") as file:
                os.fsync(file.fileno())
