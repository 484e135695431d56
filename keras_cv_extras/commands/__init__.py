"""What the commands of `kcx` do, as functions."""

from keras_cv_extras._base import lazy
from keras_cv_extras.commands._quiet import import_tensorflow

import_tensorflow()  # first of all, and quietly

_PLACES = {
    "run_classical_evaluate": "_classical",
    "run_classical_train": "_classical",
    "run_demo": "_demo",
    "run_evaluate": "_training",
    "run_export": "_serving",
    "run_gallery": "_gallery",
    "run_gan_report": "_gan",
    "run_gan_sample": "_gan",
    "run_gan_train": "_gan",
    "run_policy_convert": "_policy",
    "run_policy_show": "_policy",
    "run_predict": "_serving",
    "run_search": "_search",
    "run_search_report": "_search",
    "run_search_status": "_search",
    "run_train": "_training",
    "run_verify": "_serving",
}

__all__ = [*_PLACES]

__getattr__, __dir__ = lazy.attach(__name__, _PLACES)
