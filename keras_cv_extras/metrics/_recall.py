"""Means of the recalls of the classes, which give rare classes the weight of common ones."""

from typing import Any

from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import Config, Tensor
from keras_cv_extras.metrics import _base
from keras_cv_extras.metrics._confusion import ConfusionMetric


@_base.registered
class BalancedAccuracy(ConfusionMetric):
    """The mean of the recalls of the classes that have samples.

    Equals scikit-learn's `balanced_accuracy_score`. The result is 0 without samples, and with
    `adjusted` also where only one class has samples (scikit-learn: NaN).

    Args:
        num_classes: how many classes there are, at least 2.
        adjusted: whether to rescale so that chance gives 0 and perfection 1.
        name: the name of the metric.
        dtype: the type of the result; float64 counts in float64 too.
        threshold: with two classes and one score per sample, the score above which a sample is
            of class 1: 0.5 for probabilities, 0 for logits.

    References:
        [Brodersen et al. 2010](https://doi.org/10.1109/ICPR.2010.764)

    Example:
        >>> model.compile("adam", loss, metrics=[BalancedAccuracy(num_classes=10)])
    """

    def __init__(
        self,
        num_classes: int,
        adjusted: bool = False,
        name: str = "balanced_accuracy",
        dtype: Any | None = None,
        *,
        threshold: float | None = 0.5,
    ) -> None:
        super().__init__(num_classes, name, dtype, threshold)
        self.adjusted: bool = bool(adjusted)

    def score(self, confusion: Tensor) -> Tensor:
        """Returns the balanced accuracy of a confusion matrix."""
        support = ops.sum(confusion, axis=1)
        present = ops.sum(ops.cast(ops.not_equal(support, 0), confusion.dtype))
        mean = _base.divide(ops.sum(_base.divide(ops.diagonal(confusion), support)), present)
        if not self.adjusted:
            return mean
        return _base.divide(mean * present - 1, ops.maximum(present - 1, 0))

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {**super().get_config(), "adjusted": self.adjusted}


@_base.registered
class GeometricMeanScore(ConfusionMetric):
    """The geometric mean of the recalls (G-mean): 0 as soon as one class is never found.

    Equals imbalanced-learn's `geometric_mean_score` with `average="multiclass"`: over the classes
    that are a label or a prediction; one that is only predicted has recall 0. The result is 0
    without samples.

    Args:
        num_classes: how many classes there are, at least 2.
        correction: what stands for a recall of 0, in [0, 1].
        name: the name of the metric.
        dtype: the type of the result; float64 counts in float64 too.
        threshold: with two classes and one score per sample, the score above which a sample is
            of class 1: 0.5 for probabilities, 0 for logits.

    References:
        [Kubat and Matwin 1997](https://sci2s.ugr.es/keel/pdf/algorithm/congreso/kubat97addressing.pdf),
        [Barandela et al. 2003](https://doi.org/10.1016/S0031-3203(02)00257-1)

    Example:
        >>> model.compile("adam", loss, metrics=[GeometricMeanScore(10, correction=0.001)])
    """

    def __init__(
        self,
        num_classes: int,
        correction: float = 0.0,
        name: str = "geometric_mean_score",
        dtype: Any | None = None,
        *,
        threshold: float | None = 0.5,
    ) -> None:
        super().__init__(num_classes, name, dtype, threshold)
        self.correction: float = checks.fraction("correction", correction)

    def score(self, confusion: Tensor) -> Tensor:
        """Returns the geometric mean of the recalls of a confusion matrix."""
        support = ops.sum(confusion, axis=1)
        present = ops.not_equal(support + ops.sum(confusion, axis=0), 0)
        recalls = _base.divide(ops.diagonal(confusion), support)
        recalls = ops.where(ops.equal(recalls, 0), self.correction, recalls)
        logarithms = ops.log(ops.where(present, recalls, 1.0))
        count = ops.sum(ops.cast(present, confusion.dtype))
        mean = ops.exp(_base.divide(ops.sum(logarithms), count))
        return ops.where(ops.equal(count, 0), ops.zeros_like(mean), mean)

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {**super().get_config(), "correction": self.correction}
