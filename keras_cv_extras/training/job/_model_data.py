"""Data for an existing model: its image size, its class names, no image that it has seen."""

import dataclasses
import pathlib
from typing import Any

import keras
import numpy as np

from keras_cv_extras import data, training
from keras_cv_extras._base import files
from keras_cv_extras._base.saved.registry import SOURCES
from keras_cv_extras._base.types import Path
from keras_cv_extras.data import FilePart
from keras_cv_extras.data.files import copies, decoder
from keras_cv_extras.inference import output_activation
from keras_cv_extras.training.job._parts import labels_of, loaded, shape_of, some

SAMPLES = "samples.npz"  # beside a model: digests of what it was trained on, and what was held out
_NAMED = ("mnist_5k", "digits", "fashion_mnist")


@dataclasses.dataclass(frozen=True)
class ModelData:
    """Images to score a model on.

    Args:
        images: an `ImageData` or `ImageFiles`, whose classes have the model's numbers.
        part: the images that the model is scored on.
        files: the names of their files, None if they have none.
        notes: sentences to show to the user.
        validation: the images that the model was validated on while it was trained; None if there
            are none, or it is not known which.
    """

    images: Any
    part: Any
    files: tuple[str, ...] | None
    notes: tuple[str, ...]
    validation: Any = None


def data_for(
    model: keras.Model,
    path: Path,
    source: Any,
    *,
    image_size: int | None = None,
    stream: bool = False,
    max_bad: float = 0.01,
    resize: str | None = None,
) -> ModelData:
    """Loads data for a model.

    Classes are matched by name if the model knows its own. Only images that the model was certainly
    not trained on are scored: the test part, or in a folder without one, all images that the model
    has not seen.

    Args:
        model: a Keras model.
        path: its file; `samples.npz` beside it says what it was trained on.
        source: images, or what `kcx.data.load` takes as their name.
        image_size: None for the model's, or a number.
        stream: whether files are decoded as they are needed.
        max_bad: with `stream` the share of the files that may be unreadable, in [0, 1].
        resize: None for how the model's training images were brought to their size, "crop" if that
            is not known; or "crop", "pad" or "stretch".

    Returns:
        The images, which of them to score, and notes.

    Raises:
        ValueError: if the model does not know a class, or takes other images, or has been
            trained on all that there are.

    Example:
        >>> small = compile_model(small_cnn((8, 8, 1), 10))
        >>> found = data_for(small, "small.keras", "digits")
    """
    _check_images(model, path)
    about, notes = training.read_about(path), []
    classes = _class_names(about, model)
    decoding = _decoding(about, path, resize)
    options = {"stream": stream, "max_bad": max_bad, **decoding}
    if about.get("multilabel"):
        table = data.Table.of(source)
        source = source if table is None else dataclasses.replace(table, multilabel=True)
    images = _loaded(model, path, source, classes, image_size, **options)
    if classes is None:
        known = ", ".join(images.class_names[:10])
        notes.append(
            f"{path} does not say what its classes are: those of {images.name} are taken, in "
            f"their order ({known})"
        )
    else:
        images = _by_name(_of_kind(images, about, model, path), classes, path)
    part, paths, line = _unseen(images, path, about)
    if line:
        notes.append(line)
    return ModelData(images, part, paths, tuple(notes), _validated(images, path, about))


def _check_images(model, path):
    """Raises unless a model takes a batch of images, and answers a row for each."""
    taken, given = model.input_shape, model.output_shape
    if not isinstance(taken, tuple) or len(taken) != 4:
        raise ValueError(
            f"{path} must take images, (None, height, width, channels), it takes {taken}: give a "
            "classifier of images"
        )
    if not isinstance(given, tuple) or len(given) != 2:
        raise ValueError(
            f"{path} must answer one number for each class, (None, classes), it answers {given}: "
            "give a classifier of images"
        )


def _class_names(about, model):
    names = about.get("class_names")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return None
    return tuple(names) if len(names) == model.output_shape[-1] else None


def _decoding(about, path, resize):
    """Returns how files are decoded: as in training, where that is known.

    Raises:
        ValueError: if `resize` is another way.
    """
    given = about.get("decoding")
    known = decoder.decoding(given, path)
    if given and resize not in (None, known["resize"]):
        raise ValueError(
            f"resize {resize!r}: {path} was trained with {known['resize']!r}; leave it out"
        )
    return {**known, "resize": resize or known["resize"]}


def _of_kind(images, about, model, path):
    """Gives images as many labels as a model tells: one, or several each.

    Raises:
        ValueError: if they have several, and the model tells one.
    """
    if images.multilabel and not about.get("multilabel"):
        if "multilabel" not in about and output_activation(model)[0] == "sigmoid":
            return images
        raise ValueError(
            f"{path} tells one label per image, those of {images.name} have several: give the data "
            "that it was trained on"
        )
    if images.multilabel or not about.get("multilabel"):
        return images
    rows = np.eye(len(images.class_names), dtype=np.float32)
    parts = {name: _relabelled(getattr(images, name), rows) for name in ("train", "test")}
    return dataclasses.replace(images, **parts)


