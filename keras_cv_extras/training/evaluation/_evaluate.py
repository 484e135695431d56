"""The scores of a trained classifier, with confidence intervals."""

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn import metrics

from keras_cv_extras._base import checks, files, label_forms
from keras_cv_extras._base.host import predictions
from keras_cv_extras._base.images import value_range
from keras_cv_extras._base.owned import written
from keras_cv_extras._base.text import caller
from keras_cv_extras._base.types import ArrayLike, Path
from keras_cv_extras.training.evaluation import _multilabel
from keras_cv_extras.training.evaluation._intervals import wilson_interval

if TYPE_CHECKING:
    import keras

_SMALLEST = 1e-300  # a probability that float64 cannot tell from zero would make the loss infinite


@dataclasses.dataclass(frozen=True, eq=False)
class Evaluation:
    """The scores of a classifier on labelled images.

    Args:
        accuracy: share classified correctly, in [0, 1].
        low: lower end of the accuracy's 95 % interval, for images drawn at random.
        high: upper end.
        log_loss: mean negative logarithm of the probability given to the true class.
        confusion: `(classes, classes)`, counts: rows are true classes, columns given ones.
        precision: for each class, the share of its answers that are right.
        recall: for each class, the share of its images that are found.
        f1: for each class, the harmonic mean of both.
        class_names: the names of the classes.

    Example:
        >>> scores = evaluate(model, images, labels, tuple("abcdefghij"))
        >>> scores.confusion.shape
        (10, 10)
    """

    accuracy: float
    low: float
    high: float
    log_loss: float
    confusion: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray
    class_names: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Returns the scores as a dictionary for JSON."""
        fields = dataclasses.asdict(self)
        return {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in fields.items()}

    def save(self, path: Path) -> None:
        """Writes the scores as a JSON file, in one step; replaces none but its own."""
        files.write_json(path, self.to_dict(), written.SCORES)

    def table(self) -> Any:
        """Returns a rich table, a row for each class."""
        from keras_cv_extras._base.text.terminal import table

        count = int(self.confusion.sum())
        made = table(
            f"accuracy {self.accuracy:.4f} (95 %: {self.low:.4f} to {self.high:.4f}), "
            f"log loss {self.log_loss:.4f}, {count} images",
            "class",
            "images",
            "precision",
            "recall",
            "F1",
        )
        for number, name in enumerate(self.class_names):
            scores = (self.precision[number], self.recall[number], self.f1[number])
            images = str(int(self.confusion[number].sum()))
            made.add_row(name, images, *(f"{score:.3f}" for score in scores))
        return made


def evaluate(
    model: "keras.Model",
    images: ArrayLike,
    labels: ArrayLike,
    class_names: Sequence[str],
    *,
    batch_size: int = 512,
) -> Any:
    """Scores a classifier.

    Args:
        model: a Keras model that gives logits, or probabilities.
        images: `(count, height, width, channels)`.
        labels: `(count,)`, integers; or, for several labels per image, `(count, classes)` of 0
            and 1.
        class_names: the name of each class, by its number.
        batch_size: images at a time.

    Returns:
        The scores: an `Evaluation`, or for several labels a `MultilabelEvaluation`.

    Raises:
        ValueError: if there are no images, or labels that have no class.

    Example:
        >>> scores = evaluate(model, images, labels, tuple("abcdefghij"))
        >>> scores.low <= scores.accuracy <= scores.high
        True
    """
    num_classes = len(class_names)
    checks.same_length(images=images, labels=labels)
    if not len(images):
        raise ValueError("images must hold at least one image, received none")
    labels = truths(labels, num_classes)
    if labels.ndim == 2 and num_classes > 1 and label_forms.is_one_hot(labels):
        caller.warn(
            "labels are rows, and are scored as several labels per image, but each has a single 1: "
            "give class numbers, labels.argmax(axis=1), if images have one label",
        )
    images = np.asarray(images)
    value_range.check_for(model, images)
    quiet: Any = 0  # Keras takes numbers too
    outputs = model.predict(images, batch_size=batch_size, verbose=quiet)
    if labels.ndim == 2:
        check_outputs(outputs, num_classes)
        probabilities = _multilabel.probabilities_of(model, outputs)
        return _multilabel.score(probabilities, labels, class_names)
    return score(probabilities_of(outputs, num_classes), labels, class_names)


def truths(labels, num_classes):
    """Returns labels as int64 `(count,)`, or of several per image as `(count, classes)`.

    Raises:
        ValueError: if they are neither whole numbers below the number of classes, nor rows of 0
            and 1 for every class.
    """
    array = checks.unmasked("labels", labels)
    if num_classes > 1 and array.shape[1:] == (1,):
        array = array[:, 0]
    plain = array.dtype.kind in "iubf" and array.ndim in (1, 2)
    if plain and array.dtype.kind == "f":
        plain = bool((np.isfinite(array) & (array == np.rint(array))).all())
    if plain and array.ndim == 2:
        plain = array.shape[1] == num_classes and bool(np.isin(array, (0, 1)).all())
    if not plain:
        raise ValueError(
            "labels must be whole numbers, (count,), or of several labels per image rows of 0 and "
            f"1, (count, {num_classes}), received {array.dtype} of {array.shape}"
        )
    if array.ndim == 1:
        checks.class_numbers(array, num_classes)
    return array.astype(np.int64)


def score(probabilities, labels, class_names) -> Evaluation:
    """Scores probabilities that a classifier gave.

    Args:
        probabilities: `(count, classes)`.
        labels: `(count,)`, integers below the number of classes.
        class_names: the name of each class, by its number.
    """
    given = probabilities.argmax(axis=-1)
    accuracy = float(np.mean(given == labels))
    low, high = wilson_interval(accuracy, len(labels))
    every = np.arange(len(class_names))
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        labels, given, labels=every, zero_division=0.0
    )
    true = probabilities[np.arange(len(labels)), labels].astype("float64")
    return Evaluation(
        accuracy=accuracy,
        low=low,
        high=high,
        log_loss=float(-np.mean(np.log(np.maximum(true, _SMALLEST)))),
        confusion=metrics.confusion_matrix(labels, given, labels=every),
        precision=precision,
        recall=recall,
        f1=f1,
        class_names=tuple(class_names),
    )


def probabilities_of(outputs, num_classes):
    """Returns the probabilities of logits, or of probabilities where that is what they are.

    Raises:
        ValueError: if there are others than `num_classes` of them for an image.
    """
    check_outputs(outputs, num_classes)
    predictions.check_numbers(outputs)
    return predictions.probabilities(outputs)


def check_outputs(outputs, num_classes):
    """Raises if a model does not give `num_classes` numbers for an image."""
    shape = getattr(outputs, "shape", None)
    if shape is None or len(shape) != 2:
        many = f"{len(outputs)} outputs" if shape is None else f"an output of shape {shape}"
        raise ValueError(
            "the model must answer one number for each class, (images, classes), received " + many
        )
    if outputs.shape[-1] != num_classes:
        raise ValueError(
            f"the model has {outputs.shape[-1]} classes, class_names {num_classes}: give the data "
            "that it was trained on"
        )
