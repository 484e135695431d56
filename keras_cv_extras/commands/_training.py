"""`kcx train` and `kcx evaluate`."""

import dataclasses
import math
import pathlib
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from rich.console import Console

from keras_cv_extras import data, mix, models, training
from keras_cv_extras._base import checks, files
from keras_cv_extras._base.types import Path
from keras_cv_extras.commands._common import chosen_policy, load_data, same_settings
from keras_cv_extras.data import FilePart
from keras_cv_extras.training import writes_files

_GIB = 1 << 30
_MIXES = {"none": None, "mixup": mix.MixUp, "cutmix": mix.CutMix}
_OVERRIDES = ("epochs", "batch_size", "learning_rate", "weight_decay", "label_smoothing", "average")


def run_train(
    name: str | None,
    output: Path,
    *,
    policy: str | None,
    image_size: int | None,
    stream: bool,
    max_bad: int | None,
    progress: bool,
    tensorboard: bool,
    **given: Any,
) -> dict[str, Any] | None:
    """Trains a network, writes all about it, and returns its scores on the test images.

    Of several workers, which `kcx launch` starts, one writes and scores; the others return None.
    """
    strategy = training.make_strategy()  # first of all: it connects the workers
    writes = writes_files()
    output, console = pathlib.Path(output), Console(quiet=not writes)
    recipe = _recipe(given)
    chosen = chosen_policy(policy)
    images = _load(name, image_size, stream, max_bad)
    console.print(repr(images), soft_wrap=True)
    kept = {k: v for k, v in given.items() if k not in _OVERRIDES}
    settings = {"data": images.name, "policy": chosen.to_dict(), "stream": stream, **kept}
    settings |= dataclasses.asdict(recipe)
    if writes:
        same_settings(output / "train.json", settings)
    job = _Job(images, chosen, recipe, given, stream)
    if (output / "model.keras").exists():  # written last: the training has been finished
        model = training.load_model(output / "model.keras")
    else:
        shown = _shown(job, output, progress, tensorboard) if writes else []
        model = job.run(strategy, shown, output / "checkpoint")
        training.save_model(model, output / "model.keras")
    if not writes:
        return None
    found = training.predict(model, images.test, images.class_names)
    scores = found.evaluation()
    notes = [] if not job.clock.waits else [job.clock.verdict()]
    bad = {**_unreadable(images), **job.unreadable()}
    about = _about(name, images, bad)
    settings["policy"] = chosen.describe() or "none"
    files.write_text(
        output / "report.html",
        training.report(
            found,
            title=f"{given['model'] or 'Small network'} on {images.name}",
            data=about,
            settings=settings,
            log=training.read_log(output / "log.csv"),
            notes=notes,
        ),
    )
    found.save_csv(output / "predictions.csv")
    scores.save(output / "scores.json")
    console.print(scores.table())
    for line in [*notes, *_bad_lines(bad)]:
        console.print(line, highlight=False, soft_wrap=True)
    for file in ("model.keras", "report.html", "predictions.csv", "scores.json", "log.csv"):
        console.print(str(output / file), soft_wrap=True)
    return scores


def run_evaluate(
    model: str | None,
    name: str | None,
    *,
    output: Path,
    report: str | None,
    predictions: str | None,
    image_size: int | None,
    stream: bool,
    max_bad: int | None,
) -> dict[str, Any]:
    """Scores a model file on the test images of a data set; returns the scores."""
    path, model = model, training.load_model(model)
    images = _load(name, image_size, stream, max_bad)
    found = training.predict(model, images.test, images.class_names)
    scores, bad = found.evaluation(), _unreadable(images)
    if output is not None:
        scores.save(output)
    if predictions is not None:
        found.save_csv(predictions)
    if report is not None:
        title = f"{path} on {images.name}"
        files.write_text(
            report, training.report(found, title=title, data=_about(name, images, bad))
        )
    console = Console()
    console.print(scores.table())
    for line in _bad_lines(bad):
        console.print(line, highlight=False, soft_wrap=True)
    return scores


class _Job:
    """One training: its datasets, its callbacks, its network."""

    def __init__(self, images, policy, recipe, given, stream):
        self.images, self.policy, self.recipe, self.given = images, policy, recipe, given
        self.clock = training.InputClock(_advice(images, stream, policy))
        self.train, self.validation = _parts(images.train, given["validation"], given["seed"])

    @property
    def steps(self):
        """Batches of an epoch."""
        return math.ceil(_count(self.train) / self.recipe.batch_size)

    def network(self):
        """Builds and compiles the network; every call gives the same weights."""
        given, shape, num_classes = self.given, _shape(self.train), len(self.images.class_names)
        keras.utils.set_random_seed(given["seed"])
        if given["model"] is None:
            model = training.small_cnn(shape, num_classes)
        else:
            model = models.build(given["model"], shape, num_classes, weights=given["weights"])
        steps, rows = self.steps * self.recipe.epochs, _MIXES[given["mix"]] is not None
        return self.recipe.compile(model, steps=steps, rows=rows)

    def run(self, strategy, shown, checkpoint):
        """Trains, and returns the network.

        Args:
            strategy: of `training.make_strategy`.
            shown: callbacks that show and write how it goes.
            checkpoint: the folder of checkpoints.
        """
        recipe, given, num_classes = self.recipe, self.given, len(self.images.class_names)
        mixing = _MIXES[given["mix"]]
        mixing = mixing and mixing(num_classes=num_classes)
        weights = None
        if given["class_weights"] != "none":
            weights = data.class_weight(
                _labels(self.train), given["class_weights"], num_classes=num_classes
            )

        def batches(epoch):
            made = data.pipeline(
                self.train, recipe.batch_size, self.policy, mixing, given["seed"], epoch=epoch
            )
            return self.clock.watch(training.with_class_weights(made, weights) if weights else made)

        validation = None
        if self.validation is not None:
            validation = data.pipeline(self.validation, 256, epoch=0)
            if mixing is not None:
                validation = training.with_rows(validation, num_classes)
        callbacks = [self.clock, *shown]
        if given["patience"] is not None:
            callbacks.append(
                keras.callbacks.EarlyStopping(
                    "val_accuracy",
                    mode="max",
                    patience=given["patience"],
                    restore_best_weights=True,
                )
            )
        try:
            return training.fit(
                self.network() if strategy is None else self.network,
                batches,
                validation,
                epochs=recipe.epochs,
                strategy=strategy,
                callbacks=callbacks,
                checkpoint=checkpoint,
                progress=False,
            ).model
        except tf.errors.InvalidArgumentError:
            for part in self._files():
                part.check()  # names the files, where they were too many
            raise

    def unreadable(self):
        """Returns the files that were found to be unreadable while training."""
        return {path: why for part in self._files() for path, why in part.unreadable().items()}

    def _files(self):
        return [part for part in (self.train, self.validation) if isinstance(part, FilePart)]


