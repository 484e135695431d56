"""Assigns samples to train or test parts by their content or path, not their place in a list."""

import hashlib
import itertools
import os
from collections.abc import Sequence

import numpy as np

from keras_cv_extras._base.datasets.samples import samples_of as samples_of
from keras_cv_extras._base.types import ArrayLike

_WORDS = 2.0**64


def held_out(
    keys: Sequence[str], labels: ArrayLike, share: float, seed: int, salt: str
) -> np.ndarray:
    """Returns which samples are held out: about the given share of every class.

    A sample's part depends on its key and the seed alone, so that it stays when other samples
    come or go. There is one exception: of a class of two or more samples at least one is held
    out, and at least one is not.

    Args:
        keys: what each sample is known by: a text, such as a relative path, or an integer, such
            as a digest. Of several that are the same each has a draw of its own.
        labels: `(n,)` integers, the classes; or `(n, classes)` rows of 0 and 1, several labels per
            image. Then a class of one image is not held out, and the exception is made class by
            class: a later one may undo it for an earlier one.
        share: the share that is held out, in (0, 1).
        seed: an integer; another one gives other parts.
        salt: what they are held out for, so that "test" and "validation" do not go together.

    Returns:
        `(n,)` booleans.

    Example:
        >>> held_out(["a.jpg", "b.jpg", "c.jpg", "d.jpg"], [0, 0, 1, 1], 0.25, seed=0, salt="test")
    """
    labels = np.asarray(labels)
    draws = _draws(keys, seed, salt)
    chosen = draws < share
    for rows in _rows_of_classes(labels):
        if len(rows) > 1 and not chosen[rows].any():
            chosen[rows[np.argmin(draws[rows])]] = True
        elif len(rows) > 1 and chosen[rows].all():
            chosen[rows[np.argmax(draws[rows])]] = False
        elif labels.ndim == 2:
            chosen[rows[:1]] &= len(rows) > 1
    return chosen


def _rows_of_classes(labels):
    if labels.ndim == 2:
        return [np.flatnonzero(labels[:, number]) for number in range(labels.shape[1])]
    return [np.flatnonzero(labels == number) for number in np.unique(labels)]


def _draws(keys, seed, salt):
    """A number in [0, 1) for each key."""
    found = np.frombuffer(_digests(keys, seed, salt, 0), "<u8")
    order = np.argsort(found, kind="stable")
    again = np.flatnonzero(found[order[1:]] == found[order[:-1]]) + 1
    if len(again):  # the same key as one before
        found, count = found.copy(), 0
        for last, place in itertools.pairwise([-1, *again]):
            count = count + 1 if place == last + 1 else 1
            row = order[place]
            found[row] = np.frombuffer(_digests([keys[row]], seed, salt, count), "<u8")[0]
    return np.minimum(found / _WORDS, np.nextafter(1, 0))


def _digests(keys, seed, salt, count):
    """A row of eight bytes for each key, of which there were some before."""
    begin, found = f"{int(seed)} {salt} {count} ".encode(), bytearray()
    for key in keys:
        content = os.fsencode(key) if isinstance(key, str) else str(int(key)).encode()
        found += hashlib.blake2b(begin + content, digest_size=8).digest()
    return found
