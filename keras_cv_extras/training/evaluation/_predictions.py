"""A classifier's predictions for every image of a data set."""

import dataclasses
import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_cv_extras import data
from keras_cv_extras._base.images import value_range
from keras_cv_extras.data import FilePart
from keras_cv_extras.metrics import ExpectedCalibrationError
from keras_cv_extras.training.evaluation import _evaluate, _multilabel, _scored

if TYPE_CHECKING:
    import keras


@dataclasses.dataclass(frozen=True, eq=False)
class Predictions(_scored.Scored):
    """Probabilities for labelled images, with what is needed to look at them.

    Args:
        probabilities: `(count, classes)`.
        labels: `(count,)`, integers.
        names: for every image the path of its file, or its row.
        class_names: the name of each class, by its number.
        pictures: uint8 images of the `worst` ones, by their place.

    Example:
        >>> found = predict(model, (images, labels), tuple("abcdefghij"))
        >>> found.class_names[int(found.labels[0])]
        'a'
    """

    @property
    def given(self) -> np.ndarray:
        """`(count,)`, the class that each image is said to be."""
        return self.probabilities.argmax(axis=-1)

    @functools.cached_property
    def calibration(self) -> ExpectedCalibrationError:
        """The metric, which has seen all predictions."""
        metric = ExpectedCalibrationError(dtype="float64")
        metric.update_state(self.labels, self.probabilities)
        return metric

    @functools.cached_property
    def _evaluation(self):
        return _evaluate.score(self.probabilities, self.labels, self.class_names)

    def evaluation(self) -> _evaluate.Evaluation:
        """Returns the scores."""
        return self._evaluation

    def worst(self, count: int) -> np.ndarray:
        """Returns the places of the images whose true class got the least probability."""
        true = self.probabilities[np.arange(len(self.labels)), self.labels]
        return np.argsort(true, kind="stable")[:count]

    def _rows(self):
        for true, said, chances in zip(self.labels, self.given, self.probabilities, strict=True):
            yield self.class_names[true], self.class_names[said], true == said, chances[said]


def predict(
    model: "keras.Model",
    part: Any,
    class_names: Sequence[str],
    *,
    batch_size: int = 256,
    pictures: int = 24,
    names: Sequence[str] | None = None,
) -> Any:
    """Predicts all images of a part of a data set.

    Args:
        model: a Keras model that gives logits, or probabilities.
        part: `(images, labels)`, or a part of `data.image_files`. Files that cannot be read are
            left out. Labels that are rows of 0 and 1 are several per image: probabilities are
            then sigmoids.
        class_names: the name of each class, by its number.
        batch_size: images at a time.
        pictures: how many of the worst images are kept for the report.
        names: None, or the name of each image: that of its file, as `ImageData.files` has it.

    Returns:
        `Predictions`, or for several labels `MultilabelPredictions`.

    Raises:
        ValueError: if there is no image, or the model has other classes.

    Example:
        >>> found = predict(model, (images, labels), tuple("abcdefghij"))
        >>> found.probabilities.shape
        (96, 10)
    """
    files = isinstance(part, FilePart)
    if not files and len(part[0]) == 0:
        raise ValueError("part must hold at least one image, received none")
    batches = data.pipeline(part, batch_size, shuffle=False, epoch=0)
    outputs, labels = [], []
    for images, labels_of_batch in batches:
        if not outputs:
            value_range.check_for(model, images.numpy())
        outputs.append(model.predict_on_batch(images))
        labels.append(labels_of_batch.numpy())
    if not outputs:
        raise ValueError("part must hold at least one image that can be read, received none")
    # After the images: only then is it known which files are left out.
    kept = part.readable() if files else np.arange(len(part[1]))
    known: Any = part.paths if files else names
    names = [str(row) if known is None else known[row] for row in kept]
    _evaluate.check_outputs(outputs[0], len(class_names))
    truths = _evaluate.truths(np.concatenate(labels), len(class_names))
    if truths.ndim == 2:
        probabilities = _multilabel.probabilities_of(model, np.concatenate(outputs))
        kind: Any = _multilabel.MultilabelPredictions
    else:
        probabilities = _evaluate.probabilities_of(np.concatenate(outputs), len(class_names))
        kind = Predictions
    if len(names) != len(truths):
        raise ValueError(
            "part must hold files that do not change while they are read, received "
            f"{len(truths)} of {len(names)}"
        )
    found = kind(probabilities, truths, tuple(names), tuple(class_names))
    for place in found.worst(pictures):
        found.pictures[int(place)] = part.image(int(kept[place])) if files else part[0][kept[place]]
    return found
