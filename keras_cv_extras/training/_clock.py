"""Where the time of training goes: waiting for batches, or computing with them."""

import time
from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from keras_cv_extras._base.datasets import samples
from keras_cv_extras._base.datasets.transformations import mapped, processor
from keras_cv_extras._base.types import Logs

#: Share of the time spent waiting for input above which a training is called input-bound.
INPUT_BOUND = 0.15


class InputClock(keras.callbacks.Callback):
    """Measures images per second, and the share of the time that training waits for input.

    The dataset itself measures how long each batch takes, for a few microseconds per batch. As a
    callback it adds `images_per_second` and `input_wait`, a share in [0, 1], to the scores of every
    epoch; validation does not count. Put it before callbacks that write scores.

    Args:
        advice: for each of "input" and "compute", the one setting that would help.

    Example:
        >>> clock = InputClock()
        >>> fit(model, lambda epoch: clock.watch(pipeline(data, 64, epoch=epoch)), epochs=5,
        ...     callbacks=[clock])
        >>> print(clock.verdict())
    """

    def __init__(self, advice: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self.advice: dict[str, str] = {**_ADVICE, **(advice or {})}
        # Seconds waited, and images given, in the epoch so far.
        with tf.device(processor()):
            self._sums = tf.Variable(tf.zeros(2, tf.float64), trainable=False, name="input_clock")
        self._now = {"begin": 0.0, "validation": 0.0}
        self.rates: list[float] = []
        self.waits: list[float] = []

    def watch(self, dataset: "tf.data.Dataset[Any]") -> "tf.data.Dataset[Any]":
        """Returns the same batched dataset, which now keeps the time.

        Args:
            dataset: batches, whose first part is the images.
        """
        ticks = mapped(tf.data.Dataset.range(1).repeat(), lambda _: tf.timestamp())
        # A zip asks its parts for their next elements one after the other.
        timed = tf.data.Dataset.zip(ticks, dataset, ticks)

        def noted(before, batch, after):
            images = tf.cast(tf.shape(tf.nest.flatten(batch)[0])[0], tf.float64)
            with tf.control_dependencies([self._sums.assign_add([after - before, images])]):
                return tf.nest.map_structure(tf.identity, batch)

        watched = mapped(timed, noted)
        options = tf.data.Options()
        # Made ahead of its use, a batch would have been waited for by nobody who trains.
        options.experimental_optimization.inject_prefetch = False
        options.experimental_external_state_policy = tf.data.experimental.ExternalStatePolicy.IGNORE
        watched = watched.with_options(options)
        return samples.remember(watched, lambda: samples.samples_of(dataset))

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Starts the epoch's clock."""
        self._sums.assign(tf.zeros(2, tf.float64))
        self._now = {"begin": time.perf_counter(), "validation": 0.0}

    def on_test_begin(self, logs: Logs = None) -> None:
        """Notes the start of a validation."""
        self._now["test"] = time.perf_counter()

    def on_test_end(self, logs: Logs = None) -> None:
        """Takes the time of a validation out."""
        self._now["validation"] += time.perf_counter() - self._now.get("test", time.perf_counter())

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Adds what was measured to the scores."""
        waited, images = self._sums.numpy()
        taken = time.perf_counter() - self._now["begin"] - self._now["validation"]
        if logs is not None and images:
            logs["images_per_second"] = float(images / taken)
            logs["input_wait"] = float(min(waited / taken, 1.0))
            self.rates.append(logs["images_per_second"])
            self.waits.append(logs["input_wait"])

    def verdict(self) -> str:
        """Returns in a sentence or two what training waits for, and what would help."""
        if not self.waits:
            return "No epoch was measured."
        # Compilation is in the first epoch.
        waits = self.waits[1:] or self.waits
        rates = self.rates[1:] or self.rates
        wait, rate = sum(waits) / len(waits), sum(rates) / len(rates)
        if wait > INPUT_BOUND:
            said = f"input-bound: {wait:.0%} of the time is spent waiting for batches"
            return f"{rate:,.0f} images/s, {said}. {self.advice['input']}"
        said = f"compute-bound: the input is waited for {wait:.1%} of the time"
        return f"{rate:,.0f} images/s, {said}. {self.advice['compute']}"


_ADVICE = {
    "input": "A policy with fewer steps, or more cores, would make it faster.",
    "compute": "A smaller network or image size, or a GPU, would make it faster.",
}
