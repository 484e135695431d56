"""Sources of labelled images, splits, class balance, and pipelines of augmented batches."""

from keras_cv_extras.data._image_files import ImageFiles, image_files
from keras_cv_extras.data._pipeline import pipeline
from keras_cv_extras.data._samples import samples_of
from keras_cv_extras.data._sources import ImageData, load
from keras_cv_extras.data._split import split
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

__all__ = [
    "RESAMPLE_METHODS",
    "BalancedSource",
    "ClassStats",
    "FaissNeighbors",
    "ImageData",
    "ImageFiles",
    "SmoteSource",
    "SmoteStream",
    "class_weight",
    "image_files",
    "load",
    "make_imbalanced",
    "oversample_indices",
    "pipeline",
    "resample",
    "samples_of",
    "smote",
    "smote_dataset",
    "split",
    "undersample_indices",
]
