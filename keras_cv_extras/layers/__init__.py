"""Keras layers: augmentation by policies, and the parts of networks that Keras lacks."""

from keras_cv_extras.layers._cosine import CosineDense
from keras_cv_extras.layers._drop import DropBlock2D, DropPath, StochasticDepth
from keras_cv_extras.layers._image_op import (
    ImageOp,
    RandomAutocontrast,
    RandomBrightness,
    RandomColor,
    RandomContrast,
    RandomCutout,
    RandomEqualize,
    RandomFlipHorizontal,
    RandomFlipVertical,
    RandomInvert,
    RandomPaddedCrop,
    RandomPosterize,
    RandomRotate,
    RandomSamplePairing,
    RandomSharpness,
    RandomShearX,
    RandomShearY,
    RandomSolarize,
    RandomSolarizeAdd,
    RandomTranslateX,
    RandomTranslateY,
    image_op_layer,
)
from keras_cv_extras.layers._local_response import LocalResponseNormalization
from keras_cv_extras.layers._logit_adjustment import LogitAdjustment
from keras_cv_extras.layers._maxout import Maxout
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
    "ImageOp",
    "image_op_layer",
    "RandomAutocontrast",
    "RandomBrightness",
    "RandomColor",
    "RandomContrast",
    "RandomCutout",
    "RandomEqualize",
    "RandomFlipHorizontal",
    "RandomFlipVertical",
    "RandomInvert",
    "RandomPaddedCrop",
    "RandomPosterize",
    "RandomRotate",
    "RandomSamplePairing",
    "RandomSharpness",
    "RandomShearX",
    "RandomShearY",
    "RandomSolarize",
    "RandomSolarizeAdd",
    "RandomTranslateX",
    "RandomTranslateY",
    "TLU",
    "AutoAugment",
    "CosineDense",
    "DropBlock2D",
    "DropPath",
    "FilterResponseNormalization",
    "LocalResponseNormalization",
    "LogitAdjustment",
    "Maxout",
    "PolicyAugment",
    "RandAugment",
    "SqueezeExcite",
    "StochasticDepth",
    "StochasticPooling1D",
    "StochasticPooling2D",
    "StochasticPooling3D",
    "TrivialAugment",
    "WeightNormalization",
    "replace_pooling",
]
