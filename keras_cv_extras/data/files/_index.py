"""An index of the headers of a folder's files, kept from one start to the next.

An index lies in the user's cache, never in the folder. A file is known by its name, its size and
the time of its last change; only files that are new or changed are opened again. Files that could
not be read are tried anew at every start.
"""

import contextlib
import hashlib
import os
import pathlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from keras_cv_extras._base import files

_FEWEST = 1000  # files from which on an index is kept; fewer are read in a fraction of a second
_VERSION = 2
_FACTS = 6


def read(
    folder: str | os.PathLike[str],
    paths: Sequence[str | os.PathLike[str]],
    read_headers: Callable[[list[Any]], list[Any]],
) -> tuple[np.ndarray, np.ndarray]:
    """Returns what the headers of files say, from the index where that knows it.

    Args:
        folder: where the files are.
        paths: the files, below the folder.
        read_headers: a function of some of them that returns six integers for each, None for a
            file that could not be read.

    Returns:
        `(n, 6)` int32, and for which files they are known, `(n,)` booleans.
    """
    if len(paths) < _FEWEST:
        found = read_headers(list(paths))
        known = np.array([facts is not None for facts in found], bool)
        facts = [facts or (0,) * _FACTS for facts in found]
        return np.array(facts, np.int32).reshape(-1, _FACTS), known
    folder = os.path.realpath(folder)
    place = _place(folder)
    names, stamps = [os.fsencode(path) for path in paths], _stamps(paths)
    facts, known = _known(place, names, stamps)
    unknown = np.flatnonzero(~known)
    if len(unknown):
        headers = read_headers([paths[int(row)] for row in unknown])
        for row, read in zip(unknown, headers, strict=True):
            if read is not None:
                facts[row], known[row] = read, True
        _write(place, [names[row] for row in np.flatnonzero(known)], stamps[known], facts[known])
    return facts, known


def _place(folder):
    """Where the index of a folder is kept."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser(os.path.join("~", ".cache"))
    name = hashlib.blake2b(os.fsencode(folder), digest_size=16).hexdigest()
    return pathlib.Path(cache, "keras_cv_extras", "index", f"{name}.npz")


def _stamps(paths):
    """The size of every file, and when it was changed, in nanoseconds: `(n, 2)`."""
    found = np.zeros((len(paths), 2), np.int64)
    for row, path in enumerate(paths):
        with contextlib.suppress(OSError):  # gone meanwhile: its header will say so
            about = os.stat(path)
            found[row] = about.st_size, about.st_mtime_ns
    return found


def _known(place, names, stamps):
    """Returns facts `(n, 6)`, and of which files they are known."""
    facts, known = np.zeros((len(names), _FACTS), np.int32), np.zeros(len(names), bool)
    try:
        arrays = files.read_arrays(place)
        before, old_stamps, old_facts = (arrays[key] for key in ("names", "stamps", "facts"))
        if int(arrays["version"]) != _VERSION or len(old_stamps) != len(old_facts):
            return facts, known
    except (OSError, ValueError, KeyError):
        return facts, known  # none yet, or none that can be read: it is written anew
    before = before.tobytes().split(b"\0")
    if len(before) != len(old_stamps):
        return facts, known
    if before == names:
        rows, there = np.arange(len(names)), np.ones(len(names), bool)
    else:
        row_of = {name: row for row, name in enumerate(before)}
        rows = np.array([row_of.get(name, -1) for name in names], np.int64)
        there = rows >= 0
    known[there] = (old_stamps[rows[there]] == stamps[there]).all(axis=1)
    facts[known] = old_facts[rows[known]]
    return facts, known


def _write(place, names, stamps, facts):
    # Where it cannot be kept, on a full or a closed disk, the next start reads the headers again.
    with contextlib.suppress(OSError):
        text = np.frombuffer(b"\0".join(names), np.uint8)
        arrays = {"names": text, "stamps": stamps, "facts": facts, "version": np.array(_VERSION)}
        files.write_arrays(place, arrays)
