"""The algebra of mixed labels, one for all mixes.

A mixed image is made of several images, each with a share; the shares sum to one. Its label is
either dense, a row of the shares of the classes, or compact: the labels themselves, each with
its share, in one tensor that `fit` hands to a loss as it is.
"""

import keras
from keras import ops

from keras_cv_extras._base import checks, label_forms
from keras_cv_extras._base.types import Labels, Tensor


def are_classes(labels) -> bool:
    """Whether labels are numbers of classes, `(batch,)` or `(batch, 1)` integers."""
    return label_forms.is_flat(labels) and label_forms.is_integer(labels)


def mixed_labels(parts, shares, *, num_classes=None, label_smoothing=0.0):
    """Joins the labels that a mixed image is made of.

    Args:
        parts: a list of labels: integers `(batch,)` or `(batch, 1)`, or rows `(batch, ...)`.
        shares: `(batch, parts)`, float32, the share of each.
        num_classes: None, or how many classes there are: integers become rows.
        label_smoothing: share of every row that all classes get in equal parts.

    Returns:
        Rows, of the labels' type if that is a float, else float32, with NaN for a class outside of
        [0, num_classes) that has a share; or for integers without `num_classes` compact labels, see
        `compact`. One part alone is not changed.
    """
    if are_classes(parts[0]) and num_classes is None:
        if label_smoothing:
            raise ValueError(
                "label_smoothing needs rows of labels: give num_classes, or let the loss smooth"
            )
        return parts[0] if len(parts) == 1 else compact(parts, shares)
    dtype = parts[0].dtype
    if are_classes(parts[0]):
        dtype = "float32"
        parts = [label_forms.one_hot(label_forms.largest(part), num_classes) for part in parts]
    elif num_classes is not None and parts[0].shape[-1] != num_classes:
        raise ValueError(
            f"labels must be integers (batch,) or rows (batch, {num_classes}), received shape "
            f"{tuple(parts[0].shape)} of {keras.backend.standardize_dtype(dtype)}"
        )
    elif not keras.backend.is_float_dtype(keras.backend.standardize_dtype(dtype)):
        dtype = "float32"
    if len(parts) == 1 and not label_smoothing:
        return ops.cast(parts[0], dtype)
    rank = len(parts[0].shape)
    total: Tensor = 0.0
    for number, part in enumerate(parts):
        share = ops.reshape(shares[:, number], (-1,) + (1,) * (rank - 1))
        total = total + label_forms.times(share, ops.cast(part, "float32"))
    if label_smoothing:
        total = total * (1 - label_smoothing) + label_smoothing / total.shape[-1]
    return ops.cast(total, dtype)


def weighted(shares, weights):
    """Joins sample weights, so that a mixed sample counts as much as its parts do.

    The loss of a mixed sample is the sum over its parts of share times weight times loss. That
    is one weight, the mean by share, times labels whose shares are scaled by their weights.

    Args:
        shares: `(batch, parts)`.
        weights: a list of `(batch,)`, the sample weight of each part.

    Returns:
        `(shares, weights)`: `(batch, parts)` that sum to one, and `(batch,)`.
    """
    stacked = ops.stack([ops.cast(ops.reshape(part, (-1,)), "float32") for part in weights], 1)
    products = shares * stacked
    total = ops.sum(products, axis=-1)
    safe = ops.where(total > 0, total, 1.0)[:, None]
    return ops.where((total > 0)[:, None], products / safe, shares), total


def compact(parts, shares):
    """Puts integer labels and their shares into one tensor, which losses read without one-hot.

    Args:
        parts: a list of integers `(batch,)` or `(batch, 1)`.
        shares: `(batch, parts)`.

    Returns:
        float32 `(batch, parts, 2)`: pairs of a label and its share.
    """
    labels = ops.stack([ops.cast(label_forms.largest(part), "float32") for part in parts], axis=1)
    return ops.stack([labels, ops.cast(shares, "float32")], axis=-1)


def unpack_labels(labels: Labels) -> tuple[Tensor, Tensor, Tensor]:
    """Takes the compact labels of two mixed images apart.

    Args:
        labels: float32 `(batch, 2, 2)`, as the mixes give them for integer labels.

    Returns:
        `(label_a, label_b, weight)`: int32, int32 and float32 of shape `(batch,)`; the weight
        is the share of `label_b`. The package's losses take this triple too.

    Raises:
        ValueError: if `labels` has another shape.

    Example:
        >>> mixed, compact = mixup(images, labels, np.arange(96)[::-1], 0.3)
        >>> first, second, share = unpack_labels(compact)
    """
    labels = ops.convert_to_tensor(labels)
    if len(labels.shape) != 3 or tuple(labels.shape[1:]) != (2, 2):
        raise ValueError(
            "labels must be compact, of two images, (batch, 2, 2), received shape "
            f"{tuple(labels.shape)}"
        )
    classes = ops.cast(labels[:, :, 0], "int32")
    return classes[:, 0], classes[:, 1], labels[:, 1, 1]


def dense_labels(labels: Labels, num_classes: int) -> Tensor:
    """Turns compact labels into rows.

    Args:
        labels: float32 `(batch, parts, 2)`.
        num_classes: how many classes there are.

    Returns:
        float32 `(batch, num_classes)`.

    Example:
        >>> mixed, compact = mixup(images, labels, np.arange(96)[::-1], 0.3)
        >>> rows = dense_labels(compact, num_classes=10)
    """
    checks.integer("num_classes", num_classes, minimum=1)
    return label_forms.rows(ops.convert_to_tensor(labels), num_classes)
