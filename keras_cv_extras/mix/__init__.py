"""Mixing several images into one, with their labels.

Functions take partners and weights; mixes draw them, as a function of seed, epoch and sample,
and go into `keras_cv_extras.data.pipeline(mix=...)`. `keras_cv_extras.layers` has them as layers.
"""

from keras_cv_extras._base import lazy

__getattr__, __dir__, __all__ = lazy.attach(__name__, __file__)
