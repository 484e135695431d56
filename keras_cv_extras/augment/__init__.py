"""Functional augmentation ops: one image or a batch in, the same shape and type out.

Every op takes `(height, width, channels)` or `(batch, height, width, channels)`, integers or
floats with values in [0, 255], and one number for all images or one per image. uint8 images
come out equal to Pillow's, to the last bit, where Pillow has the op. `OPS` lists them all.
"""

from keras_cv_extras.augment._blur import box_blur, gaussian_blur, median_blur, motion_blur
from keras_cv_extras.augment._erase import (
    coarse_dropout,
    cutout,
    grid_mask,
    hole_dropout,
    random_erasing,
)
from keras_cv_extras.augment._filter import sharpness
from keras_cv_extras.augment._mix import sample_pairing
from keras_cv_extras.augment._noise import (
    gaussian_noise,
    poisson_noise,
    salt_and_pepper,
    speckle_noise,
)
from keras_cv_extras.augment._op import OPS, Op, Range
from keras_cv_extras.augment.geometric._affine import (
    affine,
    aspect,
    rotate,
    shear_x,
    shear_y,
    warp_affine,
    zoom,
)
from keras_cv_extras.augment.geometric._crop import (
    center_crop,
    jittered_resize,
    padded_crop,
    random_crop,
    random_resized_crop,
)
from keras_cv_extras.augment.geometric._deform import elastic, grid_distortion, perspective
from keras_cv_extras.augment.geometric._geometry import (
    flip_horizontal,
    flip_vertical,
    identity,
    rotate_90,
    translate_x,
    translate_y,
)
from keras_cv_extras.augment.geometric._resize import resize
from keras_cv_extras.augment.geometric._warp import dense_image_warp, interpolate_bilinear
from keras_cv_extras.augment.photometric._channels import (
    channel_dropout,
    channel_shift,
    channel_shuffle,
)
from keras_cv_extras.augment.photometric._clahe import clahe
from keras_cv_extras.augment.photometric._color import (
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
from keras_cv_extras.augment.photometric._hue import hue, saturation
from keras_cv_extras.augment.photometric._jitter import color_jitter
from keras_cv_extras.augment.photometric._jpeg import jpeg
from keras_cv_extras.augment.photometric._lighting import pca_lighting, planckian_jitter
from keras_cv_extras.augment.photometric._tone import gamma, grayscale
from keras_cv_extras.augment.photometric._yiq import adjust_hsv_in_yiq

__all__ = [
    "OPS",
    "Op",
    "Range",
    "adjust_hsv_in_yiq",
    "affine",
    "aspect",
    "autocontrast",
    "box_blur",
    "brightness",
    "channel_dropout",
    "channel_shift",
    "channel_shuffle",
    "clahe",
    "center_crop",
    "coarse_dropout",
    "color",
    "color_jitter",
    "contrast",
    "cutout",
    "dense_image_warp",
    "elastic",
    "equalize",
    "flip_horizontal",
    "flip_vertical",
    "gamma",
    "gaussian_blur",
    "gaussian_noise",
    "grayscale",
    "hue",
    "identity",
    "interpolate_bilinear",
    "invert",
    "jpeg",
    "median_blur",
    "motion_blur",
    "padded_crop",
    "pca_lighting",
    "planckian_jitter",
    "poisson_noise",
    "grid_distortion",
    "grid_mask",
    "hole_dropout",
    "jittered_resize",
    "perspective",
    "posterize",
    "random_crop",
    "random_erasing",
    "random_resized_crop",
    "resize",
    "rotate",
    "salt_and_pepper",
    "rotate_90",
    "sample_pairing",
    "saturation",
    "sharpness",
    "shear_x",
    "shear_y",
    "solarize",
    "solarize_add",
    "speckle_noise",
    "translate_x",
    "translate_y",
    "warp_affine",
    "zoom",
]
