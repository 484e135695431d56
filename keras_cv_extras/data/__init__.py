"""Sources of labelled images, splits of them, and pipelines of augmented batches."""

from keras_cv_extras.data._pipeline import pipeline
from keras_cv_extras.data._sources import ImageData, load
from keras_cv_extras.data._split import split

__all__ = ["ImageData", "load", "pipeline", "split"]
