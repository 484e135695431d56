"""Augmentation policies as data: written, read, joined, and run as one compiled program."""

from keras_cv_extras._base import lazy

__getattr__, __dir__, __all__ = lazy.attach(__name__, __file__)
