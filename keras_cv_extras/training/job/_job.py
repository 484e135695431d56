"""One training: its datasets, its callbacks, its network."""

import contextlib
import functools
import math

import keras
import numpy as np
import tensorflow as tf

from keras_cv_extras import data, mix, models, training
from keras_cv_extras._base.saved.registry import LOSSES, MIXES
from keras_cv_extras.data import FilePart
from keras_cv_extras.data.files import copies
from keras_cv_extras.training.job._parts import count, labels_of, shape_of, some, unreadable

_GIB = 1 << 30
_MIXES = {"mixup": mix.MixUp, "cutmix": mix.CutMix, "fmix": mix.FMix, "mosaic": mix.Mosaic}


class Job:
    """One training: its datasets, its callbacks, its network."""

    def __init__(self, images, policy, settings):
        _check_labels(images, settings)
        if policy.batch.repeats > 1 and isinstance(images.train, FilePart):
            raise ValueError(
                "the policy shows several views of each image in a batch, which streamed files "
                "cannot give: leave stream out, or repeats out of the policy's batch"
            )
        self.images, self.policy = images, policy
        self.settings, self.recipe = settings, settings.recipe()
        self.clock = training.InputClock(_advice(images, policy))
        self._digests = {part: data.sample_digests(images, part) for part in ("train", "test")}
        self._held = _held(images.train, self._digests["train"], settings)
        self.train, self.validation = _parts(images.train, self._held)

    def samples(self):
        """Returns the digests of what is trained on, validated on and held out, by these names."""
        digests = self._digests["train"]
        return {
            "trained": digests[~self._held],
            "validated": digests[self._held],
            "held_out": self._digests["test"],
        }

    def doubts(self):
        """Returns lines on images that are there more than once, of which scores know nothing.

        What there is to say of the test images and classes of files, their reader has said.
        """
        samples = self.samples()
        lines = copies.across_parts(samples["trained"], samples["validated"], "validation")
        if not isinstance(self.images, data.ImageFiles) and self.images.files is None:
            parts = self.images.train, self.images.test
            digests = np.concatenate([self._digests["train"], self._digests["test"]])
            lines += copies.across_parts(samples["trained"], samples["held_out"], "test")
            lines += copies.across_classes(digests, np.concatenate([labels_of(p) for p in parts]))
        return [f"warning: {line}" for line in lines]

    @property
    def steps(self):
        """Batches of an epoch."""
        return math.ceil(count(self.train) / self.recipe.batch_size)

    def network(self):
        """Builds and compiles the network; every call gives the same weights."""
        given, shape, num_classes = (
            self.settings,
            shape_of(self.train),
            len(self.images.class_names),
        )
        keras.utils.set_random_seed(given.seed)
        with _precision(given.precision):
            if given.model is None:
                model = training.small_cnn(shape, num_classes)
            else:
                model = models.build(given.model, shape, num_classes, weights=given.weights)
        own = LOSSES.make(given.loss, from_logits=True) if LOSSES.added(given.loss) else None
        several, weights = None, None
        if self.images.multilabel:
            several = given.loss if own is None else "crossentropy"
        if several and given.class_weights != "none":
            weights = data.positive_weights(labels_of(self.train) > 0.5, given.class_weights)
        return self.recipe.compile(
            model,
            steps=self.steps * self.recipe.epochs,
            multilabel=several,
            positive_weights=weights,
            loss=own,
        )

    def run(self, strategy, shown, checkpoint):
        """Trains; returns the history, with the network.

        Args:
            strategy: of `training.make_strategy`.
            shown: callbacks that show and write how it goes.
            checkpoint: the folder of checkpoints.
        """
        recipe, given, num_classes = self.recipe, self.settings, len(self.images.class_names)
        batch, mixing = self.policy.batch, None
        if given.mix is None:
            mixing = batch.make_mix(num_classes)
        elif given.mix != "none":
            make = _MIXES.get(given.mix) or functools.partial(MIXES.make, given.mix)
            mixing = make(num_classes=num_classes)
        weights = None
        if given.class_weights != "none" and not self.images.multilabel:
            weights = data.class_weight(
                labels_of(self.train), given.class_weights, num_classes=num_classes
            )

        def batches(epoch):
            made = data.pipeline(
                self.train,
                recipe.batch_size,
                self.policy,
                mixing,
                given.seed,
                epoch=epoch,
                num_repeats=batch.repeats,
            )
            return self.clock.watch(training.with_class_weights(made, weights) if weights else made)

        validation = None
        if self.validation is not None:
            validation = data.pipeline(self.validation, 256, epoch=0)
            if mixing is not None:
                validation = training.with_rows(validation, num_classes)
        callbacks = [self.clock, *shown]
        if given.patience is not None:
            callbacks.append(
                keras.callbacks.EarlyStopping(
                    "val_average_precision" if self.images.multilabel else "val_accuracy",
                    mode="max",
                    patience=given.patience,
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
        except tf.errors.OpError:
            for part in self._files():
                part.check()  # names the files, where they were too many
            raise

    def unreadable(self):
        """Returns the files that were found to be unreadable while training."""
        return unreadable(*self._files())

    def _files(self):
        return [part for part in (self.train, self.validation) if isinstance(part, FilePart)]


def _check_labels(images, settings):
    """Raises where a setting does not go with the labels of the images.

    Raises:
        ValueError: names the setting.
    """
    if not images.multilabel and settings.loss == "asymmetric":
        raise ValueError(
            "loss='asymmetric' is for several labels per image, these have one: leave it out"
        )
    if images.multilabel and settings.class_weights != "none" and LOSSES.added(settings.loss):
        raise ValueError(
            "class_weights of several labels per image go with loss='crossentropy' or "
            f"'asymmetric', received {settings.loss!r}: leave one of them out"
        )


def shown(job, output, progress, tensorboard):
    """Returns the callbacks that show and write how a training goes."""
    callbacks: list[keras.callbacks.Callback] = [training.CsvLog(output / "log.csv")]
    if progress:
        callbacks.append(training.ProgressBar(job.steps, job.recipe.batch_size))
    if tensorboard:
        callbacks.append(keras.callbacks.TensorBoard(output / "tensorboard", write_graph=False))
    return callbacks


@contextlib.contextmanager
def _precision(policy):
    """Gives layers that are made inside a dtype policy."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _held(part, digests, given):
    """Says which training images are to validate on: by what is in them, whatever comes or goes."""
    if given.validation == 0:
        return np.zeros(count(part), bool)
    return data.held_out(digests, labels_of(part), given.validation, given.seed, "validation")


def _parts(part, held):
    """Splits validation images off."""
    if not held.any():
        return part, None
    validation = some(part, held)
    if isinstance(validation, FilePart):
        validation = validation.with_crop(None)
    return some(part, ~held), validation


def _advice(images, policy):
    """The one setting that would help, for a training that waits for input and for others."""
    shape = shape_of(images.train)
    size = (count(images.train) + count(images.test)) * int(np.prod(shape))
    if isinstance(images.train, FilePart) and size < 8 * _GIB:
        inputs = f"Leave stream out: decoded, the images take {size / _GIB:.2f} GiB of memory."
    elif any(policy.sub_policies):
        inputs = "A cheaper policy would help, such as flip_crop."
    else:
        inputs = "Smaller images would help."
    if tf.config.list_physical_devices("GPU"):
        return {"input": inputs, "compute": "A larger batch size may help."}
    smaller = max(8, shape[0] // 2)
    compute = f"Half the image size, {smaller}, would be about four times as fast."
    if shape[0] < 48:
        compute = "A smaller model would be faster, and so would a GPU."
    return {"input": inputs, "compute": compute}
