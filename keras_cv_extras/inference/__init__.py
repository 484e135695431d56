"""Predictions that are better: several views of an image, and calibrated probabilities."""

from keras_cv_extras.inference._calibration import Calibration, fit_temperature
from keras_cv_extras.inference._crops import (
    center_crop,
    five_crop,
    flip_views,
    inception_crops,
    multi_scale_crops,
    ten_crop,
)
from keras_cv_extras.inference._fusion import fuse
from keras_cv_extras.inference._model import Fuse, TestTimeAugment, output_activation

__all__ = [
    "Calibration",
    "Fuse",
    "TestTimeAugment",
    "center_crop",
    "fit_temperature",
    "five_crop",
    "flip_views",
    "fuse",
    "inception_crops",
    "multi_scale_crops",
    "output_activation",
    "ten_crop",
]
