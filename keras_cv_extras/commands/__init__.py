"""What the commands of `kcx` do, as functions."""

from rich.console import Console

from keras_cv_extras.commands._quiet import import_tensorflow

import_tensorflow()  # first of all, and quietly

from keras_cv_extras import serving, training  # noqa: E402
from keras_cv_extras.commands._classical import (  # noqa: E402
    run_classical_evaluate,
    run_classical_train,
)
from keras_cv_extras.commands._common import (  # noqa: E402
    load_data,
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
    "run_search",
    "run_search_report",
    "run_search_status",
    "run_train",
]


def run_export(model, name, output, *, image_size):
    """Exports a model file as a SavedModel and verifies it."""
    model = training.load_model(model)
    images = load_data(name, image_size)
    some = images.test[0][:32]
    serving.export(model, output, class_names=images.class_names, images=some)
    console = Console()
    console.print(str(serving.verify(output)))
    console.print(str(output), soft_wrap=True)
