"""The library's own mark, which tells its folders from everybody else's, and locks.

A mark is the file `.keras_cv_extras.json` in a folder. What has none is somebody else's, and is
neither replaced nor removed.
"""

import contextlib
import errno
import fnmatch
import json
import os
import pathlib
import time
from collections.abc import Iterable
from typing import Any

from keras_cv_extras._base.owned import json_text

try:
    import fcntl
except ImportError:  # not on Windows, where locks are not taken
    fcntl = None

FORMAT, VERSION = "keras_cv_extras", 1
MARK = ".keras_cv_extras.json"
LOCK = ".keras_cv_extras.lock"
_TRIES, _PAUSE = 20, 0.002  # who only looks whether a file is locked is in the way for an instant


def read_mark(folder) -> dict[str, Any] | None:
    """Returns the mark of a folder; None if it has none, or a damaged one."""
    path = pathlib.Path(folder, MARK)
    try:
        if path.is_symlink() or not path.is_file():
            return None
        mark = json_text.parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(mark, dict) or mark.get("format") != FORMAT:
        return None
    listed = mark.get("files", [])
    sound = isinstance(mark.get("kind"), str) and isinstance(mark.get("identity") or {}, dict)
    return mark if sound and isinstance(listed, list) and all(map(_is_text, listed)) else None


def _is_text(value):
    return isinstance(value, str)


def mark_text(kind: str, **fields) -> str:
    """Returns the text of a mark."""
    return json.dumps({"format": FORMAT, "version": VERSION, "kind": kind, **fields}) + "\n"


def contents(folder) -> set[str]:
    """Returns the paths of all in a folder, relative to it, but for the mark and the lock."""
    found = set()
    for parent, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            found.add(pathlib.Path(parent, name).relative_to(folder).as_posix())
    return found - {MARK, LOCK}


def check_links(folder, names: Iterable[str]) -> None:
    """Raises if what is written in a folder is a link: it would be written through it.

    Links that nobody writes to may be anywhere, and lead anywhere.

    Args:
        folder: which itself may be given as a link.
        names: patterns of what is written, as paths relative to the folder.

    Raises:
        OSError: that names the first one.
    """
    _check_within(folder, folder, [name.split("/") for name in (*names, MARK, LOCK)])


def _check_within(place, folder, patterns):
    try:
        with os.scandir(place) as items:
            found = sorted(items, key=lambda item: item.name)
    except OSError:  # who writes there says so
        return
    for item in found:
        written = [parts for parts in patterns if fnmatch.fnmatchcase(item.name, parts[0])]
        if written and item.is_symlink():
            raise _through(item.path, folder)
        below = [parts[1:] for parts in written if len(parts) > 1]
        if below and item.is_dir():
            _check_within(item.path, folder, below)


def check_way(path):
    """Raises if the way to a path passes a link in a folder that has a mark.

    Raises:
        OSError: that names the link.
    """
    path = pathlib.Path(os.path.abspath(path))
    for step in [path, *path.parents]:
        if step.is_symlink():
            for folder in step.parents:
                if read_mark(folder) is not None:
                    raise _through(step, folder)


def _through(link, folder):
    return OSError(
        f"{link}: a link, and nothing is written through links in {folder}: replace it by what it "
        "points to, or give another path"
    )


def make_folders(path) -> list[pathlib.Path]:
    """Makes a folder and those above it; returns the new ones, the innermost first.

    Raises:
        NotADirectoryError: if there is a file in the way.
    """
    path = pathlib.Path(path)
    missing = []
    for folder in [path, *path.parents]:
        if os.path.lexists(folder):
            if not folder.is_dir():
                raise NotADirectoryError(f"{folder}: not a folder; give another path")
            break
        missing.append(folder)
    path.mkdir(parents=True, exist_ok=True)
    return missing


def remove_folders(folders):
    """Removes what `make_folders` returned, as far as it is empty."""
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return


def lock(path, text: str = "") -> int | None:
    """Locks a file for this process, until it ends or closes what is returned.

    The system holds the lock: a process that is killed gives it up.

    Args:
        path: the file; it is made if it is missing.
        text: what to write into it.

    Returns:
        A file descriptor; None if another process has the lock.
    """
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
        try:
            if not _is_free(file):
                os.close(file)
                return None
            if not _is_at(file, path):  # its owner has removed it meanwhile
                os.close(file)
                continue
            if text:
                os.truncate(file, 0)
                os.write(file, text.encode())
            return file
        except BaseException:
            with contextlib.suppress(OSError):
                os.close(file)
            raise


def is_locked(path) -> bool:
    """Returns whether a file is locked; one of which that cannot be known counts as locked."""
    try:
        file = os.open(path, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        return _locked(file, shared=True) is not True
    finally:
        os.close(file)


def _is_free(file):
    """Locks a file; returns False if another process keeps it locked."""
    for _ in range(_TRIES):
        if _locked(file) is not False:
            return True
        time.sleep(_PAUSE)
    return False


def _locked(file, *, shared=False):
    """Locks a file; returns whether it could, None where there are no locks.

    Shared locks, of those who only look, keep out a lock that is not, but none of each other.
    """
    if fcntl is None:
        return None
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return False
        if error.errno in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS):
            return None
        raise
    return True


def _is_at(file, path):
    try:
        there = os.stat(path, follow_symlinks=False)
    except FileNotFoundError:
        return False
    here = os.fstat(file)
    return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)
