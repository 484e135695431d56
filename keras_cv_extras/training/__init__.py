"""Training of classifiers, and their evaluation."""

from keras_cv_extras.training._errors import DivergedError, WorkerLostError
from keras_cv_extras.training._evaluate import Evaluation, evaluate, wilson_interval
from keras_cv_extras.training._fit import History, fit
from keras_cv_extras.training._model import SmoothedCrossentropy, compile_model, small_cnn
from keras_cv_extras.training._save import load_model, save_model
from keras_cv_extras.training._strategy import make_strategy

__all__ = [
    "DivergedError",
    "Evaluation",
    "History",
    "SmoothedCrossentropy",
    "WorkerLostError",
    "compile_model",
    "evaluate",
    "fit",
    "load_model",
    "make_strategy",
    "save_model",
    "small_cnn",
    "wilson_interval",
]
