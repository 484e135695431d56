"""Models that make synthetic images of rare classes, and measures of those images."""

from keras_cv_extras._base import lazy

__getattr__, __dir__, __all__ = lazy.attach(__name__, __file__)
