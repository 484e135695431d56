"""Images that are there more than once, in two parts or two classes: they belong to one."""

import contextlib
import contextvars
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from keras_cv_extras._base.text import caller

_for_a_model = contextvars.ContextVar("for_a_model", default=False)


@contextlib.contextmanager
def for_a_model():
    """Within it, files are read for a model, whose own parts count, and no division of files."""
    token = _for_a_model.set(True)
    try:
        yield
    finally:
        _for_a_model.reset(token)


def across_parts(trained: np.ndarray, others: np.ndarray, part: str) -> list[str]:
    """Returns a sentence on images of a part that are training images too, if there are any.

    Args:
        trained: digests of the training images.
        others: digests of the part's.
        part: its name.
    """
    count = int(np.isin(others, trained).sum())
    if not count:
        return []
    return [
        f"{count:,} of {len(others):,} {part} images are copies of training images: scores on them "
        "say nothing of new ones, leave copies out"
    ]


def across_classes(digests: np.ndarray, labels: np.ndarray) -> list[str]:
    """Returns a sentence on images that are there with two labels, if there are any.

    Args:
        digests: of all images.
        labels: `(n,)`; of several labels an image, `(n, classes)`, nothing is said.
    """
    if labels.ndim > 1:
        return []
    order = np.lexsort((labels, digests))
    digests, labels = digests[order], labels[order]
    other = (digests[1:] == digests[:-1]) & (labels[1:] != labels[:-1])
    several = len(np.unique(digests[1:][other]))
    if not several:
        return []
    have = "1 image has" if several == 1 else f"{several:,} images have"
    return [f"{have} copies in another class: keep each in one class"]


def tell_of_files(
    place: str,
    rows: np.ndarray,
    begins: np.ndarray,
    labels: np.ndarray,
    is_test: np.ndarray,
    divided: bool,
    digests_of: Callable[[np.ndarray], np.ndarray],
) -> None:
    """Warns of copies among files. Only those that may be some are read for that.

    Args:
        place: what the warning begins with.
        rows: the numbers of the files.
        begins: `(n, 2)`, of each of these its size and a checksum of how it begins.
        labels: theirs, `(n,)` or `(n, classes)`.
        is_test: which of them are test images, `(n,)` booleans.
        divided: whether they were chosen here, and are no part of their own.
        digests_of: a function of numbers of files that returns their digests.
    """
    if divided and _for_a_model.get():
        is_test = np.zeros_like(is_test)
    digests = begins[:, 0].astype(np.int64) << 31 | begins[:, 1]
    _, first, groups = np.unique(digests, return_index=True, return_inverse=True)
    first = first[groups]
    other = is_test != is_test[first]
    if labels.ndim == 1:
        other |= labels != labels[first]
    asked = np.flatnonzero(np.isin(groups, groups[other]))
    if not len(asked):
        return
    digests = digests.astype(np.uint64)
    with contextlib.suppress(OSError):  # gone meanwhile: who reads them says so
        digests[asked] = digests_of(rows[asked])
        _tell(place, digests[~is_test], digests[is_test], digests, labels)


def tell_of_pack(place: str | os.PathLike[str], packed: Any) -> Any:
    """Returns packed images, and warns of copies among them.

    Args:
        place: what the warning begins with.
        packed: an `ImageFiles` of a pack.
    """
    parts = packed.train, packed.test
    trained, tested = (part.digests for part in parts)
    labels = np.concatenate([part.labels for part in parts])
    _tell(place, trained, tested, np.concatenate([trained, tested]), labels)
    return packed


def _tell(place, trained, tested, digests, labels):
    lines = [*across_parts(trained, tested, "test"), *across_classes(digests, labels)]
    if lines:
        caller.warn(f"{place}: {'; '.join(lines)}")
