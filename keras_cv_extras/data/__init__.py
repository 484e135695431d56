"""Sources of labelled images, splits, class balance, and pipelines of augmented batches."""

from keras_cv_extras._base import lazy
from keras_cv_extras._base.samples import samples_of
from keras_cv_extras.data._identity import identity, sample_digests
from keras_cv_extras.data._part import held_out
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
    "FilePart": "files._file_part",
    "ImageFiles": "files._image_files",
    "image_files": "files._image_files",
    "pipeline": "_pipeline",
    **dict.fromkeys(_BALANCE, "balance"),
}

__all__ = [
    "ImageData",
    "held_out",
    "identity",
    "load",
    "sample_digests",
    "samples_of",
    "split",
    *_PLACES,
]

__getattr__, __dir__ = lazy.attach(__name__, {"balance": "", **_PLACES})
