"""How far a classifier's confidence is from its accuracy."""

import typing
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_cv_extras._base import checks, label_forms, numbers
from keras_cv_extras._base.types import Config, Tensor
from keras_cv_extras.metrics import _base


class Reliability(typing.NamedTuple):
    """What each bin of confidence holds; the bins divide [0, 1] into equal parts.

    Args:
        confidence: `(num_bins,)`, mean confidence of the samples of a bin; 0 for an empty bin.
        accuracy: `(num_bins,)`, share of them that are classified correctly; 0 for an empty bin.
        count: `(num_bins,)`, how many there are, by sample weight.

    Example:
        >>> metric = ExpectedCalibrationError(num_bins=2)
        >>> metric.update_state([0, 1], [[0.9, 0.1], [0.4, 0.6]])
        >>> metric.reliability().accuracy
        array([0., 1.], dtype=float32)
    """

    confidence: np.ndarray
    accuracy: np.ndarray
    count: np.ndarray


@_base.registered
class ExpectedCalibrationError(_base.Accumulator):
    """The mean distance of confidence and accuracy over bins of confidence, in [0, 1].

    The confidence is the probability of the class that is given (top label). Bins are equal parts
    of [0, 1], open below and closed above. The result is 0 without samples; empty bins count
    nothing.

    Args:
        num_bins: how many bins there are.
        from_logits: whether predictions are logits, to which softmax is applied (for one score per
            sample, sigmoid).
        name: the name of the metric.
        dtype: the type of the result; float64 counts in float64 too.

    References:
        [On calibration of modern neural networks](https://arxiv.org/abs/1706.04599)

    Example:
        >>> metric = ExpectedCalibrationError(from_logits=True)
        >>> metric.update_state(labels, model.predict(images))
        >>> figure = plot_reliability(metric)
    """

    def __init__(
        self,
        num_bins: int = 15,
        from_logits: bool = False,
        name: str = "expected_calibration_error",
        dtype: Any | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self._direction = "down"
        self.num_bins: int = checks.integer("num_bins", num_bins, minimum=1)
        self.from_logits: bool = bool(from_logits)
        # Rows: the sums of confidence, of correct samples, and of samples.
        self.bins: Any = self.add_sum((3, self.num_bins), "bins")

    def update_state(
        self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None
    ) -> None:
        """Adds a batch.

        Args:
            y_true: classes `(batch,)` or `(batch, 1)`, or one-hot or soft rows `(batch,
                num_classes)`, whose largest entry counts.
            y_pred: probabilities (or logits) `(batch, num_classes)`; for two classes also that of
                class 1, `(batch,)` or `(batch, 1)`.
            sample_weight: `(batch,)`, `(batch, 1)` or a number; samples of weight 0 may hold
                anything.

        Raises:
            ValueError: if shapes do not fit, or, where values are known, for classes and
                probabilities out of range. In a compiled step these turn the result into NaN.
        """
        y_true, y_pred = map(label_forms.tensor, (y_true, y_pred))
        scores = ops.cast(y_pred, self.sum_dtype)
        confidence, given, num_classes, valid = self._top(scores)
        true, true_valid = _base.true_classes(y_true, num_classes)
        _base.same_batch("y_true", true, "y_pred", given)
        weights = _base.batch_weights(sample_weight, confidence)
        known = f"whole numbers in [0, {num_classes}) or rows that name one class"
        nan = _base.poison(true_valid, weights, "y_true", known, y_true)
        kind = "logits without NaN" if self.from_logits else "probabilities (or give from_logits)"
        nan = nan + _base.poison(valid, weights, "y_pred", kind, y_pred)
        # What is invalid has been told; it must not fall into a bin, not even with weight 0.
        confidence = ops.where(valid, confidence, ops.zeros_like(confidence))
        correct = ops.cast(ops.equal(true, given), confidence.dtype)
        edges = np.linspace(0, 1, self.num_bins + 1)[1:-1].astype(self.sum_dtype)
        bins = ops.sum(ops.cast(confidence[:, None] > edges, "int32"), axis=-1)
        sums = ops.segment_sum(
            ops.stack([weights * confidence, weights * correct, weights], axis=-1),
            bins,
            num_segments=self.num_bins,
        )
        self.bins.assign_add(ops.transpose(sums) + nan)

    def _top(self, scores):
        """Returns confidence, class, the number of classes, and what is valid."""
        shape = tuple(scores.shape)
        if _base.is_flat(scores):
            scores = _base.flat(scores)
            chance = ops.sigmoid(scores) if self.from_logits else scores
            given = ops.cast(chance > 0.5, "int32")
            confidence, num_classes, least = ops.maximum(chance, 1 - chance), 2, chance
            missing = ops.isnan(scores)
        elif len(shape) == 2 and shape[1] is not None:
            chances = ops.softmax(scores, axis=-1) if self.from_logits else scores
            given = ops.cast(ops.argmax(scores, axis=-1), "int32")
            confidence, num_classes = numbers.largest(chances)[:, 0], shape[1]
            least = numbers.smallest(chances)[:, 0]
            missing = ops.any(ops.isnan(scores), axis=-1)
        else:
            raise ValueError(
                "y_pred must hold probabilities or logits (batch, num_classes), or for two classes "
                f"(batch,) or (batch, 1), received shape {shape}"
            )
        # Half precision may round a probability to a little more than 1.
        inside = ops.logical_and(least >= -_ROUNDING, confidence <= 1 + _ROUNDING)
        valid = ops.logical_and(inside, ops.logical_not(missing))
        return ops.minimum(confidence, 1), given, num_classes, valid

    def result(self) -> Tensor:
        """Returns the error so far."""
        confidence, correct, weight = ops.unstack(ops.convert_to_tensor(self.bins), 3, axis=0)
        gaps = ops.sum(ops.abs(confidence - correct))
        return self.as_result(_base.divide(gaps, ops.sum(weight)))

    def reliability(self) -> Reliability:
        """Returns the mean confidence, the accuracy and the count of each bin so far."""
        confidence, correct, weight = ops.convert_to_numpy(self.bins)
        means = [
            np.divide(sums, weight, out=np.zeros_like(sums), where=weight != 0)
            for sums in (confidence, correct)
        ]
        return Reliability(means[0], means[1], weight)

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {**super().get_config(), "num_bins": self.num_bins, "from_logits": self.from_logits}


def plot_reliability(reliability: Any) -> Any:
    """Draws a reliability diagram: accuracy over confidence, and how many samples each bin has.

    Args:
        reliability: an `ExpectedCalibrationError`, or what its `reliability()` gives.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        TypeError: for something else.

    Example:
        >>> metric = ExpectedCalibrationError()
        >>> metric.update_state([0, 1], [[0.9, 0.1], [0.4, 0.6]])
        >>> plot_reliability(metric).savefig("reliability.png")
    """
    if isinstance(reliability, keras.metrics.Metric) and hasattr(reliability, "reliability"):
        reliability = reliability.reliability()  # pyright: ignore[reportAttributeAccessIssue]
    if not isinstance(reliability, tuple) or len(reliability) != 3:
        raise TypeError(
            "reliability must be an ExpectedCalibrationError or what its reliability() gives, "
            f"received {type(reliability).__name__}"
        )
    from matplotlib.figure import Figure

    confidence, accuracy, count = (np.asarray(values, "float64") for values in reliability)
    total = max(count.sum(), np.finfo("float64").tiny)
    error = np.sum(count * np.abs(confidence - accuracy)) / total
    middles, filled = (np.arange(len(count)) + 0.5) / len(count), count > 0
    figure = Figure(figsize=(4.8, 5.4), facecolor="white", layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    above.plot([0, 1], [0, 1], color=_QUIET, linestyle=(0, (4, 3)), linewidth=1)
    width = 0.92 / len(count)
    above.bar(middles[filled], accuracy[filled], width, color=_BAR, label="accuracy")
    above.plot(confidence[filled], accuracy[filled], "o-", color=_LINE, markersize=4, linewidth=1)
    above.set(xlim=(0, 1), ylim=(0, 1), ylabel="accuracy", title=f"calibration error {error:.4f}")
    below.bar(middles, count / total, width, color=_QUIET)
    below.set(xlabel="confidence", ylabel="share")
    for axes in (above, below):
        axes.spines[["top", "right"]].set_visible(False)
    return figure


_ROUNDING = 1e-2
_BAR, _LINE, _QUIET = "#9cc3e4", "#1f6fb2", "#8a97a6"
