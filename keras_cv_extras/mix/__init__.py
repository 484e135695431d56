"""Mixing several images into one, with their labels.

Functions take partners and weights; mixes draw them, as a function of seed, epoch and sample,
and go into `keras_cv_extras.data.pipeline(mix=...)`. `keras_cv_extras.layers` has them as layers.
"""

from keras_cv_extras.mix._functions import cutmix, fmix, mixup, mosaic, remix, sample_pairing
from keras_cv_extras.mix._labels import dense_labels, unpack_labels
from keras_cv_extras.mix._mix import Mix
from keras_cv_extras.mix._mixes import (
    BalancedMixUp,
    CutMix,
    FMix,
    MixUp,
    Mosaic,
    ReMix,
    SamplePairing,
)
from keras_cv_extras.mix._pool import Pool
from keras_cv_extras.mix._random_mix import RandomMix
from keras_cv_extras.mix._schedule import Schedule

__all__ = [
    "BalancedMixUp",
    "CutMix",
    "FMix",
    "Mix",
    "MixUp",
    "Mosaic",
    "Pool",
    "RandomMix",
    "ReMix",
    "SamplePairing",
    "Schedule",
    "cutmix",
    "dense_labels",
    "fmix",
    "mixup",
    "mosaic",
    "remix",
    "sample_pairing",
    "unpack_labels",
]
