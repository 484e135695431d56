"""Functional augmentation ops: one image or a batch in, the same shape and type out.

Every op takes `(height, width, channels)` or `(batch, height, width, channels)`, integers or
floats with values in [0, 255], and one number for all images or one per image. uint8 images
come out equal to Pillow's, to the last bit, where Pillow has the op. `OPS` lists them all.
"""

from keras_cv_extras.augment._affine import (
    affine,
    aspect,
    rotate,
    shear_x,
    shear_y,
    warp_affine,
    zoom,
)
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
from keras_cv_extras.augment._crop import (
    center_crop,
    jittered_resize,
    padded_crop,
    random_crop,
    random_resized_crop,
)
from keras_cv_extras.augment._deform import elastic, grid_distortion, perspective
from keras_cv_extras.augment._erase import (
    coarse_dropout,
    cutout,
    grid_mask,
    hole_dropout,
    random_erasing,
)
from keras_cv_extras.augment._filter import sharpness
from keras_cv_extras.augment._geometry import (
    flip_horizontal,
    flip_vertical,
    identity,
    rotate_90,
    translate_x,
    translate_y,
)
from keras_cv_extras.augment._mix import sample_pairing
from keras_cv_extras.augment._op import OPS, Op, Range
from keras_cv_extras.augment._resize import resize

__all__ = [
    "OPS",
    "Op",
    "Range",
    "affine",
    "aspect",
    "autocontrast",
    "brightness",
    "center_crop",
    "coarse_dropout",
    "color",
    "contrast",
    "cutout",
    "elastic",
    "equalize",
    "flip_horizontal",
    "flip_vertical",
    "grid_distortion",
    "grid_mask",
    "hole_dropout",
    "identity",
    "invert",
    "jittered_resize",
    "padded_crop",
    "perspective",
    "posterize",
    "random_crop",
    "random_erasing",
    "random_resized_crop",
    "resize",
    "rotate",
    "rotate_90",
    "sample_pairing",
    "sharpness",
    "shear_x",
    "shear_y",
    "solarize",
    "solarize_add",
    "translate_x",
    "translate_y",
    "warp_affine",
    "zoom",
]
