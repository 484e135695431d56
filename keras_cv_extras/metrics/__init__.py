"""Metrics of image classifiers that Keras lacks."""

from keras_cv_extras.metrics._image import ImageMeanAbsoluteError, image_mean_absolute_error

__all__ = ["ImageMeanAbsoluteError", "image_mean_absolute_error"]
