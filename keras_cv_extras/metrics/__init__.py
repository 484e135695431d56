"""Metrics that Keras lacks."""

from keras_cv_extras.metrics._image import image_mean_absolute_error

__all__ = ["image_mean_absolute_error"]
