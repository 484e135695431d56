"""Losses that weigh a sample by how well it is classified already: focal and Poly-1."""

from collections.abc import Sequence

from keras import ops

from keras_cv_extras._base import checks, numbers
from keras_cv_extras._base.types import Tensor
from keras_cv_extras.losses import _labels, _logits
from keras_cv_extras.losses._loss import FunctionLoss, per_sample


def _alpha(name, value):
    if value is None or isinstance(value, (int, float)):
        return None if value is None else checks.non_negative(name, value)
    return checks.numbers_or_none(name, value)


@per_sample(
    alpha=_alpha,
    gamma=checks.non_negative,
    from_logits=checks.boolean,
    label_smoothing=checks.fraction,
)
def categorical_focal(
    y_true: Tensor,
    y_pred: Tensor,
    *,
    alpha: float | Sequence[float] | None = None,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Focal loss of softmax predictions: `-alpha_k (1 - p_k)^gamma log p_k` for the true class k.

    Args:
        y_true: integer labels `(...)` or `(..., 1)`, or rows `(..., num_classes)`, for which
            the loss is the mean over classes.
        y_pred: probabilities or logits `(..., num_classes)`.
        alpha: None, one weight, or a list of one weight per class.
        gamma: how strongly well classified samples are weighed down, at least 0; 0 gives
            cross-entropy.

    References:
        [Lin et al., Focal Loss for Dense Object Detection](https://arxiv.org/abs/1708.02002)

    Example:
        >>> categorical_focal([0, 1], [[0.9, 0.1], [0.4, 0.6]], gamma=2.0)
    """
    count = _labels.num_classes(y_pred)
    logits = _logits.class_logits(y_pred, from_logits)

    def loss(logs):
        # 1 - p to the type's epsilon, as log p is.
        return -(numbers.power(1 - ops.exp(logs), gamma) * logs) if gamma else -logs

    if isinstance(alpha, list):
        weights = per_class("alpha", alpha, count, logits.dtype)
        losses = weights * loss(ops.log_softmax(logits, axis=-1))
        return _labels.expected(y_true, losses, label_smoothing)
    losses = _logits.expected_of_logs(y_true, logits, loss, label_smoothing)
    return losses if alpha is None else alpha * losses


def per_class(name, values, num_classes, dtype):
    """Returns one number, or a list of one per class, as a tensor."""
    if isinstance(values, list) and len(values) != num_classes:
        raise ValueError(
            f"{name} must have one number per class: {num_classes}, received {len(values)}"
        )
    return ops.convert_to_tensor(values, dtype=dtype)


class CategoricalFocal(FunctionLoss):
    """Focal loss of softmax predictions, for integer, one-hot and soft labels.

    `keras.losses.CategoricalFocalCrossentropy` has no gradient for a confident mistake and takes
    no integer labels.

    Example:
        >>> model.compile("adam", loss=CategoricalFocal(gamma=2.0, from_logits=True))
    """

    function = categorical_focal
    reads_classes = True


def _gamma(name, value):
    return 0.0 if value is None else checks.non_negative(name, value)


@per_sample(
    from_logits=checks.boolean,
    alpha=_alpha,
    gamma=_gamma,
    over_labels=checks.choice("sum", "mean"),
)
def sigmoid_focal_crossentropy(
    y_true: Tensor,
    y_pred: Tensor,
    *,
    from_logits: bool = False,
    alpha: float | Sequence[float] | None = 0.25,
    gamma: float | None = 2.0,
    over_labels: str = "sum",
) -> Tensor:
    """Focal loss of independent labels, each predicted by a sigmoid.

    `-alpha (1 - p)^gamma log p` for a positive label and `-(1 - alpha) p^gamma log(1 - p)` for a
    negative one; linear between the two for soft labels.

    Args:
        y_true: labels in [0, 1], of the shape of `y_pred`.
        y_pred: probabilities or logits `(batch, ..., labels)`.
        alpha: weight of positive labels, in [0, 1], negative ones having the rest; a list of
            one per label; None for a weight of 1 for all.
        gamma: how strongly well classified labels are weighed down, at least 0; None for 0.
        over_labels: "sum" over the last axis, as TensorFlow Addons has it, or "mean", as
            `keras.losses.BinaryFocalCrossentropy`.

    Returns:
        One loss per sample, `(batch, ...)`.

    References:
        [Lin et al., Focal Loss for Dense Object Detection](https://arxiv.org/abs/1708.02002)

    Example:
        >>> sigmoid_focal_crossentropy([[1, 0, 1]], [[0.9, 0.2, 0.4]])
    """
    labels = _labels.binary(y_true, y_pred)
    logits = _logits.binary_logits(y_pred, from_logits)
    positive, negative = labels, 1 - labels
    if alpha is not None:
        share = per_class("alpha", alpha, logits.shape[-1], logits.dtype)
        positive, negative = share * positive, (1 - share) * negative
    if gamma:
        missed, alarmed = _logits.focal_terms(logits, gamma)
    else:  # -log p is softplus(-z), -log(1 - p) is softplus(z)
        missed, alarmed = _logits.softplus(-logits), _logits.softplus(logits)
    losses = positive * missed + negative * alarmed
    if len(losses.shape) == 1:
        return losses
    return ops.sum(losses, axis=-1) if over_labels == "sum" else ops.mean(losses, axis=-1)


class SigmoidFocalCrossEntropy(FunctionLoss):
    """Focal loss of independent labels, as TensorFlow Addons had it.

    Args:
        reduction: as for every Keras loss. Addons' default was none; here it is the mean
            over the batch, which `fit` took anyway.

    Example:
        >>> model.compile("adam", loss=SigmoidFocalCrossEntropy(from_logits=True))
    """

    function = sigmoid_focal_crossentropy
    argument_order = ("from_logits", "alpha", "gamma", "reduction", "name", "over_labels")


@per_sample(
    epsilon=checks.number,
    gamma=checks.non_negative,
    from_logits=checks.boolean,
    label_smoothing=checks.fraction,
)
def poly1(
    y_true: Tensor,
    y_pred: Tensor,
    *,
    epsilon: float = 1.0,
    gamma: float = 0.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Poly-1 loss: cross-entropy, or focal loss, with its first polynomial term changed.

    `-(1 - p)^gamma log p + epsilon (1 - p)^(gamma + 1)` for the true class' probability p.

    Args:
        y_true: integer labels `(...)` or `(..., 1)`, or rows `(..., num_classes)`, for which
            the loss is the mean over classes.
        y_pred: probabilities or logits `(..., num_classes)`.
        epsilon: what is added to the coefficient of the first term; 0 gives cross-entropy. The
            paper takes 2 on ImageNet.
        gamma: of the focal loss that the term is added to, at least 0.

    References:
        [Leng et al., PolyLoss](https://arxiv.org/abs/2204.12511)

    Example:
        >>> poly1([0, 1], [[2.0, -1.0], [0.5, 0.5]], epsilon=2.0, from_logits=True)
    """
    _labels.num_classes(y_pred)
    logits = _logits.class_logits(y_pred, from_logits)

    def loss(logs):
        complement = 1 - ops.exp(logs)
        focal = -(numbers.power(complement, gamma) * logs) if gamma else -logs
        return focal + epsilon * numbers.power(complement, gamma + 1)

    return _logits.expected_of_logs(y_true, logits, loss, label_smoothing)


class Poly1(FunctionLoss):
    """Poly-1 loss, of cross-entropy or of the focal loss.

    Example:
        >>> model.compile("adam", loss=Poly1(epsilon=2.0, from_logits=True))
    """

    function = poly1
    reads_classes = True
