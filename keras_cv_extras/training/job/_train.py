"""A network trained in a folder, or a saved one scored, with all that is written about it."""

import dataclasses
import os
import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np

from keras_cv_extras import data as data_package
from keras_cv_extras import training
from keras_cv_extras._base import files
from keras_cv_extras._base.owned import fields, folders, kinds, written
from keras_cv_extras._base.types import Path
from keras_cv_extras.training.evaluation._advice import advice
from keras_cv_extras.training.job import _parts, loggers
from keras_cv_extras.training.job._carry import carry_over_warning
from keras_cv_extras.training.job._job import Job, shown
from keras_cv_extras.training.job._model_data import SAMPLES, data_for
from keras_cv_extras.training.job._settings import TrainingSettings

_ABOUT = ("data", "data_digest", "class_names", "image_shape")
_WRITTEN = ("model.keras", "report.html", "predictions.csv", "scores.json", "log.csv")


@dataclasses.dataclass(frozen=True)
class TrainingResult:
    """The result of a training, or of scoring a saved network.

    Attributes:
        scores: on images that the network was not trained on.
        notes: sentences to show to the user, such as which files could not be read.
        files: what was written.
        predictions: `Predictions` of these images, or for several labels `MultilabelPredictions`.
    """

    scores: training.Evaluation
    notes: tuple[str, ...]
    files: tuple[pathlib.Path, ...]
    predictions: Any = dataclasses.field(repr=False, default=None)


def train(
    data: Any,
    output: Path,
    settings: TrainingSettings | None = None,
    *,
    image_size: int | tuple[int, int] | None = None,
    resize: str = "crop",
    jpeg: str = "whole",
    stream: bool = False,
    max_bad: float = 0.01,
    tensorboard: bool = False,
    logger: str = "csv",
    progress: bool = True,
    tell: Callable[[str], Any] | None = None,
) -> TrainingResult | None:
    """Trains a network in a folder, scores it on the test images, and reports: `kcx train`.

    Called again with the same folder it resumes, or returns the scores of a finished training.
    Several workers, started by `kcx launch`, train one network together.

    It writes model.keras, report.html, predictions.csv, scores.json, log.csv, train.json, the
    digests of the images, and checkpoints.

    Args:
        data: images, or what `kcx.data.load` takes as their name.
        output: the folder.
        settings: None for those of `TrainingSettings()`.
        image_size: `(height, width)` or one number, of data given by their name.
        resize: how they are brought to that size, "crop", "pad" or "stretch", as in
            `kcx.data.load`. The model file notes it, and scores and exports do the same.
        jpeg: "whole", or "reduced" to decode large JPEG files in a fraction of the time; likewise.
        stream: whether a folder's files are read anew in every epoch; needs `image_size`.
        max_bad: with `stream` the share of the files that may be unreadable, in [0, 1].
        tensorboard: whether to write logs for TensorBoard, too.
        logger: what else keeps the settings and the scores of every epoch: "csv" (log.csv alone),
            "tensorboard", "wandb" or "mlflow". The last two are packages of their own, and go by
            their own settings, such as WANDB_MODE and MLFLOW_TRACKING_URI.
        progress: whether to show a progress bar.
        tell: called with a line that describes the data, before the training.

    Returns:
        The scores and what was written; None in a worker that writes no files.

    Raises:
        ImportError: if the package of `logger` is not installed.
        ValueError: if the folder holds another training, or one of more epochs.
        OSError: if the folder is not a training's.

    Example:
        >>> result = train("digits", output, TrainingSettings(epochs=1), progress=False)
        >>> result.scores.accuracy
    """
    loggers.check(logger)
    strategy = training.make_strategy()  # first of all: it connects the workers
    writes = training.writes_files()
    output, settings = pathlib.Path(output), settings or TrainingSettings()
    settings, chosen = settings.with_policy(settings.policy)
    recipe = settings.recipe()
    if writes:
        folders.check(output, kinds.TRAINING)
    images = _parts.loaded(data, image_size, stream, max_bad, resize, jpeg, recipe.crop)
    images = _parts.cut(images, settings.crop)
    if tell is not None and writes:
        tell(repr(images))
    job = Job(images, chosen, settings)
    warning = carry_over_warning(chosen, _parts.count(job.train), recipe.epochs)
    if tell is not None and writes:
        if job.validation is not None:
            tell(f"{_parts.count(job.validation)} of the training images are for validation")
        for line in [*job.doubts(), *([] if warning is None else [warning])]:
            tell(line)
    if not writes:
        if _finished(output, recipe.epochs) is None:
            job.run(strategy, [], output / "checkpoint")
        return None
    asked = {"data": images.name, **data_package.identity(images), "policy": chosen.to_dict()}
    asked["stream"] = isinstance(images, data_package.ImageFiles)
    asked |= settings.beside_recipe() | dataclasses.asdict(recipe)
    boxes = asked["stream"] and images.train.crop is not None
    asked["crop"] = "random-resized" if boxes else "none"
    if images.decoding not in (None, {"resize": "crop", "jpeg": "whole"}):
        asked["decoding"] = images.decoding
    identity = {key: value for key, value in asked.items() if key != "epochs"}
    asked["mix"] = settings.mix or chosen.batch.mix  # for readers; the identity's is in the policy
    with folders.owned(output, kinds.TRAINING, identity):
        note = _finished(output, recipe.epochs)
        if note is not None:
            model = training.load_model(output / "model.keras", compile=False)
        else:
            _check_epochs(output, recipe.epochs)
            files.write_json(output / "train.json", asked)
            digest = np.array(asked["data_digest"])
            files.write_arrays(output / SAMPLES, {**job.samples(), "data_digest": digest})
            callbacks = shown(job, output, progress, tensorboard)
            with loggers.logged(logger, output, asked) as more:
                history = job.run(strategy, [*callbacks, *more], output / "checkpoint")
            model = history.model
            about = {key: asked[key] for key in _ABOUT}
            about |= {"epochs": recipe.epochs, "trained": history.epochs}
            about |= {"decoding": images.decoding, "multilabel": images.multilabel}
            training.save_model(model, output / "model.keras", about=about, overwrite=True)
        asked["policy"] = _parts.policy_said(chosen)
        return _report(data, output, model, job, asked, note)


