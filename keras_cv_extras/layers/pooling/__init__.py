"""Pooling layers that Keras lacks, and its global average and max pooling beside them."""

from keras.layers import (
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
)

from keras_cv_extras.layers.pooling._blur import (
    BlurPooling1D,
    BlurPooling2D,
    BlurPooling3D,
    MaxBlurPooling1D,
    MaxBlurPooling2D,
    MaxBlurPooling3D,
)
from keras_cv_extras.layers.pooling._fractional import (
    FractionalMaxPooling2D,
)
from keras_cv_extras.layers.pooling._global import (
    GlobalAttentionPooling1D,
    GlobalAttentionPooling2D,
    GlobalAttentionPooling3D,
    GlobalLogSumExpPooling1D,
    GlobalLogSumExpPooling2D,
    GlobalLogSumExpPooling3D,
)
from keras_cv_extras.layers.pooling._mixed import (
    GatedPooling1D,
    GatedPooling2D,
    GatedPooling3D,
    GlobalMixedPooling1D,
    GlobalMixedPooling2D,
    GlobalMixedPooling3D,
    MixedPooling1D,
    MixedPooling2D,
    MixedPooling3D,
)
from keras_cv_extras.layers.pooling._overlapping import (
    OverlappingAveragePooling1D,
    OverlappingAveragePooling2D,
    OverlappingAveragePooling3D,
    OverlappingMaxPooling1D,
    OverlappingMaxPooling2D,
    OverlappingMaxPooling3D,
)
from keras_cv_extras.layers.pooling._power import (
    GeneralizedMeanPooling1D,
    GeneralizedMeanPooling2D,
    GeneralizedMeanPooling3D,
    GlobalGeneralizedMeanPooling1D,
    GlobalGeneralizedMeanPooling2D,
    GlobalGeneralizedMeanPooling3D,
    LPPooling1D,
    LPPooling2D,
    LPPooling3D,
)
from keras_cv_extras.layers.pooling._pyramid import (
    SpatialPyramidPooling1D,
    SpatialPyramidPooling2D,
    SpatialPyramidPooling3D,
)
from keras_cv_extras.layers.pooling._s3 import (
    S3Pooling1D,
    S3Pooling2D,
    S3Pooling3D,
)
from keras_cv_extras.layers.pooling._soft import (
    SoftPooling1D,
    SoftPooling2D,
    SoftPooling3D,
)
from keras_cv_extras.layers.pooling._stochastic import (
    StochasticPooling1D,
    StochasticPooling2D,
    StochasticPooling3D,
)
from keras_cv_extras.layers.pooling._unpooling import (
    MaxPoolingWithPositions2D,
    MaxUnpooling2D,
)

__all__ = [
    "BlurPooling1D",
    "BlurPooling2D",
    "BlurPooling3D",
    "FractionalMaxPooling2D",
    "GatedPooling1D",
    "GatedPooling2D",
    "GatedPooling3D",
    "GeneralizedMeanPooling1D",
    "GeneralizedMeanPooling2D",
    "GeneralizedMeanPooling3D",
    "GlobalAttentionPooling1D",
    "GlobalAttentionPooling2D",
    "GlobalAttentionPooling3D",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalGeneralizedMeanPooling1D",
    "GlobalGeneralizedMeanPooling2D",
    "GlobalGeneralizedMeanPooling3D",
    "GlobalLogSumExpPooling1D",
    "GlobalLogSumExpPooling2D",
    "GlobalLogSumExpPooling3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
    "GlobalMixedPooling1D",
    "GlobalMixedPooling2D",
    "GlobalMixedPooling3D",
    "LPPooling1D",
    "LPPooling2D",
    "LPPooling3D",
    "MaxBlurPooling1D",
    "MaxBlurPooling2D",
    "MaxBlurPooling3D",
    "MaxPoolingWithPositions2D",
    "MaxUnpooling2D",
    "MixedPooling1D",
    "MixedPooling2D",
    "MixedPooling3D",
    "OverlappingAveragePooling1D",
    "OverlappingAveragePooling2D",
    "OverlappingAveragePooling3D",
    "OverlappingMaxPooling1D",
    "OverlappingMaxPooling2D",
    "OverlappingMaxPooling3D",
    "S3Pooling1D",
    "S3Pooling2D",
    "S3Pooling3D",
    "SoftPooling1D",
    "SoftPooling2D",
    "SoftPooling3D",
    "SpatialPyramidPooling1D",
    "SpatialPyramidPooling2D",
    "SpatialPyramidPooling3D",
    "StochasticPooling1D",
    "StochasticPooling2D",
    "StochasticPooling3D",
]
