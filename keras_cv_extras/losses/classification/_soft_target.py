"""Cross-entropy with given soft targets, at a temperature."""

from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import Tensor
from keras_cv_extras.losses import _labels, _logits
from keras_cv_extras.losses._loss import FunctionLoss, per_sample


@per_sample(temperature=checks.positive, from_logits=checks.boolean)
def soft_target(
    y_true: Tensor, y_pred: Tensor, *, temperature: float = 1.0, from_logits: bool = False
) -> Tensor:
    """Cross-entropy with soft targets: `-T^2 sum_k y_k log softmax(z / T)_k`.

    The targets are given, by mixing of images, several annotators or stored predictions; there
    is no teacher model. Targets that were softened by a temperature are met at the same one.
    The factor `T^2` keeps the size of the gradient when T changes.

    Args:
        y_true: rows `(..., num_classes)`, at least 0, usually of the sum 1; integer labels
            `(...)` or `(..., 1)` too.
        y_pred: probabilities or logits z `(..., num_classes)`.
        temperature: T, which the logits are divided by, above 0; 1 gives cross-entropy.

    Returns:
        One loss per sample, `(...)`, linear in the targets. At its least it is `T^2` times their
        entropy.

    References:
        [Hinton et al.](https://arxiv.org/abs/1503.02531), section 2; timm's
        `SoftTargetCrossEntropy` is the case T = 1.

    Example:
        >>> soft_target([[0.7, 0.3]], [[2.0, 1.0]], temperature=2.0, from_logits=True)
    """
    _labels.num_classes(y_pred)
    logits = _logits.class_logits(y_pred, from_logits)
    logs = ops.log_softmax(logits / temperature, axis=-1)
    return _labels.expected(y_true, -(temperature**2) * logs)


class SoftTarget(FunctionLoss):
    """Cross-entropy with given soft targets, at a temperature.

    For distillation from a teacher model that runs along there is `keras.distillation`.

    Example:
        >>> model.compile("adam", loss=SoftTarget(temperature=4.0, from_logits=True))
    """

    function = soft_target
