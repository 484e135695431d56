"""An index of the headers of a folder's files, kept from one start to the next.

An index lies in the user's cache, never in the folder. A file is known by its name, its size and
the time of its last change; only files that are new or changed are opened again. Files that could
not be read are tried anew at every start.
"""

import array
import contextlib
import hashlib
import os
import pathlib
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from keras_cv_extras._base import files
from keras_cv_extras.data._identity import file_digests
from keras_cv_extras.data.files._paths import Paths

_FEWEST = 1000  # files from which on an index is kept; fewer are read in a fraction of a second
_VERSION = 3
_FACTS = 6
_ARRAYS = ("names", "stamps", "facts", "digests")


class Index:
    """What is known of the files of a folder or a table.

    Args:
        folder: where the files are.
        paths: the files, below the folder.
        read_headers: a function of some of them that yields six integers for each, None for a
            file that could not be read.

    Attributes:
        facts: `(n, 6)` int32, what the headers of the files say.
        known: for which files they are known, `(n,)` booleans.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        paths: Paths,
        read_headers: Callable[[Paths], Iterable[Any]],
    ) -> None:
        count = len(paths)
        self._paths, self._place = paths, None
        self.facts, self.known = np.zeros((count, _FACTS), np.int32), np.zeros(count, bool)
        self._digests = np.zeros(count, np.uint64)  # 0 where it is not known
        if count >= _FEWEST:
            self._place, self._stamps = _place(os.path.realpath(folder)), _stamps(paths)
            self._read()
        unknown = np.flatnonzero(~self.known)
        if len(unknown):
            try:
                headers = read_headers(paths.take(unknown))
                for row, header in zip(unknown, headers, strict=True):
                    if header is not None:
                        self.facts[row], self.known[row] = header, True
            finally:  # what was read before an interruption is kept, too
                self._write()

    def digests(self, rows: np.ndarray) -> np.ndarray:
        """Returns the digests of some files, `(n,)` uint64, which are kept as well.

        Args:
            rows: their numbers.
        """
        unknown = rows[self._digests[rows] == 0]
        if len(unknown):
            self._digests[unknown] = file_digests(self._paths.take(unknown))
            self._write()
        return self._digests[rows]

    def _read(self):
        """Takes over what is known of files that have not changed."""
        try:
            with files.open_arrays(self._place) as arrays:
                if int(arrays["version"]) == _VERSION:
                    self._take_over(arrays)
        except (OSError, ValueError, KeyError):
            pass  # none yet, or none that can be read: it is written anew

    def _take_over(self, arrays):
        stamps = arrays["stamps"]
        rows = _rows(arrays["names"].tobytes(), len(stamps), self._paths)
        there = np.flatnonzero(rows >= 0)
        there = there[(stamps[rows[there]] == self._stamps[there]).all(axis=1)]
        rows = rows[there]
        facts, digests = arrays["facts"], arrays["digests"]
        if len(facts) != len(stamps) or len(digests) != len(stamps):
            raise ValueError("arrays of several lengths")
        self.facts[there], self._digests[there] = facts[rows], digests[rows]
        self.known[there] = True

    def _write(self):
        if self._place is None:
            return
        kept = np.flatnonzero(self.known)
        names = np.frombuffer(self._paths.take(kept).encoded(), np.uint8)
        values = names, self._stamps[kept], self.facts[kept], self._digests[kept]
        arrays = dict(zip(_ARRAYS, values, strict=True))
        # Where it cannot be kept, on a full or a closed disk, the next start reads headers again.
        with contextlib.suppress(OSError):
            files.write_arrays(self._place, {**arrays, "version": np.array(_VERSION)})


def _rows(names, count, paths):
    """Returns the row of each path in an index, -1 if it has none."""
    if names.count(b"\0") != count:
        raise ValueError("as many names as files are wanted")
    wanted = paths.encoded()
    if names == wanted:
        return np.arange(len(paths))
    row_of = {name: row for row, name in enumerate(names.split(b"\0")[:-1])}
    found = (row_of.get(name, -1) for name in wanted.split(b"\0")[:-1])
    return np.fromiter(found, np.int64, len(paths))


def _place(folder):
    """Where the index of a folder is kept."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser(os.path.join("~", ".cache"))
    name = hashlib.blake2b(os.fsencode(folder), digest_size=16).hexdigest()
    return pathlib.Path(cache, "keras_cv_extras", "index", f"{name}.npz")


def _stamps(paths):
    """The size of every file, and when it was changed, in nanoseconds: `(n, 2)`."""
    found = array.array("q")
    for path in paths:
        try:
            about = os.stat(path)
            found.append(about.st_size)
            found.append(about.st_mtime_ns)
        except OSError:  # gone meanwhile: its header will say so
            found.extend((0, 0))
    return np.frombuffer(found, np.int64).reshape(-1, 2)
