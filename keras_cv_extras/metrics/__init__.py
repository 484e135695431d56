"""Metrics of image classifiers that Keras lacks; their states add up over batches and replicas."""

from keras_cv_extras.metrics._agreement import CohenKappa, MatthewsCorrelationCoefficient
from keras_cv_extras.metrics._calibration import (
    ExpectedCalibrationError,
    Reliability,
    plot_reliability,
)
from keras_cv_extras.metrics._image import ImageMeanAbsoluteError, image_mean_absolute_error
from keras_cv_extras.metrics._multilabel import HammingLoss, MultiLabelConfusionMatrix
from keras_cv_extras.metrics._recall import BalancedAccuracy, GeometricMeanScore

__all__ = [
    "BalancedAccuracy",
    "CohenKappa",
    "ExpectedCalibrationError",
    "GeometricMeanScore",
    "HammingLoss",
    "ImageMeanAbsoluteError",
    "MatthewsCorrelationCoefficient",
    "MultiLabelConfusionMatrix",
    "Reliability",
    "image_mean_absolute_error",
    "plot_reliability",
]
