"""Jensen-Shannon consistency: several views of one image should be classified the same way."""

import math
from collections.abc import Sequence

from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.numbers import floats
from keras_cv_extras._base.types import Tensor
from keras_cv_extras.losses import _labels, _logits
from keras_cv_extras.losses._loss import FunctionLoss, per_sample


def jensen_shannon_divergence(y_pred: Tensor, *, from_logits: bool = False) -> Tensor:
    """Jensen-Shannon divergence of distributions: their mean divergence from their mean.

    `1 / V sum_v KL(p_v || m)` with `m = 1 / V sum_v p_v`.

    Args:
        y_pred: probabilities or logits `(..., views, num_classes)`.
        from_logits: whether `y_pred` holds logits.

    Returns:
        `(...)`, in [0, log(views)]: zero where all views agree.

    References:
        Lin, Divergence Measures Based on the Shannon Entropy, 1991; for two views the square of
        `scipy.spatial.distance.jensenshannon`.

    Example:
        >>> jensen_shannon_divergence([[[0.9, 0.1], [0.4, 0.6]]])
    """
    logits = _logits.class_logits(floats(y_pred), from_logits)
    logs = ops.log_softmax(logits, axis=-1)
    mixture = ops.logsumexp(logs, axis=-2, keepdims=True) - math.log(logs.shape[-2])
    return ops.mean(ops.sum(ops.exp(logs) * (logs - mixture), axis=-1), axis=-1)


@per_sample(alpha=checks.non_negative, from_logits=checks.boolean, label_smoothing=checks.fraction)
def jensen_shannon_consistency(
    y_true: Tensor,
    y_pred: Tensor,
    *,
    alpha: float | Sequence[float] | None = 12.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Cross-entropy of the first view plus `alpha` times the divergence of all views.

    Args:
        y_true: integer labels `(batch,)` or `(batch, 1)`, or rows `(batch, num_classes)`.
        y_pred: probabilities or logits `(batch, views, num_classes)` of two or more views of
            each image, the first being the one without augmentation; AugMix takes three.
        alpha: weight of the divergence, at least 0; 0 gives cross-entropy of the first view.

    Returns:
        One loss per image, `(batch,)`.

    References:
        [Hendrycks et al., AugMix](https://arxiv.org/abs/1912.02781), whose alpha is 12.

    Example:
        >>> view = [[0.9, 0.1], [0.4, 0.6]]
        >>> jensen_shannon_consistency([0, 1], np.stack([view, view, view], axis=1))
    """
    if len(y_pred.shape) != 3 or y_pred.shape[1] is None or y_pred.shape[1] < 2:
        raise ValueError(
            "y_pred must hold two or more views of each image, (batch, views, num_classes), "
            f"received shape {tuple(y_pred.shape)}"
        )
    _labels.num_classes(y_pred)
    logs = ops.log_softmax(_logits.class_logits(y_pred[:, 0], from_logits), axis=-1)
    loss = _labels.expected(y_true, -logs, label_smoothing)
    if alpha:
        loss = loss + alpha * jensen_shannon_divergence(y_pred, from_logits=from_logits)
    return loss


class JensenShannonConsistency(FunctionLoss):
    """Cross-entropy and consistency of several views of each image, the loss of AugMix.

    The dataset stacks the views along an axis of their own, and the model that is trained folds
    that axis into the batch, so that all views pass one network and one batch normalisation:

        >>> def views(images, labels):
        ...     augmented = [policy(images, seed=seed) for seed in (1, 2)]
        ...     return tf.stack([images, *augmented], axis=1), labels
        >>> inputs = keras.Input((3, 32, 32, 3))
        >>> logits = classifier(keras.ops.reshape(inputs, (-1, 32, 32, 3)))
        >>> trained = keras.Model(inputs, keras.ops.reshape(logits, (-1, 3, 10)))

    The classifier itself predicts afterwards. Accuracy needs the first view's logits alone.

    Example:
        >>> trained.compile("adam", loss=JensenShannonConsistency(from_logits=True))
    """

    function = jensen_shannon_consistency
