"""The names of libraries that are gone, with their arguments: change the import line alone.

    import keras_cv_extras.compat.tensorflow_addons as tfa

Each name warns once, and tells the call that replaces it. A name that has no replacement is an
error of one line that says what to use instead.
"""

from typing import TYPE_CHECKING

from keras_cv_extras._base import lazy

if TYPE_CHECKING:
    from keras_cv_extras.compat import tensorflow_addons

__all__ = ["tensorflow_addons"]

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy.attach(__name__, dict.fromkeys(__all__, ""))
