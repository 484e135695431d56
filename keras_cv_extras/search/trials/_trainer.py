"""Trains one model again and again, each time from fresh weights and with another policy.

Building, compiling and tracing a model costs more than a short training. So the model is built
and traced once; a new start copies freshly drawn weights into it and resets its optimizer.
"""

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from keras_cv_extras._base.images import value_range
from keras_cv_extras._base.types import ArrayLike
from keras_cv_extras.policy import Policy, StackShape
from keras_cv_extras.search.trials._child import Child, Score, filled_batches, score_of
from keras_cv_extras.search.trials._epochs import Epochs
from keras_cv_extras.search.trials._rows_loss import check_smoothed_once, either_loss
from keras_cv_extras.search.trials._steps import Steps
from keras_cv_extras.training import DivergedError

__all__ = ["DivergedError", "Score", "Trainer"]

_EVALUATION_BATCH = 256
_KEPT_BYTES = 2**27  # of fresh weights, which are drawn again for seeds that are not kept


class Trainer(Child):
    """Trains and scores a model for a given policy and seed.

    Args:
        build_model: a function without arguments that returns a new Keras classifier with one
            output per class, logits or probabilities. Compiled with a loss for integer labels,
            or not compiled: then it is trained with AdamW and a cosine schedule.
        train: `(images, labels)`: images `(n, height, width, channels)`, labels `(n,)` integers.
        epochs: passes over the training images.
        batch_size: images per step.
        learning_rate: the highest learning rate of a model that is not compiled.
        policies: examples of the policies that it will be asked for. All policies that are no
            larger and have no other ops share one program, instead of one each.

    Raises:
        TypeError: if `build_model` does not return a Keras model.
    """

    def __init__(
        self,
        build_model: Callable[..., keras.Model],
        train: Any,
        *,
        policies: Sequence[Policy] = (),
        **options: Any,
    ) -> None:
        super().__init__(build_model, train, **options)
        shape = StackShape().holding(policies) if policies else None
        self._epochs = Epochs(
            self.train_images,
            self.train_labels,
            self.batch_size,
            self.model.output_shape[-1],
            shape,
        )
        self._steps = Steps(self.model, self.batch_size)
        self._reads_rows = False
        self._fresh = {}

    def train(
        self,
        policy: Policy,
        seed: int,
        *,
        rows: ArrayLike | None = None,
        epochs: tuple[int, int] | None = None,
        start: Any | None = None,
    ) -> keras.Model:
        """Trains the model; every call returns the same model object.

        Args:
            policy: the augmentation of the training images, with its `batch`: a mix and so on.
            seed: an integer: decides the weights, the order of the images and all draws.
            rows: numbers of the training images to use, which are then seen more often: the
                number of steps stays the same. None for all.
            epochs: `(first, last)` to train these epochs alone, counted from 0, the last one
                not included. None for all.
            start: None for fresh weights, or a `state` to go on from.

        Raises:
            DivergedError: if the loss is not finite.
            ValueError: if the policy mixes labels, and the model's loss reads integers alone.
        """
        if policy.batch.label_smoothing:
            check_smoothed_once(self.model.loss)
        if policy.batch.changes_labels and not self._reads_rows:
            self.model.compile(
                self.model.optimizer,
                either_loss(self.model.loss),
                loss_weights=self.model._compile_config.config["loss_weights"],
                metrics=[],  # what a user measures of integers, rows do not have
                run_eagerly=self.model.run_eagerly,
                jit_compile=self.model.jit_compile,
                auto_scale_loss=False,  # an optimizer that scales does so already
            )
            self._steps = Steps(self.model, self.batch_size)
            self._reads_rows = True
        if start is None:
            start = self._fresh_weights(seed), self._optimizer_start
        self.restore(start)
        loss = math.nan
        for epoch in range(*(epochs or (0, self.epochs))):
            self.model.reset_metrics()
            for images, labels in self._epochs.chunks(policy, seed, epoch, rows):
                loss = self._steps(images, labels)
            if not np.isfinite(loss):
                raise DivergedError(f"the training loss became {loss} in epoch {epoch + 1}")
        return self.model

    @property
    def num_kept(self) -> int:
        """Of how many seeds the fresh weights are kept, so that they are drawn once."""
        size = sum(int(np.prod(v.shape)) for v in self.model.variables)
        return _KEPT_BYTES // (4 * max(size, 1))

    def _fresh_weights(self, seed):
        """Returns the weights that a seed gives a new model.

        To build a model takes longer than to train a small one for some epochs: to set the seed
        clears TensorFlow's kernels, too. And the arms of a comparison share their seeds.
        """
        if seed in self._fresh:
            self._fresh[seed] = self._fresh.pop(seed)  # the last one used is the last to go
            return self._fresh[seed]
        weights = [np.array(v) for v in self.new_model(seed).variables]
        if self.num_kept:
            if len(self._fresh) >= self.num_kept:
                del self._fresh[next(iter(self._fresh))]
            self._fresh[seed] = weights
        return weights

    def state(self) -> Any:
        """Returns copies of all variables of the model and of its optimizer."""
        model, optimizer = self.model.variables, self.model.optimizer.variables
        return [np.array(v) for v in model], [np.array(v) for v in optimizer]

    def restore(self, state: Any) -> None:
        """Gives the model and its optimizer the values of a `state`."""
        variables = (self.model.variables, self.model.optimizer.variables)
        for own, values in zip(variables, state, strict=True):
            for variable, value in zip(own, values, strict=True):
                variable.assign(value)

    def score(
        self, policy: Policy, seed: int, images: ArrayLike, labels: ArrayLike, **options: Any
    ) -> Score:
        """Trains with a policy and classifies other images.

        Args:
            policy: the augmentation of the training images.
            seed: an integer.
            images: `(n, height, width, channels)`.
            labels: `(n,)`, integers.
            **options: further arguments of `train`.

        Raises:
            DivergedError: if the loss or an output is not finite.
        """
        start = time.monotonic()
        self.train(policy, seed, **options)
        return self.evaluate(images, labels, start=start)

    def evaluate(
        self, images: ArrayLike, labels: ArrayLike, *, start: float | None = None
    ) -> Score:
        """Classifies images with the model as it is.

        Args:
            images: `(n, height, width, channels)`.
            labels: `(n,)`, integers.
            start: since when the seconds count, as `time.monotonic` tells it; None for now.

        Raises:
            DivergedError: if an output is not finite.
        """
        start = time.monotonic() if start is None else start
        value_range.check_for(self.model, np.asarray(images), "validation images")
        batches = filled_batches(images, _EVALUATION_BATCH)
        outputs = np.concatenate([self.model.predict_on_batch(batch) for batch in batches])
        outputs = outputs[: len(images)]
        if not np.all(np.isfinite(outputs)):
            raise DivergedError("the trained model's outputs are not finite")
        return score_of(outputs, labels, time.monotonic() - start)
