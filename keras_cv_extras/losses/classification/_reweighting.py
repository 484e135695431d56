"""Deferred re-weighting: classes get their weights only late in training."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import keras
from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.numbers import floats
from keras_cv_extras._base.types import Config, Logs, Tensor
from keras_cv_extras.losses import _labels
from keras_cv_extras.losses._loss import WeightedLoss


def _class_weights(value):
    if isinstance(value, Mapping):
        if sorted(value) != list(range(len(value))):
            raise ValueError(
                f"class_weights must have the classes 0, 1, 2, ... as keys, received {list(value)}"
            )
        value = [value[index] for index in range(len(value))]
    weights = checks.numbers_or_none("class_weights", value)
    if not weights or len(weights) < 2 or min(weights) < 0 or max(weights) == 0:
        raise ValueError(
            "class_weights must list a weight of at least 0 for each of two or more classes, "
            f"received {value!r}"
        )
    return weights


@keras.saving.register_keras_serializable("keras_cv_extras")
class ClassWeighted(WeightedLoss):
    """Another loss, with a weight for each class that can be switched on during training.

    Args:
        loss: a `keras.losses.Loss` that gives one loss per sample.
        class_weights: one weight per class, a list or a dict from class to weight as
            `class_balanced_weights` returns it. A row of soft labels has the mean of its classes'
            weights.
        active: whether the weights count from the start.
        reduction: as of every Keras loss; that of `loss` is not used. "sum_over_batch_size" does
            not divide by the weights: let them have the mean 1.
        name: as of every Keras loss.

    Example:
        >>> loss = ClassWeighted(LDAM(counts), class_balanced_weights(counts), active=False)
        >>> model.compile("sgd", loss=loss)
        >>> model.fit(train, epochs=200, callbacks=[DeferredReweighting(loss, epoch=160)])

    References:
        [Cao et al., LDAM](https://arxiv.org/abs/1906.07413), section 3.3.
    """

    def __init__(
        self,
        loss: Any,
        class_weights: Mapping[int, float] | Sequence[float],
        active: bool = True,
        reduction: str = "sum_over_batch_size",
        name: str | None = "class_weighted",
    ) -> None:
        if not isinstance(loss, keras.losses.Loss):
            raise TypeError(f"loss must be a keras.losses.Loss, received {loss!r}")
        super().__init__(name=name, reduction=reduction, dtype=loss.dtype)
        self.loss: Any = loss
        self.ignore_class: int | None = getattr(loss, "ignore_class", None)
        self.class_weights: list[float] = _class_weights(class_weights)
        # A variable, because compiled training steps read it anew each time.
        self._share = keras.Variable(
            float(checks.boolean("active", active)), dtype=self.dtype, trainable=False
        )

    @property
    def active(self) -> bool:
        """Whether the weights count."""
        return bool(ops.convert_to_numpy(self._share))

    @active.setter
    def active(self, value: bool) -> None:
        self._share.assign(float(checks.boolean("active", value)))

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Returns the weighted loss of each sample."""
        y_true, y_pred = ops.convert_to_tensor(y_true), floats(y_pred)
        weights = ops.convert_to_tensor(self.class_weights, y_pred.dtype)
        if y_pred.shape[-1] != len(self.class_weights):
            raise ValueError(
                f"class_weights must have one weight per class: {y_pred.shape[-1]}, received "
                f"{len(self.class_weights)}"
            )
        each: Any = _labels.expected(y_true, ops.broadcast_to(weights, ops.shape(y_pred)))
        each = 1 + ops.cast(self._share, each.dtype) * (each - 1)
        return self.loss.call(y_true, y_pred) * each

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {
            "loss": keras.losses.serialize(self.loss),
            "class_weights": self.class_weights,
            "active": self.active,
            "reduction": self.reduction,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Makes the loss from its configuration."""
        return cls(**{**config, "loss": keras.losses.deserialize(config["loss"])})


class DeferredReweighting(keras.callbacks.Callback):
    """Switches the weights of a `ClassWeighted` loss on at an epoch of training.

    Before it every class counts alike, which learns better features; after it rare classes count
    more, which moves the boundaries. The validation loss is weighted, too. On the TensorFlow
    backend the training step stays compiled; on others it is compiled again, once.

    Args:
        loss: the loss that the model is compiled with; `model.loss` for a loaded model.
        epoch: the first epoch with weights, counted from 0. The authors take 160 of 200.

    References:
        [Cao et al., LDAM](https://arxiv.org/abs/1906.07413), section 3.3.

    Example:
        >>> loss = ClassWeighted(LDAM(counts), class_balanced_weights(counts), active=False)
        >>> callbacks = [DeferredReweighting(loss, epoch=80)]
    """

    def __init__(self, loss: Any, epoch: int) -> None:
        super().__init__()
        if not isinstance(loss, ClassWeighted):
            raise TypeError(f"loss must be a ClassWeighted loss, received {loss!r}")
        self.loss = loss
        self.ignore_class: Any = getattr(loss, "ignore_class", None)
        self.epoch: int = checks.integer("epoch", epoch, minimum=0)

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Switches the weights on from the epoch on, off before it."""
        active = epoch >= self.epoch
        if active == self.loss.active:
            return
        self.loss.active = active
        if keras.backend.backend() != "tensorflow":
            # Variables beside the model's are constants of a step that JAX compiled, and JAX knows
            # a step by its function: only another one is traced again.
            self.model.train_step = _another(self.model.train_step)
            self.model.test_step = _another(self.model.test_step)
            self.model.make_train_function(force=True)
            self.model.make_test_function(force=True)


def _another(function):
    def same(*arguments, **options):
        return function(*arguments, **options)

    return same
