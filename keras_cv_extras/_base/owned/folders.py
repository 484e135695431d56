"""Folders that are written to: new, empty, or this library's own with the same identity.

Every command and function that writes several files into a folder asks here first. What is
somebody else's is left alone, and is an error of one line.
"""

import contextlib
import dataclasses
import json
import os
import pathlib
import re
import socket
import threading
from collections.abc import Callable
from typing import Any

from keras_cv_extras._base import checks, files
from keras_cv_extras._base.owned import errors, marks, temporaries
from keras_cv_extras._base.text import escapes

_WORDS = {"class_names": "other classes", "data_digest": "other images"}
_held = set()  # paths of the folders that are held, and the threads that do
_FIXED = re.compile(r"mnist_5k|digits|fashion_mnist|keras:|tfds:")  # data that never changes


@dataclasses.dataclass(frozen=True)
class Kind:
    """What a folder holds.

    Args:
        name: in a few words, such as "a training".
        begun: names of the files that are written before there is any result. A folder with no
            others holds nothing that could be lost.
        beside: names of folders and files that may come before the mark, such as logs.
        writes: patterns of what else is written, such as `report.html` and `logs/worker-*.log`.
        earlier: None, or a function that is given a folder without a mark, and returns the
            identity of what an earlier version of this library wrote there, None if there is
            no such thing.
    """

    name: str
    begun: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    earlier: Callable[[pathlib.Path], dict[str, Any] | None] | None = None

    @property
    def key(self) -> str:
        """The kind as it is in marks."""
        return self.name.split(" ", 1)[-1]


def check(path, kind: Kind, identity: dict[str, Any] | None = None) -> dict[str, Any] | None:
    """Looks whether a folder may be written to; touches nothing.

    Args:
        path: the folder, which need not exist.
        kind: what is to be written there.
        identity: what was asked, for JSON: only a folder that agrees is gone on with. None to
            leave that open.

    Returns:
        The mark of the folder; None if it is new or empty.

    Raises:
        OSError, ValueError: if it may not, or another process is writing there; one line says
            why.
    """
    path = pathlib.Path(path)
    mark = _check(path, kind, identity)
    writable = os.access(path, os.W_OK | os.X_OK)
    if writable and not _is_held(path) and marks.is_locked(path / marks.LOCK):
        raise _running(path, kind)
    return mark


def _check(path, kind, identity):
    checks.utf8(path)
    checks.path_names(path)
    marks.check_way(path)
    if not os.path.lexists(path):
        files.check_parent(path)
        return None
    if not path.is_dir():
        what = "a file, not a folder" if path.exists() else "a link to what is not there"
        raise NotADirectoryError(f"{path}: {what}; give another path")
    mark = marks.read_mark(path)
    names = {item.name for item in path.iterdir()} - {marks.MARK, marks.LOCK}
    if mark is None and names - set(kind.beside):
        known = kind.earlier and kind.earlier(path)
        if known is None:
            raise FileExistsError(
                f"{path}: not empty, and not a folder of {kind.name} that this library wrote: "
                "give a new or an empty folder"
            )
        mark = {"kind": kind.key, "identity": known, "earlier": True}
    if mark is None:
        _check_links(path, kind)  # of what may come before it
        return None
    if mark["kind"] != kind.key:
        there = escapes.one_line(mark["kind"])
        raise FileExistsError(f"{path}: holds a {there}, not {kind.name}: give another path")
    if not _is_begun(kind, names):
        _compare(path, kind, mark, identity)
    if os.access(path, os.W_OK | os.X_OK):
        _check_links(path, kind)
    return mark


def _check_links(path, kind):
    if not _is_held(path):  # else that was done when it was taken
        marks.check_links(path, (*kind.begun, *kind.beside, *kind.writes))


@contextlib.contextmanager
def owned(path, kind: Kind, identity: dict[str, Any] | None = None):
    """Holds a folder for this process, and marks it as this library's own.

    A new folder that nothing has been written to but what `kind` calls begun goes away again if
    the block fails. What killed writers left in it is removed. In a folder that cannot be
    written to, neither is done: what is there can still be read.

    Args:
        path: the folder; it is made if it is missing.
        kind: what is written there.
        identity: what was asked, for JSON.

    Raises:
        OSError, ValueError: if the folder is somebody else's, of another kind or with another
            identity, or another process is writing there. Nothing has been touched then.
    """
    path = pathlib.Path(path)
    check(path, kind, identity)
    if _is_held(path):  # by a caller, who does more there
        yield path
        return
    if path.is_dir() and not os.access(path, os.W_OK | os.X_OK):
        yield path
        return
    file, fresh, made = _hold(path, kind, identity)
    holder = _holder(path)
    _held.add(holder)
    try:
        yield path
    except BaseException as error:
        if fresh and isinstance(error, Exception):
            _undo(path, kind)
        marks.remove_folders(made)
        raise
    finally:
        _held.discard(holder)
        os.close(file)


