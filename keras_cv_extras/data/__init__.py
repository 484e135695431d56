"""Sources of labelled images, splits, class balance, and pipelines of augmented batches."""

from keras_cv_extras import _lazy
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
_PLACES = {
    "ImageFiles": "_image_files",
    "image_files": "_image_files",
    "pipeline": "_pipeline",
    "samples_of": "_samples",
    **dict.fromkeys(_BALANCE, "balance"),
}

__all__ = ["ImageData", "load", "split", *_PLACES]

__getattr__, __dir__ = _lazy.attach(__name__, {"balance": "", **_PLACES})
