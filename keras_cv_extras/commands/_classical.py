"""Classical systems on the command line."""

import contextlib
import time
import warnings
from typing import Any

import numpy as np
from rich.table import Table
from sklearn import metrics

from keras_cv_extras import classical, data, training
from keras_cv_extras._base import checks, files
from keras_cv_extras._base.text.terminal import Terminal
from keras_cv_extras._base.types import Path
from keras_cv_extras.classical import check_classes
from keras_cv_extras.commands._common import load_data


def run_classical_train(
    name: str,
    output: Path,
    *,
    system: str,
    classifier: str,
    num_words: int | None,
    train_size: int | None,
    image_size: int | None,
    seed: int,
    progress: bool,
) -> None:
    """Trains a system, prints its scores on the test images, and saves it."""
    console = Terminal()
    images = load_data(name, image_size)
    shape = images.train[0].shape[1:]
    model: Any = classical.make_classifier(
        system, classifier=classifier, num_words=num_words, pixels=min(shape[:2]), seed=seed
    )
    console.print(repr(images))
    part, labels = _some(*images.train, train_size, seed)
    with _notes(console):
        _fit(model, part, labels, console if progress else Terminal(quiet=True))
        model.data_ = {"class_names": list(images.class_names), "image_shape": list(shape)}
        scores = _scores(model, *images.test, images.class_names)
        path = classical.save(model, output)
    console.print(_table(scores))
    console.print(str(path), soft_wrap=True)


def run_classical_evaluate(
    path: Path, name: str, *, output: Path | None, image_size: int | None
) -> None:
    """Scores a saved classifier on the test images of a data set."""
    console = Terminal()
    with _notes(console):
        model = classical.load(path)
    images = load_data(name, image_size)
    known = getattr(model, "data_", None)
    if known is None:
        raise ValueError(f"{path}: not a classifier that kcx classical train wrote")
    if known["image_shape"] != list(images.test[0].shape[1:]):
        raise ValueError(
            f"{path} takes images of {tuple(known['image_shape'])}, those of {images.name} are "
            f"{images.test[0].shape[1:]}: give --image-size, or other data"
        )
    if known["class_names"] != list(images.class_names):
        raise ValueError(
            f"{path} tells {', '.join(known['class_names'][:5])}... apart, not the classes of "
            f"{images.name}: give the data that it was trained on"
        )
    scores = _scores(model, *images.test, images.class_names)
    if output is not None:
        files.write_json(output, scores)
    console.print(_table(scores))


def _some(images, labels, size, seed):
    """Returns `size` of the training images, every class alike, or all."""
    if size is None:
        return images, labels
    checks.integer("train_size", size, minimum=1)
    if size > len(labels):
        raise ValueError(f"train_size must be at most {len(labels)}, received {size}")
    return data.split(images, labels, [size], seed=seed)[0]


def _fit(model, images, labels, console):
    """Fits the pipeline step by step, as `model.fit` does, and tells how long each took."""
    check_classes(labels, len(images))
    values = images
    for number, (name, step) in enumerate(model.steps, 1):
        started = time.monotonic()
        text = f"{number} of {len(model.steps)} {name}: {type(step).__name__}"
        with console.status(text):
            if number < len(model.steps):
                values = step.fit(values, labels).transform(values)
            else:
                step.fit(values, labels)
        console.print(f"{text}, {time.monotonic() - started:.1f} s", highlight=False)


def _scores(model, images, labels, class_names):
    given = model.predict(images)
    accuracy = float(np.mean(given == labels))
    low, high = training.wilson_interval(accuracy, len(labels))
    precision, recall, f1, count = metrics.precision_recall_fscore_support(
        labels, given, labels=range(len(class_names)), zero_division=0.0
    )
    return {
        "accuracy": accuracy,
        "low": low,
        "high": high,
        "class_names": list(class_names),
        "images": count.tolist(),
        "precision": precision.tolist(),
        "recall": recall.tolist(),
        "f1": f1.tolist(),
    }


def _table(scores):
    table = Table(
        title=f"accuracy {scores['accuracy']:.4f} (95 %: {scores['low']:.4f} to "
        f"{scores['high']:.4f}), {sum(scores['images'])} images"
    )
    table.add_column("class")
    columns = ("images", "precision", "recall", "f1")
    for column in columns:
        table.add_column(column.replace("f1", "F1"), justify="right")
    for number, name in enumerate(scores["class_names"]):
        values = [scores[column][number] for column in columns]
        table.add_row(name, str(values[0]), *(f"{value:.3f}" for value in values[1:]))
    return table


@contextlib.contextmanager
def _notes(console):
    """Prints warnings as lines of their own, once each."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for text in dict.fromkeys(str(warning.message) for warning in caught):
        console.print(f"note: {text}", highlight=False, markup=False, soft_wrap=True)
