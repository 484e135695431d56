"""Sources of labelled images, splits, class balance, and pipelines of augmented batches."""

from typing import TYPE_CHECKING

from keras_cv_extras._base import lazy
from keras_cv_extras._base.samples import samples_of
from keras_cv_extras.data._identity import identity, sample_digests
from keras_cv_extras.data._part import held_out
from keras_cv_extras.data._sources import ImageData, load
from keras_cv_extras.data._split import split

if TYPE_CHECKING:
    from keras_cv_extras.data._pipeline import pipeline
    from keras_cv_extras.data.balance import (
        RESAMPLE_METHODS,
        BalancedSource,
        ClassStats,
        FaissNeighbors,
        SmoteSource,
        SmoteStream,
        class_weight,
        make_imbalanced,
        oversample_indices,
        resample,
        smote,
        smote_dataset,
        undersample_indices,
    )
    from keras_cv_extras.data.files._file_part import FilePart
    from keras_cv_extras.data.files._image_files import ImageFiles, image_files

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
    "RESAMPLE_METHODS",
    "BalancedSource",
    "ClassStats",
    "FaissNeighbors",
    "FilePart",
    "ImageData",
    "ImageFiles",
    "SmoteSource",
    "SmoteStream",
    "class_weight",
    "held_out",
    "identity",
    "image_files",
    "load",
    "make_imbalanced",
    "oversample_indices",
    "pipeline",
    "resample",
    "sample_digests",
    "samples_of",
    "smote",
    "smote_dataset",
    "split",
    "undersample_indices",
]

if not TYPE_CHECKING:  # which would take any name for one of the package
    __getattr__, __dir__ = lazy.attach(__name__, {"balance": "", **_PLACES})
