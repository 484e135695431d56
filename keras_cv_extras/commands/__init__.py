"""What the commands of `kcx` do, as functions."""

from keras_cv_extras.commands._quiet import import_tensorflow

import_tensorflow()  # first of all, and quietly

from keras_cv_extras.commands._classical import (  # noqa: E402
    run_classical_evaluate,
    run_classical_train,
)
from keras_cv_extras.commands._demo import run_demo  # noqa: E402
from keras_cv_extras.commands._gallery import run_gallery  # noqa: E402
from keras_cv_extras.commands._policy import (  # noqa: E402
    run_policy_convert,
    run_policy_show,
)
from keras_cv_extras.commands._search import (  # noqa: E402
    run_search,
    run_search_report,
    run_search_status,
)
from keras_cv_extras.commands._serving import run_export, run_predict, run_verify  # noqa: E402
from keras_cv_extras.commands._training import run_evaluate, run_train  # noqa: E402

__all__ = [
    "run_classical_evaluate",
    "run_classical_train",
    "run_demo",
    "run_evaluate",
    "run_export",
    "run_gallery",
    "run_policy_convert",
    "run_policy_show",
    "run_predict",
    "run_search",
    "run_search_report",
    "run_search_status",
    "run_train",
    "run_verify",
]
