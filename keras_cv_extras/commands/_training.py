"""`kcx train` and `kcx evaluate`."""

import dataclasses
import os
import pathlib
from typing import Any

import numpy as np

from keras_cv_extras import data, training
from keras_cv_extras._base import files
from keras_cv_extras._base.owned import folders, kinds
from keras_cv_extras._base.text.terminal import Terminal
from keras_cv_extras._base.types import Path
from keras_cv_extras.commands._common import chosen_policy, load_data
from keras_cv_extras.commands._job import (
    OVERRIDES,
    Job,
    count,
    labels_of,
    recipe_of,
    shape_of,
    shown,
)
from keras_cv_extras.commands._model_data import SAMPLES, load_for
from keras_cv_extras.training import writes_files


def run_train(
    name: str | None,
    output: Path,
    *,
    policy: str | None,
    image_size: int | None,
    stream: bool,
    max_bad: float,
    progress: bool,
    tensorboard: bool,
    **given: Any,
) -> training.Evaluation | None:
    """Trains a network, writes all about it, and returns its scores on the test images.

    Of several workers, which `kcx launch` starts, one writes and scores; the others return None.
    """
    strategy = training.make_strategy()  # first of all: it connects the workers
    writes = writes_files()
    output, console = pathlib.Path(output), Terminal(quiet=not writes)
    recipe = recipe_of(given)
    chosen = chosen_policy(policy)
    if writes:
        folders.check(output, kinds.TRAINING)
    images = _load(name, image_size, stream, max_bad)
    console.print(repr(images), soft_wrap=True)
    kept = {k: v for k, v in given.items() if k not in OVERRIDES}
    job = Job(images, chosen, recipe, given, stream)
    settings = {"data": images.name, **data.identity(images), "policy": chosen.to_dict()}
    settings |= {"stream": stream, **kept, **dataclasses.asdict(recipe)}
    if not writes:
        if _finished(output, recipe.epochs) is None:
            job.run(strategy, [], output / "checkpoint")
        return None
    identity = {key: value for key, value in settings.items() if key != "epochs"}
    with folders.owned(output, kinds.TRAINING, identity):
        note = _finished(output, recipe.epochs)
        if note is not None:
            model = training.load_model(output / "model.keras", compile=False)
        else:
            _check_epochs(output, recipe.epochs)
            files.write_json(output / "train.json", settings)
            digest = np.array(settings["data_digest"])
            files.write_arrays(output / SAMPLES, {**job.samples(), "data_digest": digest})
            told = shown(job, output, progress, tensorboard)
            history = job.run(strategy, told, output / "checkpoint")
            model = history.model
            about = {key: settings[key] for key in _ABOUT}
            about |= {"epochs": recipe.epochs, "trained": history.epochs}
            training.save_model(model, output / "model.keras", about=about)
        settings["policy"] = chosen.describe() or "none"
        return _tell(name, output, model, job, settings, console, note)


_ABOUT = ("data", "data_digest", "class_names", "image_shape")


def _finished(output, epochs):
    """Returns in a line that a training has been finished, None if it has not.

    Raises:
        ValueError: if it was one of more epochs.
    """
    path = output / "model.keras"
    if not path.exists():
        return None
    about = training.read_about(path)
    if "epochs" not in about:  # of an earlier version: its checkpoint tells
        trained = training.trained_epochs(output / "checkpoint") or epochs
        about = {"epochs": trained, "trained": trained}
    if about["epochs"] > epochs:
        raise ValueError(
            f"{output} holds a training of {about['epochs']} epochs, not {epochs}: give --epochs "
            f"{about['epochs']} to see its scores, more to go on, or another --output"
        )
    if about["trained"] < about["epochs"]:
        return (
            f"{output}: this training has been finished, by --patience after {about['trained']} "
            "epochs; these are its scores"
        )
    if about["epochs"] < epochs:
        return None
    return (
        f"{output}: this training has been finished, with {epochs} epochs; these are its scores. "
        "With more --epochs it goes on"
    )


