"""Images and labels as the functions of class balance take them: checked, in one form."""

from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from keras_cv_extras._base import checks, guard
from keras_cv_extras._base.text import caller
from keras_cv_extras.data._sources import ImageData

_NO_CLASS = (255, 65535)  # the largest numbers of a byte and of two, which often stand for none


def training_part(x: Any, y: Any, held_out: Any | None = None) -> Any:
    """Returns the training images and labels of what a user handed over.

    Args:
        x: an array, or loaded data, of which the training part is taken.
        y: the labels, None with loaded data.
        held_out: None, or images that must not be among them.

    Returns:
        `(images, labels)` arrays; the labels as they were.

    Raises:
        TypeError, ValueError: if they are not labelled images, or hold test images.
    """
    if isinstance(x, ImageData):
        if y is not None:
            raise ValueError("y must be left out with loaded data: it has its own labels")
        if x.test is None or len(x.test[1]) == 0:
            raise ValueError(
                f"{x.name!r} has no test part yet: split it before samples are synthesised, or "
                "the test would hold images that training has seen parts of"
            )
        x, y = x.train
    elif y is None:
        raise ValueError("y must be the labels of x, received None")
    if is_sparse(x):
        raise TypeError(f"x must be an array, received a sparse {type(x).__name__}: x.toarray()")
    images, labels = checks.unmasked("x", x), checks.unmasked("y", y)
    if images.ndim < 2 or images.dtype.kind not in "uif" or 0 in images.shape:
        raise ValueError(
            "x must be integers or floats of the shape (n, ...), not empty, received "
            f"{images.dtype} of {images.shape}"
        )
    checks.same_length(x=images, y=np.atleast_1d(labels))
    doubtful = images.dtype.kind == "f" and not checks.has_finite_sum(images)
    if doubtful and not np.isfinite(images).all():
        raise ValueError("x must be finite, received NaN or infinity: leave those samples out")
    guard.check_training_part(images, held_out)
    return images, labels


def is_sparse(data: Any) -> bool:
    """Whether it is a sparse matrix, of any library."""
    return hasattr(data, "toarray")


def as_classes(labels: Any) -> Any:
    """Returns labels as `(n,)` classes, and a function that brings them to their own form.

    Raises:
        ValueError: if they are not one class for each sample.
    """
    labels = checks.unmasked("labels", labels)
    if labels.dtype.kind in "OT":  # as pandas has texts
        plain = _plain(labels)
        classes, restore = as_classes(plain)
        return classes, lambda classes: restore(classes).astype(labels.dtype)
    if labels.ndim == 2 and labels.shape[1] == 1:  # as keras.datasets has them
        classes, restore = as_classes(labels[:, 0])
        return classes, lambda classes: restore(classes)[:, None]
    if labels.ndim == 1 and labels.dtype.kind in "iubSU":
        if labels.dtype.kind in "iu":
            warn_of_no_class(np.unique(labels))
        return labels, lambda classes: classes.astype(labels.dtype, copy=False)
    if labels.ndim == 2 and labels.shape[1] > 1 and labels.dtype.kind in "iufb":
        ones = (labels == 1).sum(axis=1)
        if np.all(ones == 1) and np.count_nonzero(labels) == len(labels):
            number = labels.shape[1]
            return labels.argmax(axis=1), lambda classes: np.eye(number, dtype=labels.dtype)[
                classes
            ]
    check_known(labels)
    if labels.ndim == 1 and labels.dtype.kind == "f" and np.all(labels == np.rint(labels)):
        warn_of_no_class(np.unique(labels))
        return labels, lambda classes: classes.astype(labels.dtype, copy=False)
    why = "soft and multiple labels have no class to balance"
    if labels.dtype.kind not in "iufb":
        why = "turn them into texts or integers"
    raise ValueError(
        "labels must be one class for each sample, (n,), or one-hot rows (n, classes), received "
        f"{labels.dtype} of {labels.shape}: {why}"
    )


def warn_of_no_class(classes: Any) -> None:
    """Warns of a number that often says that a sample has no class: one below 0, 255 or 65535.

    Args:
        classes: the numbers that labels hold, in rising order. -1 and 1 alone are two classes.
    """
    if len(classes) < 2:
        return
    suspects = [classes[0]] if classes[0] < 0 and classes.tolist() != [-1, 1] else []
    if classes[-1] in _NO_CLASS and classes[-1] - 1 not in classes[-2:]:
        suspects.append(classes[-1])
    for number in suspects:
        caller.warn(
            f"labels hold {number:.0f}, which counts as a class of its own: leave those samples "
            "out if it stands for none"
        )


def check_whole(labels: Any) -> None:
    """Raises if some labels are missing, or texts and numbers are mixed."""
    labels = checks.unmasked("labels", labels)
    if labels.dtype.kind == "O":
        _plain(labels)


def check_known(labels: Any) -> None:
    """Raises if a label of an array is NaN."""
    if labels.dtype.kind == "f" and not np.isfinite(labels).all():
        raise ValueError(
            f"labels must not hold NaN or infinity, received it for {(~np.isfinite(labels)).sum()} "
            "samples: fill in or leave out what is missing"
        )


def _plain(labels):
    """Returns labels that are kept as Python objects in a type of NumPy's own."""
    kinds = {type(item) for item in labels.ravel()}
    if all(issubclass(kind, str) for kind in kinds):
        return labels.astype(np.str_)
    if all(issubclass(kind, (int, np.integer)) for kind in kinds):
        return labels.astype(np.bool_ if kinds <= {bool, np.bool_} else np.int64)
    names = ", ".join(sorted(kind.__name__ for kind in kinds))
    raise ValueError(
        f"labels must be all texts or all integers, received {names}: fill in or leave out what "
        "is missing"
    )


def random_state(seed):
    """Returns the stream of an integer seed, or the stream that was given.

    Results equal to imbalanced-learn's need the very stream that it draws from, NumPy's
    `RandomState`; scikit-learn makes it. An integer always begins a stream anew, so nothing is
    hidden: the same seed gives the same samples.
    """
    if hasattr(seed, "randint"):
        return check_random_state(seed)
    # The generator takes 32 bits.
    return check_random_state(checks.integer("seed", seed) % (1 << 32))


def to_dtype(values: Any, dtype: Any) -> Any:
    """Returns interpolated values in the type of the images: integers rounded and within it."""
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        return values.astype(dtype)
    limits = np.iinfo(dtype)
    largest = limits.max
    if dtype.itemsize == 8 and values.dtype.kind == "f":  # rounded up, past what the type holds
        largest = np.nextafter(values.dtype.type(largest), 0, dtype=values.dtype)
    return np.clip(np.rint(values), limits.min, largest).astype(dtype)


def working_type(dtype):
    """Returns the type to interpolate in: float32 holds 8 and 16 bits exactly."""
    dtype = np.dtype(dtype)
    return np.float32 if dtype.kind in "ui" and dtype.itemsize <= 2 else np.float64
