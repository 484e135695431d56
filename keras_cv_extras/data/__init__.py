"""Sources of labelled images, splits, class balance, and pipelines of augmented batches."""

import importlib

from keras_cv_extras.data._sources import ImageData, load
from keras_cv_extras.data._split import split

_BALANCE = (
    "RESAMPLE_METHODS",
    "BalancedSource",
    "ClassStats",
    "FaissNeighbors",
    "SmoteSource",
    "SmoteStream",
    "class_weight",
    "make_imbalanced",
    "oversample_indices",
    "resample",
    "smote",
    "smote_dataset",
    "undersample_indices",
)
# These import TensorFlow. They are loaded when first used, so that images can be loaded and
# split where there is none.
_MODULES = {"pipeline": "_pipeline", "balance": "balance", **dict.fromkeys(_BALANCE, "balance")}

__all__ = ["ImageData", "load", "pipeline", "split", *_BALANCE]


def __getattr__(name):
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{_MODULES[name]}")
    return module if name == "balance" else getattr(module, name)


def __dir__():
    return sorted([*globals(), *__all__])
