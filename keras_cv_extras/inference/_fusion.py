"""How the predictions for several views of an image become one."""

import math

from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import Tensor

FUSIONS = ("probability", "logit", "geometric", "max")
ACTIVATIONS = ("softmax", "sigmoid")


def fuse(logits: Tensor, fusion: str = "probability", *, activation: str = "softmax") -> Tensor:
    """Fuses the predictions for several views of an image.

    Args:
        logits: `(batch, views, classes)`, or logarithms of probabilities.
        fusion: "probability" for the mean of probabilities; "logit" for the mean of logits;
            "geometric" for the geometric mean of probabilities; "max" for the greatest
            probability of each class. For logits, "geometric" is what "logit" is once it is
            normalised: both are here because papers name both.
        activation: "softmax" for classes that exclude each other, or "sigmoid" for labels that
            do not.

    Returns:
        `(batch, classes)`, of at least float32: logits. Their softmax, or sigmoid, is the fused
        probability; "geometric" and "max" are normalised to sum to one by it.

    Raises:
        ValueError: if an argument is not as above.

    Example:
        >>> tuple(fuse(np.zeros((4, 10, 3), "float32"), "logit").shape)
        (4, 3)
    """
    checks.one_of("fusion", fusion, FUSIONS)
    checks.one_of("activation", activation, ACTIVATIONS)
    logits = ops.convert_to_tensor(logits)
    if len(logits.shape) != 3:
        raise ValueError(
            f"logits must have shape (batch, views, classes), received {tuple(logits.shape)}"
        )
    if fusion == "logit":
        return ops.mean(logits, axis=1)
    if activation == "sigmoid":
        # A label has two outcomes: their logarithms are fused as two classes.
        yes, no = ops.log_sigmoid(logits), ops.log_sigmoid(-logits)
        if fusion == "max":
            largest = ops.max(logits, axis=1)
            return largest
        return _joined(yes, fusion) - _joined(no, fusion)
    return _joined(ops.log_softmax(logits, axis=-1), fusion)


def _joined(logs, fusion):
    """Fuses logarithms of probabilities along the axis of views."""
    if fusion == "probability":
        return ops.logsumexp(logs, axis=1) - math.log(logs.shape[1])
    return ops.mean(logs, axis=1) if fusion == "geometric" else ops.max(logs, axis=1)
