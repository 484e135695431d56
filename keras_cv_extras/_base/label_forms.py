"""The forms that labels come in, for losses, metrics, mixes, training and class balance alike.

- classes: integers `(...)` or `(..., 1)`;
- rows: one number per class, `(..., num_classes)`: one-hot, soft, or several labels;
- mixed classes, as `keras_cv_extras.mix` makes them of integers: pairs of a class and its share,
  `(batch, parts, 2)`, or the triple `(label_a, label_b, weight)`, the weight being that of b.
"""

import keras
import numpy as np
from keras import ops

from keras_cv_extras._base.engine import is_traced
from keras_cv_extras._base.text import caller

MIXED_RANK = 3
MOST_CLASSES = 1 << 24  # whole numbers that float32 can tell apart


def is_integer(tensor):
    """Whether a tensor holds integers."""
    return "int" in keras.backend.standardize_dtype(tensor.dtype)


def is_flat(labels):
    """Whether labels are one number per sample: `(batch,)` or `(batch, 1)`."""
    shape = tuple(labels.shape)
    return len(shape) == 1 or (len(shape) == 2 and shape[1] == 1)


def int32(classes):
    """Returns numbers of classes as int32; -1 for those that are no whole number, or too large.

    A cast alone would make small numbers of large ones, which are classes then.
    """
    dtype = keras.backend.standardize_dtype(classes.dtype)
    if dtype in ("int64", "uint32", "uint64"):
        inside = ops.logical_and(classes >= 0, classes < MOST_CLASSES)
    elif "int" in dtype or dtype == "bool":
        return ops.cast(classes, "int32")
    else:  # labels reach a loss as floats
        inside = ops.logical_and(ops.floor(classes) == classes, ops.abs(classes) < MOST_CLASSES)
    return ops.where(inside, ops.cast(classes, "int32"), -1)


def is_one_hot(rows):
    """Whether every row of an array `(n, classes)` is a single 1 among zeros."""
    return bool(np.all((rows == 1).sum(axis=1) == 1)) and np.count_nonzero(rows) == len(rows)


def is_mixed(labels):
    """Whether labels are mixed classes, for predictions `(batch, num_classes)`."""
    if isinstance(labels, tuple):
        return True
    return len(labels.shape) == MIXED_RANK and labels.shape[-1] == 2


def parts(labels):
    """Returns mixed classes as a list of pairs of a class and its share, each `(batch,)`.

    Raises:
        ValueError: for a tuple that is no triple.
    """
    if not isinstance(labels, tuple):
        return [(labels[:, i, 0], labels[:, i, 1]) for i in range(labels.shape[1])]
    if len(labels) != 3:
        raise ValueError(
            f"y_true must be labels or (label_a, label_b, weight), received {len(labels)} tensors"
        )
    first, second, weight = labels
    return [(first, 1 - weight), (second, weight)]


def one_hot(classes, num_classes, dtype="float32"):
    """Returns one-hot rows; NaN for a class outside of [0, num_classes)."""
    inside = ops.logical_and(classes >= 0, classes < num_classes)
    encoded = ops.one_hot(classes, num_classes, dtype=dtype)
    return ops.where(inside[..., None], encoded, float("nan"))


def flat(labels):
    """Returns `(batch,)` of `(batch,)` or `(batch, 1)`."""
    return labels if len(labels.shape) == 1 else ops.squeeze(labels, axis=-1)


def rows(labels, num_classes):
    """Returns the labels of a batch, in any form, as float32 rows `(batch, num_classes)`.

    A class outside of [0, num_classes) gives a row of NaN: in a compiled program, where nothing
    can be raised, that makes a loss that cannot be overlooked.
    """
    if is_mixed(labels):
        return sum(
            times(ops.cast(share, "float32")[:, None], rows(classes, num_classes))
            for classes, share in parts(labels)
        )
    if is_flat(labels):
        return one_hot(int32(flat(labels)), num_classes)
    return ops.cast(labels, "float32")


def times(share, values):
    """Returns a share of values: a share of 0 is nothing, of NaN too."""
    return ops.where(share == 0, 0.0, share * values)


def check_to_mix(rows, num_classes, whose="labels", several=0):
    """Looks at labels that are to be mixed, where their values are known.

    Args:
        rows: a tuple of the labels, and the sample weights if there are any; as they were given,
            for a backend may narrow them.
        num_classes: None, or how many classes there are.
        whose: what a message calls the labels.
        several: 1 if there are several for an image, along the second axis.

    Raises:
        ValueError: if a class that counts is not in [0, num_classes).
    """
    if any(not hasattr(row, "shape") or is_traced(row) for row in rows):
        return
    values, *weights = map(np.asarray, rows)
    if values.shape[1 + several :] not in ((), (1,)):
        return
    if values.dtype.kind in "iu" and num_classes is not None:
        wrong = (values < 0) | (values >= num_classes)
        if weights and weights[0].size == wrong.size:
            wrong &= weights[0].reshape(wrong.shape) != 0
        if wrong.any():
            images = wrong.reshape(len(wrong), -1).any(axis=1)
            raise ValueError(
                f"{whose} must be in [0, {num_classes}), received {values[wrong][0]} for "
                f"{images.sum()} images, the first of them number {images.argmax()}"
            )
    whole = values.dtype.kind == "f" and bool((values == np.floor(values)).all())
    if whole and values.max(initial=0) > 1:
        caller.warn(
            f"{whose} are whole numbers as floats, and are blended as numbers: cast them to "
            "integers if they are classes",
            once=True,  # they may be numbers, of every batch
        )


def check_numbers(values):
    """Raises if labels, predictions or weights are texts, or numbers of which some are masked.

    A tensor would hold what is behind the mask.
    """
    if np.ma.is_masked(values):
        raise ValueError(
            "labels, predictions and weights must not be masked: give samples that do not count "
            "the sample_weight 0"
        )
    kind = getattr(getattr(values, "dtype", None), "name", "")
    if kind in ("object", "category") or hasattr(values, "columns"):
        values = np.asarray(values).ravel().tolist()
    if isinstance(values, str | bytes) or kind.startswith(("str", "bytes")):
        raise ValueError("labels must be numbers of classes, received texts: number the classes")
    if isinstance(values, list | tuple):
        for item in values:
            if not isinstance(item, int | float):
                check_numbers(item)


def tensor(values):
    """Returns labels or predictions as a tensor, one of TensorFlow's sparse ones filled."""
    check_numbers(values)
    return ops.convert_to_tensor(values, sparse=False)


def largest(labels):
    """Returns of every sample, in any form, the class with the largest share, int32 `(batch,)`.

    Of equal shares the first counts.
    """
    if is_mixed(labels):
        classes, shares = (ops.stack(part, axis=1) for part in zip(*parts(labels), strict=True))
        first = ops.argmax(shares, axis=1)[:, None]
        return ops.cast(ops.take_along_axis(classes, first, axis=1)[:, 0], "int32")
    if is_flat(labels):
        return int32(flat(labels))
    return ops.cast(ops.argmax(labels, axis=-1), "int32")
