"""Bi-tempered logistic loss."""

from keras import ops

from keras_cv_extras import _checks
from keras_cv_extras.losses import _labels, _logits
from keras_cv_extras.losses._loss import FunctionLoss, per_sample

# The fixed point contracts fast; the Newton step after it squares what error is left.
_ITERATIONS = 8


def _log_t(values, t):
    return ops.log(values) if t == 1 else (values ** (1 - t) - 1) / (1 - t)


def _exp_t(values, t):
    return ops.exp(values) if t == 1 else ops.maximum(1 + (1 - t) * values, 0) ** (1 / (1 - t))


def tempered_softmax(logits, t):
    """Returns probabilities `exp_t(logits - c)` with c such that they sum to one.

    The constant is found without gradient; one Newton step, whose slope is held fixed, then
    gives it the exact gradient `p_i^t / sum_j p_j^t` of the implicit function.

    Args:
        logits: `(..., num_classes)`.
        t: the temperature, at least 1; 1 gives the softmax.
    """
    if t == 1:
        return ops.softmax(logits, axis=-1)
    top = ops.stop_gradient(ops.max(logits, axis=-1, keepdims=True))
    shifted = ops.stop_gradient(logits) - top
    current = shifted
    for _ in range(_ITERATIONS):
        total = ops.sum(_exp_t(current, t), axis=-1, keepdims=True)
        current = shifted * total ** (1 - t)
    total = ops.sum(_exp_t(current, t), axis=-1, keepdims=True)
    constant = top - _log_t(1 / total, t)
    for _ in range(2):
        probabilities = _exp_t(logits - constant, t)
        slope = ops.sum(ops.stop_gradient(probabilities) ** t, axis=-1, keepdims=True)
        excess = ops.sum(probabilities, axis=-1, keepdims=True) - 1
        constant = constant + excess / slope
    return _exp_t(logits - constant, t)


def _t2(name, value):
    if _checks.number(name, value) < 1:
        raise ValueError(f"{name} must be at least 1, received {value!r}")
    return float(value)


def _t1(name, value):
    if not 0 <= _checks.number(name, value) <= 1:
        raise ValueError(f"{name} must be in [0, 1], received {value!r}")
    return float(value)


@per_sample(t1=_t1, t2=_t2, from_logits=_checks.boolean, label_smoothing=_checks.fraction)
def bi_tempered(y_true, y_pred, *, t1=0.8, t2=1.2, from_logits=True, label_smoothing=0.0):
    """Bi-tempered logistic loss: a bounded logarithm over a heavy-tailed softmax.

    `sum_k y_k (log_t1 y_k - log_t1 p_k) - (y_k^(2 - t1) - p_k^(2 - t1)) / (2 - t1)`.

    Args:
        y_true: integer labels `(...)` or `(..., 1)`, or rows `(..., num_classes)`.
        y_pred: logits `(..., num_classes)`.
        t1: temperature of the logarithm, in [0, 1]: below 1 it bounds the loss.
        t2: temperature of the softmax, at least 1: above 1 its tail is heavy. 1 and 1 give
            cross-entropy.
        from_logits: must be True: probabilities do not tell the tempered ones.
        label_smoothing: share of every label that all classes get in equal parts, in [0, 1].

    Returns:
        One loss per sample, `(...)`. Soft labels enter by their own entropy too, a term without
        gradient.

    References:
        [Amid et al., Robust Bi-Tempered Logistic Loss](https://arxiv.org/abs/1906.03361)
    """
    if not from_logits:
        raise ValueError("bi_tempered needs logits: leave out the softmax, from_logits=True")
    _labels.num_classes(y_pred)
    floor = _logits.floor_of(y_pred) ** 2
    p = ops.maximum(tempered_softmax(y_pred, t2), floor)
    y = _labels.rows(y_true, y_pred, label_smoothing)
    safe = ops.where(y == 0, 1.0, y)
    terms = y * (_log_t(safe, t1) - _log_t(p, t1)) - (y ** (2 - t1) - p ** (2 - t1)) / (2 - t1)
    return ops.sum(terms, axis=-1)


class BiTempered(FunctionLoss):
    """Bi-tempered logistic loss, for wrong labels near to and far from the boundary.

    Args:
        t1: temperature of the logarithm, in [0, 1].
        t2: temperature of the softmax, at least 1.
        from_logits: must be True.
        label_smoothing: share of every label that all classes get in equal parts, in [0, 1].
        reduction: as of every Keras loss.
        name: as of every Keras loss.

    Example:
        >>> model.compile("adam", loss=BiTempered(t1=0.8, t2=1.2))
    """

    function = bi_tempered
