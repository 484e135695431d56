"""Models that make images, for classes that have too few, and measures of what they make."""

from keras_cv_extras.generative._deep_smote import DeepSMOTE
from keras_cv_extras.generative._evaluation import (
    MadeScores,
    Memorization,
    evaluate_made,
    memorization,
    usefulness,
)
from keras_cv_extras.generative._fidelity import (
    frechet_distance,
    kernel_distance,
    neighbor_scores,
)
from keras_cv_extras.generative._local_features import LocalFeatures
from keras_cv_extras.generative._sheet import class_sheet
from keras_cv_extras.generative._synthesis import TooFewImagesError
from keras_cv_extras.generative.gan._gan import ConditionalGAN
from keras_cv_extras.generative.gan._training import train_gan

__all__ = [
    "ConditionalGAN",
    "DeepSMOTE",
    "LocalFeatures",
    "MadeScores",
    "Memorization",
    "TooFewImagesError",
    "class_sheet",
    "evaluate_made",
    "frechet_distance",
    "kernel_distance",
    "memorization",
    "neighbor_scores",
    "train_gan",
    "usefulness",
]
