"""The scores of a classifier of several labels per image, and its predictions."""

import dataclasses
import functools
from typing import Any

import keras
import numpy as np
from scipy import special
from sklearn import metrics

from keras_cv_extras._base import files as _files
from keras_cv_extras._base.host import predictions
from keras_cv_extras._base.owned import written
from keras_cv_extras._base.types import Path
from keras_cv_extras.training.evaluation import _scored
from keras_cv_extras.training.evaluation._intervals import wilson_interval

THRESHOLD = 0.5  # a label whose probability is as large is given
_SMALLEST = 1e-15


@dataclasses.dataclass(frozen=True, eq=False)
class MultilabelEvaluation:
    """The scores of a classifier of several labels per image.

    A label is predicted if its probability is at least a half.

    Args:
        accuracy: share of the images whose labels are all predicted correctly, in [0, 1].
        low: lower end of the accuracy's 95 % interval, for images drawn at random.
        high: upper end.
        mean_average_precision: mean of `average_precision` over the classes that have one.
        macro_f1: mean of `f1` over all classes.
        micro_f1: F1 of all labels of all images together.
        log_loss: mean of the binary cross-entropy over images and classes.
        positives: for each class, how many images have it.
        average_precision: for each class, as scikit-learn defines it; NaN without positives.
        precision: for each class, the share of the images predicted to have it that do.
        recall: for each class, the share of its images that are found.
        f1: for each class, the harmonic mean of both.
        images: how many images were scored.
        class_names: the names of the classes.

    Example:
        >>> rows = np.eye(10)[labels]
        >>> rows[:, 0] = 1  # every image has two labels, or this one alone
        >>> scores = evaluate(model, images, rows, tuple("abcdefghij"))
    """

    accuracy: float
    low: float
    high: float
    mean_average_precision: float
    macro_f1: float
    micro_f1: float
    log_loss: float
    positives: np.ndarray
    average_precision: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray
    images: int
    class_names: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Returns the scores as a dictionary for JSON; None for what is not defined."""
        fields = dataclasses.asdict(self)
        for name, value in fields.items():
            if isinstance(value, np.ndarray):
                fields[name] = [None if one != one else one for one in value.tolist()]
        return fields

    def save(self, path: Path) -> None:
        """Writes the scores as a JSON file, in one step; replaces none but its own."""
        _files.write_json(path, self.to_dict(), written.SCORES)

    def table(self) -> Any:
        """Returns a rich table, a row for each class."""
        from keras_cv_extras._base.text.terminal import table

        made = table(
            f"mean average precision {self.mean_average_precision:.4f}, F1 "
            f"{self.macro_f1:.4f}, all labels right {self.accuracy:.4f} (95 %: {self.low:.4f} to "
            f"{self.high:.4f}), {self.images} images",
            "class",
            "images",
            "average precision",
            "precision",
            "recall",
            "F1",
        )
        for number, name in enumerate(self.class_names):
            scores = (self.average_precision, self.precision, self.recall, self.f1)
            values = (f"{score[number]:.3f}" for score in scores)
            made.add_row(name, str(self.positives[number]), *values)
        return made


def score(probabilities, labels, class_names) -> MultilabelEvaluation:
    """Scores probabilities of labels.

    Args:
        probabilities: `(count, classes)`.
        labels: `(count, classes)` of 0 and 1.
        class_names: the name of each class, by its number.
    """
    labels = labels > 0.5
    given = probabilities >= THRESHOLD
    accuracy = float(np.mean((given == labels).all(axis=1)))
    low, high = wilson_interval(accuracy, len(labels))
    positives = labels.sum(axis=0)
    average = np.full(labels.shape[1], np.nan)
    for number in np.flatnonzero(positives):
        average[number] = metrics.average_precision_score(
            labels[:, number], probabilities[:, number]
        )
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        labels, given, average=None, zero_division=0.0
    )
    right = np.where(labels, probabilities, 1 - probabilities)
    return MultilabelEvaluation(
        accuracy=accuracy,
        low=low,
        high=high,
        mean_average_precision=float(np.mean(average[positives > 0])) if positives.any() else 0.0,
        macro_f1=float(np.mean(f1)),
        micro_f1=float(metrics.f1_score(labels, given, average="micro", zero_division=0.0)),
        log_loss=float(-np.mean(np.log(np.maximum(right, _SMALLEST)))),
        positives=positives,
        average_precision=average,
        precision=precision,
        recall=recall,
        f1=f1,
        images=len(labels),
        class_names=tuple(class_names),
    )


def probabilities_of(model, outputs):
    """Returns the probabilities of outputs: logits, unless the model ends in a sigmoid."""
    last = getattr(model.layers[-1], "activation", None)
    if last is keras.activations.softmax:
        raise ValueError(
            "labels are rows, several per image, but the model ends in a softmax, which tells one: "
            "give class numbers, labels.argmax(axis=1)"
        )
    predictions.check_numbers(outputs)
    outputs = outputs.astype("float64")
    return outputs if last is keras.activations.sigmoid else special.expit(outputs)


@dataclasses.dataclass(frozen=True, eq=False)
class MultilabelPredictions(_scored.Scored):
    """Probabilities of labels for labelled images, with what is needed to look at them.

    Args:
        probabilities: `(count, classes)`, each in [0, 1].
        labels: `(count, classes)` of 0 and 1.
        names: for every image the path of its file, or its row.
        class_names: the name of each class, by its number.
        pictures: uint8 images of the `worst` ones, by their place.

    Example:
        >>> rows = np.eye(10)[labels]
        >>> rows[:, 0] = 1  # every image has two labels, or this one alone
        >>> isinstance(predict(model, (images, rows), tuple("abcdefghij")), MultilabelPredictions)
        True
    """

    @property
    def given(self) -> np.ndarray:
        """`(count, classes)`, whether each image is given each label."""
        return self.probabilities >= THRESHOLD

    @functools.cached_property
    def _evaluation(self):
        return score(self.probabilities, self.labels, self.class_names)

    def evaluation(self) -> MultilabelEvaluation:
        """Returns the scores."""
        return self._evaluation

    def worst(self, count: int) -> np.ndarray:
        """Returns the places of the images with the largest binary cross-entropy."""
        right = np.where(self.labels > 0.5, self.probabilities, 1 - self.probabilities)
        means = np.mean(np.log(np.maximum(right, _SMALLEST)), axis=1)
        return np.argsort(means, kind="stable")[:count]

    def names_of(self, chosen: np.ndarray) -> str:
        """Returns the names of the classes that booleans choose, divided by bars."""
        return "|".join(self.class_names[number] for number in np.flatnonzero(chosen))

    def _rows(self):
        for true, said, chances in zip(
            self.labels > 0.5, self.given, self.probabilities, strict=True
        ):
            names, least = map(self.names_of, (true, said)), np.where(said, chances, 1 - chances)
            yield *names, (true == said).all(), least.min()
