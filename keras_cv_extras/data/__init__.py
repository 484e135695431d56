"""From files and known data sets to augmented batches."""

from keras_cv_extras.data._pipeline import pipeline

__all__ = ["pipeline"]
