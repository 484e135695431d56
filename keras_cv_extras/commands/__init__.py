"""What the commands of `kcx` do, as functions."""

import json
import pathlib

from rich.console import Console

from keras_cv_extras import _files
from keras_cv_extras.commands._quiet import import_tensorflow

import_tensorflow()  # first of all, and quietly

from keras_cv_extras import search, serving, training  # noqa: E402
from keras_cv_extras.commands._classical import (  # noqa: E402
    run_classical_evaluate,
    run_classical_train,
)
from keras_cv_extras.commands._common import (  # noqa: E402
    chosen_policy,
    load_data,
    small_model,
    train_model,
)
from keras_cv_extras.commands._demo import run_demo  # noqa: E402
from keras_cv_extras.commands._gallery import run_gallery  # noqa: E402
from keras_cv_extras.commands._policy import (  # noqa: E402
    run_policy_convert,
    run_policy_show,
)

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
    "run_train",
]


def run_search(name, output, *, image_size, **options):
    """Searches a policy and prints the verdict and where the files are."""
    images = load_data(name, image_size)
    console = Console()
    console.print(repr(images))
    found = search.search_policy(images, small_model(images), directory=output, **options)
    console.print(found.verdict)
    for file in ("policy.json", "trials.csv", "report.html"):
        console.print(str(found.directory / file), soft_wrap=True)


def run_train(name, output, *, policy, image_size, **options):
    """Trains a network and prints its scores on the test images."""
    chosen = chosen_policy(policy)
    images = load_data(name, image_size)
    console = Console()
    console.print(repr(images))
    settings = {"data": images.name, "policy": chosen.to_dict(), **options, "progress": None}
    _same_settings(pathlib.Path(output) / "train.json", settings)
    model = train_model(images, chosen, output, **options)
    console.print(training.evaluate(model, *images.test, images.class_names).table())
    console.print(str(pathlib.Path(output) / "model.keras"), soft_wrap=True)


def run_evaluate(model, name, *, output, image_size):
    """Scores a model file on the test images of a data set."""
    model = training.load_model(model)
    images = load_data(name, image_size)
    scores = training.evaluate(model, *images.test, images.class_names)
    if output is not None:
        scores.save(output)
    Console().print(scores.table())


def run_export(model, name, output, *, image_size):
    """Exports a model file as a SavedModel and verifies it."""
    model = training.load_model(model)
    images = load_data(name, image_size)
    some = images.test[0][:32]
    serving.export(model, output, class_names=images.class_names, images=some)
    console = Console()
    console.print(str(serving.verify(output)))
    console.print(str(output), soft_wrap=True)


def _same_settings(path, settings):
    """Raises if a folder holds a training with other settings."""
    settings = json.loads(json.dumps(settings))
    if not path.exists():
        _files.write_json(path, settings)
        return
    before = _files.read_json(path)
    different = sorted(key for key in settings if before.get(key) != settings[key])
    if different:
        raise ValueError(
            f"{path.parent} holds a training with another {different[0]}: give another --output, "
            "or delete it"
        )
