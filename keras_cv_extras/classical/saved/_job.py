"""Classical systems trained on named data, and scored."""

import dataclasses
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import metrics

from keras_cv_extras import data as data_package
from keras_cv_extras import training
from keras_cv_extras._base import checks, files
from keras_cv_extras._base.owned import written
from keras_cv_extras._base.types import Path
from keras_cv_extras.classical._input import check_classes
from keras_cv_extras.classical._presets import make_classifier
from keras_cv_extras.classical.saved._save import load, save, with_ending


@dataclasses.dataclass(frozen=True)
class ClassicalScores:
    """How good a classifier is on images that it was not trained on.

    Attributes:
        accuracy: the share of the images that it names rightly.
        low: the lower end of the accuracy's 95 % interval.
        high: the upper end.
        class_names: the name of each class, by its number.
        images: how many there are of each class.
        precision: of each class.
        recall: of each class.
        f1: of each class.

    Example:
        >>> scores, path = kcx.classical.train("digits", "hog.skops", system="hog", train_size=100)
        >>> 0.5 < scores.low < scores.accuracy < scores.high
        True
    """

    accuracy: float
    low: float
    high: float
    class_names: list[str]
    images: list[int]
    precision: list[float]
    recall: list[float]
    f1: list[float]


def train(
    data: str | data_package.ImageData,
    output: Path,
    *,
    system: str = "fisher",
    classifier: str = "linear_svm",
    num_words: int | None = None,
    color: str = "grey",
    train_size: int | None = None,
    image_size: int | tuple[int, int] | None = None,
    seed: int = 0,
    progress: bool = True,
    tell: Callable[[str], Any] = lambda line: None,
) -> tuple[ClassicalScores, Path]:
    """Trains a classical system, scores it on the test images, saves it: `kcx classical train`.

    Args:
        data: images, or what `kcx.data.load` takes as their name.
        output: the file of the classifier, see `save`.
        system: as `make_classifier` takes it.
        classifier: likewise.
        num_words: likewise.
        color: likewise.
        train_size: how many training images to use, every class alike; None for all.
        image_size: `(height, width)` or one number, of data given by their name.
        seed: an integer of at least 0.
        progress: whether to tell of each step that is done.
        tell: called with a line for the data, and for each step.

    Returns:
        The scores and the path of the file.

    Raises:
        TypeError, ValueError: if an argument is not as above.
        OSError: if there is somebody else's file, or nothing can be written there.

    Example:
        >>> scores, path = kcx.classical.train("digits", "lbp.skops", system="lbp", train_size=100)
        >>> path.name
        'lbp.skops'
    """
    files.check_file(with_ending(output), written.is_signed)
    images = _images(data, image_size)
    shape = images.train[0].shape[1:]
    model: Any = make_classifier(
        system,
        classifier=classifier,
        num_words=num_words,
        color=color,
        pixels=min(shape[:2]),
        seed=seed,
    )
    tell(repr(images))
    part, labels = _some(*images.train, train_size, seed)
    _fit(model, part, labels, tell if progress else lambda line: None)
    model.data_ = {"class_names": list(images.class_names), "image_shape": list(shape)}
    return _scores(model, *images.test, images.class_names), save(model, output)


def evaluate(
    path: Path,
    data: str | data_package.ImageData,
    *,
    output: Path | None = None,
    image_size: int | tuple[int, int] | None = None,
) -> ClassicalScores:
    """Scores a saved classifier on the test images of its data: `kcx classical evaluate`.

    Args:
        path: a file that `train` wrote.
        data: images, or their name.
        output: None, or a JSON file for the scores.
        image_size: `(height, width)` or one number, of data given by their name.

    Returns:
        The scores.

    Raises:
        ValueError: if the file is another one, or the data have other classes or sizes.

    Example:
        >>> scores, path = kcx.classical.train("digits", "a.skops", system="lbp", train_size=100)
        >>> evaluate(path, "digits").accuracy == scores.accuracy
        True
    """
    if output is not None:
        files.check_file(output, written.SCORES)
    model = load(path)
    images = _images(data, image_size)
    known = getattr(model, "data_", None)
    if known is None:
        raise ValueError(f"{path}: not a classifier that kcx classical train wrote")
    if known["image_shape"] != list(images.test[0].shape[1:]):
        raise ValueError(
            f"{path} takes images of {tuple(known['image_shape'])}, those of {images.name} are "
            f"{images.test[0].shape[1:]}: give image_size, or other data"
        )
    if known["class_names"] != list(images.class_names):
        raise ValueError(
            f"{path} tells {', '.join(known['class_names'][:5])}... apart, not the classes of "
            f"{images.name}: give the data that it was trained on"
        )
    scores = _scores(model, *images.test, images.class_names)
    if output is not None:
        files.write_json(output, dataclasses.asdict(scores), written.SCORES)
    return scores


def _images(source, image_size):
    if isinstance(source, data_package.ImageData):
        return source.check_one_label("HOG and the like")
    return data_package.load(source, image_size=image_size).check_one_label("HOG and the like")


def _some(images, labels, size, seed):
    """Returns `size` of the training images, every class alike, or all."""
    if size is None:
        return images, labels
    checks.integer("train_size", size, minimum=1)
    if size > len(labels):
        raise ValueError(f"train_size must be at most {len(labels)}, received {size}")
    return data_package.split(images, labels, [size], seed=seed)[0]


def _fit(model, images, labels, tell):
    """Fits the pipeline step by step, as `model.fit` does, and tells how long each took."""
    check_classes(labels, len(images))
    values = images
    for number, (name, step) in enumerate(model.steps, 1):
        started = time.monotonic()
        if number < len(model.steps):
            values = step.fit(values, labels).transform(values)
        else:
            step.fit(values, labels)
        text = f"{number} of {len(model.steps)} {name}: {type(step).__name__}"
        tell(f"{text}, {time.monotonic() - started:.1f} s")


def _scores(model, images, labels, class_names):
    given = model.predict(images)
    accuracy = float(np.mean(given == labels))
    low, high = training.wilson_interval(accuracy, len(labels))
    precision, recall, f1, count = metrics.precision_recall_fscore_support(
        labels, given, labels=range(len(class_names)), zero_division=0.0
    )
    each = (values.tolist() for values in (count, precision, recall, f1))
    return ClassicalScores(accuracy, low, high, list(class_names), *each)
