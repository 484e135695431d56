"""Log loss of binary, multi-class, soft and integer labels."""

from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import Tensor
from keras_cv_extras.losses import _labels, _logits
from keras_cv_extras.losses._loss import FunctionLoss, per_sample


@per_sample(from_logits=checks.boolean, label_smoothing=checks.fraction)
def log_loss(
    y_true: Tensor, y_pred: Tensor, *, from_logits: bool = False, label_smoothing: float = 0.0
) -> Tensor:
    """Log loss: minus the logarithm of the probability that the true class was given.

    Args:
        y_true: labels. For predictions of one probability, `(batch,)` or `(batch, 1)` in
            [0, 1]. For several classes, integers `(...)` or `(..., 1)`, or rows that sum to one
            `(..., num_classes)`.
        y_pred: float probabilities: `(batch,)` or `(batch, 1)` of the positive class, or
            `(..., num_classes)`.
        from_logits: whether `y_pred` holds logits. They are exact where probabilities round to
            0 or 1.

    Returns:
        One loss per sample: `(batch,)` or `(...)`. Probabilities are taken for at least the
        epsilon of float32, as scikit-learn does, and the gradient goes on below it.

    References:
        [scikit-learn: log_loss](https://scikit-learn.org/stable/modules/generated/sklearn.metrics.log_loss.html);
        label smoothing: [Szegedy et al.](https://arxiv.org/abs/1512.00567), section 7.

    Example:
        >>> log_loss([0, 1], [[2.0, -1.0], [0.5, 0.5]], from_logits=True)
    """
    if len(y_pred.shape) == 1 or y_pred.shape[-1] == 1:
        labels = _labels.binary(y_true, y_pred)
        labels = labels * (1 - label_smoothing) + label_smoothing / 2
        logits = _logits.binary_logits(y_pred, from_logits)
        losses = labels * _logits.softplus(-logits) + (1 - labels) * _logits.softplus(logits)
        return losses if len(y_pred.shape) == 1 else losses[..., 0]
    _labels.num_classes(y_pred)
    logits = _logits.class_logits(y_pred, from_logits)
    if not from_logits:
        return _labels.expected(y_true, -logits, label_smoothing)
    return _logits.expected_of_logs(y_true, logits, ops.negative, label_smoothing)


class LogLoss(FunctionLoss):
    """Log loss (cross-entropy) of binary or multi-class predictions.

    Example:
        >>> model.compile("adam", loss=LogLoss(from_logits=True, label_smoothing=0.1))
    """

    function = log_loss
    reads_classes = True
