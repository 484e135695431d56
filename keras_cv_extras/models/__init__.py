"""Networks by name, from pixel values to logits, and how to fine-tune them."""

from keras_cv_extras._base import lazy

__getattr__, __dir__, __all__ = lazy.attach(__name__, __file__)
