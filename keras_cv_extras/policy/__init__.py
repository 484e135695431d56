"""Augmentation policies as data: written, read, joined, and run as one compiled program."""

from keras_cv_extras.policy._policy import Policy, concatenate
from keras_cv_extras.policy._presets import (
    RAND_AUGMENT_OPS,
    auto_augment,
    flip_crop,
    from_levels,
    no_augmentation,
    rand_augment,
    trivial_augment,
    uniform_augment,
)
from keras_cv_extras.policy._stage import SEARCH_OPS, Stage
from keras_cv_extras.policy._step import Step

__all__ = [
    "RAND_AUGMENT_OPS",
    "SEARCH_OPS",
    "Policy",
    "Stage",
    "Step",
    "auto_augment",
    "concatenate",
    "flip_crop",
    "from_levels",
    "no_augmentation",
    "rand_augment",
    "trivial_augment",
    "uniform_augment",
]
