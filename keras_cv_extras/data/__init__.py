"""Labelled images: loading, splitting, and pipelines that augment."""

from keras_cv_extras.data._sources import ImageData, load
from keras_cv_extras.data._split import split

__all__ = ["ImageData", "load", "split"]
