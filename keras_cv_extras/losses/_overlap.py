"""Losses of overlap: Tversky and focal Tversky."""

from collections.abc import Sequence

from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import Tensor
from keras_cv_extras.losses import _labels
from keras_cv_extras.losses._loss import FunctionLoss, per_sample


@per_sample(
    alpha=checks.non_negative,
    beta=checks.non_negative,
    gamma=checks.positive,
    smooth=checks.non_negative,
)
def tversky(
    y_true: Tensor,
    y_pred: Tensor,
    *,
    alpha: float | Sequence[float] | None = 0.3,
    beta: float = 0.7,
    gamma: float = 1.0,
    smooth: float = 1e-6,
) -> Tensor:
    """Tversky loss: `(1 - TP / (TP + alpha FP + beta FN))^gamma`.

    Args:
        y_true: masks or labels in [0, 1], of the shape of `y_pred`.
        y_pred: probabilities `(batch, ...)`; all axes but the first are counted over.
        alpha: cost of false positives, at least 0.
        beta: cost of false negatives, at least 0. Both 0.5 give the Dice loss.
        gamma: the power of focal Tversky: below 1 samples that are nearly right weigh more,
            above 1 less; above 0.
        smooth: added to the denominator, for samples without a positive.

    Returns:
        One loss per sample, `(batch,)`.

    References:
        [Salehi et al.](https://arxiv.org/abs/1706.05721); focal:
        [Abraham and Khan](https://arxiv.org/abs/1810.07842), whose exponent is 1 / gamma.

    Example:
        >>> tversky([[[1], [0]]], [[[0.9], [0.2]]], alpha=0.5, beta=0.5)
    """
    labels = _labels.binary(y_true, y_pred)
    axes = tuple(range(1, len(y_pred.shape)))
    true_positive = ops.sum(labels * y_pred, axis=axes)
    false_positive = ops.sum(y_pred, axis=axes) - true_positive
    false_negative = ops.sum(labels, axis=axes) - true_positive
    missed = alpha * false_positive + beta * false_negative
    loss = missed / (true_positive + missed + smooth)
    if gamma == 1:
        return loss
    # A power below 1 has an infinite slope at a perfect overlap.
    floor = 1e-7
    return ops.where(loss > floor, ops.maximum(loss, floor) ** gamma, loss * floor ** (gamma - 1))


class Tversky(FunctionLoss):
    """Tversky loss: overlap with separate costs of false positives and false negatives.

    `keras.losses.Tversky` of Keras 3.15.1 swaps the two costs.

    Example:
        >>> model.compile("adam", loss=Tversky(alpha=0.3, beta=0.7, gamma=0.75))
    """

    function = tversky
