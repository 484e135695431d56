"""Keras layers: augmentation by policies, and the parts of networks that Keras lacks."""

from keras_cv_extras.layers._compose import (
    AugMix,
    RandomApply,
    RandomChoice,
    RandomOrder,
    RepeatedAugment,
    SomeOf,
)
from keras_cv_extras.layers._drop import DropBlock2D, DropPath, StochasticDepth
from keras_cv_extras.layers._local_response import LocalResponseNormalization
from keras_cv_extras.layers._maxout import Maxout
from keras_cv_extras.layers._mix import (
    BalancedMixUp,
    CutMix,
    FMix,
    MixEpoch,
    MixUp,
    Mosaic,
    RandomMix,
    ReMix,
    SamplePairing,
)
from keras_cv_extras.layers._normalization import TLU, FilterResponseNormalization
from keras_cv_extras.layers._policy import (
    AutoAugment,
    PolicyAugment,
    RandAugment,
    TrivialAugment,
)
from keras_cv_extras.layers._replace import replace_pooling
from keras_cv_extras.layers._squeeze_excite import SqueezeExcite
from keras_cv_extras.layers._weight_normalization import WeightNormalization
from keras_cv_extras.layers.pooling import (
    StochasticPooling1D,
    StochasticPooling2D,
    StochasticPooling3D,
)

__all__ = [
    "AugMix",
    "AutoAugment",
    "BalancedMixUp",
    "CutMix",
    "DropBlock2D",
    "DropPath",
    "FMix",
    "FilterResponseNormalization",
    "LocalResponseNormalization",
    "Maxout",
    "MixEpoch",
    "MixUp",
    "Mosaic",
    "PolicyAugment",
    "RandAugment",
    "RandomApply",
    "RandomChoice",
    "RandomMix",
    "RandomOrder",
    "ReMix",
    "RepeatedAugment",
    "SamplePairing",
    "SomeOf",
    "SqueezeExcite",
    "StochasticDepth",
    "StochasticPooling1D",
    "StochasticPooling2D",
    "StochasticPooling3D",
    "TLU",
    "TrivialAugment",
    "WeightNormalization",
    "replace_pooling",
]
