"""The forms that labels come in, for losses, metrics, mixes, training and class balance alike.

- classes: integers `(...)` or `(..., 1)`;
- rows: one number per class, `(..., num_classes)`: one-hot, soft, or several labels;
- mixed classes, as `keras_cv_extras.mix` makes them of integers: pairs of a class and its share,
  `(batch, parts, 2)`, or the triple `(label_a, label_b, weight)`, the weight being that of b.
"""

import keras
import numpy as np
from keras import ops

MIXED_RANK = 3


def is_integer(tensor):
    """Whether a tensor holds integers."""
    return "int" in keras.backend.standardize_dtype(tensor.dtype)


def is_flat(labels):
    """Whether labels are one number per sample: `(batch,)` or `(batch, 1)`."""
    shape = tuple(labels.shape)
    return len(shape) == 1 or (len(shape) == 2 and shape[1] == 1)


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
            ops.cast(share, "float32")[:, None] * rows(classes, num_classes)
            for classes, share in parts(labels)
        )
    if is_flat(labels):
        return one_hot(ops.cast(flat(labels), "int32"), num_classes)
    return ops.cast(labels, "float32")


def largest(labels):
    """Returns of every sample, in any form, the class with the largest share, int32 `(batch,)`.

    Of equal shares the first counts.
    """
    if is_mixed(labels):
        classes, shares = (ops.stack(part, axis=1) for part in zip(*parts(labels), strict=True))
        first = ops.argmax(shares, axis=1)[:, None]
        return ops.cast(ops.take_along_axis(classes, first, axis=1)[:, 0], "int32")
    if is_flat(labels):
        return ops.cast(flat(labels), "int32")
    return ops.cast(ops.argmax(labels, axis=-1), "int32")
