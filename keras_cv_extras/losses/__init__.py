"""Losses that Keras lacks or gets wrong: each a function per sample and a class around it."""

from keras_cv_extras._base import lazy

__getattr__, __dir__, __all__ = lazy.attach(__name__, __file__)
