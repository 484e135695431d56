"""Metrics of TensorFlow Addons."""

from typing import Any

import keras
from keras import ops

from keras_cv_extras.compat import _table

_HERE = "keras_cv_extras.metrics."
_NO_CLASSES = "num_classes is not needed"


def _f1_score(
    num_classes: int,
    average: str | None = None,
    threshold: float | None = None,
    name: str = "f1_score",
    dtype: Any = None,
) -> Any:
    """F1 score of rows of labels."""
    del num_classes
    return keras.metrics.F1Score(average, threshold, name=name, dtype=dtype)


def _fbeta_score(
    num_classes: int,
    average: str | None = None,
    beta: float = 1.0,
    threshold: float | None = None,
    name: str = "fbeta_score",
    dtype: Any = None,
    **unused: Any,
) -> Any:
    """F-beta score of rows of labels."""
    del num_classes, unused
    return keras.metrics.FBetaScore(average, beta, threshold, name=name, dtype=dtype)


def _r_square(
    name: str = "r_square",
    dtype: Any = None,
    multioutput: str = "uniform_average",
    num_regressors: int = 0,
    **unused: Any,
) -> Any:
    """The share of the variance that predictions explain."""
    del unused
    aggregation: Any = None if multioutput == "raw_values" else multioutput
    if aggregation == "variance_weighted":
        aggregation = "variance_weighted_average"
    return keras.metrics.R2Score(aggregation, num_regressors, name=name, dtype=dtype)


def _hamming_distance(actuals: Any, predictions: Any) -> Any:
    """The share of the entries that differ."""
    differ = ops.not_equal(ops.convert_to_tensor(actuals), ops.convert_to_tensor(predictions))
    return ops.sum(ops.cast(differ, "float32")) / max(len(differ), 1)


_CORRELATION = "use scipy.stats at the end of an epoch, or keras.metrics.PearsonCorrelation"

__getattr__, __dir__, TABLE = _table.attach(
    __name__,
    "tensorflow_addons.metrics",
    [
        _table.Name("CohenKappa", _HERE + "CohenKappa"),
        _table.Name("F1Score", "keras.metrics.F1Score", _NO_CLASSES, _f1_score),
        _table.Name("FBetaScore", "keras.metrics.FBetaScore", _NO_CLASSES, _fbeta_score),
        _table.Name("GeometricMean", note="use keras.metrics.Mean of the logarithm"),
        _table.Name("HammingLoss", _HERE + "HammingLoss"),
        _table.Name("HarmonicMean", note="use keras.metrics.Mean of the reciprocal"),
        _table.Name("KendallsTauB", note=_CORRELATION),
        _table.Name("KendallsTauC", note=_CORRELATION),
        _table.Name("MatthewsCorrelationCoefficient", _HERE + "MatthewsCorrelationCoefficient"),
        _table.Name("MeanMetricWrapper", "keras.metrics.MeanMetricWrapper"),
        _table.Name("MultiLabelConfusionMatrix", _HERE + "MultiLabelConfusionMatrix"),
        _table.Name("PearsonsCorrelation", note=_CORRELATION),
        _table.Name(
            "RSquare",
            "keras.metrics.R2Score",
            "multioutput is class_aggregation",
            _r_square,
            "keras.metrics.R2Score(class_aggregation=multioutput)",
        ),
        _table.Name("SpearmansRank", note=_CORRELATION),
        _table.Name(
            "hamming_distance",
            _HERE + "HammingLoss",
            "a metric; for two arrays take the mean of what differs",
            _hamming_distance,
            "keras.ops.mean(keras.ops.not_equal(actuals, predictions))",
        ),
        _table.Name("hamming_loss_fn", note="use keras_cv_extras.metrics.HammingLoss, called once"),
    ],
)
