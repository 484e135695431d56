"""The names of libraries that are gone, with their arguments: change the import line alone.

    import keras_cv_extras.compat.tensorflow_addons as tfa
    import keras_cv_extras.compat.keras_cv as keras_cv

Each name warns once, and tells the call that replaces it. A name that has no replacement is an
error of one line that says what to use instead. docs/migration.md lists them all.
"""

from keras_cv_extras._base import lazy

__getattr__, __dir__, __all__ = lazy.attach(__name__, __file__)
