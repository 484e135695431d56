"""Losses that wrong labels mislead less than cross-entropy: bounded in the logits."""

import math

from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import Tensor
from keras_cv_extras.losses import _labels, _logits
from keras_cv_extras.losses._loss import FunctionLoss, per_sample

_LOG_ZERO = math.log(1e-4)  # as the authors of both losses have it


def _class_logits(y_pred, from_logits):
    _labels.num_classes(y_pred)
    return _logits.class_logits(y_pred, from_logits)


@per_sample(q=checks.fraction, from_logits=checks.boolean)
def generalized_crossentropy(
    y_true: Tensor, y_pred: Tensor, *, q: float = 0.7, from_logits: bool = False
) -> Tensor:
    """Generalised cross-entropy: `(1 - p^q) / q` for the true class' probability p.

    Args:
        y_true: integer labels `(...)` or `(..., 1)`, or rows `(..., num_classes)`, for which
            the loss is the mean over classes.
        y_pred: probabilities or logits `(..., num_classes)`.
        q: in [0, 1]: 0 gives cross-entropy, 1 half the absolute error.

    References:
        [Zhang and Sabuncu](https://arxiv.org/abs/1805.07836)

    Example:
        >>> generalized_crossentropy([0, 1], [[0.9, 0.1], [0.4, 0.6]], q=1.0)
    """

    def loss(logs):
        return -ops.expm1(q * logs) / q if q else -logs

    return _logits.expected_of_logs(y_true, _class_logits(y_pred, from_logits), loss)


class GeneralizedCrossentropy(FunctionLoss):
    """Generalised cross-entropy, between cross-entropy and the absolute error.

    `keras.losses.CategoricalGeneralizedCrossEntropy` takes probabilities only, and its gradient
    is NaN where one of them rounds to zero.

    Example:
        >>> model.compile("adam", loss=GeneralizedCrossentropy(q=0.7, from_logits=True))
    """

    function = generalized_crossentropy
    reads_classes = True


@per_sample(
    alpha=checks.non_negative,
    beta=checks.non_negative,
    log_zero=checks.number,
    from_logits=checks.boolean,
)
def symmetric_crossentropy(
    y_true: Tensor,
    y_pred: Tensor,
    *,
    alpha: float = 0.1,
    beta: float = 1.0,
    log_zero: float = _LOG_ZERO,
    from_logits: bool = False,
) -> Tensor:
    """Symmetric cross-entropy: `alpha` CE + `beta` reverse CE.

    The reverse cross-entropy `-sum_k p_k log y_k` of a one-hot label, with log 0 taken for
    `log_zero`, is `-log_zero (1 - p)`. Rows of labels give the mean over classes.

    Args:
        y_true: integer labels `(...)` or `(..., 1)`, or rows `(..., num_classes)`.
        y_pred: probabilities or logits `(..., num_classes)`.
        alpha: weight of cross-entropy: the paper takes 0.1 on CIFAR-10, 6 on CIFAR-100.
        beta: weight of the reverse cross-entropy: the paper takes 1 and 0.1.
        log_zero: what stands for the logarithm of zero, below 0.

    References:
        [Wang et al.](https://arxiv.org/abs/1908.06112)

    Example:
        >>> symmetric_crossentropy([0, 1], [[0.9, 0.1], [0.4, 0.6]], alpha=1.0, beta=0.5)
    """

    def loss(logs):
        return -alpha * logs + beta * log_zero * ops.expm1(logs)

    return _logits.expected_of_logs(y_true, _class_logits(y_pred, from_logits), loss)


class SymmetricCrossentropy(FunctionLoss):
    """Symmetric cross-entropy, robust to wrong labels by its bounded second term.

    Example:
        >>> model.compile("adam", loss=SymmetricCrossentropy(from_logits=True))
    """

    function = symmetric_crossentropy
    reads_classes = True


@per_sample(
    alpha=checks.non_negative,
    beta=checks.non_negative,
    log_zero=checks.number,
    from_logits=checks.boolean,
)
def active_passive(
    y_true: Tensor,
    y_pred: Tensor,
    *,
    alpha: float = 1.0,
    beta: float = 1.0,
    log_zero: float = _LOG_ZERO,
    from_logits: bool = False,
) -> Tensor:
    """Normalised cross-entropy (active) plus reverse cross-entropy (passive): NCE+RCE.

    `alpha log p_k / sum_j log p_j - beta log_zero (1 - p_k)` for the true class k.

    Args:
        y_true: integer labels `(...)` or `(..., 1)`, or rows `(..., num_classes)`, for which
            the loss is the mean over classes.
        y_pred: probabilities or logits `(..., num_classes)`.
        alpha: weight of the normalised cross-entropy.
        beta: weight of the reverse cross-entropy.
        log_zero: what stands for the logarithm of zero, below 0.

    References:
        [Ma et al., Normalized Loss Functions](https://arxiv.org/abs/2006.13554)

    Example:
        >>> active_passive([0, 1], [[0.9, 0.1], [0.4, 0.6]])
    """
    logs = ops.log_softmax(_class_logits(y_pred, from_logits), axis=-1)
    normalised = logs / ops.sum(logs, axis=-1, keepdims=True)
    return _labels.expected(y_true, alpha * normalised + beta * log_zero * ops.expm1(logs))


class ActivePassive(FunctionLoss):
    """NCE+RCE: normalised plus reverse cross-entropy, which wrong labels mislead less.

    Example:
        >>> model.compile("adam", loss=ActivePassive(from_logits=True))
    """

    function = active_passive
    reads_classes = True
