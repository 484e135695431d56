"""Training of classifiers, and their evaluation."""

from keras_cv_extras.training._evaluate import Evaluation, evaluate, wilson_interval
from keras_cv_extras.training._fit import DivergedError, History, fit, load_model, save_model
from keras_cv_extras.training._model import SmoothedCrossentropy, compile_model, small_cnn

__all__ = [
    "DivergedError",
    "Evaluation",
    "History",
    "SmoothedCrossentropy",
    "compile_model",
    "evaluate",
    "fit",
    "load_model",
    "save_model",
    "small_cnn",
    "wilson_interval",
]
