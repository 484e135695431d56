"""What the commands of `kcx` do, as functions."""

from typing import TYPE_CHECKING

from keras_cv_extras._base import lazy

if TYPE_CHECKING:
    from keras_cv_extras.commands._classical import run_classical_evaluate, run_classical_train
    from keras_cv_extras.commands._demo import run_demo
    from keras_cv_extras.commands._gallery import run_gallery
    from keras_cv_extras.commands._gan import run_gan_report, run_gan_sample, run_gan_train
    from keras_cv_extras.commands._policy import run_policy_convert, run_policy_show
    from keras_cv_extras.commands._search import run_search, run_search_report, run_search_status
    from keras_cv_extras.commands._serving import run_export, run_predict, run_verify
    from keras_cv_extras.commands._training import run_evaluate, run_train
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

__all__ = [
    "run_classical_evaluate",
    "run_classical_train",
    "run_demo",
    "run_evaluate",
    "run_export",
    "run_gallery",
    "run_gan_report",
    "run_gan_sample",
    "run_gan_train",
    "run_policy_convert",
    "run_policy_show",
    "run_predict",
    "run_search",
    "run_search_report",
    "run_search_status",
    "run_train",
    "run_verify",
]

if not TYPE_CHECKING:  # which would take any name for one of the package
    __getattr__, __dir__ = lazy.attach(__name__, _PLACES)
