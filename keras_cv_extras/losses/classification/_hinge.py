"""Hinge losses of two and of more classes."""

from keras import ops

from keras_cv_extras._base import checks, numbers
from keras_cv_extras._base.types import Tensor
from keras_cv_extras.losses import _labels
from keras_cv_extras.losses._loss import FunctionLoss, per_sample

_FAR = 1e30  # further apart than any two scores


def _positive_part(values):
    # At exactly zero the derivative is that of the violated side: the subgradient -y x.
    return values + ops.relu(-values)


@per_sample(labels=checks.choice("signed", "binary"), squared=checks.boolean)
def hinge(
    y_true: Tensor, y_pred: Tensor, *, labels: str = "signed", squared: bool = False
) -> Tensor:
    """Hinge loss: `max(0, 1 - y f)` for labels -1 and 1 and scores f.

    Args:
        y_true: labels of the shape of `y_pred`.
        y_pred: scores `(batch,)` or `(batch, ..., outputs)`, not bounded.
        labels: what the labels are: "signed" for -1 and 1, "binary" for 0 and 1.
        squared: whether to square the loss.

    Returns:
        The mean over the last axis, `(batch, ...)`; `(batch,)` for scores `(batch,)`. The
        derivative by f is -y where `y f <= 1`, the kink included, and 0 beyond.

    Raises:
        ValueError: for other labels; in a compiled program they give NaN.

    References:
        Cortes and Vapnik, Support-Vector Networks, 1995; `sklearn.metrics.hinge_loss`.

    Example:
        >>> hinge([1, -1], [0.5, 0.5]).numpy()
        array([0.5, 1.5], dtype=float32)
    """
    signs, valid = _labels.signs(y_true, y_pred, labels)
    values = _positive_part(1 - signs * y_pred)
    values = values**2 if squared else values
    values = ops.mean(values, axis=-1) if len(values.shape) > 1 else values
    return ops.where(valid, values, float("nan"))


class Hinge(FunctionLoss):
    """Hinge loss for labels -1 and 1, the loss of the linear support vector machine.

    `keras.losses.Hinge` guesses from each batch whether labels are 0 and 1; here an argument says
    so.

    Example:
        >>> model.compile("sgd", loss=Hinge(labels="binary"))
    """

    function = hinge


@per_sample(
    variant=checks.choice("crammer_singer", "weston_watkins", "one_vs_rest"),
    margin=checks.positive,
    squared=checks.boolean,
)
def multiclass_hinge(
    y_true: Tensor,
    y_pred: Tensor,
    *,
    variant: str = "crammer_singer",
    margin: float = 1.0,
    squared: bool = False,
) -> Tensor:
    """Hinge loss of several classes, for scores `f` and the true class k.

    crammer_singer: `max(0, margin + max_{j != k} f_j - f_k)`;
    weston_watkins: `sum_{j != k} max(0, margin + f_j - f_k)`;
    one_vs_rest: `max(0, margin - f_k) + sum_{j != k} max(0, margin + f_j)`.

    Args:
        y_true: integer labels `(...)` or `(..., 1)`, or rows `(..., num_classes)`, for which
            the loss is the mean over classes.
        y_pred: scores `(..., num_classes)`, not bounded.
        variant: "crammer_singer", "weston_watkins" or "one_vs_rest".
        margin: how far the true class must lead, above 0.
        squared: whether to square every term.

    Returns:
        `(...)`. Rows of labels take memory of num_classes squared in weston_watkins.

    References:
        Crammer and Singer, On the Algorithmic Implementation of Multiclass Kernel-based Vector
        Machines, 2001; Weston and Watkins, Support Vector Machines for Multi-Class Pattern
        Recognition, 1999; `sklearn.metrics.hinge_loss`.

    Example:
        >>> multiclass_hinge([0, 1], [[2.0, -1.0], [0.5, 0.0]]).numpy()
        array([0. , 1.5], dtype=float32)
    """
    _labels.num_classes(y_pred)

    def cost(values):
        values = _positive_part(values)
        return values**2 if squared else values

    if variant == "one_vs_rest":
        against = cost(margin + y_pred)
        losses = cost(margin - y_pred) - against + ops.sum(against, axis=-1, keepdims=True)
    elif variant == "crammer_singer" and _labels.are_classes(y_true, y_pred):
        classes = _labels.indices(y_true, y_pred)
        best = numbers.largest(_labels.without(y_pred, classes))[..., 0]
        return cost(margin + best - _labels.pick(y_pred, classes))
    elif variant == "crammer_singer":
        if _labels.is_mixed(y_true, y_pred):
            return _labels.expected(y_true, cost(margin + _leads(y_pred)))
        rows = ops.cast(y_true, y_pred.dtype)
        # The true class alone, where labels say which it is, takes half of the time.
        return ops.cond(
            _are_one_hot(rows),
            lambda: cost(margin + _lead(rows, y_pred)[..., 0]),
            lambda: _labels.expected(rows, cost(margin + _leads(y_pred))),
        )
    elif _labels.are_classes(y_true, y_pred):
        true = _labels.pick(y_pred, _labels.indices(y_true, y_pred))[..., None]
        # The true class against itself costs cost(margin), with no gradient.
        return ops.sum(cost(margin + y_pred - true), axis=-1) - cost(margin * ops.ones(()))
    else:
        differences = cost(margin + y_pred[..., None, :] - y_pred[..., :, None])
        losses = ops.sum(differences, axis=-1) - cost(margin * ops.ones(()))
    return _labels.expected(y_true, losses)


def _are_one_hot(rows):
    sums, tops = ops.sum(rows, axis=-1), numbers.largest(rows)[..., 0]
    return ops.all(ops.logical_and(sums == 1, tops == 1))


@ops.custom_gradient
def _lead(rows, scores):
    """The best other score less that of the true class, `(..., 1)`, for one-hot rows.

    The gradient that TensorFlow has for a maximum takes twice the time.
    """
    others = scores - _FAR * rows
    best = numbers.largest(others)

    def gradient(upstream):
        are_best = ops.relu(1 - (best - others) * _FAR)  # 1 or 0
        share = are_best / ops.sum(are_best, axis=-1, keepdims=True)
        return -upstream * scores, upstream * (share - rows)

    return best - ops.sum(rows * scores, axis=-1, keepdims=True), gradient


def _leads(scores):
    """The best other score less that of each class, `(..., num_classes)`."""
    best = numbers.largest(scores)
    top = scores == best
    # Of several that are best, each has another one that is as good.
    alone = ops.sum(ops.cast(top, "int32"), axis=-1, keepdims=True) == 1
    top = ops.logical_and(top, alone)
    second = numbers.largest(ops.where(top, -float("inf"), scores))
    return ops.where(top, second, best) - scores


class MulticlassHinge(FunctionLoss):
    """Hinge loss of several classes, in three variants.

    `keras.losses.CategoricalHinge` takes a negative score of a wrong class for zero; this one
    does not, and equals scikit-learn's `hinge_loss` in the default variant.

    Example:
        >>> model.compile("sgd", loss=MulticlassHinge("weston_watkins"))
    """

    function = multiclass_hinge
    reads_classes = True
