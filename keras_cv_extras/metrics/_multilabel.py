"""Metrics of several labels per image: Hamming loss and one confusion matrix per label."""

from typing import Any

from keras import ops

from keras_cv_extras._base import checks, label_forms, numbers
from keras_cv_extras._base.saved.configs import attributes
from keras_cv_extras._base.types import Config, Tensor
from keras_cv_extras.metrics import _base


@_base.registered
class HammingLoss(_base.Accumulator):
    """The share of wrong labels.

    Equals scikit-learn's `hamming_loss`. The result is 0 without samples.

    Takes the arguments of TensorFlow Addons. In mode "multiclass" exactly one class is given, the
    one with the largest score, the first of equal ones: Addons counted equal scores of all classes
    as right.

    Args:
        mode: "multiclass" for one label per image: the loss is the share of images whose label is
            wrong; "multilabel" for several: the share of wrong entries of the rows of labels.
        name: the name of the metric.
        threshold: in mode "multilabel" the score above which a label is given; None gives the
            label with the largest score, all that share it, and none for a row of zeros, so that
            rows of 0 and 1 are taken as they are. In mode "multiclass" a class with a score that
            is not above it counts as wrong; None for no such limit.
        dtype: the type of the result; float64 counts in float64 too.

    Example:
        >>> metric = HammingLoss(mode="multilabel", threshold=0.5)
        >>> metric.update_state([[1, 0, 1, 0]], [[0.9, 0.1, 0.2, 0.3]])
        >>> float(metric.result())  # 0.25
    """

    def __init__(
        self,
        mode: str,
        name: str = "hamming_loss",
        threshold: float | None = None,
        dtype: Any | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self._direction = "down"
        self.mode: Any = checks.one_of("mode", mode, ("multiclass", "multilabel"))
        self.threshold: float | None = (
            None if threshold is None else checks.number("threshold", threshold)
        )
        self.wrong: Any = self.add_sum((), "wrong")
        self.weight: Any = self.add_sum((), "weight")

    def update_state(
        self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None
    ) -> None:
        """Adds a batch.

        Args:
            y_true: in mode "multilabel" rows `(batch, num_labels)` of 0 and 1; in mode
                "multiclass" one-hot rows `(batch, num_classes)`, or classes `(batch,)` or
                `(batch, 1)`.
            y_pred: scores, `(batch, num_labels)` or `(batch, num_classes)`.
            sample_weight: `(batch,)`, `(batch, 1)` or a number.

        Raises:
            ValueError: if shapes do not fit, or, where values are known, for labels out of range
                or a NaN. In a compiled step these turn the result into NaN.
        """
        y_true, y_pred = map(label_forms.tensor, (y_true, y_pred))
        shape = tuple(y_pred.shape)
        least = 2 if self.mode == "multiclass" else 1
        if len(shape) != 2 or shape[1] is None or shape[1] < least:
            raise ValueError(
                f'y_pred must hold rows of at least {least} scores in mode "{self.mode}", '
                f"received shape {shape}"
            )
        _base.same_batch("y_true", y_true, "y_pred", y_pred)
        scores = ops.cast(y_pred, self.sum_dtype)
        weights = _base.batch_weights(sample_weight, scores)
        read = self._classes if self.mode == "multiclass" else self._labels
        wrong, valid, wanted = read(y_true, scores)
        nan = _base.poison(valid, weights, "y_true", wanted, y_true)
        present = ops.logical_not(ops.any(ops.isnan(scores), axis=-1))
        nan = nan + _base.poison(present, weights, "y_pred", "scores without NaN", y_pred)
        self.wrong.assign_add(ops.sum(wrong * weights) + nan)
        self.weight.assign_add(ops.sum(weights))

    def _classes(self, y_true, scores):
        """Returns whether each image's class is wrong, whether labels are valid, what they are."""
        num_classes = scores.shape[1]
        true, valid = _base.true_classes(y_true, num_classes)
        wrong = ops.not_equal(true, ops.cast(ops.argmax(scores, axis=-1), "int32"))
        if self.threshold is not None:
            wrong = ops.logical_or(wrong, numbers.largest(scores)[:, 0] <= self.threshold)
        wanted = f"whole numbers in [0, {num_classes}) or rows that name one class"
        return ops.cast(wrong, scores.dtype), valid, wanted

    def _labels(self, y_true, scores):
        """Returns the share of wrong labels of each image, whether all are valid, what they are."""
        truth, valid = _binary_rows("y_true", y_true, scores.shape[1])
        if self.threshold is None:
            given = ops.equal(scores, numbers.largest(scores))
            # The smallest score that Addons takes for one.
            given = ops.logical_and(given, ops.abs(scores) > 1e-12)
        else:
            given = scores > self.threshold
        wrong = ops.cast(ops.not_equal(truth, given), scores.dtype)
        return ops.mean(wrong, axis=-1), valid, "rows of 0 and 1"

    def result(self) -> Tensor:
        """Returns the weighted share so far."""
        return self.as_result(_base.divide(self.wrong, self.weight))

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {**super().get_config(), "mode": self.mode, "threshold": self.threshold}


@_base.registered
class MultiLabelConfusionMatrix(_base.Accumulator):
    """A confusion matrix of two rows for each label: `[[true -, false +], [false -, true +]]`.

    Equals scikit-learn's `multilabel_confusion_matrix` with `labels=range(num_classes)`; all zeros
    without samples. Scores are compared with a threshold, where TensorFlow Addons cut 0.9 off to
    0, and the result is a float one by default (`dtype="int32"` for Addons' type), for the sake of
    sample weights.

    Args:
        num_classes: how many labels there are.
        name: the name of the metric.
        dtype: the type of the result; float64 counts in float64 too.
        threshold: the score above which a label is given: 0.5 for probabilities, 0 for logits;
            None to give the one with the largest score.

    Returns:
        `result()` is of shape `(num_classes, 2, 2)`.

    Example:
        >>> metric = MultiLabelConfusionMatrix(num_classes=3)
        >>> metric.update_state([[1, 0, 1], [0, 1, 0]], [[1, 0, 0], [0, 1, 1]])
        >>> metric.result()
    """

    def __init__(
        self,
        num_classes: int,
        name: str = "Multilabel_confusion_matrix",
        dtype: Any | None = None,
        *,
        threshold: float | None = 0.5,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.num_classes: int = checks.integer("num_classes", num_classes, minimum=1)
        self.threshold: float | None = (
            None if threshold is None else checks.number("threshold", threshold)
        )
        self.confusion: Any = self.add_sum((self.num_classes, 2, 2), "confusion")

    def update_state(
        self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None
    ) -> None:
        """Adds a batch.

        Args:
            y_true: rows `(batch, num_classes)` of 0 and 1, or for one label per image classes
                `(batch,)` or `(batch, 1)`.
            y_pred: scores or rows of 0 and 1 `(batch, num_classes)`, or classes as in `y_true`.
            sample_weight: `(batch,)`, `(batch, 1)` or a number.

        Raises:
            ValueError: if shapes do not fit, or, where values are known, for labels out of range
                or a NaN. In a compiled step these turn the result into NaN.
        """
        y_true, y_pred = map(label_forms.tensor, (y_true, y_pred))
        truth, true_valid = self._rows("y_true", y_true)
        given, given_valid = self._rows("y_pred", y_pred)
        _base.same_batch("y_true", truth, "y_pred", given)
        given = ops.cast(given, self.sum_dtype)
        truth = ops.cast(truth, self.sum_dtype)
        weights = _base.batch_weights(sample_weight, given)
        labels = f"rows of 0 and 1 or classes in [0, {self.num_classes})"
        nan = _base.poison(true_valid, weights, "y_true", labels, y_true)
        scores = f"scores without NaN or classes in [0, {self.num_classes})"
        nan = nan + _base.poison(given_valid, weights, "y_pred", scores, y_pred)
        cells = [
            ops.sum(weights[:, None] * is_true * is_given, axis=0)
            for is_true in (1 - truth, truth)
            for is_given in (1 - given, given)
        ]
        counts = ops.reshape(ops.stack(cells, axis=-1), (self.num_classes, 2, 2))
        self.confusion.assign_add(counts + nan)

    def _rows(self, name, values):
        """Returns booleans `(batch, num_classes)` and whether each row is valid."""
        shape = tuple(values.shape)
        if len(shape) == 2 and shape[1] == self.num_classes:
            if name == "y_true":
                return _binary_rows(name, values, self.num_classes)
            if self.threshold is None:
                classes, valid = _base.top_classes(values)
                return self._one_hot(classes), valid
            scores = ops.cast(values, self.sum_dtype)
            valid = ops.logical_not(ops.any(ops.isnan(scores), axis=-1))
            return scores > self.threshold, valid
        if _base.is_flat(values):
            classes, valid = _base.whole_classes(values, self.num_classes)
            return self._one_hot(classes), valid
        raise ValueError(
            f"{name} must hold rows (batch, {self.num_classes}) or classes (batch,), received "
            f"shape {shape}"
        )

    def _one_hot(self, classes):
        return ops.equal(classes[:, None], ops.arange(self.num_classes, dtype="int32"))

    def result(self) -> Tensor:
        """Returns the counts so far."""
        return self.as_result(self.confusion)

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {**super().get_config(), **attributes(self, "num_classes", "threshold")}


def _binary_rows(name, rows, num_labels):
    """Returns rows of 0 and 1 as booleans, and whether each row holds nothing else."""
    shape = tuple(rows.shape)
    if len(shape) != 2 or shape[1] != num_labels:
        raise ValueError(f"{name} must hold rows (batch, {num_labels}), received shape {shape}")
    rows = ops.cast(rows, "float32")
    chosen = ops.equal(rows, 1)
    return chosen, ops.all(ops.logical_or(chosen, ops.equal(rows, 0)), axis=-1)
