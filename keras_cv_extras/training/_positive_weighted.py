"""A loss of several labels per image that counts positive labels more or less."""

from typing import Any

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable("keras_cv_extras")
class _PositiveWeighted(keras.losses.Loss):
    """A loss of several labels per image, in which positive labels have weights of their own.

    Args:
        loss: a `keras.losses.Loss` whose loss is a mean or a sum over labels, linear in each.
        weights: one for each label.
        mean: whether it is a mean.
    """

    def __init__(self, loss, weights, mean, reduction="sum_over_batch_size", name=None):
        super().__init__(name=name or "positive_weighted", reduction=reduction)
        self.loss, self.weights, self.mean = loss, [float(weight) for weight in weights], mean

    def call(self, y_true, y_pred):
        """Returns the loss of each image."""
        each = ops.expand_dims(y_pred, -1)
        there, absent = (
            self.loss.call(make(each), each) for make in (ops.ones_like, ops.zeros_like)
        )
        share = ops.cast(y_true, there.dtype)
        losses = share * ops.convert_to_tensor(self.weights, there.dtype) * there
        losses += (1 - share) * absent
        return ops.mean(losses, axis=-1) if self.mean else ops.sum(losses, axis=-1)

    def get_config(self):
        """Returns the configuration."""
        loss = keras.losses.serialize(self.loss)
        own = {"loss": loss, "weights": self.weights, "mean": self.mean}
        return {**own, "reduction": self.reduction, "name": self.name}

    @classmethod
    def from_config(cls, config):
        """Makes the loss from its configuration."""
        return cls(**{**config, "loss": keras.losses.deserialize(config["loss"])})


def positive_weighted(loss: keras.losses.Loss, weights: Any) -> keras.losses.Loss:
    """Returns a loss of several labels with a weight for each where an image has it.

    Args:
        loss: `keras.losses.BinaryCrossentropy` or `losses.AsymmetricMultilabel`.
        weights: `(labels,)`, as `data.positive_weights` gives them.
    """
    mean = isinstance(loss, keras.losses.BinaryCrossentropy)
    return _PositiveWeighted(loss, np.asarray(weights).tolist(), mean)
