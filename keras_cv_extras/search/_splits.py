"""Cuts training data into parts for search, validation and confirmation."""

import hashlib

import numpy as np

from keras_cv_extras import _checks
from keras_cv_extras.data import split

_MOST = 5000  # more images make a score dearer, and hardly surer


def split_for_search(images, labels, *, train_size, validation_size, confirmation_size, seed):
    """Splits training data into three parts without a common image, each with all classes.

    Args:
        images: `(n, height, width, channels)`.
        labels: `(n,)`, integers.
        train_size: images to train on.
        validation_size: images that trials are scored on; None for half of the rest, at most
            5,000.
        confirmation_size: images that the finalists are scored on; None likewise.
        seed: an integer.

    Returns:
        A dictionary of `(images, labels)` for "train", "validation", "confirmation".

    Raises:
        TypeError, ValueError: if an argument is not as above, or there are too few images.
    """
    images, labels = np.asarray(images), np.asarray(labels)
    if images.ndim != 4:
        raise ValueError(
            "images must have the shape (n, height, width, channels), received "
            f"{images.shape}: add the axis that is missing"
        )
    train_size = _checks.integer("train_size", train_size, minimum=1)
    half = min(_MOST, (len(images) - train_size) // 2)
    sizes = {"train": train_size}
    for name, size in (("validation", validation_size), ("confirmation", confirmation_size)):
        sizes[name] = half if size is None else _checks.integer(f"{name}_size", size, minimum=1)
    num_classes = len(np.unique(labels))
    if num_classes < 2:
        raise ValueError(f"labels must hold at least two classes, received {num_classes}")
    if sum(sizes.values()) > len(images) or min(sizes.values()) < num_classes:
        wanted = ", ".join(f"{size} for {name}" for name, size in sizes.items())
        raise ValueError(
            f"{len(images)} training images of {num_classes} classes are too few to give {wanted}, "
            "each with images of all classes: lower train_size"
        )
    parts = split(images, labels, list(sizes.values()), seed)
    return dict(zip(sizes, parts, strict=True))


def digest(images, labels) -> str:
    """Returns a short name of the data, another one if a byte is another."""
    state = hashlib.sha256(repr((images.shape, images.dtype.str)).encode())
    state.update(np.ascontiguousarray(images).data)
    state.update(np.ascontiguousarray(labels).data)
    return state.hexdigest()[:16]
