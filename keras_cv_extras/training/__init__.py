"""Training of classifiers, and their evaluation."""

from keras_cv_extras.training._clock import InputClock
from keras_cv_extras.training._errors import DivergedError, WorkerLostError
from keras_cv_extras.training._evaluate import Evaluation, evaluate, wilson_interval
from keras_cv_extras.training._fit import History, fit
from keras_cv_extras.training._labels import with_class_weights, with_rows
from keras_cv_extras.training._model import SmoothedCrossentropy, compile_model, small_cnn
from keras_cv_extras.training._predictions import Predictions, predict
from keras_cv_extras.training._progress import CsvLog, ProgressBar, read_log
from keras_cv_extras.training._recipes import Recipe, recipe
from keras_cv_extras.training._report import report
from keras_cv_extras.training._save import load_model, save_model
from keras_cv_extras.training._strategy import make_strategy

__all__ = [
    "CsvLog",
    "DivergedError",
    "Evaluation",
    "History",
    "InputClock",
    "Predictions",
    "ProgressBar",
    "Recipe",
    "SmoothedCrossentropy",
    "WorkerLostError",
    "compile_model",
    "evaluate",
    "fit",
    "load_model",
    "make_strategy",
    "predict",
    "read_log",
    "recipe",
    "report",
    "save_model",
    "small_cnn",
    "wilson_interval",
    "with_class_weights",
    "with_rows",
]
