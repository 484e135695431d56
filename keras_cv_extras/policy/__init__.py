"""Augmentation policies as data: written, read, joined, and run as one compiled program."""

from keras_cv_extras.policy._compose import (
    random_apply,
    random_choice,
    random_order,
    some_of,
    three_augment,
)
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
from keras_cv_extras.policy._views import AUGMIX_OPS, augmix, augmix_chain, repeated_augment

__all__ = [
    "AUGMIX_OPS",
    "Policy",
    "RAND_AUGMENT_OPS",
    "SEARCH_OPS",
    "Stage",
    "Step",
    "augmix",
    "augmix_chain",
    "auto_augment",
    "concatenate",
    "flip_crop",
    "from_levels",
    "no_augmentation",
    "rand_augment",
    "random_apply",
    "random_choice",
    "random_order",
    "repeated_augment",
    "some_of",
    "three_augment",
    "trivial_augment",
    "uniform_augment",
]
