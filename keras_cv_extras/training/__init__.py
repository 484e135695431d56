"""Training of classifiers, and their evaluation."""

from keras_cv_extras._base import lazy
from keras_cv_extras.training._errors import DivergedError, WorkerLostError
from keras_cv_extras.training._model import (
    SmoothedCrossentropy,
    compile_model,
    jit_compile,
    small_cnn,
)

# These import TensorFlow. They are loaded when first used, so that networks can be built, and
# populations of them searched, where there is none.
_PLACES = {
    "CsvLog": "_progress",
    "Evaluation": "evaluation._evaluate",
    "History": "_fit",
    "InputClock": "_clock",
    "Predictions": "evaluation._predictions",
    "ProgressBar": "_progress",
    "Recipe": "_recipes",
    "evaluate": "evaluation._evaluate",
    "fit": "_fit",
    "load_model": "_save",
    "make_strategy": "_strategy",
    "predict": "evaluation._predictions",
    "read_about": "_save",
    "read_log": "_progress",
    "recipe": "_recipes",
    "report": "evaluation._report",
    "save_model": "_save",
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
    *_PLACES,
]

__getattr__, __dir__ = lazy.attach(__name__, _PLACES)
