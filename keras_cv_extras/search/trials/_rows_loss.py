"""A loss for integer labels that reads rows as well, for policies that mix or smooth labels."""

from typing import Any

import keras

from keras_cv_extras import losses


class _EitherLoss(keras.losses.Loss):
    """Integers go to the loss that a model was compiled with, rows to its form for rows."""

    def __init__(self, of_integers, of_rows):
        reduction = getattr(of_integers, "reduction", "sum_over_batch_size")
        super().__init__(name="loss", reduction=reduction)
        self._of_integers, self._of_rows = of_integers, of_rows

    def call(self, y_true, y_pred):
        """Returns one loss per sample."""
        is_rows = len(y_true.shape) == 2 and y_true.shape[-1] == y_pred.shape[-1] > 1
        loss = self._of_rows if is_rows else self._of_integers
        return (
            loss.call(y_true, y_pred)
            if isinstance(loss, keras.losses.Loss)
            else loss(y_true, y_pred)
        )


def either_loss(loss: Any) -> keras.losses.Loss:
    """Returns a loss that does what another one does, and reads rows of labels as well.

    Args:
        loss: what a model for integer labels was compiled with.

    Raises:
        ValueError: if it reads integers alone and is no cross-entropy.
    """
    if isinstance(_unweighted(loss), losses.FunctionLoss):
        return loss
    found = keras.losses.get(loss)
    if isinstance(found, keras.losses.SparseCategoricalCrossentropy):
        config = found.get_config()
        if config.get("ignore_class") is None:
            return _EitherLoss(found, losses.LogLoss(from_logits=config["from_logits"]))
    elif found is keras.losses.sparse_categorical_crossentropy:
        return _EitherLoss(found, losses.LogLoss(from_logits=False))
    raise ValueError(
        f"a policy that mixes or smooths labels needs a loss that reads rows of them, received "
        f"{loss!r}: compile with keras_cv_extras.losses.LogLoss or "
        "SparseCategoricalCrossentropy"
    )


def check_smoothed_once(loss: Any) -> None:
    """Raises if a loss smooths labels itself, for policies that do."""
    inner = _unweighted(loss)
    config = inner.get_config() if isinstance(inner, keras.losses.Loss) else {}
    if config.get("label_smoothing"):
        raise ValueError(
            "both the policy and the loss of the model smooth labels: leave label_smoothing out of "
            "one of them"
        )


def _unweighted(loss):
    """Returns a loss without the weights of classes around it."""
    return loss.loss if isinstance(loss, losses.ClassWeighted) else loss
