"""Models that make images, for classes that have too few, and measures of what they make."""

from keras_cv_extras._base import lazy

__getattr__, __dir__, __all__ = lazy.attach(__name__, __file__)
