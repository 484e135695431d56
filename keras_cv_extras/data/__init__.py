"""Sources of images, and pipelines of augmented batches."""

from keras_cv_extras.data._pipeline import pipeline

__all__ = ["pipeline"]
