"""Training of classifiers, and their evaluation."""

from typing import TYPE_CHECKING

from keras_cv_extras._base import lazy
from keras_cv_extras.training._errors import DivergedError, WorkerLostError
from keras_cv_extras.training._model import (
    SmoothedCrossentropy,
    compile_model,
    jit_compile,
    small_cnn,
)

if TYPE_CHECKING:
    from keras_cv_extras.training._checkpoint import trained_epochs
    from keras_cv_extras.training._clock import InputClock
    from keras_cv_extras.training._fit import History, fit
    from keras_cv_extras.training._labels import with_class_weights, with_rows
    from keras_cv_extras.training._progress import CsvLog, ProgressBar, read_log
    from keras_cv_extras.training._recipes import Recipe, recipe
    from keras_cv_extras.training._save import load_model, read_about, save_model
    from keras_cv_extras.training._strategy import make_strategy, writes_files
    from keras_cv_extras.training.evaluation._evaluate import Evaluation, evaluate, wilson_interval
    from keras_cv_extras.training.evaluation._predictions import Predictions, predict
    from keras_cv_extras.training.evaluation._report import report
    from keras_cv_extras.training.job._model_data import ModelData, data_for
    from keras_cv_extras.training.job._settings import TrainingSettings
    from keras_cv_extras.training.job._train import TrainingResult, evaluate_file, train

# These import TensorFlow. They are loaded when first used, so that networks can be built, and
# populations of them searched, where there is none.
_PLACES = {
    "CsvLog": "_progress",
    "Evaluation": "evaluation._evaluate",
    "History": "_fit",
    "InputClock": "_clock",
    "ModelData": "job._model_data",
    "Predictions": "evaluation._predictions",
    "ProgressBar": "_progress",
    "Recipe": "_recipes",
    "TrainingResult": "job._train",
    "TrainingSettings": "job._settings",
    "data_for": "job._model_data",
    "evaluate": "evaluation._evaluate",
    "evaluate_file": "job._train",
    "fit": "_fit",
    "load_model": "_save",
    "make_strategy": "_strategy",
    "predict": "evaluation._predictions",
    "read_about": "_save",
    "read_log": "_progress",
    "recipe": "_recipes",
    "report": "evaluation._report",
    "save_model": "_save",
    "train": "job._train",
    "trained_epochs": "_checkpoint",
    "wilson_interval": "evaluation._evaluate",
    "with_class_weights": "_labels",
    "with_rows": "_labels",
    "writes_files": "_strategy",
}

__all__ = [
    "DivergedError",
    "SmoothedCrossentropy",
    "WorkerLostError",
    "compile_model",
    "jit_compile",
    "small_cnn",
    "CsvLog",
    "Evaluation",
    "History",
    "InputClock",
    "ModelData",
    "Predictions",
    "ProgressBar",
    "Recipe",
    "TrainingResult",
    "TrainingSettings",
    "data_for",
    "evaluate",
    "evaluate_file",
    "fit",
    "load_model",
    "make_strategy",
    "predict",
    "read_about",
    "read_log",
    "recipe",
    "report",
    "save_model",
    "train",
    "trained_epochs",
    "wilson_interval",
    "with_class_weights",
    "with_rows",
    "writes_files",
]

if not TYPE_CHECKING:  # which would take any name for one of the package
    __getattr__, __dir__ = lazy.attach(__name__, _PLACES)