def evaluate_file(
    path: Path,
    data: Any,
    *,
    output: Path | None = None,
    report: Path | None = None,
    predictions: Path | None = None,
    image_size: int | None = None,
    stream: bool = False,
    max_bad: float = 0.01,
) -> TrainingResult:
    """Scores a saved network on images that it was not trained on: `kcx evaluate`.

    Args:
        path: a model.keras that `train` wrote, or another Keras model file.
        data: images, or what `kcx.data.load` takes as their name; see `data_for`.
        output: None, or a JSON file for the scores.
        report: None, or an HTML file for the report.
        predictions: None, or a CSV file with a row for every image.
        image_size: None for the network's, or a number.
        stream: whether files are decoded as they are needed.
        max_bad: with `stream` the share of the files that may be unreadable, in [0, 1].

    Returns:
        The scores, with notes.

    Raises:
        ValueError: as `data_for` does.

    Example:
        >>> result = evaluate_file(output / "model.keras", "digits")
        >>> result.scores.accuracy
    """
    ours = {output: written.SCORES, report: written.is_ours, predictions: written.is_ours}
    for file, known in ours.items():
        if file is not None:
            files.check_file(file, known)
    network = training.load_model(path, compile=False)
    chosen = data_for(network, path, data, image_size=image_size, stream=stream, max_bad=max_bad)
    images = chosen.images
    found = training.predict(network, chosen.part, images.class_names, names=chosen.files)
    scores, bad = found.evaluation(), _parts.unreadable(images, chosen.part)
    if output is not None:
        scores.save(output)
    if predictions is not None:
        found.save_csv(predictions)
    if report is not None:
        page = training.report(
            found,
            title=f"{path} on {images.name}",
            data=_parts.about(data, images, bad),
            notes=chosen.notes,
        )
        files.write_text(report, page, written.is_ours)
    paths = tuple(pathlib.Path(file) for file in (output, predictions, report) if file)
    lines = (*chosen.notes, *advice(found), *_parts.unreadable_lines(bad))
    return TrainingResult(scores, lines, paths, found)


def _finished(output, epochs):
    """Returns in a line that a training has been finished, None if it has not.

    Raises:
        ValueError: if it was one of more epochs.
    """
    path = output / "model.keras"
    if not path.exists():
        return None
    about = training.read_about(path)
    try:
        fields.check("", about, {"epochs?": fields.at_least_one, "trained?": fields.at_least_one})
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from error
    if not {"epochs", "trained"} <= set(about):  # of an earlier version: its checkpoint tells
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
    before = epochs
    if path.exists():
        before = fields.read(path, {"epochs": fields.at_least_one})["epochs"]
    if before > epochs:
        raise ValueError(
            f"{output} holds a training with another epochs ({before}, not {epochs}): give as "
            "many, or more, or another --output"
        )


def _report(data, output, model, job, asked, note):
    """Scores a trained network and writes what is found."""
    images = job.images
    paths = getattr(images, "files", None) or {}
    found = training.predict(model, images.test, images.class_names, names=paths.get("test"))
    scores = found.evaluation()
    notes = [] if not job.clock.waits else [job.clock.verdict()]
    bad = {**_parts.unreadable(images), **job.unreadable()}
    log = training.read_log(output / "log.csv")
    lines = [note, *advice(found, log), *notes, *_parts.unreadable_lines(bad)]
    told = [line for line in lines if line is not None]
    if os.access(output, os.W_OK):
        page = training.report(
            found,
            title=f"{job.settings.model or 'Small network'} on {images.name}",
            data=_parts.about(data, images, bad),
            settings=asked,
            log=log,
            notes=notes,
        )
        files.write_text(output / "report.html", page)
        found.save_csv(output / "predictions.csv")
        scores.save(output / "scores.json")
    else:
        told.append(f"{output} cannot be written to: its files are as they were")
    return TrainingResult(scores, tuple(told), tuple(output / name for name in _WRITTEN), found)
