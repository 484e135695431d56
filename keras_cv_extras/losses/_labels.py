"""Reads labels of any form beside predictions of any rank: picks, weighs and sums by them.

The forms that labels come in are those of `label_forms`.
"""

from keras import ops

from keras_cv_extras._base import label_forms
from keras_cv_extras._base.engine import is_traced

_ROUNDING = 0.01  # by which half floats may add shares up wrongly


def is_mixed(y_true, y_pred):
    """Whether labels are mixed classes, beside predictions `(batch, num_classes)`."""
    return len(y_pred.shape) == 2 and label_forms.is_mixed(y_true)


def are_classes(y_true, y_pred):
    """Whether labels are integers `(...)` or `(..., 1)`, not rows `(..., num_classes)`.

    Raises:
        ValueError: if the shapes fit neither.
    """
    if is_mixed(y_true, y_pred):
        return False
    labels, predictions = tuple(y_true.shape), tuple(y_pred.shape)
    if len(labels) in (len(predictions) - 1, len(predictions)):
        pairs = zip(labels, predictions[:-1], strict=False)
        if any(None not in pair and pair[0] != pair[1] for pair in pairs):
            raise ValueError(
                f"y_true must hold integer classes {predictions[:-1]} or rows {predictions} for "
                f"y_pred of shape {predictions}, received shape {labels}"
            )
    if len(labels) == len(predictions) - 1:
        return True
    if len(labels) == len(predictions):
        if labels[-1] == predictions[-1]:
            return False
        if labels[-1] == 1:
            return True
    raise ValueError(
        f"y_true must hold integer classes {predictions[:-1]} or rows {predictions} for y_pred of "
        f"shape {predictions}, received shape {labels}"
    )


def indices(y_true, y_pred):
    """Returns integer labels as int32 of shape `(...)`, for predictions `(..., num_classes)`.

    Labels reach a loss as floats. One that is no whole number, or too large, becomes -1.
    """
    if len(y_true.shape) == len(y_pred.shape):
        y_true = ops.squeeze(y_true, axis=-1)
    return label_forms.int32(y_true)


def rows(y_true, y_pred, label_smoothing=0.0):
    """Returns labels as probabilities of the shape and type of `y_pred`.

    Integer labels outside of the classes give rows of NaN: a loss that cannot be overlooked, in
    compiled programs too, where nothing can be raised.
    """
    if is_mixed(y_true, y_pred):
        labels = sum(
            label_forms.times(ops.cast(share, y_pred.dtype)[..., None], rows(label, y_pred))
            for label, share in label_forms.parts(y_true)
        )
    elif are_classes(y_true, y_pred):
        classes = indices(y_true, y_pred)
        labels = label_forms.one_hot(classes, y_pred.shape[-1], y_pred.dtype)
    else:
        labels = ops.cast(y_true, y_pred.dtype)
    if label_smoothing:
        labels = labels * (1 - label_smoothing) + label_smoothing / y_pred.shape[-1]
    return labels


def expected(y_true, losses, label_smoothing=0.0, function=None):
    """Returns the mean over classes of `losses`, weighted by the labels.

    Args:
        y_true: labels, integers or rows.
        losses: `(..., num_classes)`: the loss if the class were the true one.
        label_smoothing: share of the weight that all classes get in equal parts.
        function: None, or an elementwise function that makes the losses of `losses`. For integer
            labels that are not smoothed it is computed for the true class alone.

    Returns:
        `(...)`. NaN for integer labels outside of the classes.
    """
    if function is not None:
        if label_smoothing or not are_classes(y_true, losses):
            return expected(y_true, function(losses), label_smoothing)
        return function(pick(losses, indices(y_true, losses)))
    if is_mixed(y_true, losses):
        chosen = sum(
            label_forms.times(ops.cast(share, losses.dtype), expected(label, losses))
            for label, share in label_forms.parts(y_true)
        )
    elif not are_classes(y_true, losses):
        chosen = ops.sum(ops.cast(y_true, losses.dtype) * losses, axis=-1)
    else:
        chosen = pick(losses, indices(y_true, losses))
    if label_smoothing:
        chosen = (1 - label_smoothing) * chosen + label_smoothing * ops.mean(losses, axis=-1)
    return chosen


def pick(values, classes):
    """Returns the entry of each row of `values` that `classes` names; NaN outside of the row."""
    num_classes = values.shape[-1]
    inside = ops.logical_and(classes >= 0, classes < num_classes)
    # All rows as one, which takes a third of the time of `take_along_axis`.
    starts = num_classes * ops.arange(ops.size(classes), dtype=classes.dtype)
    places = ops.where(inside, classes, 0) + ops.reshape(starts, ops.shape(classes))
    return ops.where(inside, ops.take(ops.reshape(values, (-1,)), places), float("nan"))


def without(values, classes):
    """Returns rows with minus infinity where `classes` names an entry."""
    named = ops.one_hot(classes, values.shape[-1], dtype="bool")
    return ops.where(named, -float("inf"), values)


def signs(y_true, y_pred, labels):
    """Returns labels of the shape of `y_pred` as -1 or 1.

    Args:
        y_true: labels of the shape of `y_pred`, a last axis of 1 apart.
        y_pred: float predictions.
        labels: what they are: "signed" for -1 and 1, "binary" for 0 and 1.

    Returns:
        Float labels of -1 and 1, and for every sample whether all of its labels are among them:
        in a compiled program nothing can be raised.

    Raises:
        ValueError: for other labels, where their values are known.
    """
    y_true = ops.cast(same_rank(y_true, y_pred), y_pred.dtype)
    sign = y_true if labels == "signed" else 2 * y_true - 1
    valid = sign**2 == 1
    valid = ops.all(valid, axis=-1) if len(valid.shape) > 1 else valid
    if not is_traced(valid) and not bool(ops.convert_to_numpy(ops.all(valid))):
        wanted = "0 and 1 only"
        if labels == "signed":
            wanted = '-1 and 1 only (for labels 0 and 1 give labels="binary")'
        found = sorted(set(ops.convert_to_numpy(y_true).ravel().tolist()))[:5]
        raise ValueError(f"y_true must hold {wanted}, received {found}")
    return sign, valid


def same_rank(y_true, y_pred):
    """Returns labels with the axes of `y_pred`, a last axis of 1 added or taken away."""
    labels, predictions = len(y_true.shape), len(y_pred.shape)
    if labels == predictions - 1 and y_pred.shape[-1] == 1:
        return y_true[..., None]
    if labels == predictions + 1 and y_true.shape[-1] == 1:
        return ops.squeeze(y_true, axis=-1)
    if labels != predictions:
        raise ValueError(
            f"y_true must have the shape of y_pred, {tuple(y_pred.shape)}, received "
            f"{tuple(y_true.shape)}"
        )
    return y_true


def binary(y_true, y_pred):
    """Returns labels that are each 0 or 1, or between, in the shape and type of `y_pred`.

    Others, such as -1 and 255 where nothing is known, are NaN: a loss that cannot be overlooked.
    """
    labels = ops.cast(same_rank(y_true, y_pred), y_pred.dtype)
    inside = ops.logical_and(labels >= -_ROUNDING, labels <= 1 + _ROUNDING)
    return ops.where(inside, labels, float("nan"))


def num_classes(y_pred):
    """Returns the size of the last axis of predictions, which must be known and at least 2."""
    count = y_pred.shape[-1] if len(y_pred.shape) else None
    if count is None or count < 2:
        raise ValueError(
            "y_pred must have at least two classes along its last axis, received shape "
            f"{tuple(y_pred.shape)}; a single logit needs a binary loss"
        )
    return count
