"""Models that make images, for classes that have too few."""

from keras_cv_extras.generative._deep_smote import DeepSMOTE

__all__ = ["DeepSMOTE"]
