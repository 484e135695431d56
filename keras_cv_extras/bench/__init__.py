"""The speed of input, policies, ops, losses and pooling layers, compared with other libraries."""

from keras_cv_extras._base import lazy

__getattr__, __dir__, __all__ = lazy.attach(__name__, __file__)
