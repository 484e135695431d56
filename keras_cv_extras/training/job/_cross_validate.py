"""Cross-validation: a training for each fold, so that every image is a test image once."""

import dataclasses
import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np

from keras_cv_extras import data as data_package
from keras_cv_extras import training
from keras_cv_extras._base import checks, files
from keras_cv_extras._base.host.counters import permutation
from keras_cv_extras._base.owned import folders, kinds
from keras_cv_extras._base.types import Path
from keras_cv_extras.data import ImageData
from keras_cv_extras.training.evaluation._advice import advice
from keras_cv_extras.training.job import _parts
from keras_cv_extras.training.job._settings import TrainingSettings
from keras_cv_extras.training.job._train import TrainingResult, train

_WRITTEN = ("report.html", "predictions.csv", "scores.json")
_PICTURES = 24  # of the worst images in the report
_MEANS = "The learning curves are means of the folds."


def cross_validate(
    data: Any,
    output: Path,
    settings: TrainingSettings | None = None,
    *,
    folds: int = 5,
    image_size: int | tuple[int, int] | None = None,
    resize: str = "crop",
    jpeg: str = "whole",
    progress: bool = True,
    tell: Callable[[str], Any] | None = None,
) -> TrainingResult:
    """Trains a network for each fold, and scores every image with the one that has not seen it.

    Use it if the data are too few for enough test images: `kcx train --folds`. If the data have a
    test part, its images are divided like the rest. Every fold has about the same share of each
    class, or of each label with several labels per image; images with the same content are in one
    fold.

    The folder gets a training's folder for each fold, fold-1 and so on, and report.html,
    predictions.csv and scores.json for all images together. Called again, it resumes.

    Args:
        data: images in memory, or what `kcx.data.load` takes as their name.
        output: the folder.
        settings: None for those of `TrainingSettings()`.
        folds: how many, at least 2, at most the images of the smallest class. Of several
            labels per image each must be on two images.
        image_size: `(height, width)` or one number, of data given by their name.
        resize: how they are brought to that size, as `train` does.
        jpeg: how JPEG files are decoded, likewise.
        progress: whether to show progress bars.
        tell: called with a line that describes the data of each fold, before its training.

    Returns:
        The scores of all images together; their interval is that of images drawn at random. The
        notes have the accuracy of each fold, or the mean average precision.

    Raises:
        TypeError, ValueError: if an argument is not as above, or the folder holds another one.
        OSError: if the folder is not a cross-validation's.

    References:
        Several labels are divided as by
        [Sechidis et al.](https://doi.org/10.1007/978-3-642-23808-6_10), the rarest label first.

    Example:
        >>> settings = TrainingSettings(epochs=1)
        >>> result = cross_validate("digits", "my-folds", settings, folds=2, progress=False)
        >>> len(result.scores.confusion)
        10
    """
    checks.integer("folds", folds, minimum=2)
    output, settings = pathlib.Path(output), settings or TrainingSettings()
    folders.check(output, kinds.FOLDS)
    whole = _together(_parts.loaded(data, image_size, False, 0.0, resize, jpeg))
    identity = {**data_package.identity(whole), "folds": folds, "seed": settings.seed}
    fold_of = _folds(whole, folds, settings.seed)
    found = []
    with folders.owned(output, kinds.FOLDS, identity):
        for fold in range(folds):
            if tell is not None:
                tell(f"fold {fold + 1} of {folds}")
            images, folder = _without(whole, fold_of == fold), output / f"fold-{fold + 1}"
            result: Any = train(images, folder, settings, progress=progress, tell=tell)
            rows = tuple(map(str, np.flatnonzero(fold_of == fold)))
            names = result.predictions.names if images.files else rows
            found.append(dataclasses.replace(result.predictions, names=names))
        return _report(found, whole, settings, output)


def _together(images):
    """Returns data whose training part has all images, and whose test part has none."""
    if not isinstance(images, ImageData):
        raise TypeError(f"folds need images in memory, received {images!r}")
    pairs = zip(images.train, images.test, strict=True)
    joined = tuple(np.concatenate(pair) for pair in pairs)
    names = images.files and {"train": images.files["train"] + images.files["test"], "test": ()}
    none = tuple(part[:0] for part in joined)
    packed = images.packed
    if packed:
        digests = np.concatenate([packed["train"], packed["test"]])
        packed = {"train": digests, "test": digests[:0]}
    parts = {"train": joined, "test": none, "files": names, "packed": packed}
    return dataclasses.replace(images, **parts, divided=False)


