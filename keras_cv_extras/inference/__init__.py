"""Better predictions: several views of an image, and calibrated probabilities."""

from keras_cv_extras._base import lazy

__getattr__, __dir__, __all__ = lazy.attach(__name__, __file__)
