"""Cuts training data into parts for search, validation and confirmation."""

import hashlib

import numpy as np
from sklearn.model_selection import train_test_split

from keras_cv_extras import _checks

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
    images, labels = _checked(images, labels)
    train_size = _checks.integer("train_size", train_size, minimum=1)
    half = min(_MOST, (len(images) - train_size) // 2)
    sizes = {"train": train_size}
    for name, size in (("validation", validation_size), ("confirmation", confirmation_size)):
        sizes[name] = half if size is None else _checks.integer(f"{name}_size", size, minimum=1)
    classes, counts = np.unique(labels, return_counts=True)
    if len(classes) < 2:
        raise ValueError("labels must hold at least two classes, received one")
    if sum(sizes.values()) > len(images) or min(sizes.values()) < len(classes):
        wanted = ", ".join(f"{name} {size}" for name, size in sizes.items())
        raise ValueError(
            f"{len(images)} training images of {len(classes)} classes are too few for {wanted}: "
            "every part needs an image of each class; lower train_size"
        )
    if counts.min() < 3:
        rare = classes[np.argmin(counts)]
        raise ValueError(
            f"class {rare} has {counts.min()} training images; a search needs at least 3 of each"
        )
    rest, parts = np.arange(len(images)), {}
    for name, size in reversed(sizes.items()):
        if size == len(rest):
            chosen, rest = rest, rest[:0]
        else:
            rest, chosen = train_test_split(
                rest, test_size=size, stratify=labels[rest], random_state=seed % (1 << 32)
            )
        parts[name] = (images[chosen], labels[chosen])
    return {name: parts[name] for name in sizes}


def digest(images, labels) -> str:
    """Returns a short name of the data, another one if a byte is another."""
    state = hashlib.sha256(repr((images.shape, images.dtype.str)).encode())
    state.update(np.ascontiguousarray(images).data)
    state.update(np.ascontiguousarray(labels).data)
    return state.hexdigest()[:16]


def _checked(images, labels):
    images, labels = np.asarray(images), np.asarray(labels)
    if images.ndim != 4:
        raise ValueError(
            "images must have the shape (n, height, width, channels), received "
            f"{images.shape}: add the axis that is missing"
        )
    if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(
            f"labels must be integers of the shape (n,), received {labels.dtype} of "
            f"{labels.shape}: use the class numbers"
        )
    if len(images) != len(labels):
        raise ValueError(f"received {len(images)} images, but {len(labels)} labels")
    if labels.min(initial=0) < 0:
        raise ValueError(f"labels must be at least 0, received {labels.min()}")
    return images, labels
