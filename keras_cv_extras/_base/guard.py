"""Against leaks: nothing is synthesised from test images, or split after it was synthesised.

A sample interpolated between two images is nearly both of them. If it is made before the data
are split, training sees the test images, and the score is worth nothing. Two facts are therefore
kept about arrays that are alive: which are the test part of loaded data, and which hold
synthesised samples. They catch the two ways in which this happens by accident; an array that was
copied, scaled or cut up in between is not recognised.
"""

import weakref

import numpy as np

_synthesised = {}  # id of an array -> (weak reference to it, what made it)
_held_out = {}  # id of an array -> (weak reference to it, the name of the data)


def mark_synthesised(array, maker):
    """Notes that an array holds synthesised samples beside real ones."""
    _mark(_synthesised, array, maker)


def mark_held_out(array, name):
    """Notes that an array is the test part of a data set."""
    if isinstance(array, np.ndarray) and len(array):
        _mark(_held_out, array, name)


def check_not_synthesised(images):
    """Raises if an array, or what it is a view of, holds synthesised samples."""
    array = images
    while array is not None:
        reference, maker = _synthesised.get(id(array), (lambda: None, None))
        if reference() is array:
            raise ValueError(
                f"images hold samples that {maker} synthesised: parts of them would share what "
                "they were made of. Split first, then synthesise from the training part alone"
            )
        array = getattr(array, "base", None)


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
