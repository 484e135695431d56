"""Training of classifiers, and their evaluation."""

from keras_cv_extras import _lazy
from keras_cv_extras.training._errors import DivergedError, WorkerLostError
from keras_cv_extras.training._model import SmoothedCrossentropy, compile_model, small_cnn

# These import TensorFlow. They are loaded when first used, so that networks can be built, and
# populations of them searched, where there is none.
_PLACES = {
    "CsvLog": "_progress",
    "Evaluation": "_evaluate",
    "History": "_fit",
    "InputClock": "_clock",
    "Predictions": "_predictions",
    "ProgressBar": "_progress",
    "Recipe": "_recipes",
    "evaluate": "_evaluate",
    "fit": "_fit",
    "load_model": "_save",
    "make_strategy": "_strategy",
    "predict": "_predictions",
    "read_log": "_progress",
    "recipe": "_recipes",
    "report": "_report",
    "save_model": "_save",
    "wilson_interval": "_evaluate",
    "with_class_weights": "_labels",
    "with_rows": "_labels",
}

__all__ = [
    "DivergedError",
    "SmoothedCrossentropy",
    "WorkerLostError",
    "compile_model",
    "small_cnn",
    *_PLACES,
]

__getattr__, __dir__ = _lazy.attach(__name__, _PLACES)
