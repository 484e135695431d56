"""Optimizers, averages of weights and cyclical schedules under the names of TensorFlow Addons.

All are Keras optimizers and schedules: they compile, save and load as Keras' own do, on every
backend, in mixed precision and under distribution strategies.
"""

from keras_cv_extras._base import lazy

__getattr__, __dir__, __all__ = lazy.attach(__name__, __file__)
