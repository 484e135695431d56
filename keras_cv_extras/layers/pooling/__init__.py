"""Pooling layers that Keras lacks."""

from keras_cv_extras.layers.pooling._stochastic import (
    StochasticPooling1D,
    StochasticPooling2D,
    StochasticPooling3D,
)

__all__ = ["StochasticPooling1D", "StochasticPooling2D", "StochasticPooling3D"]
