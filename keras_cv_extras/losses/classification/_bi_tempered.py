"""Bi-tempered logistic loss."""

from keras import ops

from keras_cv_extras._base import checks, numbers
from keras_cv_extras._base.types import Tensor
from keras_cv_extras.losses import _labels
from keras_cv_extras.losses._loss import FunctionLoss, per_sample

# Newton steps that reach the type's epsilon for up to 10,000 classes: up to this t, and beyond.
_STEEP, _FEW, _MANY = 1.5, 5, 8
# Of the largest step of a logarithm: more could overflow in float32.
_LARGEST = 60.0


def tempered_log_softmax(logits, t):
    """Returns the logarithms of probabilities `exp_t(logits - c)`, with c so that these sum to one.

    By Newton's method for `(sum_i p_i)^(1 - t) = 1`, which is a concave function of c: from the
    largest logit c only rises, and never too far. The authors' fixed point takes more steps.

    Args:
        logits: `(..., num_classes)`.
        t: the temperature, at least 1; 1 gives the logarithms of the softmax.
    """
    if t == 1:
        return ops.log_softmax(logits, axis=-1)
    logits = logits - ops.stop_gradient(numbers.largest(logits))
    fixed = ops.stop_gradient(logits)

    def slopes(constant):
        excess = (t - 1) * (constant - fixed)
        probabilities = ops.exp(ops.log1p(excess) / (1 - t))
        return probabilities, probabilities / (1 + excess)  # p and p^t

    constant = ops.zeros_like(fixed[..., :1])
    for _ in range(_FEW if t <= _STEEP else _MANY):
        probabilities, powers = slopes(constant)
        total = ops.sum(probabilities, axis=-1, keepdims=True)
        rise = ops.expm1(ops.minimum((t - 1) * ops.log(total), _LARGEST)) / (t - 1)
        constant = constant + total * rise / ops.sum(powers, axis=-1, keepdims=True)
    # The gradient of c by the implicit function: p_i^t / sum_j p_j^t.
    _, powers = slopes(constant)
    weights = powers / ops.sum(powers, axis=-1, keepdims=True)
    constant = constant + ops.sum(weights * (logits - fixed), axis=-1, keepdims=True)
    return ops.log1p((t - 1) * (constant - logits)) / (1 - t)


def _t2(name, value):
    if checks.number(name, value) < 1:
        raise ValueError(f"{name} must be at least 1, received {value!r}")
    return float(value)


def _t1(name, value):
    if not 0 <= checks.number(name, value) <= 1:
        raise ValueError(f"{name} must be in [0, 1], received {value!r}")
    return float(value)


@per_sample(t1=_t1, t2=_t2, from_logits=checks.boolean, label_smoothing=checks.fraction)
def bi_tempered(
    y_true: Tensor,
    y_pred: Tensor,
    *,
    t1: float = 0.8,
    t2: float = 1.2,
    from_logits: bool = True,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Bi-tempered logistic loss: a bounded logarithm over a heavy-tailed softmax.

    `sum_k y_k (log_t1 y_k - log_t1 p_k) - (y_k^(2 - t1) - p_k^(2 - t1)) / (2 - t1)`.

    Args:
        y_true: integer labels `(...)` or `(..., 1)`, or rows `(..., num_classes)`.
        y_pred: logits `(..., num_classes)`.
        t1: temperature of the logarithm, in [0, 1]: below 1 it bounds the loss.
        t2: temperature of the softmax, at least 1: above 1 its tail is heavy. 1 and 1 give
            cross-entropy.
        from_logits: must be True: probabilities do not tell the tempered ones.

    Returns:
        One loss per sample, `(...)`. Soft labels enter by their own entropy too, a term without
        gradient.

    References:
        [Amid et al., Robust Bi-Tempered Logistic Loss](https://arxiv.org/abs/1906.03361)

    Example:
        >>> bi_tempered([0, 1], [[2.0, -1.0], [0.5, 0.5]], t1=0.7, t2=1.3)
    """
    if not from_logits:
        raise ValueError("bi_tempered needs logits: leave out the softmax, from_logits=True")
    _labels.num_classes(y_pred)
    logs = tempered_log_softmax(y_pred, t2)

    def loss(logs):
        return -logs if t1 == 1 else -ops.expm1((1 - t1) * logs) / (1 - t1)

    losses = _labels.expected(y_true, logs, label_smoothing, loss)
    losses = losses + ops.sum(ops.exp((2 - t1) * logs), axis=-1) / (2 - t1)
    if not label_smoothing and _labels.are_classes(y_true, y_pred):
        return losses - 1 / (2 - t1)
    y = _labels.rows(y_true, y_pred, label_smoothing)
    powers = numbers.power(y, 2 - t1)
    # In the limit the difference quotient of powers is a logarithm.
    own = y * ops.log(ops.where(y > 0, y, 1.0)) if t1 == 1 else (powers - y) / (1 - t1)
    return losses + ops.sum(own - powers / (2 - t1), axis=-1)


class BiTempered(FunctionLoss):
    """Bi-tempered logistic loss, for wrong labels near to and far from the boundary.

    Example:
        >>> model.compile("adam", loss=BiTempered(t1=0.8, t2=1.2))
    """

    function = bi_tempered
    reads_classes = True