def _loaded(model, path, source, classes, image_size, *, stream, max_bad, resize, jpeg):
    height, width, channels = model.input_shape[1:]
    fixed = None not in (height, width)
    if image_size is not None and fixed and (height, width) != (image_size, image_size):
        raise ValueError(
            f"image_size {image_size}: {path} takes images of {height} x {width}; leave it out"
        )
    if _is_of_files(source):
        size = (height, width) if fixed else image_size
        options = {"class_names": classes, "resize": resize, "jpeg": jpeg}
        if stream:
            if size is None:
                raise ValueError(f"{path} takes images of any size: give image_size")
            channels = channels or 3
            with copies.for_a_model():
                return data.image_files(source, size, channels=channels, max_bad=max_bad, **options)
        with copies.for_a_model():
            return data.load(source, image_size=size, channels=channels, **options)
    if stream or (SOURCES.added(source) and fixed):
        image_size = image_size or (height, width)
    images = loaded(source, image_size, stream, max_bad, resize, jpeg)
    wanted, given = (height, width, channels), shape_of(images.train)
    if any(one not in (None, other) for one, other in zip(wanted, given, strict=True)):
        sized = all(one in (None, other) for one, other in zip(wanted[:2], given[:2], strict=True))
        raise ValueError(
            f"{path} takes images of {' x '.join(map(str, wanted))}, those of {images.name} are "
            f"{' x '.join(map(str, given))}: give {'' if sized else 'image_size, or '}other data"
        )
    return images


def _is_of_files(source):
    if isinstance(source, data.ImageData | data.ImageFiles):
        return False
    if not isinstance(source, str):
        return True
    named = source in _NAMED or SOURCES.added(source)
    return not named and not source.startswith(("keras:", "tfds:"))


def _by_name(images, classes, path):
    """Gives the classes of data the numbers that a model has for their names."""
    if tuple(images.class_names) == classes:
        return images
    unknown = [name for name in images.class_names if name not in classes]
    if unknown:
        raise ValueError(
            f"{images.name} has the class {unknown[0]!r}, which {path} does not know; its classes "
            f"are {', '.join(classes)}: give the data that it was trained on"
        )
    numbers: Any = np.array([classes.index(name) for name in images.class_names], np.int32)
    if images.multilabel:
        numbers = np.eye(len(classes), dtype=np.float32)[numbers]
    parts = {name: _relabelled(getattr(images, name), numbers) for name in ("train", "test")}
    return dataclasses.replace(images, **parts, class_names=classes)


def _relabelled(part, table):
    """Returns a part with other labels; the one that was given stays as it is.

    Args:
        part: arrays or files.
        table: for each class its new number, or its row of labels; of rows the matrix between.
    """
    labels = labels_of(part)
    labels = table[labels] if labels.ndim == 1 else labels @ table
    if not isinstance(part, FilePart):
        return part[0], labels
    made = some(part, np.full(len(part.labels), True))
    made.labels = labels
    return made


def _unseen(images, path, about):
    """Returns the images to score, the names of their files, and what is to be said of them."""
    seen = _seen(path, about)
    digests = {name: data.sample_digests(images, name) for name in ("train", "test")}
    few = len(digests["test"]) == 0  # a folder too small to be divided
    whole = {"train": images.divided and (seen is not None or few), "test": True}
    keep = {name: np.full(len(digests[name]), use) for name, use in whole.items()}
    if seen is None:
        line = (
            f"{path} has no {SAMPLES} beside it that says what it was trained on: these images "
            "may be among that"
        )
        return *_joined(images, keep), line
    total = sum(chosen.sum() for chosen in keep.values())
    for name, chosen in keep.items():
        chosen &= ~np.isin(digests[name], seen)
    left = sum(chosen.sum() for chosen in keep.values())
    if not left:
        raise ValueError(f"{path} was trained on all {total} images of {images.name}: give others")
    line = None
    if left < total:
        known = f"{total - left} of {total} images"
        line = f"{known} are left out: the model was trained or validated on them"
    return *_joined(images, keep), line


def _validated(images, path, about):
    """Returns the training images that a model was validated on; None if there are none."""
    seen = _seen(path, about, ("validated",))
    if seen is None or not len(seen):
        return None
    chosen = np.isin(data.sample_digests(images, "train"), seen)
    return some(images.train, chosen) if chosen.any() else None


def _seen(path, about, names=("trained", "validated")):
    """Returns the digests of what a model was trained and validated on; None if not known."""
    try:
        arrays = files.read_arrays(pathlib.Path(path).with_name(SAMPLES))
        if str(arrays["data_digest"]) != about.get("data_digest"):
            return None
        return np.concatenate([arrays[name] for name in names])
    except (OSError, ValueError, KeyError):
        return None


def _joined(images, keep) -> tuple[Any, tuple[str, ...] | None]:
    """Joins what is kept of both parts of data."""
    parts: list[Any] = [
        some(getattr(images, name), chosen) for name, chosen in keep.items() if chosen.any()
    ]
    paths = getattr(images, "files", None)
    if paths is not None:
        paths = tuple(
            paths[name][row] for name, chosen in keep.items() for row in np.flatnonzero(chosen)
        )
    if len(parts) == 1:
        return parts[0], paths
    first, second = parts
    if not isinstance(first, FilePart):
        both = zip(first, second, strict=True)
        return tuple(np.concatenate(arrays) for arrays in both), paths
    joined = FilePart(
        [*first.paths, *second.paths],
        np.concatenate([first.labels, second.labels]),
        np.concatenate([first.facts, second.facts]),
        image_size=first.image_size,
        resize=first.resize,
        channels=first.channels,
        most_bad=max(first.most_bad, second.most_bad),
        jpeg=first.jpeg,
    )
    return joined, paths
