"""Asymmetric losses: negative labels are weighed down more than positive ones."""

from keras import ops

from keras_cv_extras._base import checks, numbers
from keras_cv_extras._base.types import Tensor
from keras_cv_extras.losses import _labels, _logits
from keras_cv_extras.losses._loss import FunctionLoss, per_sample


@per_sample(
    gamma_negative=checks.non_negative,
    gamma_positive=checks.non_negative,
    clip=checks.fraction,
    from_logits=checks.boolean,
)
def asymmetric_multilabel(
    y_true: Tensor,
    y_pred: Tensor,
    *,
    gamma_negative: float = 4.0,
    gamma_positive: float = 1.0,
    clip: float = 0.05,
    from_logits: bool = False,
) -> Tensor:
    """Asymmetric loss of independent labels, each predicted by a sigmoid.

    `-(1 - p)^gamma_positive log p` for a positive label and, with `q = max(p - clip, 0)`,
    `-q^gamma_negative log(1 - q)` for a negative one; linear between them for soft labels.

    Args:
        y_true: labels in [0, 1], of the shape of `y_pred`.
        y_pred: probabilities or logits `(batch, ..., labels)`, or `(batch,)` for one label.
        gamma_negative: how strongly easy negative labels are weighed down, at least 0.
        gamma_positive: the same for positive labels.
        clip: probability below which a negative label costs nothing, in [0, 1].

    Returns:
        The sum over labels, `(batch, ...)`; `(batch,)` for predictions `(batch,)`.

    References:
        [Ridnik et al., Asymmetric Loss](https://arxiv.org/abs/2009.14119)

    Example:
        >>> asymmetric_multilabel([[1, 0, 1]], [[0.9, 0.2, 0.4]], clip=0.0)
    """
    labels = _labels.binary(y_true, y_pred)
    logits = _logits.binary_logits(y_pred, from_logits)
    probability = ops.sigmoid(logits)
    missed = _logits.softplus(-logits) * numbers.power(1 - probability, gamma_positive)
    if clip:
        probability = ops.relu(probability - clip)
        alarmed = -ops.log1p(-probability)
    else:
        alarmed = _logits.softplus(logits)
    alarmed = alarmed * numbers.power(probability, gamma_negative)
    losses = labels * missed + (1 - labels) * alarmed
    return ops.sum(losses, axis=-1) if len(losses.shape) > 1 else losses


class AsymmetricMultilabel(FunctionLoss):
    """Asymmetric loss for many labels of which few are positive.

    Example:
        >>> model.compile("adam", loss=AsymmetricMultilabel(from_logits=True))
    """

    function = asymmetric_multilabel


@per_sample(
    gamma_negative=checks.non_negative,
    gamma_positive=checks.non_negative,
    from_logits=checks.boolean,
    label_smoothing=checks.fraction,
)
def asymmetric_categorical(
    y_true: Tensor,
    y_pred: Tensor,
    *,
    gamma_negative: float = 4.0,
    gamma_positive: float = 0.0,
    from_logits: bool = False,
    label_smoothing: float = 0.1,
) -> Tensor:
    """Asymmetric loss of softmax predictions: smoothed cross-entropy with focusing per class.

    `-sum_k s_k w_k log p_k`, where s is the smoothed label and the weight is
    `(1 - p_k)^gamma_positive` for the true class and `p_k^gamma_negative` for the others; the
    weights carry no gradient.

    Args:
        y_true: integer labels `(...)` or `(..., 1)`, or rows `(..., num_classes)`, for which
            the loss is the mean over classes.
        y_pred: probabilities or logits `(..., num_classes)`.
        gamma_negative: focusing of the other classes, at least 0.
        gamma_positive: focusing of the true class, at least 0.

    References:
        [Ridnik et al., Asymmetric Loss](https://arxiv.org/abs/2009.14119) and its code for a
        single label.

    Example:
        >>> asymmetric_categorical([0, 1], [[2.0, -1.0], [0.5, 0.5]], from_logits=True)
    """
    count = _labels.num_classes(y_pred)
    logits = _logits.class_logits(y_pred, from_logits)
    logs = ops.log_softmax(logits, axis=-1)
    fixed = ops.stop_gradient(logs)
    focus = numbers.power(1 - ops.exp(fixed), gamma_positive)
    others = -label_smoothing / count * ops.exp(gamma_negative * fixed) * logs
    weight = 1 - label_smoothing + label_smoothing / count
    true = -weight * focus * logs
    losses = true - others + ops.sum(others, axis=-1, keepdims=True)
    return _labels.expected(y_true, losses)


class AsymmetricCategorical(FunctionLoss):
    """Asymmetric loss for one label per sample.

    Example:
        >>> model.compile("adam", loss=AsymmetricCategorical(from_logits=True))
    """

    function = asymmetric_categorical
    reads_classes = True
