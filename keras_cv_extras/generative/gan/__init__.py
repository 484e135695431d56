"""A conditional GAN: its networks, its training, and the images that it makes."""

from keras_cv_extras._base import lazy

__getattr__, __dir__, __all__ = lazy.attach(__name__, __file__)
