"""Trains one model again and again, each time from fresh weights and with another policy.

Building, compiling and tracing a model costs more than a short training. So the model is built
and traced once; a new start copies freshly drawn weights into it and resets its optimizer.
"""

import dataclasses
import time

import keras
import numpy as np

from keras_cv_extras import _checks
from keras_cv_extras.search._epochs import Epochs, Steps
from keras_cv_extras.training import DivergedError
from keras_cv_extras.training._model import jit_compile


@dataclasses.dataclass(frozen=True)
class Score:
    """How well a model that was trained with a policy classifies images it has not seen.

    Args:
        accuracy: share of the images classified correctly, in [0, 1].
        log_loss: mean negative logarithm of the probability given to the true class.
        correct: `(images,)`, bool: whether each one was classified correctly.
        seconds: wall time of training and scoring.
    """

    accuracy: float
    log_loss: float
    correct: np.ndarray
    seconds: float


class Trainer:
    """Trains and scores a model for a given policy and seed.

    Args:
        build_model: a function without arguments that returns a new Keras classifier with one
            output per class, logits or probabilities. Compiled with a loss for integer labels,
            or not compiled: then it is trained with AdamW and a cosine schedule.
        train: `(images, labels)`: images `(n, height, width, channels)`, labels `(n,)` integers.
        epochs: passes over the training images.
        batch_size: images per step.
        learning_rate: the highest learning rate of a model that is not compiled.

    Raises:
        TypeError: if `build_model` does not return a Keras model.
    """

    def __init__(self, build_model, train, *, epochs, batch_size, learning_rate=2e-3):
        if not callable(build_model):
            raise TypeError(
                "build_model must be a function that returns a new Keras model, received "
                f"{build_model!r}"
            )
        self.build_model = build_model
        self.train_images, self.train_labels = train
        self.epochs = _checks.integer("epochs", epochs, minimum=1)
        self.batch_size = _checks.integer("batch_size", batch_size, minimum=1)
        self.learning_rate = _checks.number("learning_rate", learning_rate)
        self.model = self._fresh_model(0)
        if not self.model.compiled:
            self._compile()
        self.model.optimizer.build(self.model.trainable_variables)
        self._epochs = Epochs(*train, batch_size)
        self._steps = Steps(self.model, batch_size)
        self._optimizer_start = [np.array(v) for v in self.model.optimizer.variables]

    def train(self, policy, seed: int, *, rows=None, epochs=None, start=None) -> keras.Model:
        """Trains the model; every call returns the same model object.

        Args:
            policy: the augmentation of the training images.
            seed: an integer: decides the weights, the order of the images and all draws.
            rows: numbers of the training images to use, which are then seen more often: the
                number of steps stays the same. None for all.
            epochs: `(first, last)` to train these epochs alone, counted from 0, the last one
                not included. None for all.
            start: None for fresh weights, or a `state` to go on from.

        Raises:
            DivergedError: if the loss is not finite.
        """
        if start is None:
            fresh = self._fresh_model(seed)
            start = [np.array(v) for v in fresh.variables], self._optimizer_start
            del fresh
        self.restore(start)
        for epoch in range(*(epochs or (0, self.epochs))):
            self.model.reset_metrics()
            for images, labels in self._epochs.chunks(policy, seed, epoch, rows):
                loss = self._steps(images, labels)
            if not np.isfinite(loss):
                raise DivergedError(f"the training loss became {loss} in epoch {epoch + 1}")
        return self.model

    def state(self):
        """Returns copies of all variables of the model and of its optimizer."""
        model, optimizer = self.model.variables, self.model.optimizer.variables
        return [np.array(v) for v in model], [np.array(v) for v in optimizer]

    def restore(self, state):
        """Gives the model and its optimizer the values of a `state`."""
        variables = (self.model.variables, self.model.optimizer.variables)
        for own, values in zip(variables, state, strict=True):
            for variable, value in zip(own, values, strict=True):
                variable.assign(value)

    def score(self, policy, seed: int, images, labels, **options) -> Score:
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

    def evaluate(self, images, labels, *, start=None) -> Score:
        """Classifies images with the model as it is.

        Args:
            images: `(n, height, width, channels)`.
            labels: `(n,)`, integers.
            start: since when the seconds count, as `time.monotonic` tells it; None for now.

        Raises:
            DivergedError: if an output is not finite.
        """
        start = time.monotonic() if start is None else start
        outputs = self.model.predict(images, batch_size=512, verbose=0)
        if not np.all(np.isfinite(outputs)):
            raise DivergedError("the trained model's outputs are not finite")
        probabilities = _as_probabilities(outputs)
        chosen = probabilities[np.arange(len(labels)), labels]
        correct = np.argmax(probabilities, axis=-1) == labels
        return Score(
            accuracy=float(np.mean(correct)),
            log_loss=float(-np.mean(np.log(np.maximum(chosen, 1e-12)))),
            correct=correct,
            seconds=time.monotonic() - start,
        )

    def describe(self) -> dict:
        """Returns what tells this model and training from others, for JSON."""
        optimizer = {
            key: value if isinstance(value, (int, float, str, bool, type(None))) else str(value)
            for key, value in self.model.optimizer.get_config().items()
            if key != "name"
        }
        if isinstance(self.model.optimizer.get_config()["learning_rate"], dict):
            optimizer["learning_rate"] = self.model.optimizer.get_config()["learning_rate"]
        return {
            "layers": [type(layer).__name__ for layer in self.model.layers],
            "weights": [list(weight.shape) for weight in self.model.weights],
            "optimizer": {"class": type(self.model.optimizer).__name__, **optimizer},
        }

    def _fresh_model(self, seed):
        # Keras draws the seeds of initializers and dropout from this global state.
        keras.utils.set_random_seed(seed)
        model = self.build_model()
        if not isinstance(model, keras.Model):
            raise TypeError(f"build_model must return a Keras model, received {model!r}")
        if not model.built:
            model.build((None, *self.train_images.shape[1:]))
        return model

    def _compile(self):
        outputs = np.array(self.model(self.train_images[:2].astype("float32"), training=False))
        steps = -(-len(self.train_images) // self.batch_size)
        self.model.compile(
            optimizer=keras.optimizers.AdamW(
                keras.optimizers.schedules.CosineDecay(self.learning_rate, steps * self.epochs),
                weight_decay=0.01,
            ),
            loss=keras.losses.SparseCategoricalCrossentropy(
                from_logits=not _are_probabilities(outputs)
            ),
            jit_compile=jit_compile(),
        )


def _are_probabilities(outputs):
    return outputs.min() >= 0 and np.allclose(outputs.sum(axis=-1), 1.0, atol=1e-3)


def _as_probabilities(outputs):
    outputs = outputs.astype("float64")
    if _are_probabilities(outputs):
        return outputs
    powers = np.exp(outputs - outputs.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)
