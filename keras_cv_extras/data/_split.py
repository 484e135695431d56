"""Stratified, disjoint, repeatable parts of a labelled set of images."""

import numbers
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from keras_cv_extras._base import checks, guard
from keras_cv_extras._base.host.counters import permutation
from keras_cv_extras._base.types import ArrayLike


def split(
    images: ArrayLike,
    labels: ArrayLike,
    fractions_or_sizes: Mapping[str, float] | Sequence[float],
    seed: int = 0,
) -> Any:
    """Splits labelled images into parts with the classes in the proportions of the whole.

    No image is in two parts, and every part holds every class at least once. The same
    arguments give the same parts on every machine.

    Args:
        images: `(n, ...)` array, `(n, height, width, channels)` as a rule.
        labels: `(n,)` classes, integers, booleans or texts.
        fractions_or_sizes: one number for each part: all floats, shares of the images in
            (0, 1] with a sum of at most 1; or all integers, numbers of images. What is left
            over is in no part.
        seed: an integer; another one gives another split.

    Returns:
        A list with one `(images, labels)` for each part, in a random order of images.

    Raises:
        TypeError, ValueError: if an argument is not as above, or a class or a part is too
            small for every part to hold every class, or images hold synthesised samples
            (`smote`), which would carry one part's images into another.

    Example:
        >>> (x_train, y_train), (x_test, y_test) = split(images, labels, (0.8, 0.2), seed=1)
    """
    images, labels = np.asarray(images), checks.unmasked("labels", labels)
    if labels.dtype.kind in "OT" and all(isinstance(label, str) for label in labels.ravel()):
        labels = np.array(labels.tolist())  # texts, as pandas has them
    guard.check_not_synthesised(images)
    _check_labelled(images, labels)
    sizes = _sizes(fractions_or_sizes, len(labels))
    order = permutation(len(labels), checks.integer("seed", seed))
    classes, numbers_of_class = np.unique(labels, return_inverse=True)
    counts = _counts(classes, np.bincount(numbers_of_class), sizes)
    part_of = np.empty(len(labels), np.int64)
    for number in range(len(classes)):
        members = order[numbers_of_class[order] == number]
        part_of[members] = np.repeat(np.arange(len(counts)), counts[:, number])
    chosen = [order[part_of[order] == part] for part in range(len(sizes))]
    return [(images[rows], labels[rows]) for rows in chosen]


def _counts(classes, available, sizes):
    """Returns `(parts + 1, classes)` numbers of images; the last row is in no part."""
    if available.min() < len(sizes):
        rare = np.argmin(available)
        raise ValueError(
            f"class {classes[rare]} has only {available[rare]} image(s), but {len(sizes)} parts "
            "need one each: add images of it, or leave the class out"
        )
    if min(sizes) < len(classes):
        raise ValueError(
            f"a part of {min(sizes)} images cannot hold all {len(classes)} classes: "
            "make it larger, or the number of parts smaller"
        )
    # Each class is spread evenly over [0, 1); cutting that line gives every part, of exactly its
    # size, its share of each class to within one image.
    place = np.concatenate([(np.arange(count) + 0.5) / count for count in available])
    class_at = np.repeat(np.arange(len(classes)), available)[np.argsort(place, kind="stable")]
    pieces = np.split(class_at, np.cumsum(sizes))
    counts = np.array([np.bincount(piece, minlength=len(classes)) for piece in pieces])
    # Rounding may leave a small class out of a part: swap one in, for the part's largest class.
    for part, number in np.argwhere(counts[:-1] == 0):
        giver, given = np.argmax(counts[:, number]), np.argmax(counts[part])
        counts[[giver, part], number] += -1, 1
        counts[[giver, part], given] += 1, -1
    return counts


def _sizes(fractions_or_sizes, total):
    if np.ndim(fractions_or_sizes) != 1 or not len(fractions_or_sizes):
        raise TypeError(
            "fractions_or_sizes must be a list of numbers, one for each part, "
            f"received {fractions_or_sizes!r}"
        )
    values = list(fractions_or_sizes)
    if all(isinstance(value, numbers.Integral) for value in values):
        sizes = [checks.integer("fractions_or_sizes", value, minimum=1) for value in values]
        if sum(sizes) > total:
            raise ValueError(
                f"fractions_or_sizes asks for {sum(sizes)} images, received {total}: ask for fewer"
            )
        return sizes
    if any(isinstance(value, numbers.Integral) for value in values):
        raise TypeError(
            "fractions_or_sizes must be all floats (shares) or all integers (numbers of images), "
            f"received {values!r}"
        )
    values = [checks.fraction("fractions_or_sizes", value) for value in values]
    if sum(values) > 1 + 1e-9 or min(values) <= 0:
        raise ValueError(
            "fractions_or_sizes must be above 0 with a sum of at most 1, "
            f"received {values!r} with the sum {sum(values):g}"
        )
    edges = np.rint(np.cumsum([0.0, *values]) * total).astype(int)
    return np.diff(edges).tolist()


def _check_labelled(images, labels):
    if labels.ndim != 1 or labels.dtype.kind not in "iubSU":
        raise ValueError(
            f"labels must be integers or texts of the shape (n,), received {labels.dtype} of "
            f"{labels.shape}"
        )
    checks.same_length(images=images, labels=labels)
    if not len(labels):
        raise ValueError("images must hold at least one image, received none")
