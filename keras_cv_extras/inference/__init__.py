"""Predictions from several views of an image: crops, fusion, and a model that does both."""

from keras_cv_extras.inference._crops import (
    center_crop,
    five_crop,
    flip_views,
    inception_crops,
    multi_scale_crops,
    ten_crop,
)
from keras_cv_extras.inference._fusion import fuse
from keras_cv_extras.inference._model import TestTimeAugment

__all__ = [
    "TestTimeAugment",
    "center_crop",
    "five_crop",
    "flip_views",
    "fuse",
    "inception_crops",
    "multi_scale_crops",
    "ten_crop",
]
