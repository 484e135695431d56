"""Losses of KerasCV."""

from typing import Any

from keras import ops

from keras_cv_extras import losses
from keras_cv_extras.compat import _table

_HERE = "keras_cv_extras.losses."
_BOXES = "boxes are out of scope; use keras_hub for detectors"


def _focal_loss(
    alpha: float = 0.25,
    gamma: float = 2,
    from_logits: bool = False,
    label_smoothing: float = 0,
    **options: Any,
) -> Any:
    """Focal loss of independent labels."""
    if label_smoothing:
        raise ValueError("label_smoothing must be 0 here: smooth the labels before the loss")
    return losses.SigmoidFocalCrossEntropy(from_logits, alpha, float(gamma), **options)


def _smooth_l1_loss(l1_cutoff: float = 1.0, **options: Any) -> Any:
    """Half a square below 1, a straight line above."""
    if l1_cutoff != 1:
        raise ValueError(
            "l1_cutoff must be 1 here, where KerasCV's loss has no jump; for another use "
            f"{_HERE}Huber(delta)"
        )
    return losses.Huber(1.0, **options)


class SimCLRLoss:
    """NT-Xent of two projections of a batch, summed over both.

    Args:
        temperature: above 0.
        reduction: as of every Keras loss.
        name: as of every Keras loss.

    Example:
        >>> loss = SimCLRLoss(temperature=0.1)
    """

    def __init__(self, temperature: float, **options: Any) -> None:
        self.temperature = temperature
        self._loss = losses.NTXent(temperature, **options)

    def __call__(self, projections_1: Any, projections_2: Any, sample_weight: Any = None) -> Any:
        """Returns the reduced loss."""
        if sample_weight is not None:
            raise ValueError("sample_weight is not taken here: every projection counts alike")
        first, second = ops.convert_to_tensor(projections_1), ops.convert_to_tensor(projections_2)
        count = ops.shape(first)[0]
        pairs = ops.stack([first, second], axis=1)
        return 2 * self._loss(ops.zeros((count,), "int32"), pairs)


__getattr__, __dir__, TABLE = _table.attach(
    __name__,
    "keras_cv.losses",
    [
        _table.Name("BinaryPenaltyReducedFocalCrossEntropy", note=_BOXES),
        _table.Name("CIoULoss", note=_BOXES),
        _table.Name("CenterNetBoxLoss", note=_BOXES),
        _table.Name(
            "FocalLoss",
            _HERE + "SigmoidFocalCrossEntropy",
            "from_logits first",
            _focal_loss,
            _HERE + "SigmoidFocalCrossEntropy(from_logits, alpha, gamma)",
        ),
        _table.Name("GIoULoss", note="use keras_cv_extras.losses.GIoULoss, whose boxes are yxyx"),
        _table.Name("IoULoss", note='use keras_cv_extras.losses.GIoULoss("iou"), boxes yxyx'),
        _table.Name(
            "SimCLRLoss",
            _HERE + "NTXent",
            "two views of each sample in one tensor, and the mean over both",
            SimCLRLoss,
            _HERE + "NTXent(temperature)",
        ),
        _table.Name(
            "SmoothL1Loss",
            _HERE + "Huber",
            "",
            _smooth_l1_loss,
            _HERE + "Huber(delta=1.0)",
        ),
    ],
)
