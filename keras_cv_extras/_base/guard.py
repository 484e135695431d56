"""Against leaks: nothing is synthesised from test images, or split after it was synthesised.

A sample interpolated between two images is nearly both of them. If it is made before the data
are split, training sees the test images, and the score is worth nothing. Three facts are therefore
kept: of arrays that are alive, which are the test part of loaded data, and which hold synthesised
samples; and a digest of every row that was made, by which it is known in a copy, a shuffle or a
split that others did. Rows that were scaled or cast in between are not recognised.
"""

import itertools
import weakref

import numpy as np

_synthesised = {}  # id of an array -> (weak reference to it, what made it)
_held_out = {}  # id of an array -> (weak reference to it, the name of the data)
_made = {}  # digest of a row that was made -> what made it
_MOST = 1 << 20  # digests kept, some 100 bytes each; the oldest go first


def mark_synthesised(array, maker, real=None):
    """Notes that an array holds synthesised samples beside real ones.

    Args:
        array: `(n, ...)`.
        maker: what made them, for messages.
        real: None, or the rows that are not made; all others are then known by their digests.
    """
    _mark(_synthesised, array, maker)
    if real is None:
        return
    known = _fingerprints(real)
    for row in map(_fingerprint, array):
        if row not in known:
            _made[row] = maker
    if len(_made) > _MOST:
        for row in list(itertools.islice(_made, len(_made) - _MOST)):
            del _made[row]


def mark_alike(array, other):
    """Notes of rows in another form what is known of them, row by row."""
    for row, changed in zip(array, other, strict=True):
        maker = _made.get(_fingerprint(row))
        if maker is not None:
            _made[_fingerprint(changed)] = maker


def made_rows(array):
    """Says which rows of an array are known to be synthesised, `(n,)` booleans."""
    if not _made:
        return np.zeros(len(array), bool)
    return np.array([_fingerprint(row) in _made for row in array], bool)


def mark_held_out(array, name):
    """Notes that an array is the test part of a data set.

    Raises:
        ValueError: if it is known to hold synthesised samples.
    """
    if isinstance(array, np.ndarray) and len(array):
        check_real(array, f"the test part of {name!r}")
        _mark(_held_out, array, name)


def check_real(array, what):
    """Raises if rows that a score is to be measured on are known to be synthesised."""
    count = int(made_rows(array).sum())
    if count:
        maker = next(_made[row] for row in map(_fingerprint, array) if row in _made)
        raise ValueError(
            f"{what} holds {count} samples that {maker} synthesised of others: a score on them "
            "says nothing. Split first, then synthesise from the training part alone"
        )


def check_not_synthesised(images):
    """Raises if an array, what it is a view of, or a row of it is known to be synthesised."""
    array = images
    while array is not None:
        reference, maker = _synthesised.get(id(array), (lambda: None, None))
        if reference() is array:
            raise ValueError(
                f"images hold samples that {maker} synthesised: parts of them would share what "
                "they were made of. Split first, then synthesise from the training part alone"
            )
        array = getattr(array, "base", None)
    if np.ndim(images):
        check_real(images, "what is to be split")


def check_training_part(images, held_out=None):
    """Raises if images that samples are to be made of are known to hold test images.

    Args:
        images: `(n, ...)` array.
        held_out: None, or an array of images none of which may be among them.
    """
    rows = None
    if held_out is not None:
        held_out = np.asarray(held_out)
        if held_out.shape[1:] != images.shape[1:] or held_out.dtype != images.dtype:
            raise ValueError(
                "held_out must be images of the same shape and type as x, "
                f"{images.dtype} {images.shape[1:]}, received {held_out.dtype} "
                f"{held_out.shape[1:]}"
            )
        check_real(held_out, "held_out")
        rows = _fingerprints(images)
        common = sum(row in rows for row in map(_fingerprint, held_out))
        if common:
            raise ValueError(
                f"x holds {common} of the {len(held_out)} images of held_out: synthesise from "
                "images that are in no other part"
            )
    for reference, name in list(_held_out.values()):
        test = reference()
        if test is None or test.shape[1:] != images.shape[1:] or test.dtype != images.dtype:
            continue
        if len(test) > len(images):
            continue
        rows = _fingerprints(images) if rows is None else rows
        # Some sets have a few images in both parts: all of them are the whole set, or the test.
        if all(_fingerprint(row) in rows for row in test):
            raise ValueError(
                f"x holds the whole test part of {name!r}: synthesise from its training part "
                "alone, data.train"
            )


def _mark(registry, array, value):
    key = id(array)
    registry[key] = (weakref.ref(array, lambda _: registry.pop(key, None)), value)


def _fingerprints(images):
    return {_fingerprint(row) for row in images}


def _fingerprint(row):
    return hash(row.tobytes())
