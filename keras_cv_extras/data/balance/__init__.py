"""Class balance: synthesis of samples, samplers, weights, and the counts behind them."""

from keras_cv_extras._base import lazy

__getattr__, __dir__, __all__ = lazy.attach(__name__, __file__)
