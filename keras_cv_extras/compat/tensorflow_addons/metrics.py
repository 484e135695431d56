"""Metrics of TensorFlow Addons."""

from typing import Any

import keras
from keras import ops

from keras_cv_extras import metrics
from keras_cv_extras._base.text import caller
from keras_cv_extras.compat import _table
from keras_cv_extras.compat.tensorflow_addons import _correlations as correlations

_PACKAGE = "keras_cv_extras.compat"
_HERE = "keras_cv_extras.metrics."
_NO_CLASSES = "num_classes is not needed"


@keras.saving.register_keras_serializable(_PACKAGE)
class F1Score(keras.metrics.F1Score):
    """F1 score of rows of labels.

    Args:
        num_classes: how many labels a row has.
        average: None, "micro", "macro" or "weighted".
        threshold: from where on a prediction counts, or None for the largest of a row.
        name: as of every Keras metric.
        dtype: as of every Keras metric.

    Example:
        >>> F1Score(3, average="macro").num_classes
        3
    """

    def __init__(
        self,
        num_classes: int,
        average: str | None = None,
        threshold: float | None = None,
        name: str = "f1_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(average, threshold, name=name, dtype=dtype)
        self.num_classes = num_classes

    def get_config(self) -> dict[str, Any]:
        """Returns the configuration."""
        return {**super().get_config(), "num_classes": self.num_classes}


@keras.saving.register_keras_serializable(_PACKAGE)
class FBetaScore(keras.metrics.FBetaScore):
    """F-beta score of rows of labels.

    Args:
        num_classes: how many labels a row has.
        average: None, "micro", "macro" or "weighted".
        beta: how much more recall counts than precision.
        threshold: from where on a prediction counts, or None for the largest of a row.
        name: as of every Keras metric.
        dtype: as of every Keras metric.

    Example:
        >>> FBetaScore(3, beta=2.0).beta
        2.0
    """

    def __init__(
        self,
        num_classes: int,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str = "fbeta_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(average, beta, threshold, name=name, dtype=dtype)
        self.num_classes = num_classes

    def get_config(self) -> dict[str, Any]:
        """Returns the configuration."""
        return {**super().get_config(), "num_classes": self.num_classes}


_AGGREGATIONS = {
    "raw_values": None,
    "uniform_average": "uniform_average",
    "variance_weighted": "variance_weighted_average",
}


@keras.saving.register_keras_serializable(_PACKAGE)
class RSquare(keras.metrics.R2Score):
    """The share of the variance that predictions explain.

    Args:
        name: as of every Keras metric.
        dtype: as of every Keras metric.
        multioutput: "raw_values", "uniform_average" or "variance_weighted".
        num_regressors: above 0, how many the adjusted score takes off.

    Example:
        >>> metric = RSquare()
        >>> float(metric([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]))
        1.0
    """

    def __init__(
        self,
        name: str = "r_square",
        dtype: Any = None,
        multioutput: str = "uniform_average",
        num_regressors: int = 0,
        **unused: Any,
    ) -> None:
        if multioutput not in _AGGREGATIONS:
            raise ValueError(
                f"multioutput must be one of {', '.join(_AGGREGATIONS)}, received {multioutput!r}"
            )
        del unused
        super().__init__(_AGGREGATIONS[multioutput], num_regressors, name=name, dtype=dtype)
        self.multioutput = multioutput

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch: one number for each sample, or a row."""
        y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
        if len(y_true.shape) < 2:
            y_true, y_pred = ops.reshape(y_true, (-1, 1)), ops.reshape(y_pred, (-1, 1))
        super().update_state(y_true, y_pred, sample_weight=sample_weight)

    def get_config(self) -> dict[str, Any]:
        """Returns the configuration."""
        kept = super().get_config()
        kept.pop("class_aggregation")
        return {**kept, "multioutput": self.multioutput}


class _MeanOf(keras.metrics.Mean):
    """Base: a mean of what values become, turned back."""

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Adds values."""
        values = ops.cast(ops.convert_to_tensor(values), "float32")
        super().update_state(self.forth(values), sample_weight=sample_weight)

    def result(self) -> Any:
        """Returns the mean of the values so far."""
        return self.back(super().result())

    def forth(self, values: Any) -> Any:
        """Returns what is averaged."""
        raise NotImplementedError

    def back(self, mean: Any) -> Any:
        """Returns the result of an average."""
        raise NotImplementedError


@keras.saving.register_keras_serializable(_PACKAGE)
class GeometricMean(_MeanOf):
    """The geometric mean of positive values.

    Args:
        name: as of every Keras metric.
        dtype: as of every Keras metric.

    Example:
        >>> round(float(GeometricMean()([1.0, 4.0])), 5)
        2.0
    """

    def __init__(self, name: str = "geometric_mean", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)

    def forth(self, values: Any) -> Any:
        """Returns the logarithms."""
        return ops.log(values)

    def back(self, mean: Any) -> Any:
        """Returns the exponential."""
        return ops.exp(mean)


@keras.saving.register_keras_serializable(_PACKAGE)
class HarmonicMean(_MeanOf):
    """The harmonic mean of positive values.

    Args:
        name: as of every Keras metric.
        dtype: as of every Keras metric.

    Example:
        >>> round(float(HarmonicMean()([1.0, 3.0])), 5)
        1.5
    """

    def __init__(self, name: str = "harmonic_mean", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)

    def forth(self, values: Any) -> Any:
        """Returns the reciprocals."""
        return 1 / values

    def back(self, mean: Any) -> Any:
        """Returns the reciprocal."""
        return 1 / mean


@keras.saving.register_keras_serializable(_PACKAGE)
class MatthewsCorrelationCoefficient(metrics.MatthewsCorrelationCoefficient):
    """The metric of the library, which takes one class, too.

    Args:
        num_classes: how many classes there are. Of one, the result is always 0, as it was.
        name: as of every Keras metric.
        dtype: as of every Keras metric.

    Example:
        >>> metric = MatthewsCorrelationCoefficient(2)
    """

    def __init__(
        self,
        num_classes: int,
        name: str = "MatthewsCorrelationCoefficient",
        dtype: Any = None,
        **unused: Any,
    ) -> None:
        del unused
        self._alone = num_classes == 1
        super().__init__(2 if self._alone else num_classes, name, dtype)
        if self._alone:
            self.num_classes = 1
            caller.warn(
                "MatthewsCorrelationCoefficient(num_classes=1) is always 0: give num_classes=2 "
                "for labels of 0 and 1"
            )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch."""
        if not self._alone:
            super().update_state(y_true, y_pred, sample_weight)

    def result(self) -> Any:
        """Returns the coefficient of the samples so far."""
        return self.as_result(ops.zeros(())) if self._alone else super().result()

    def get_config(self) -> dict[str, Any]:
        """Returns the configuration."""
        kept = super().get_config()
        kept.pop("threshold")
        return kept


def _hamming_loss_fn(y_true: Any, y_pred: Any, threshold: float | None, mode: str) -> Any:
    """The share of the labels of each row that are wrong; a wrong class counts 1."""
    if mode not in ("multiclass", "multilabel"):
        raise TypeError(f"mode must be multiclass or multilabel, received {mode!r}")
    y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
    if threshold is None:
        largest = ops.max(y_pred, axis=-1, keepdims=True)
        taken = ops.logical_and(y_pred >= largest, ops.abs(y_pred) > 1e-12)
    else:
        taken = y_pred > threshold
    labels = ops.cast(y_true, "bool")
    if mode == "multiclass":
        hits = ops.cast(ops.logical_and(labels, taken), "float32")
        return 1.0 - ops.sum(hits, axis=-1)
    return ops.mean(ops.cast(ops.not_equal(labels, taken), "float32"), axis=-1)


def _hamming_distance(actuals: Any, predictions: Any) -> Any:
    """The share of the entries that differ."""
    differ = ops.not_equal(ops.convert_to_tensor(actuals), ops.convert_to_tensor(predictions))
    return ops.sum(ops.cast(differ, "float32")) / max(len(differ), 1)


_COUNTED = "of two arrays; the old metric counts values in cells"


def _correlation(name, new):
    return _table.Name(name, new, _COUNTED, getattr(correlations, name))


__getattr__: _table.Load
__dir__: _table.Listed
__getattr__, __dir__, TABLE = _table.attach(
    __name__,
    "tensorflow_addons.metrics",
    [
        _table.Name("CohenKappa", _HERE + "CohenKappa"),
        _table.Name("F1Score", "keras.metrics.F1Score", _NO_CLASSES, F1Score),
        _table.Name("FBetaScore", "keras.metrics.FBetaScore", _NO_CLASSES, FBetaScore),
        _table.Name(
            "GeometricMean",
            "keras.metrics.Mean",
            "the exponential of the mean of the logarithm",
            GeometricMean,
        ),
        _table.Name("HammingLoss", _HERE + "HammingLoss"),
        _table.Name(
            "HarmonicMean",
            "keras.metrics.Mean",
            "the reciprocal of the mean of the reciprocal",
            HarmonicMean,
        ),
        _correlation("KendallsTauB", "scipy.stats.kendalltau"),
        _correlation("KendallsTauC", "scipy.stats.kendalltau"),
        _table.Name(
            "MatthewsCorrelationCoefficient",
            _HERE + "MatthewsCorrelationCoefficient",
            "two classes for labels of 0 and 1, not one, of which the result is 0",
            MatthewsCorrelationCoefficient,
        ),
        _table.Name("MeanMetricWrapper", "keras.metrics.MeanMetricWrapper"),
        _table.Name("MultiLabelConfusionMatrix", _HERE + "MultiLabelConfusionMatrix"),
        _correlation("PearsonsCorrelation", "scipy.stats.pearsonr"),
        _table.Name(
            "RSquare",
            "keras.metrics.R2Score",
            "multioutput is class_aggregation",
            RSquare,
            "keras.metrics.R2Score(class_aggregation=multioutput)",
        ),
        _correlation("SpearmansRank", "scipy.stats.spearmanr"),
        _table.Name(
            "hamming_distance",
            _HERE + "HammingLoss",
            "a metric; for two arrays take the mean of what differs",
            _hamming_distance,
            "keras.ops.mean(keras.ops.not_equal(actuals, predictions))",
        ),
        _table.Name(
            "hamming_loss_fn",
            _HERE + "HammingLoss",
            "a metric; the function has a value for each row",
            _hamming_loss_fn,
            _HERE + "HammingLoss(mode, threshold)",
        ),
        _table.Name("utils", note="use keras.metrics.MeanMetricWrapper"),
    ],
    "cohens_kappa f_scores geometric_mean hamming harmonic_mean "
    "matthews_correlation_coefficient multilabel_confusion_matrix r_square "
    "streaming_correlations",
)
