"""Temporary folders beside what is written: marked, locked while in use, removed if left behind."""

import contextlib
import os
import pathlib
import shutil
import socket
import tempfile
import threading
import time

from keras_cv_extras._base.owned import marks
from keras_cv_extras._base.owned.errors import NAME, TEMPORARY

PREVIOUS = "previous"  # in a temporary folder: what its result takes the place of
_PATIENCE = 600.0  # seconds after which a silent writer of another machine is taken for dead
_own = {}  # temporary folders of this process -> the threads that write there
_cleared = set()  # folders in which this process has looked for what killed writers left


@contextlib.contextmanager
def temporary(path, *, alone):
    """Gives a folder beside a path, marked as temporary, and locked as long as it is in use."""
    folder, file = _marked(path)
    _own[folder] = threading.get_ident()
    try:
        try:
            if alone:
                check_alone(path)
            yield folder
        finally:
            os.close(file)
    finally:
        remove(folder)
        _own.pop(folder, None)


def _marked(path):
    """Makes a temporary folder with a mark; returns it, and the lock of the mark."""
    text = marks.mark_text("temporary", of=path.name, host=socket.gethostname())
    while True:
        folder = pathlib.Path(tempfile.mkdtemp(prefix=TEMPORARY, dir=path.parent))
        try:
            file = marks.lock(folder / marks.MARK, text)
        except FileNotFoundError:  # somebody took it for one without a writer
            continue
        except BaseException:  # such as that of a full disk
            remove(folder)
            raise
        if file is not None:
            return folder, file


def check_alone(path):
    """Raises if another process or thread writes to a path at present, or keeps it."""
    for folder in path.parent.glob(f"{TEMPORARY}*"):
        if _own.get(folder) == threading.get_ident():
            continue
        mark = marks.read_mark(folder)
        ours = mark is not None and mark["kind"] == "temporary" and mark.get("of") == path.name
        if ours and marks.is_locked(folder / marks.MARK):
            raise ValueError(f"{path}: another process is writing it: wait for it")


def remove_leftovers(folder):
    """Removes what killed writers have left in a folder and below it.

    That is folders with the name and the mark of a temporary one, which no living process has
    locked. Nothing else is touched, whatever its name.

    Args:
        folder: the folder.
    """
    for parent, names, _ in os.walk(folder):
        for name in [name for name in names if name.startswith(TEMPORARY)]:
            names.remove(name)
            _remove_if_dead(pathlib.Path(parent, name))


def remove_dead(parent):
    """Removes what killed writers have left in one folder, once for each process."""
    if parent not in _cleared:
        _cleared.add(parent)
        for folder in parent.glob(f"{TEMPORARY}*"):
            _remove_if_dead(folder)


def _remove_if_dead(folder):
    if folder.is_symlink():
        return
    mark = marks.read_mark(folder)
    if mark is None:
        _remove_unmarked(folder)
        return
    if mark["kind"] != "temporary" or marks.is_locked(folder / marks.MARK):
        return
    if mark.get("host") != socket.gethostname():  # whose locks may not be seen here
        with contextlib.suppress(FileNotFoundError):  # its writer has finished meanwhile
            changed = max(item.stat().st_mtime for item in [folder, *folder.rglob("*")])
            if time.time() - changed < _PATIENCE:
                return
    previous, place = folder / PREVIOUS, mark.get("of")
    if previous.exists():  # its writer was killed between two steps: see `files._move`
        if not isinstance(place, str) or pathlib.Path(place).name != place:
            return
        if not os.path.lexists(folder.parent / place):
            os.rename(previous, folder.parent / place)
    remove(folder)


def remove(folder):
    """Removes a folder, its mark last: a process that is killed meanwhile leaves it known as ours.

    What cannot be removed stays.
    """
    with contextlib.suppress(OSError):
        for item in folder.iterdir():
            if item.is_dir() and not item.is_symlink():
                shutil.rmtree(item, ignore_errors=True)
            elif item.name != marks.MARK:
                item.unlink()
    shutil.rmtree(folder, ignore_errors=True)


def _remove_unmarked(folder):
    """Removes a folder whose writer was killed before it had marked it: nothing is in it."""
    if not NAME.fullmatch(folder.name):
        return
    with contextlib.suppress(OSError):
        mark = folder / marks.MARK
        if os.listdir(folder) == [marks.MARK] and not mark.stat().st_size:
            file = marks.lock(mark)
            if file is None:
                return
            try:
                if not mark.stat().st_size:
                    mark.unlink()
            finally:
                os.close(file)
        folder.rmdir()  # fails if there is anything in it
