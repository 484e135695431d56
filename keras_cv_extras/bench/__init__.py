"""Speed of input, policies, ops, losses, pooling layers, beside others on the same data."""

from keras_cv_extras._base import lazy

__getattr__, __dir__, __all__ = lazy.attach(__name__, __file__)
