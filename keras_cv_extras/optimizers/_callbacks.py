"""Callbacks that go with the optimizers: checkpoints of averages, and an end by the clock."""

import datetime
import time
from typing import Any

import keras

from keras_cv_extras._base import checks
from keras_cv_extras.optimizers._averages import AveragedOptimizerWrapper


class AverageModelCheckpoint(keras.callbacks.ModelCheckpoint):
    """Saves a model with the averages of its weights, as `SWA` and `MovingAverage` keep them.

    Args:
        update_weights: True to go on training from the averages, False to save them alone.
        filepath: where to save, as of `keras.callbacks.ModelCheckpoint`.
        monitor: which figure decides what is best.
        verbose: 1 to say what is saved.
        save_best_only: whether to keep the best alone. The figure is that of the weights in
            training, not of the averages.
        save_weights_only: whether to save weights alone.
        mode: "auto", "min" or "max" of `monitor`.
        save_freq: "epoch", or after how many batches to save.
        **kwargs: what `keras.callbacks.ModelCheckpoint` takes beside these.

    Example:
        >>> callback = AverageModelCheckpoint(update_weights=False, filepath="averages.keras")
    """

    def __init__(
        self,
        update_weights: bool,
        filepath: str,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        **kwargs: Any,
    ) -> None:
        self.update_weights: bool = checks.boolean("update_weights", update_weights)
        super().__init__(
            filepath,
            monitor=monitor,
            verbose=verbose,
            save_best_only=save_best_only,
            save_weights_only=save_weights_only,
            mode=mode,
            save_freq=save_freq,
            **kwargs,
        )

    def set_model(self, model: keras.Model) -> None:
        """Takes a model, whose optimizer must keep averages."""
        super().set_model(model)
        self._averaging()

    def _averaging(self):
        optimizer = self.model.optimizer
        if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
            optimizer = optimizer.inner_optimizer
        if not isinstance(optimizer, AveragedOptimizerWrapper):
            raise TypeError(
                "AverageModelCheckpoint needs an optimizer that keeps averages, SWA or "
                f"MovingAverage, received {type(optimizer).__name__}"
            )
        return optimizer

    def _save_model(self, *args, **kwargs):
        weights = self.model.trainable_variables
        held = [keras.ops.convert_to_numpy(weight) for weight in weights]
        self._averaging().assign_average_vars(weights)
        try:
            super()._save_model(*args, **kwargs)
        finally:
            if not self.update_weights:
                for weight, value in zip(weights, held, strict=True):
                    weight.assign(value)


class TimeStopping(keras.callbacks.Callback):
    """Ends training after the epoch in which a time is over.

    Args:
        seconds: how long to train.
        verbose: 1 to print when training was ended.

    Example:
        >>> history = model.fit(images, labels, verbose=0, callbacks=[TimeStopping(60)])
    """

    def __init__(self, seconds: float = 86400, verbose: int = 0) -> None:
        super().__init__()
        self.seconds: float = checks.positive("seconds", seconds)
        self.verbose = verbose
        self.stopped_epoch: int | None = None
        self.stopping_time = 0.0

    def on_train_begin(self, logs: Any = None) -> None:
        """Starts the clock."""
        self.stopping_time: float = time.monotonic() + self.seconds

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Ends training if the time is over."""
        if time.monotonic() >= self.stopping_time:
            self.model.stop_training = True
            self.stopped_epoch = epoch

    def on_train_end(self, logs: Any = None) -> None:
        """Says that training was ended."""
        if self.stopped_epoch is not None and self.verbose > 0:
            spent = datetime.timedelta(seconds=self.seconds)
            print(f"Stopped after epoch {self.stopped_epoch + 1}: {spent} are over")
