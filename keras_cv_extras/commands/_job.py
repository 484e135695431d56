"""One training of `kcx train`: its settings, its datasets, its network."""

import dataclasses
import math

import keras
import numpy as np
import tensorflow as tf

from keras_cv_extras import data, mix, models, training
from keras_cv_extras._base import checks
from keras_cv_extras.data import FilePart

_GIB = 1 << 30
_MIXES = {"none": None, "mixup": mix.MixUp, "cutmix": mix.CutMix}
OVERRIDES = ("epochs", "batch_size", "learning_rate", "weight_decay", "label_smoothing", "average")


class Job:
    """One training: its datasets, its callbacks, its network."""

    def __init__(self, images, policy, recipe, given, stream):
        self.images, self.policy, self.recipe, self.given = images, policy, recipe, given
        self.clock = training.InputClock(_advice(images, stream, policy))
        self._digests = {part: data.sample_digests(images, part) for part in ("train", "test")}
        self._held = _held(images.train, self._digests["train"], given)
        self.train, self.validation = _parts(images.train, self._held)

    def samples(self):
        """Returns the digests of what is trained on, validated on and held out, by these names."""
        digests = self._digests["train"]
        return {
            "trained": digests[~self._held],
            "validated": digests[self._held],
            "held_out": self._digests["test"],
        }

    @property
    def steps(self):
        """Batches of an epoch."""
        return math.ceil(count(self.train) / self.recipe.batch_size)

    def network(self):
        """Builds and compiles the network; every call gives the same weights."""
        given, shape, num_classes = self.given, shape_of(self.train), len(self.images.class_names)
        keras.utils.set_random_seed(given["seed"])
        if given["model"] is None:
            model = training.small_cnn(shape, num_classes)
        else:
            model = models.build(given["model"], shape, num_classes, weights=given["weights"])
        steps, rows = self.steps * self.recipe.epochs, _MIXES[given["mix"]] is not None
        return self.recipe.compile(model, steps=steps, rows=rows)

    def run(self, strategy, shown, checkpoint):
        """Trains; returns the history, with the network.

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
                labels_of(self.train), given["class_weights"], num_classes=num_classes
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
            )
        except tf.errors.InvalidArgumentError:
            for part in self._files():
                part.check()  # names the files, where they were too many
            raise

    def unreadable(self):
        """Returns the files that were found to be unreadable while training."""
        return {path: why for part in self._files() for path, why in part.unreadable().items()}

    def _files(self):
        return [part for part in (self.train, self.validation) if isinstance(part, FilePart)]


def shown(job, output, progress, tensorboard):
    """Returns the callbacks that show and write how a training goes."""
    callbacks: list[keras.callbacks.Callback] = [training.CsvLog(output / "log.csv")]
    if progress:
        callbacks.append(training.ProgressBar(job.steps, job.recipe.batch_size))
    if tensorboard:
        callbacks.append(keras.callbacks.TensorBoard(output / "tensorboard", write_graph=False))
    return callbacks


def recipe_of(given):
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
    changed = {name: given[name] for name in OVERRIDES if given[name] is not None}
    return dataclasses.replace(recipe, **changed)


def _held(part, digests, given):
    """Says which training images are to validate on: by what is in them, whatever comes or goes."""
    if given["validation"] == 0:
        return np.zeros(count(part), bool)
    return data.held_out(digests, labels_of(part), given["validation"], given["seed"], "validation")


def _parts(part, held):
    """Splits validation images off."""
    if not held.any():
        return part, None
    return some(part, ~held), some(part, held)


def some(part, chosen):
    """Returns the images of a part for which an array of booleans says so."""
    if isinstance(part, FilePart):
        return part.subset(np.flatnonzero(chosen))
    images, labels = part
    return images[chosen], labels[chosen]


def count(part):
    return len(labels_of(part))


def labels_of(part):
    return part.labels if isinstance(part, FilePart) else part[1]


def shape_of(part):
    return part.shape if isinstance(part, FilePart) else part[0].shape[1:]


def _advice(images, stream, policy):
    """The one setting that would help, for a training that waits for input and for others."""
    shape = shape_of(images.train)
    size = (count(images.train) + count(images.test)) * int(np.prod(shape))
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
