"""The base of the metrics that need no more than a confusion matrix."""

from typing import Any

import keras
from keras import ops

from keras_cv_extras._base import checks, label_forms
from keras_cv_extras._base.saved.configs import attributes
from keras_cv_extras._base.types import Config, Tensor
from keras_cv_extras.metrics import _base


class ConfusionMetric(_base.Accumulator):
    """Adds up a confusion matrix: `confusion[i, j]` samples of class `i` were given class `j`.

    A subclass computes its `score` from the matrix. A metric without samples gives 0.

    Args:
        num_classes: how many classes there are, at least 2.
        name: the name of the metric.
        dtype: the type of the result; float64 counts in float64 too.
        threshold: with two classes and one score per sample, the score above which a sample is
            of class 1: 0.5 for probabilities, 0 for logits.
    """

    _direction = "up"

    def __init__(
        self, num_classes: int, name: str, dtype: Any, threshold: float | None = 0.5
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.num_classes: int = checks.integer("num_classes", num_classes, minimum=2)
        self.threshold: float = checks.number("threshold", threshold)
        self.confusion: Any = self.add_sum((self.num_classes, self.num_classes), "confusion")

    def update_state(
        self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None
    ) -> None:
        """Adds a batch.

        Args:
            y_true: classes `(batch,)` or `(batch, 1)`, or one-hot or soft rows `(batch,
                num_classes)`, whose largest entry counts.
            y_pred: scores `(batch, num_classes)`, probabilities or logits, whose largest entry
                counts; classes `(batch,)` or `(batch, 1)`; with two classes also one float score
                per sample.
            sample_weight: `(batch,)`, `(batch, 1)` or a number; samples of weight 0 may hold
                anything.

        Raises:
            ValueError: if shapes do not fit, or, where values are known, for a class outside of
                [0, num_classes) or a NaN. In a compiled step these turn the result into NaN.
        """
        y_true, y_pred = map(label_forms.tensor, (y_true, y_pred))
        true, true_valid = self.read_labels(y_true)
        given, given_valid = self.read_predictions(y_pred)
        _base.same_batch("y_true", true, "y_pred", given)
        weights = _base.batch_weights(sample_weight, ops.cast(given, self.sum_dtype))
        known = f"whole numbers in [0, {self.num_classes}) or rows that name one class"
        scores = f"classes in [0, {self.num_classes}) or scores without NaN"
        nan = _base.poison(true_valid, weights, "y_true", known, y_true)
        nan = nan + _base.poison(given_valid, weights, "y_pred", scores, y_pred)
        # A sum by segments stays exact where a product of one-hot matrices would be rounded to
        # the short mantissas of tensor cores.
        cells = ops.segment_sum(
            weights, true * self.num_classes + given, num_segments=self.num_classes**2
        )
        self.confusion.assign_add(ops.reshape(cells, self.confusion.shape) + nan)

    def read_labels(self, y_true: Tensor) -> Tensor:
        """Returns the true classes `(batch,)` and whether they are valid."""
        return _base.true_classes(y_true, self.num_classes)

    def read_predictions(self, y_pred: Tensor) -> Tensor:
        """Returns the given classes `(batch,)` and whether they are valid."""
        shape = tuple(y_pred.shape)
        if len(shape) == 2 and shape[1] == self.num_classes:
            return _base.top_classes(y_pred)
        if not _base.is_flat(y_pred):
            raise ValueError(
                f"y_pred must hold scores (batch, {self.num_classes}) or classes (batch,), "
                f"received shape {shape}"
            )
        if self.num_classes == 2 and "float" in keras.backend.standardize_dtype(y_pred.dtype):
            scores = _base.flat(y_pred)
            return ops.cast(scores > self.threshold, "int32"), ops.logical_not(ops.isnan(scores))
        return _base.whole_classes(y_pred, self.num_classes)

    def result(self) -> Tensor:
        """Returns the score of the samples so far."""
        return self.as_result(self.score(ops.convert_to_tensor(self.confusion)))

    def score(self, confusion: Tensor) -> Tensor:
        """Returns the score of a confusion matrix."""
        raise NotImplementedError

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {**super().get_config(), **attributes(self, "num_classes", "threshold")}
