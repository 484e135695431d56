"""Sources of labelled images, splits, class balance, and pipelines of augmented batches."""

from keras_cv_extras._base import lazy

__getattr__, __dir__, __all__ = lazy.attach(__name__, __file__)
