"""Agreement beyond chance: Cohen's kappa and the Matthews correlation coefficient."""

from typing import Any

from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.saved.configs import attributes
from keras_cv_extras._base.types import Config, Tensor
from keras_cv_extras.metrics import _base
from keras_cv_extras.metrics._confusion import ConfusionMetric


@_base.registered
class CohenKappa(ConfusionMetric):
    """Cohen's kappa: agreement with the labels beyond that of chance, in [-1, 1].

    Equals scikit-learn's `cohen_kappa_score` with `labels=range(num_classes)`. Where kappa is
    undefined (no samples, or all labels and predictions are the same one class) the result is 0.

    Takes the arguments of TensorFlow Addons, with two differences: the shape of the labels says
    what they are, two classes also take rows of two scores, and predictions of a regression are
    rounded to the nearest class there is instead of losing their sign.

    Args:
        num_classes: how many classes there are, at least 2.
        name: the name of the metric.
        weightage: how much a disagreement of classes `i` and `j` counts: None for 1, "linear" for
            `|i - j|`, "quadratic" for `(i - j)**2`.
        sparse_labels: True to accept integer labels only; otherwise one-hot rows too.
        regression: whether predictions are one number per sample, rounded to a class.
        dtype: the type of the result; float64 counts in float64 too.
        threshold: with two classes and one score per sample, the score above which a sample is
            of class 1: 0.5 for probabilities, 0 for logits.

    References:
        [Cohen 1960](https://doi.org/10.1177/001316446002000104),
        [Cohen 1968](https://doi.org/10.1037/h0026256) for the weighted form.

    Example:
        >>> metric = CohenKappa(num_classes=5, weightage="quadratic")
        >>> metric.update_state([4, 4, 3, 4], [4, 4, 3, 3])
        >>> float(metric.result())
    """

    def __init__(
        self,
        num_classes: int,
        name: str = "cohen_kappa",
        weightage: str | None = None,
        sparse_labels: bool = False,
        regression: bool = False,
        dtype: Any | None = None,
        *,
        threshold: float | None = 0.5,
    ) -> None:
        super().__init__(num_classes, name, dtype, threshold)
        self.weightage: Any = checks.one_of("weightage", weightage, (None, "linear", "quadratic"))
        self.sparse_labels: bool = bool(sparse_labels)
        self.regression: bool = bool(regression)

    def read_labels(self, y_true: Tensor) -> Tensor:
        """Returns the true classes and whether they are valid."""
        if self.sparse_labels and not _base.is_flat(y_true):
            raise ValueError(
                "y_true must hold classes (batch,) or (batch, 1) with sparse_labels=True, received "
                f"shape {tuple(y_true.shape)}"
            )
        return super().read_labels(y_true)

    def read_predictions(self, y_pred: Tensor) -> Tensor:
        """Returns the given classes and whether they are valid."""
        if not self.regression:
            return super().read_predictions(y_pred)
        if not _base.is_flat(y_pred):
            raise ValueError(
                "y_pred must hold one number per sample, (batch,) or (batch, 1), with "
                f"regression=True, received shape {tuple(y_pred.shape)}"
            )
        values = ops.cast(_base.flat(y_pred), "float32")
        missing = ops.isnan(values)
        nearest = ops.clip(ops.round(values), 0, self.num_classes - 1)
        nearest = ops.where(missing, ops.zeros_like(values), nearest)
        return ops.cast(nearest, "int32"), ops.logical_not(missing)

    def score(self, confusion: Tensor) -> Tensor:
        """Returns kappa of a confusion matrix."""
        classes = ops.arange(self.num_classes, dtype=confusion.dtype)
        distances = ops.abs(classes[:, None] - classes[None, :])
        if self.weightage is None:
            costs = ops.minimum(distances, 1)
        else:
            # The largest cost is 1, for the sums to stay small; the ratio is the same.
            costs = (distances / (self.num_classes - 1)) ** (1 + (self.weightage == "quadratic"))
        true, given = ops.sum(confusion, axis=1), ops.sum(confusion, axis=0)
        total = ops.sum(true)
        observed = ops.sum(costs * confusion)
        by_chance = ops.sum(costs * true[:, None] * (given[None, :] / ops.maximum(total, _TINY)))
        undefined = ops.equal(by_chance, 0)
        return ops.where(undefined, by_chance, 1 - _base.divide(observed, by_chance))

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {
            **super().get_config(),
            **attributes(self, "weightage", "sparse_labels", "regression"),
        }


@_base.registered
class MatthewsCorrelationCoefficient(ConfusionMetric):
    """The Matthews correlation coefficient of labels and predictions, in [-1, 1].

    Equals scikit-learn's `matthews_corrcoef` for two and more classes. TensorFlow Addons took
    rows of labels and scores only. The result is 0 without samples, or if all labels, or all
    predictions, are one class.

    Args:
        num_classes: how many classes there are, at least 2.
        name: the name of the metric.
        dtype: the type of the result; float64 counts in float64 too.
        threshold: with two classes and one score per sample, the score above which a sample is
            of class 1: 0.5 for probabilities, 0 for logits.

    References:
        [Gorodkin 2004](https://doi.org/10.1016/j.compbiolchem.2004.09.006)

    Example:
        >>> model.compile("adam", loss, metrics=[MatthewsCorrelationCoefficient(num_classes=10)])
    """

    def __init__(
        self,
        num_classes: int,
        name: str = "MatthewsCorrelationCoefficient",
        dtype: Any | None = None,
        *,
        threshold: float | None = 0.5,
    ) -> None:
        super().__init__(num_classes, name, dtype, threshold)

    def score(self, confusion: Tensor) -> Tensor:
        """Returns the coefficient of a confusion matrix."""
        # Sums of other classes instead of differences from the total: with one dominant class
        # the differences would leave few digits in float32.
        others = 1 - ops.eye(self.num_classes, dtype=confusion.dtype)
        hits = ops.diagonal(confusion)
        misses, alarms = ops.sum(confusion * others, axis=1), ops.sum(confusion * others, axis=0)
        true, given = hits + misses, hits + alarms
        other_true, other_given = (ops.sum(others * sums[None, :], -1) for sums in (true, given))
        covariance = ops.sum(hits * (other_true - alarms) - misses * alarms)
        spread = ops.sqrt(ops.sum(true * other_true)) * ops.sqrt(ops.sum(given * other_given))
        return _base.divide(covariance, spread)


_TINY = 1e-30  # below every total that is not 0
