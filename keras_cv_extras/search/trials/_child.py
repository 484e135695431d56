"""A child network of a search: how it is built, compiled and scored, however it is trained."""

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from keras_cv_extras._base import checks
from keras_cv_extras._base.host import predictions
from keras_cv_extras._base.images import value_range
from keras_cv_extras._base.types import ArrayLike
from keras_cv_extras.training import cosine_adamw, jit_compile


@dataclasses.dataclass(frozen=True)
class Score:
    """How well a model that was trained with a policy classifies images it has not seen.

    Args:
        accuracy: share of the images classified correctly, in [0, 1].
        log_loss: mean negative logarithm of the probability given to the true class.
        correct: `(images,)`, bool: whether each one was classified correctly.
        seconds: wall time of training and scoring.

    Example:
        >>> score = Score(accuracy=0.9, log_loss=0.3, correct=np.ones(10, bool), seconds=4.0)
    """

    accuracy: float
    log_loss: float
    correct: np.ndarray
    seconds: float


class Child:
    """Base of what trains a child network: the model, and what tells it from others.

    Its arguments are those of `Trainer`.
    """

    def __init__(
        self,
        build_model: Callable[..., keras.Model],
        train: Any,
        *,
        epochs: int,
        batch_size: int,
        learning_rate: float = 2e-3,
    ) -> None:
        if num_required(build_model):
            raise TypeError(
                "build_model must take no argument here: hyperparameters of the model are "
                "searched by PolicyTuner, which builds one for each trial"
            )
        self.build_model = build_model
        self.train_images: Any
        self.train_labels: Any
        self.train_images, self.train_labels = images_of("train", train)
        self.epochs: int = checks.integer("epochs", epochs, minimum=1)
        self.batch_size: int = checks.integer("batch_size", batch_size, minimum=1)
        self.learning_rate: float = checks.number("learning_rate", learning_rate)
        self.model: Any = self.new_model(0)
        value_range.check_for(self.model, np.asarray(self.train_images))
        if not self.model.compiled:
            self._compile()
        self.model.optimizer.build(self.model.trainable_variables)
        self.train_labels = one_per_image(self.train_labels, self.model.output_shape[-1])
        self._optimizer_start = [np.array(v) for v in self.model.optimizer.variables]

    def describe(self) -> dict[str, Any]:
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

    def new_model(self, seed: int) -> keras.Model:
        """Returns a new model, with the weights that a seed gives it."""
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
            optimizer=cosine_adamw(self.learning_rate, steps * self.epochs, weight_decay=0.01),
            loss=keras.losses.SparseCategoricalCrossentropy(
                from_logits=not predictions.are_probabilities(outputs)
            ),
            jit_compile=jit_compile(),
        )


def pair_of(name: str, given: Any) -> tuple[Any, Any]:
    """Returns `(images, labels)` as they were given.

    Args:
        name: of the argument.
        given: what was given as a pair of arrays.

    Raises:
        TypeError: if it is none.
    """
    if not isinstance(given, (tuple, list)) or len(given) != 2:
        raise TypeError(
            f"{name} must be (images, labels), two arrays, received {type(given).__name__}: a "
            "search goes over images in memory"
        )
    return given[0], given[1]


def images_of(name: str, given: Any) -> tuple[Any, Any]:
    """Returns `pair_of`, of as many images as labels.

    Raises:
        TypeError, ValueError: if it is none.
    """
    images, labels = pair_of(name, given)
    shape, count = np.shape(images), len(np.atleast_1d(labels))
    if len(shape) != 4 or shape[0] != count:
        raise ValueError(
            f"{name} must be images (n, height, width, channels) and n labels, received images of "
            f"{shape} and {count} labels"
        )
    return images, labels


def one_per_image(labels: ArrayLike, num_classes: int | None = None) -> np.ndarray:
    """Returns labels as class numbers `(n,)`.

    Args:
        labels: integers, `(n,)` or `(n, 1)`.
        num_classes: how many classes there are; None if it is not known yet.

    Raises:
        ValueError: if they are not one class number for each image.
    """
    array = checks.unmasked("labels", labels)
    if array.ndim == 2 and array.shape[1] == 1:  # as keras.datasets has them
        array = array[:, 0]
    if array.dtype.kind not in "iu" or array.ndim != 1:
        rows = array.ndim == 2
        raise ValueError(
            f"a trial takes one label per image, integers (n,), received {array.dtype} of "
            f"{array.shape}{': of rows with a single 1 give argmax(axis=1)' if rows else ''}"
        )
    if len(array):
        checks.class_numbers(array, int(array.max()) + 1 if num_classes is None else num_classes)
    return array


def num_required(build_model: Any, also: str = "") -> int:
    """Returns how many arguments what builds a model must be given by position.

    Args:
        build_model: what was given as such.
        also: what else it may be, for the message.

    Raises:
        TypeError: if it is no function, or a model.
    """
    if not callable(build_model) or isinstance(build_model, keras.Model):
        raise TypeError(
            f"build_model must be a function that returns a new Keras model{also}, received "
            f"{build_model!r}"
        )
    kinds = inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = inspect.signature(build_model).parameters.values()
    return sum(one.kind in kinds and one.default is one.empty for one in parameters)


def filled_batches(images, batch_size: int):
    """Gives images in batches of one size: a last one of another would be another program.

    The last one is filled up with its last image.

    Args:
        images: `(n, height, width, channels)`.
        batch_size: images per batch.
    """
    for start in range(0, len(images), batch_size):
        rows = np.arange(start, start + batch_size)
        yield images[np.minimum(rows, len(images) - 1)]


def score_of(outputs, labels, seconds) -> Score:
    """Returns the score of a model's outputs.

    Args:
        outputs: `(n, classes)`, logits or probabilities, finite.
        labels: `(n,)` or `(n, 1)`, integers.
        seconds: what training and scoring took.
    """
    labels = one_per_image(labels, outputs.shape[-1])
    probabilities = predictions.probabilities(outputs)
    chosen = probabilities[np.arange(len(labels)), labels]
    correct = np.argmax(probabilities, axis=-1) == labels
    return Score(
        accuracy=float(np.mean(correct)),
        log_loss=float(-np.mean(np.log(np.maximum(chosen, 1e-12)))),
        correct=correct,
        seconds=seconds,
    )
