"""Functional augmentation ops: one image or a batch in, the same shape and type out.

Every op takes `(height, width, channels)` or `(batch, height, width, channels)`, integers or
floats with values in [0, 255], and one number for all images or one per image. uint8 images
come out equal to Pillow's, to the last bit, where Pillow has the op. `OPS` lists them all.
"""

from keras_cv_extras.augment._color import (
    autocontrast,
    brightness,
    color,
    contrast,
    equalize,
    invert,
    posterize,
    solarize,
    solarize_add,
)
from keras_cv_extras.augment._crop import padded_crop
from keras_cv_extras.augment._erase import cutout
from keras_cv_extras.augment._filter import sharpness
from keras_cv_extras.augment._geometry import (
    flip_horizontal,
    flip_vertical,
    identity,
    rotate,
    shear_x,
    shear_y,
    translate_x,
    translate_y,
)
from keras_cv_extras.augment._mix import sample_pairing
from keras_cv_extras.augment._op import OPS, Op, Range

__all__ = [
    "OPS",
    "Op",
    "Range",
    "autocontrast",
    "brightness",
    "color",
    "contrast",
    "cutout",
    "equalize",
    "flip_horizontal",
    "flip_vertical",
    "identity",
    "invert",
    "padded_crop",
    "posterize",
    "rotate",
    "sample_pairing",
    "sharpness",
    "shear_x",
    "shear_y",
    "solarize",
    "solarize_add",
    "translate_x",
    "translate_y",
]
