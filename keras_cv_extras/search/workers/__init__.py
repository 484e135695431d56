"""Workers: processes that share the trials of one search.

Light to import: a process that only watches the others needs no TensorFlow.
"""

from keras_cv_extras._base import lazy

__getattr__, __dir__, __all__ = lazy.attach(__name__, __file__)
