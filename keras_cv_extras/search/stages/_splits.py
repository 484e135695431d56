"""Cuts training data into parts for search, validation and confirmation."""

import hashlib

import numpy as np

from keras_cv_extras._base import checks
from keras_cv_extras.data import split

_USUAL = 1000  # images to train on, where there are enough
_MOST = 5000  # more images make a score dearer, and hardly surer


def split_for_search(
    images,
    labels,
    *,
    validation_data=None,
    train_size=None,
    validation_size=None,
    confirmation_size=None,
    seed,
):
    """Splits training data into three parts without a common image, each with all classes.

    Args:
        images: `(n, height, width, channels)`.
        labels: `(n,)`, integers.
        validation_data: None, or other `(images, labels)` that the last two parts are from.
        train_size: images to train on; None for 1,000, or half of the images if there are fewer
            than 2,000 (all, up to 1,000, where the last two parts are from other images).
        validation_size: images that trials are scored on; None for half of the rest, at most
            5,000.
        confirmation_size: images that the finalists are scored on; None likewise.
        seed: an integer.

    Returns:
        A dictionary of `(images, labels)` for "train", "validation", "confirmation".

    Raises:
        TypeError, ValueError: if an argument is not as above, or there are too few images.
    """
    images, labels = _labelled("images", images, labels)
    if train_size is None:
        train_size = min(_USUAL, len(labels) if validation_data is not None else len(labels) // 2)
    train_size = checks.integer("train_size", train_size, minimum=1)
    sizes = {"validation": validation_size, "confirmation": confirmation_size}
    if validation_data is None:
        sizes = _sizes(sizes, labels, train_size)
        return _split(images, labels, {"train": train_size, **sizes}, seed, "train_size")
    others, their_labels = _labelled("validation_data", *validation_data)
    if others.shape[1:] != images.shape[1:]:
        raise ValueError(
            f"validation_data must hold images like the training images, {images.shape[1:]}, "
            f"received {others.shape[1:]}"
        )
    parts = _split(images, labels, {"train": train_size}, seed, "train_size")
    sizes = _sizes(sizes, their_labels, 0)
    return parts | _split(others, their_labels, sizes, seed, "validation_size")


def _labelled(name, images, labels):
    images, labels = np.asarray(images), checks.unmasked(f"labels of {name}", labels)
    checks.same_length(**{name: images, "labels": labels})
    if labels.ndim == 2 and labels.shape[1] == 1:  # as keras.datasets has them
        labels = labels[:, 0]
    if labels.ndim != 1:
        raise ValueError(
            f"a search takes one label per image, (n,), received {labels.shape}: kcx train takes "
            "several"
        )
    if images.ndim != 4:
        raise ValueError(
            f"{name} must have the shape (n, height, width, channels), received "
            f"{images.shape}: add the axis that is missing"
        )
    return images, labels


def _sizes(sizes, labels, taken):
    half = min(_MOST, max(0, len(labels) - taken) // 2)
    return {
        name: half if size is None else checks.integer(f"{name}_size", size, minimum=1)
        for name, size in sizes.items()
    }


def _split(images, labels, sizes, seed, lower):
    num_classes = len(np.unique(labels))
    if num_classes < 2:
        raise ValueError(f"labels must hold at least two classes, received {num_classes}")
    if sum(sizes.values()) > len(images) or min(sizes.values()) < num_classes:
        wanted = ", ".join(f"{size} for {name}" for name, size in sizes.items())
        raise ValueError(
            f"{len(images)} images of {num_classes} classes are too few to give {wanted}, "
            f"each with images of all classes: lower {lower}"
        )
    parts = split(images, labels, list(sizes.values()), seed)
    return dict(zip(sizes, parts, strict=True))


def digest(*arrays) -> str:
    """Returns a short name of the data, another one if a byte is another."""
    state = hashlib.sha256(repr((arrays[0].shape, arrays[0].dtype.str)).encode())
    for array in arrays:
        state.update(np.ascontiguousarray(array).data)
    return state.hexdigest()[:16]
