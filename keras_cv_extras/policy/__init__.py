"""Augmentation policies as data: written, read, joined, and run as one compiled program."""

from keras_cv_extras.policy._augmentation import Augmentation
from keras_cv_extras.policy._compose import (
    random_apply,
    random_choice,
    random_order,
    some_of,
    three_augment,
)
from keras_cv_extras.policy._gallery import gallery
from keras_cv_extras.policy._policy import Policy, concatenate
from keras_cv_extras.policy._presets import (
    RAND_AUGMENT_OPS,
    auto_augment,
    flip_crop,
    from_levels,
    named,
    no_augmentation,
    rand_augment,
    trivial_augment,
    uniform_augment,
)
from keras_cv_extras.policy._published import AUTO_AUGMENT
from keras_cv_extras.policy._schedule import PolicySchedule, from_dict, load, ramp
from keras_cv_extras.policy._sheet import policy_sheet
from keras_cv_extras.policy._stack import Padded, StackShape, execute_stack, stack_policies
from keras_cv_extras.policy._stage import SEARCH_OPS, Stage
from keras_cv_extras.policy._step import Step
from keras_cv_extras.policy._views import AUGMIX_OPS, augmix, augmix_chain, repeated_augment
from keras_cv_extras.policy.interop import (
    PBA_OPS,
    augmix_from_timm,
    augmix_from_torchvision,
    convert,
    from_albumentations,
    from_dali,
    from_model_garden,
    from_pba,
    from_timm,
    from_torchvision,
    pba_policy,
    rand_augment_from_model_garden,
    to_albumentations,
    to_dali,
    to_model_garden,
    to_timm,
    to_torchvision,
)

__all__ = [
    "AUGMIX_OPS",
    "AUTO_AUGMENT",
    "Augmentation",
    "PBA_OPS",
    "Padded",
    "Policy",
    "PolicySchedule",
    "RAND_AUGMENT_OPS",
    "SEARCH_OPS",
    "StackShape",
    "Stage",
    "Step",
    "augmix",
    "augmix_chain",
    "augmix_from_timm",
    "augmix_from_torchvision",
    "auto_augment",
    "concatenate",
    "convert",
    "execute_stack",
    "flip_crop",
    "from_albumentations",
    "from_dali",
    "from_dict",
    "from_levels",
    "from_model_garden",
    "from_pba",
    "from_timm",
    "from_torchvision",
    "gallery",
    "load",
    "named",
    "no_augmentation",
    "pba_policy",
    "policy_sheet",
    "ramp",
    "rand_augment",
    "rand_augment_from_model_garden",
    "random_apply",
    "random_choice",
    "random_order",
    "repeated_augment",
    "some_of",
    "stack_policies",
    "three_augment",
    "to_albumentations",
    "to_dali",
    "to_model_garden",
    "to_timm",
    "to_torchvision",
    "trivial_augment",
    "uniform_augment",
]
