"""Losses of KerasCV."""

from typing import Any

import keras
from keras import ops

from keras_cv_extras import losses
from keras_cv_extras._base import numbers
from keras_cv_extras._base.saved.configs import attributes
from keras_cv_extras.compat import _table

_HERE = "keras_cv_extras.losses."
_BOXES = "boxes are out of scope; use keras_hub for detectors"


_PACKAGE = "keras_cv_extras.compat.keras_cv"


@keras.saving.register_keras_serializable(_PACKAGE)
class FocalLoss(keras.losses.Loss):
    """Focal loss of independent labels, summed over the classes.

    Args:
        alpha: weight of the positive labels, in [0, 1].
        gamma: how much less easy labels count, at least 0.
        from_logits: whether predictions are logits, not probabilities.
        label_smoothing: how far labels move towards 0.5, in [0, 1]. A soft or smoothed label is
            none of the positive ones, so that it weighs 1 - alpha, as in KerasCV.
        **kwargs: `reduction` and `name`, as of every Keras loss.

    Example:
        >>> float(FocalLoss()([[1.0, 0.0]], [[0.9, 0.2]])) < 0.01
        True
    """

    def __init__(
        self,
        alpha: float = 0.25,
        gamma: float = 2,
        from_logits: bool = False,
        label_smoothing: float = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.alpha: float = float(alpha)
        self.gamma: float = float(gamma)
        self.from_logits: bool = from_logits
        self.label_smoothing: float = label_smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Returns the loss of each sample."""
        y_pred = ops.convert_to_tensor(y_pred)
        y_true = ops.cast(y_true, y_pred.dtype)
        # KerasCV's alpha is for labels of exactly 1, which a smoothed label no longer is.
        y_true = y_true + self.label_smoothing * (0.5 - y_true)
        alpha = ops.where(y_true == 1, self.alpha, 1 - self.alpha)
        p = ops.sigmoid(y_pred) if self.from_logits else y_pred
        missed = ops.abs(y_true + p - 2 * y_true * p)
        entropy = ops.binary_crossentropy(y_true, y_pred, from_logits=self.from_logits)
        return ops.sum(alpha * numbers.power(missed, self.gamma) * entropy, axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Returns the configuration."""
        own = ("alpha", "gamma", "from_logits", "label_smoothing")
        return {**super().get_config(), **attributes(self, *own)}


@keras.saving.register_keras_serializable(_PACKAGE)
class SmoothL1Loss(keras.losses.Loss):
    """Half a square below the cutoff, the distance less one half from there on.

    Args:
        l1_cutoff: where the square ends; other than at 1 the loss jumps there, as in KerasCV.
        **kwargs: `reduction` and `name`, as of every Keras loss.

    Example:
        >>> float(SmoothL1Loss()([[0.0]], [[3.0]]))
        2.5
    """

    def __init__(self, l1_cutoff: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.l1_cutoff = l1_cutoff

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Returns the loss of each sample."""
        y_pred = ops.convert_to_tensor(y_pred)
        away = ops.abs(ops.cast(y_true, y_pred.dtype) - y_pred)
        near = away < self.l1_cutoff
        return ops.mean(ops.where(near, 0.5 * ops.square(away), away - 0.5), axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Returns the configuration."""
        return {**super().get_config(), "l1_cutoff": self.l1_cutoff}


@keras.saving.register_keras_serializable(_PACKAGE)
class SimCLRLoss(keras.losses.Loss):
    """NT-Xent of two projections of a batch, summed over both.

    Args:
        temperature: above 0.
        **kwargs: `reduction` and `name`, as of every Keras loss.

    Example:
        >>> loss = SimCLRLoss(temperature=0.1)
    """

    def __init__(self, temperature: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.temperature: float = temperature

    def call(self, projections_1: Any, projections_2: Any) -> Any:
        """Returns the loss of each sample."""
        first, second = ops.convert_to_tensor(projections_1), ops.convert_to_tensor(projections_2)
        count = ops.shape(first)[0]
        pairs = ops.stack([first, second], axis=1)
        return 2 * losses.nt_xent(ops.zeros((count,), "int32"), pairs, temperature=self.temperature)

    def get_config(self) -> dict[str, Any]:
        """Returns the configuration."""
        return {**super().get_config(), "temperature": self.temperature}


__getattr__: _table.Load
__dir__: _table.Listed
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
            FocalLoss,
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
            "an l1_cutoff other than 1 is not delta: KerasCV's loss jumps there",
            SmoothL1Loss,
            _HERE + "Huber(delta=1.0)",
        ),
    ],
    "ciou_loss focal giou_loss iou_loss penalty_reduced_focal_loss simclr_loss smooth_l1",
)
