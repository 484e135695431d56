"""Losses of cosines that hold the true class to a margin: ArcFace, CosFace."""

import math

from keras import ops

from keras_cv_extras._base import checks, numbers
from keras_cv_extras._base.engine import is_traced
from keras_cv_extras._base.text import caller
from keras_cv_extras._base.types import Tensor
from keras_cv_extras.losses import _labels
from keras_cv_extras.losses._loss import FunctionLoss, per_sample

# Below this 1 - c^2 the sine, whose slope is infinite at c = 1 and -1, is held constant.
_SQUARED_SINE = 1e-7
_LARGEST_COSINE = 1.01  # half precision rounds 1 to 1 + 2^-8 at most


def cosines(y_pred):
    """Returns predictions, and warns where their values are known and one is no cosine."""
    _labels.num_classes(y_pred)
    if not is_traced(y_pred) and ops.size(y_pred):
        largest = float(ops.max(ops.abs(y_pred)))
        if largest > _LARGEST_COSINE:
            caller.warn(
                "y_pred should be cosines in [-1, 1], as layers.CosineDense gives them, received a "
                f"value of {largest:.3g}: logits need another loss, such as LogitAdjusted",
            )
    return y_pred


def margin_crossentropy(y_true, logits, lowered, label_smoothing=0.0):
    """Returns the cross-entropy where the true class' logit alone is replaced by `lowered`.

    The loss of class k is `-l_k + log(sum_{j != k} e^z_j + e^l_k)` for logits z and lowered
    ones l, found for all classes at once.
    """
    if not label_smoothing and _labels.are_classes(y_true, logits):
        classes = _labels.indices(y_true, logits)
        others = ops.logsumexp(_labels.without(logits, classes), axis=-1)
        return ops.softplus(others - _labels.pick(lowered, classes))
    total = ops.logsumexp(logits, axis=-1, keepdims=True)
    others = log_complement(logits) + total
    return _labels.expected(y_true, ops.softplus(others - lowered), label_smoothing)


def log_complement(logits):
    """Returns log(1 - softmax(logits)) without cancellation, along the last axis.

    Only for the largest logit can 1 - p lose its digits: there the others are summed by
    themselves. All others have p <= 1/2.
    """
    top = ops.one_hot(ops.argmax(logits, axis=-1), logits.shape[-1], dtype="bool")
    others = ops.where(top, -float("inf"), logits)
    shift = ops.stop_gradient(numbers.largest(others))
    rest = ops.log(ops.sum(ops.exp(others - shift), axis=-1, keepdims=True)) + shift
    logs = ops.log_softmax(logits, axis=-1)
    small = ops.where(top, -1.0, logs)
    total = ops.logsumexp(logits, axis=-1, keepdims=True)
    return ops.where(top, rest - total, ops.log1p(-ops.exp(small)))


def _angle(name, value):
    if not 0 <= checks.number(name, value) <= math.pi / 2:
        raise ValueError(f"{name} must be an angle in [0, pi / 2], received {value!r}")
    return float(value)


@per_sample(margin=_angle, scale=checks.positive, label_smoothing=checks.fraction)
def arcface(
    y_true: Tensor,
    y_pred: Tensor,
    *,
    margin: float = 0.5,
    scale: float = 64.0,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Additive angular margin: cross-entropy of `s cos(theta)`, `s cos(theta + m)` if true.

    Beyond `theta > pi - m`, where `cos(theta + m)` would rise again, the true class gets
    `s (cos(theta) - m sin(m))`, which goes on falling.

    Args:
        y_true: integer labels `(...)` or `(..., 1)`, or rows `(..., num_classes)`, for which
            the loss is the mean over classes.
        y_pred: cosines `(..., num_classes)` in [-1, 1], as `layers.CosineDense` gives them.
        margin: the angle m in radians, in [0, pi / 2]; 0 gives cross-entropy of scaled cosines.
        scale: what the cosines are multiplied by, above 0.

    References:
        [Deng et al., ArcFace](https://arxiv.org/abs/1801.07698), and its code for angles beyond
        `pi - m`.

    Example:
        >>> arcface([0, 1], [[0.9, 0.1], [0.2, 0.7]], margin=0.3)
    """
    y_pred = cosines(y_pred)
    sine = ops.sqrt(ops.maximum(1 - y_pred**2, _SQUARED_SINE))
    turned = y_pred * math.cos(margin) - sine * math.sin(margin)
    beyond = y_pred - margin * math.sin(margin)
    lowered = ops.where(y_pred > -math.cos(margin), turned, beyond)
    return margin_crossentropy(y_true, scale * y_pred, scale * lowered, label_smoothing)


class ArcFace(FunctionLoss):
    """ArcFace loss: the true class must win by an angle. Its model ends in `layers.CosineDense`.

    Example:
        >>> model.compile("sgd", loss=ArcFace(margin=0.5, scale=30.0))
    """

    function = arcface
    reads_classes = True
    takes_cosines = True


@per_sample(margin=checks.non_negative, scale=checks.positive, label_smoothing=checks.fraction)
def cosface(
    y_true: Tensor,
    y_pred: Tensor,
    *,
    margin: float = 0.35,
    scale: float = 64.0,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Large margin cosine loss: cross-entropy of `s cos(theta)`, `s (cos(theta) - m)` if true.

    Args:
        y_true: integer labels `(...)` or `(..., 1)`, or rows `(..., num_classes)`, for which
            the loss is the mean over classes.
        y_pred: cosines `(..., num_classes)` in [-1, 1], as `layers.CosineDense` gives them.
        margin: what the true cosine is lowered by, at least 0; 0 gives cross-entropy of scaled
            cosines.
        scale: what the cosines are multiplied by, above 0.

    References:
        [Wang et al., CosFace](https://arxiv.org/abs/1801.09414)

    Example:
        >>> cosface([0, 1], [[0.9, 0.1], [0.2, 0.7]], margin=0.2)
    """
    y_pred = cosines(y_pred)
    return margin_crossentropy(y_true, scale * y_pred, scale * (y_pred - margin), label_smoothing)


class CosFace(FunctionLoss):
    """CosFace loss: the true class must win by a cosine. Its model ends in `layers.CosineDense`.

    Example:
        >>> model.compile("sgd", loss=CosFace(margin=0.35, scale=30.0))
    """

    function = cosface
    reads_classes = True
    takes_cosines = True
