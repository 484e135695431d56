"""Workers: processes that share the trials of one search.

Light to import: a process that only watches the others needs no TensorFlow.
"""

from keras_cv_extras.search.workers._processes import (
    launch,
    role_in,
    role_of_options,
    this_command,
)

__all__ = ["launch", "role_in", "role_of_options", "this_command"]
