"""Paths of many files, in little memory."""

import functools
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

import numpy as np

from keras_cv_extras._base.types import ArrayLike, Tensor

_SPANS = 4096  # of which numbers are made at a time


class _Text:
    """What paths begin with, and a row of bytes that holds the rest of each."""

    def __init__(self, root: bytes, content: bytes) -> None:
        self.root, self.content = root, content

    @functools.cached_property
    def tensors(self) -> tuple[Tensor, Tensor]:
        """The same for graphs, which all parts of a folder share."""
        import tensorflow as tf  # whoever lists files need not wait for it

        with tf.init_scope():
            # Not as a text, which is one element: such become constants of each graph.
            return tf.constant(self.root), tf.constant(np.frombuffer(self.content, np.uint8))


class Paths(Sequence[str]):
    """Paths of files, as a sequence of texts that are made when they are asked for.

    A million texts take a hundred megabytes in Python, and as much again in a graph. Here they
    are one row of bytes, without the folder that all of them begin with, and two numbers for each;
    parts of a sequence share the row.

    Args:
        paths: texts or paths.
        root: what all of them begin with.
    """

    def __init__(self, paths: Iterable[Any] = (), root: str = "") -> None:
        begin = os.fsencode(root)
        names = [_encoded(path)[len(begin) :] for path in paths]
        content = b"\0".join([*names, b""])
        self._set(begin, content, np.array([len(name) for name in names], np.int32))

    def _set(self, root, content, lengths):
        self._text, self._lengths = _Text(root, content), lengths
        self._starts = np.zeros(len(lengths), np.int64)
        np.cumsum(lengths[:-1] + 1, out=self._starts[1:])

    @staticmethod
    def joined(parts: Sequence["Paths"], root: str) -> "Paths":
        """Returns several as one.

        Args:
            parts: each with the same root.
            root: this one.
        """
        found = Paths.__new__(Paths)
        lengths = np.concatenate([np.empty(0, np.int32), *(part._lengths for part in parts)])
        found._set(os.fsencode(root), b"".join([part.encoded() for part in parts]), lengths)
        return found

    def __len__(self) -> int:
        return len(self._starts)

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> "Paths": ...

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return self.take(place)
        start = int(self._starts[place])
        name = self._text.content[start : start + int(self._lengths[place])]
        return os.fsdecode(self._text.root + name)

    def __iter__(self) -> Iterator[str]:
        root, content = self._text.root, self._text.content
        for start, end in self._spans():
            yield os.fsdecode(root + content[start:end])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (Paths, tuple, list)):
            return NotImplemented
        return len(self) == len(other) and all(map(str.__eq__, self, map(str, other)))

    def __repr__(self) -> str:
        shown = ", ".join(map(repr, self[:3]))
        return f"({shown}{', ...' if len(self) > 3 else ',' * (len(self) == 1)})"

    def _spans(self):
        """Yields where each begins and ends."""
        for first in range(0, len(self), _SPANS):
            starts = self._starts[first : first + _SPANS]
            ends = starts + self._lengths[first : first + _SPANS]
            yield from zip(starts.tolist(), ends.tolist(), strict=True)

    def take(self, rows: ArrayLike | slice) -> "Paths":
        """Returns some of them.

        Args:
            rows: their numbers, or a slice.
        """
        return self._with(self._text, rows)

    def below(self) -> "Paths":
        """Returns them without what all of them begin with."""
        return self._with(_Text(b"", self._text.content), slice(None))

    def _with(self, text, rows):
        found = Paths.__new__(Paths)
        found._text = text
        found._starts, found._lengths = self._starts[rows], self._lengths[rows]
        return found

    def encoded(self) -> bytes:
        """Returns them as the file system has them, without the beginning, a NUL after each."""
        content = self._text.content
        ends = self._starts + self._lengths + 1
        if len(self) and (self._starts[1:] == ends[:-1]).all():  # one after the other
            return content[self._starts[0] : ends[-1]]
        found = bytearray()
        for start, end in self._spans():
            found += content[start : end + 1]
        return bytes(found)

    def tensors(self) -> dict[str, Tensor]:
        """Returns what graphs look paths up in, to be given to `path_at`."""
        import tensorflow as tf

        root, content = self._text.tensors
        with tf.init_scope():
            starts, lengths = tf.constant(self._starts), tf.constant(self._lengths)
        return {"root": root, "content": content, "starts": starts, "lengths": lengths}


def _encoded(path):
    """Returns a path as the file system has it; a text that can be none, as it stands."""
    try:
        return os.fsencode(path)
    except UnicodeEncodeError:
        return os.fspath(path).encode("utf-8", "surrogatepass")