def _shown(job, output, progress, tensorboard):
    """Returns the callbacks that show and write how a training goes."""
    callbacks = [training.CsvLog(output / "log.csv")]
    if progress:
        callbacks.append(training.ProgressBar(job.steps, job.recipe.batch_size))
    if tensorboard:
        callbacks.append(keras.callbacks.TensorBoard(output / "tensorboard", write_graph=False))
    return callbacks


def _recipe(given):
    """Returns the recipe of the network, with what was given in place of its own numbers."""
    share = checks.fraction("validation", given["validation"])
    if given["patience"] is not None:
        checks.integer("patience", given["patience"], minimum=1)
        if share == 0:
            raise ValueError("patience needs validation images: give --validation a share above 0")
        if given["average"]:
            raise ValueError(
                "--average and --patience both choose the weights at the end: give one of them"
            )
        given["average"] = False
    if share > 0.9:
        raise ValueError(f"validation must be at most 0.9, received {share:g}")
    if given["model"] is None and given["weights"] is not None:
        raise ValueError("--weights needs --model: the small network has none")
    recipe = training.recipe(given["model"], fine_tune=given["weights"] is not None)
    if given["batch_size"] is not None:
        recipe = recipe.with_batch_size(given["batch_size"])
    changed = {name: given[name] for name in _OVERRIDES if given[name] is not None}
    return dataclasses.replace(recipe, **changed)


def _load(name, image_size, stream, max_bad):
    if not stream:
        return load_data(name, image_size)
    if image_size is None:
        raise ValueError("--stream needs --image-size: files are decoded to one size")
    return data.image_files(name, image_size, max_bad=max_bad)


def _parts(part, share, seed):
    """Splits validation images off."""
    if share == 0:
        return part, None
    rows = np.arange(_count(part))
    (train, _), (held, _) = data.split(rows, _labels(part), [1 - share, share], seed=seed)
    if isinstance(part, FilePart):
        return part.subset(train), part.subset(held)
    images, labels = part
    return (images[train], labels[train]), (images[held], labels[held])


def _count(part):
    return len(_labels(part))


def _labels(part):
    return part.labels if isinstance(part, FilePart) else part[1]


def _shape(part):
    return part.shape if isinstance(part, FilePart) else part[0].shape[1:]


def _unreadable(images):
    return images.unreadable() if isinstance(images, data.ImageFiles) else {}


def _bad_lines(bad):
    if not bad:
        return []
    lines = [f"{path}: {why}" for path, why in list(bad.items())[:10]]
    more = [f"and {len(bad) - 10} more"] if len(bad) > 10 else []
    return [f"{len(bad)} image files could not be read and were left out:", *lines, *more]


def _about(name, images, bad):
    """What the data was, for the report."""
    counts = np.bincount(_labels(images.train), minlength=len(images.class_names))
    shape = _shape(images.train)
    listed = zip(images.class_names, counts, strict=True)
    about = {
        "from": name,
        "training images": f"{_count(images.train):,}",
        "test images": f"{_count(images.test):,}",
        "size": f"{shape[0]} x {shape[1]}, {shape[2]} channel{'s' if shape[2] > 1 else ''}",
        "training images of each class": ", ".join(f"{key} {count}" for key, count in listed),
    }
    for number, (path, why) in enumerate(bad.items()):
        about[f"could not be read ({number + 1} of {len(bad)})"] = f"{path}: {why}"
    return about


def _advice(images, stream, policy):
    """The one setting that would help, for a training that waits for input and for others."""
    shape = _shape(images.train)
    size = (_count(images.train) + _count(images.test)) * int(np.prod(shape))
    if stream and size < 8 * _GIB:
        inputs = f"Leave --stream out: decoded, the images take {size / _GIB:.2f} GiB of memory."
    elif any(policy.sub_policies):
        inputs = "A cheaper --policy would help, such as flip_crop."
    else:
        inputs = "A smaller --image-size would help."
    if tf.config.list_physical_devices("GPU"):
        return {"input": inputs, "compute": "A larger --batch-size may help."}
    smaller = max(8, shape[0] // 2)
    compute = f"Half the --image-size, {smaller}, would be about four times as fast."
    if shape[0] < 48:
        compute = "A smaller --model would be faster, and so would a GPU."
    return {"input": inputs, "compute": compute}