def _holder(path):
    return os.path.realpath(path), threading.get_ident()


def _is_held(path):
    return _holder(path) in _held


def _hold(path, kind, identity):
    """Makes, locks and marks a folder; returns its lock, whether it is fresh, and new folders."""
    with errors.explaining(path):
        made, file = marks.make_folders(path), None
        try:
            file = _lock(path, kind)
            return file, _prepare(path, kind, identity), made
        except OSError:
            if file is not None:
                os.close(file)
            if marks.read_mark(path) is None:  # nothing is left of the attempt
                (path / marks.LOCK).unlink(missing_ok=True)
            marks.remove_folders(made)
            raise
        except BaseException:
            if file is not None:
                os.close(file)
            raise


def identify(path, identity: dict[str, Any]):
    """Notes the identity of a folder that was held before it was known."""
    path = pathlib.Path(path)
    mark = marks.read_mark(path)
    if mark is not None and not mark.get("identity"):
        _write(path, mark["kind"], identity)


def _compare(path, kind, mark, identity):
    before = mark.get("identity")
    if not identity or not before:
        return
    asked = json.loads(json.dumps(identity))
    if mark.get("earlier"):
        if "data_digest" in asked and not _FIXED.match(str(before.get("data"))):
            raise ValueError(
                f"{path} holds {kind.name} of an earlier version, which did not note what its "
                "images were: give another --output"
            )
        asked = {key: value for key, value in asked.items() if key in before}
    different = sorted(key for key in asked if before.get(key) != asked[key])
    if different:
        raise ValueError(
            f"{path} holds {kind.name} with {_change(before, asked, different[0])}: give another "
            "--output, or delete it"
        )


def _change(before, asked, key):
    """Says how two identities differ."""
    what = _WORDS.get(key, f"another {key}")
    values = [before.get(key), asked[key]]
    texts = [", ".join(map(str, v)) if isinstance(v, list) else str(v) for v in values]
    texts = list(map(escapes.one_line, texts))
    if key == "data_digest" or key not in before or max(map(len, texts)) > 60:
        return what
    return what if isinstance(asked[key], dict) else f"{what} ({texts[0]}, not {texts[1]})"


def _is_begun(kind, names):
    """Whether a folder with these names in it holds nothing that could be lost."""
    known = {*kind.begun, *kind.beside}
    return all(name in known or name.startswith(errors.TEMPORARY) for name in names)


def _lock(path, kind):
    owner = f"process {os.getpid()} on {socket.gethostname()}"
    file = marks.lock(path / marks.LOCK, f"{owner}\n")
    if file is None:
        raise _running(path, kind)
    return file


def _running(path, kind):
    """Returns an error that says that another process writes to a folder."""
    owner = "another process"
    with contextlib.suppress(OSError, ValueError):
        owner = (path / marks.LOCK).read_text(encoding="utf-8").strip() or owner
    return ValueError(
        f"{path}: {kind.name} is running here ({owner}): wait for it, or give another path"
    )


def _prepare(path, kind, identity):
    """Marks a folder that is held, and tidies it; returns whether it holds nothing yet."""
    mark = _check(path, kind, identity)  # once more: now nobody else of us writes there
    temporaries.remove_leftovers(path)
    names = {item.name for item in path.iterdir()} - {marks.MARK, marks.LOCK}
    fresh = _is_begun(kind, names)
    mark = mark or {}
    before = mark.get("identity")
    if fresh and identity and before and before != json.loads(json.dumps(identity)):
        for name in names & set(kind.begun):
            (path / name).unlink()
    if fresh or marks.read_mark(path) is None or (identity and not mark.get("identity")):
        _write(path, kind.key, identity)
    return fresh


def _write(path, key, identity):
    text = marks.mark_text(key, identity=identity)
    files.write_text(path / marks.MARK, text)


def _undo(path, kind):
    """Removes a mark, and what was written before any result, if there is nothing else."""
    names = {item.name for item in path.iterdir()} - {marks.MARK, marks.LOCK}
    if names <= set(kind.begun):
        for name in [*names, marks.MARK, marks.LOCK]:
            (path / name).unlink(missing_ok=True)
