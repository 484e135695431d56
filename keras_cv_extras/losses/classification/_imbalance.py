"""Losses for imbalanced classes: LDAM, logit adjustment, class-balanced weights."""

from collections.abc import Sequence

import numpy as np
from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.numbers import log_prior
from keras_cv_extras._base.types import Tensor
from keras_cv_extras.losses import _labels, _logits
from keras_cv_extras.losses._loss import FunctionLoss, per_sample
from keras_cv_extras.losses.classification._focal import per_class
from keras_cv_extras.losses.embedding._margin import cosines, margin_crossentropy


def class_balanced_weights(class_counts: Sequence[float], *, beta: float = 0.9999) -> Tensor:
    """Class weights by the effective number of samples: `(1 - beta) / (1 - beta^n)`.

    Args:
        class_counts: how many samples each class has. A class without samples gets weight 0.
        beta: in [0, 1): 0 gives equal weights, towards 1 inverse frequencies.

    Returns:
        A dict from class to weight, as `fit(class_weight=...)` takes it; the weights of classes
        with samples have the mean 1.

    References:
        [Cui et al., Class-Balanced Loss](https://arxiv.org/abs/1901.05555)

    Example:
        >>> class_balanced_weights([1000, 100, 10], beta=0.999)
    """
    counts = np.array(checks.counts("class_counts", class_counts))
    beta = checks.below_one("beta", beta)
    # 1 - beta^n without cancellation for a beta near 1.
    effective = -np.expm1(counts * np.log1p(beta - 1)) if beta else np.ones_like(counts)
    present = counts > 0
    weights = np.where(present, (1 - beta) / np.where(present, effective, 1), 0)
    weights *= present.sum() / weights.sum()
    return {index: float(weight) for index, weight in enumerate(weights)}


@per_sample(
    class_counts=checks.counts,
    tau=checks.non_negative,
    label_smoothing=checks.fraction,
)
def logit_adjusted(
    y_true: Tensor,
    y_pred: Tensor,
    *,
    class_counts: Sequence[float],
    tau: float = 1.0,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Cross-entropy of logits to which `tau log(prior)` is added; with tau 1 balanced softmax.

    Args:
        y_true: integer labels `(...)` or `(..., 1)`, or rows `(..., num_classes)`.
        y_pred: logits `(..., num_classes)`.
        class_counts: how many training samples each class has; an empty class counts as one.
        tau: strength of the adjustment, at least 0; 0 gives cross-entropy.

    References:
        [Menon et al., Long-tail learning via logit adjustment](https://arxiv.org/abs/2007.07314);
        [Ren et al., Balanced Meta-Softmax](https://arxiv.org/abs/2007.10740)

    Example:
        >>> logit_adjusted([0, 1], [[2.0, -1.0], [0.5, 0.5]], class_counts=[900, 100])
    """
    count = _labels.num_classes(y_pred)
    prior = per_class("class_counts", log_prior(class_counts), count, y_pred.dtype)
    logits = y_pred + tau * prior
    return _logits.expected_of_logs(y_true, logits, ops.negative, label_smoothing)


class LogitAdjusted(FunctionLoss):
    """Cross-entropy of adjusted logits (balanced softmax); predict with the plain ones.

    Example:
        >>> model.compile("adam", loss=LogitAdjusted(class_counts=[5000, 500, 50]))
    """

    function = logit_adjusted
    reads_classes = True


@per_sample(
    class_counts=checks.counts,
    max_margin=checks.positive,
    scale=checks.positive,
    label_smoothing=checks.fraction,
)
def ldam(
    y_true: Tensor,
    y_pred: Tensor,
    *,
    class_counts: Sequence[float],
    max_margin: float = 0.5,
    scale: float = 30.0,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Label-distribution-aware margin: the true logit must lead by more for rarer classes.

    Cross-entropy of `scale (z - margin_k e_k)` with margins proportional to `n_k^(-1/4)`, the
    largest being `max_margin`.

    Args:
        y_true: integer labels `(...)` or `(..., 1)`, or rows `(..., num_classes)`, for which
            the loss is the mean over classes.
        y_pred: cosines `(..., num_classes)` in [-1, 1], as `layers.CosineDense` gives them.
        class_counts: how many training samples each class has; an empty class counts as one.
        max_margin: the margin of the rarest class, above 0.
        scale: what the cosines are multiplied by, above 0.

    References:
        [Cao et al., LDAM](https://arxiv.org/abs/1906.07413)

    Example:
        >>> ldam([0, 1], [[0.9, -0.4], [0.3, 0.5]], class_counts=[900, 100])
    """
    y_pred = cosines(y_pred)
    count = _labels.num_classes(y_pred)
    margins = np.maximum(class_counts, 1.0) ** -0.25
    margins = (margins * max_margin / margins.max()).tolist()
    shift = scale * per_class("class_counts", margins, count, y_pred.dtype)
    logits = scale * y_pred
    return margin_crossentropy(y_true, logits, logits - shift, label_smoothing)


class LDAM(FunctionLoss):
    """LDAM loss for long-tailed classes, to be used with weights for the rare ones.

    Margins alone draw no rare class more often, and in a short training it may not be learned. The
    example gives weights from the start; in a long one, of some hundred epochs, let them come at
    four fifths of it, as in the paper: `active=False` and `DeferredReweighting`.

    Predictions must be cosines in [-1, 1], which `scale` turns into logits, so the model ends in
    `layers.CosineDense`. The logits of a plain `Dense` layer would be scaled, too: the loss is in
    the hundreds, and the training makes little progress. A call warns of them, and so does
    `training.fit`; a compiled step cannot.

    Example:
        >>> counts = [5000, 500, 50]
        >>> outputs = kcx.layers.CosineDense(3, dtype="float32")(features)
        >>> model = keras.Model(inputs, outputs)
        >>> loss = ClassWeighted(LDAM(counts), class_balanced_weights(counts))
        >>> model.compile("sgd", loss=loss)
    """

    function = ldam
    reads_classes = True
    takes_cosines = True
