"""What the commands of `kcx` do, as functions."""

import json
import pathlib

from rich.console import Console

from keras_cv_extras import _files
from keras_cv_extras.commands._quiet import import_tensorflow

import_tensorflow()  # first of all, and quietly

from keras_cv_extras import policy, search, training  # noqa: E402
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
from keras_cv_extras.commands._serving import run_export, run_predict, run_verify  # noqa: E402
from keras_cv_extras.policy import _published  # noqa: E402

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
    "run_train",
    "run_verify",
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


def run_policy_show(file, output, *, data, columns, image_size, seed):
    """Prints a policy and draws its sheet."""
    from keras_cv_extras.policy._sheet import policy_sheet

    chosen = policy.Policy.load(file)
    images = load_data(data, image_size).train[0]
    figure = policy_sheet(chosen, images, columns=columns, seed=seed)
    with _files.replacing(output) as temporary:
        figure.savefig(temporary)
    console = Console()
    console.print(f"{chosen.name or file}: {chosen.describe()}", highlight=False)
    console.print(str(output), soft_wrap=True)


def run_policy_convert(source, output, *, spec):
    """Translates a published policy, or a file of levels, into a policy file."""
    if source in _published.AUTO_AUGMENT:
        converted = policy.auto_augment(source, spec=spec)
    else:
        try:
            rows = [[tuple(step) for step in row] for row in _files.read_json(source)]
            wrong = [step for row in rows for step in row if len(step) != 3]
        except TypeError as error:
            raise ValueError(f"{source}: must be a list of sub-policies of steps") from error
        if wrong:
            raise ValueError(f"{source}: a step must be [op, rate, level], received {wrong[0]}")
        name = pathlib.Path(source).stem
        converted = policy.from_levels(rows, spec=spec, name=name)
    converted.save(output)
    Console().print(f"{converted.describe()}\n{output}", highlight=False, soft_wrap=True)


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