def _check_epochs(output, epochs):
    """Raises if the training in a folder was begun with more epochs."""
    path = output / "train.json"
    before = files.read_json(path)["epochs"] if path.exists() else epochs
    if before > epochs:
        raise ValueError(
            f"{output} holds a training with another epochs ({before}, not {epochs}): give as "
            "many, or more, or another --output"
        )


def _tell(name, output, model, job, settings, console, note):
    """Scores a trained network, writes what is found, and prints it."""
    images = job.images
    paths = getattr(images, "files", None) or {}
    found = training.predict(model, images.test, images.class_names, names=paths.get("test"))
    scores = found.evaluation()
    notes = [] if not job.clock.waits else [job.clock.verdict()]
    bad = {**_unreadable(images), **job.unreadable()}
    written = os.access(output, os.W_OK)
    if written:
        files.write_text(
            output / "report.html",
            training.report(
                found,
                title=f"{job.given['model'] or 'Small network'} on {images.name}",
                data=_about(name, images, bad),
                settings=settings,
                log=training.read_log(output / "log.csv"),
                notes=notes,
            ),
        )
        found.save_csv(output / "predictions.csv")
        scores.save(output / "scores.json")
    console.print(scores.table())
    told = [line for line in [note, *notes, *_bad_lines(bad)] if line is not None]
    if not written:
        told.append(f"{output} cannot be written to: its files are as they were")
    for line in told:
        console.print(line, highlight=False, soft_wrap=True)
    for file in ("model.keras", "report.html", "predictions.csv", "scores.json", "log.csv"):
        console.print(str(output / file), soft_wrap=True)
    return scores


def run_evaluate(
    model: Path,
    name: str,
    *,
    output: Path | None,
    report: Path | None,
    predictions: Path | None,
    image_size: int | None,
    stream: bool,
    max_bad: float,
) -> training.Evaluation:
    """Scores a model file on the test images of a data set; returns the scores."""
    path, network = model, training.load_model(model, compile=False)
    chosen = load_for(network, path, name, image_size=image_size, stream=stream, max_bad=max_bad)
    images = chosen.images
    found = training.predict(network, chosen.part, images.class_names, names=chosen.files)
    scores, bad = found.evaluation(), _unreadable(images, chosen.part)
    if output is not None:
        scores.save(output)
    if predictions is not None:
        found.save_csv(predictions)
    if report is not None:
        title = f"{path} on {images.name}"
        about = _about(name, images, bad)
        files.write_text(
            report, training.report(found, title=title, data=about, notes=chosen.notes)
        )
    console = Terminal()
    console.print(scores.table())
    for line in [*chosen.notes, *_bad_lines(bad)]:
        console.print(line, highlight=False, soft_wrap=True)
    return scores


def _load(name, image_size, stream, max_bad):
    if not stream:
        return load_data(name, image_size)
    if image_size is None:
        raise ValueError("--stream needs --image-size: files are decoded to one size")
    return data.image_files(name, image_size, max_bad=max_bad)


def _unreadable(images, part: Any = None):
    found = images.unreadable() if isinstance(images, data.ImageFiles) else {}
    return {**found, **(part.unreadable() if hasattr(part, "unreadable") else {})}


def _bad_lines(bad):
    if not bad:
        return []
    lines = [f"{path}: {why}" for path, why in list(bad.items())[:10]]
    more = [f"and {len(bad) - 10} more"] if len(bad) > 10 else []
    return [f"{len(bad)} image files could not be read and were left out:", *lines, *more]


def _about(name, images, bad):
    """What the data was, for the report."""
    counts = np.bincount(labels_of(images.train), minlength=len(images.class_names))
    shape = shape_of(images.train)
    listed = zip(images.class_names, counts, strict=True)
    about = {
        "from": name,
        "training images": f"{count(images.train):,}",
        "test images": f"{count(images.test):,}",
        "size": f"{shape[0]} x {shape[1]}, {shape[2]} channel{'s' if shape[2] > 1 else ''}",
        "training images of each class": ", ".join(f"{key} {count}" for key, count in listed),
    }
    for number, (path, why) in enumerate(bad.items()):
        about[f"could not be read ({number + 1} of {len(bad)})"] = f"{path}: {why}"
    return about
