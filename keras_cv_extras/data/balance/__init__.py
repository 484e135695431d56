"""Class balance: synthesis of samples, samplers, weights, and the counts behind them."""

from keras_cv_extras.data.balance._imbalanced import make_imbalanced
from keras_cv_extras.data.balance._labelled import as_classes, to_dtype, training_part
from keras_cv_extras.data.balance._neighbors import FaissNeighbors
from keras_cv_extras.data.balance._samplers import (
    BalancedSource,
    oversample_indices,
    undersample_indices,
)
from keras_cv_extras.data.balance._smote import smote
from keras_cv_extras.data.balance._smote_dataset import smote_dataset
from keras_cv_extras.data.balance._smote_source import SmoteSource
from keras_cv_extras.data.balance._smote_stream import SmoteStream
from keras_cv_extras.data.balance._stats import ClassStats, class_weight
from keras_cv_extras.data.balance._variants import METHODS, resample

RESAMPLE_METHODS: tuple[str, ...] = tuple(METHODS)

__all__ = [
    "RESAMPLE_METHODS",
    "BalancedSource",
    "ClassStats",
    "FaissNeighbors",
    "SmoteSource",
    "SmoteStream",
    "as_classes",
    "class_weight",
    "make_imbalanced",
    "oversample_indices",
    "resample",
    "smote",
    "smote_dataset",
    "to_dtype",
    "training_part",
    "undersample_indices",
]