def _folds(images, folds, seed):
    """Returns the fold of each image: those of a class in turn, equal ones together."""
    digests, labels = data_package.sample_digests(images, "train"), images.train[1]
    if images.multilabel:
        _, firsts, places = np.unique(digests, return_index=True, return_inverse=True)
        return _folds_of_labels(images, labels[firsts] > 0.5, folds, seed)[places]
    fold_of = np.empty(len(labels), np.int64)
    started = 0
    for number in range(len(images.class_names)):
        rows = np.flatnonzero(labels == number)
        contents, places = np.unique(digests[rows], return_inverse=True)
        if len(contents) < folds:
            raise ValueError(
                f"class {images.class_names[number]!r} has {len(contents)} different images, fewer "
                f"than the {folds} folds: take fewer folds, or more images"
            )
        turns = (started + permutation(len(contents), seed, number)) % folds
        fold_of[rows] = turns[places]
        started += len(contents)  # so that small classes do not all fill the first folds
    return fold_of


def _folds_of_labels(images, labels, folds, seed):
    """Returns the fold of each row of labels: the rarest label first, where most are wanted."""
    once = np.flatnonzero(labels.sum(axis=0) < 2)
    if len(once):
        raise ValueError(
            f"label {images.class_names[once[0]]!r} is on fewer than two different images, one to "
            "train on and one to test: leave it out, or take more images"
        )
    if len(labels) < folds:
        raise ValueError(f"{len(labels)} different images are fewer than {folds} folds")
    wanted = np.tile(labels.sum(axis=0) / folds, (folds, 1))
    room = np.full(folds, len(labels) / folds)
    fold_of = np.full(len(labels), -1)
    order = permutation(len(labels), seed, 0)
    while (free := fold_of < 0).any():
        left = (labels & free[:, None]).sum(axis=0)
        label = int(np.where(left, left, len(labels) + 1).argmin())
        chosen = order[free[order] & (labels[order, label] | (not left.any()))]
        for row in chosen:
            needs = wanted[:, label] if left.any() else room
            fold = np.lexsort((-room, -needs))[0]
            fold_of[row] = fold
            wanted[fold] -= labels[row]
            room[fold] -= 1
    return fold_of


def _without(images, held):
    """Returns the data with some images as the test part."""
    parts = {name: tuple(array[rows] for array in images.train) for name, rows in _rows(held)}
    names = images.files and {
        name: tuple(images.files["train"][row] for row in np.flatnonzero(rows))
        for name, rows in _rows(held)
    }
    packed = images.packed and {name: images.packed["train"][rows] for name, rows in _rows(held)}
    return dataclasses.replace(images, **parts, files=names, packed=packed)


def _rows(held):
    return (("train", ~held), ("test", held))


def _mean_log(logs):
    """Returns the means of the folds' logs, for the epochs that all of them have."""
    rows = []
    for epoch in zip(*logs, strict=False):
        row = {"epoch": epoch[0]["epoch"]}
        for key in epoch[0].keys() - {"epoch"}:
            values = [float(one.get(key) or "nan") for one in epoch]
            row[key] = str(np.mean(values)) if np.isfinite(values).all() else ""
        rows.append(row)
    return rows


def _report(found, images, settings, output):
    """Writes what all folds together have given."""
    measure = "mean average precision" if images.multilabel else "accuracy"
    each = [getattr(fold.evaluation(), measure.replace(" ", "_")) for fold in found]
    starts = np.cumsum([0, *(len(fold.labels) for fold in found)])
    together = dataclasses.replace(
        found[0],
        probabilities=np.concatenate([fold.probabilities for fold in found]),
        labels=np.concatenate([fold.labels for fold in found]),
        names=tuple(name for fold in found for name in fold.names),
        pictures={
            int(start) + place: picture
            for start, fold in zip(starts, found, strict=False)
            for place, picture in fold.pictures.items()
        },
    )
    worst = {int(place) for place in together.worst(_PICTURES)}
    for place in set(together.pictures) - worst:
        del together.pictures[place]
    scores = together.evaluation()
    logs = [
        training.read_log(output / f"fold-{fold + 1}" / "log.csv") for fold in range(len(found))
    ]
    log = _mean_log(logs)
    line = f"{measure.capitalize()} of each fold: " + ", ".join(f"{one:.1%}" for one in each) + "."
    settings, policy = settings.with_policy(settings.policy)
    told = {"mix": settings.mix or policy.batch.mix, "policy": _parts.policy_said(policy)}
    page = training.report(
        together,
        title=f"{settings.model or 'Small network'} on {images.name}, {len(found)} folds",
        data=_parts.about(images, images, {}) | {"test images": "every image, in its fold"},
        settings=settings.beside_recipe() | told | dataclasses.asdict(settings.recipe()),
        log=log,
        notes=[line, *([_MEANS] if log else [])],
    )
    files.write_text(output / "report.html", page)
    together.save_csv(output / "predictions.csv")
    scores.save(output / "scores.json")
    notes = (*advice(together, log), line)
    return TrainingResult(scores, notes, tuple(output / name for name in _WRITTEN), together)
