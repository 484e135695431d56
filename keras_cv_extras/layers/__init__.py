"""Keras layers."""

from keras_cv_extras.layers._policy import (
    AutoAugment,
    PolicyAugment,
    RandAugment,
    TrivialAugment,
)

__all__ = ["AutoAugment", "PolicyAugment", "RandAugment", "TrivialAugment"]
