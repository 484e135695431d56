"""Metrics of image classifiers that Keras lacks; their states add up over batches and replicas."""

from keras_cv_extras._base import lazy

__getattr__, __dir__, __all__ = lazy.attach(__name__, __file__)
