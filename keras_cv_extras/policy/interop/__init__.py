"""Policies of other libraries read, and ours written for them."""

from keras_cv_extras.policy.interop._albumentations import from_albumentations, to_albumentations
from keras_cv_extras.policy.interop._convert import convert
from keras_cv_extras.policy.interop._dali import from_dali, to_dali
from keras_cv_extras.policy.interop._model_garden import (
    from_model_garden,
    rand_augment_from_model_garden,
    to_model_garden,
)
from keras_cv_extras.policy.interop._pba import PBA_OPS, from_pba, pba_policy
from keras_cv_extras.policy.interop._timm import augmix_from_timm, from_timm, to_timm
from keras_cv_extras.policy.interop._torchvision import (
    augmix_from_torchvision,
    from_torchvision,
    to_torchvision,
)

__all__ = [
    "PBA_OPS",
    "augmix_from_timm",
    "augmix_from_torchvision",
    "convert",
    "from_albumentations",
    "from_dali",
    "from_model_garden",
    "from_pba",
    "from_timm",
    "from_torchvision",
    "pba_policy",
    "rand_augment_from_model_garden",
    "to_albumentations",
    "to_dali",
    "to_model_garden",
    "to_timm",
    "to_torchvision",
]
