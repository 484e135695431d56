"""Losses and their gradients, beside those of Keras."""

import statistics
from typing import Any

from rich.progress import track

from keras_cv_extras._base import checks
from keras_cv_extras._base.text.terminal import Terminal, table
from keras_cv_extras._base.types import Path
from keras_cv_extras.bench import _measure

#: Labels and predictions of one step: 256 samples of 100 classes.
BATCH_SIZE, NUM_CLASSES = 256, 100
#: What `cases` returns, known before Keras is loaded.
NAMES = (
    "log, one-hot",
    "log, integer",
    "focal, softmax",
    "focal, sigmoid",
    "generalized",
    "Poly-1",
    "symmetric",
    "bi-tempered",
    "logit-adjusted",
    "LDAM",
    "asymmetric, multi-label",
    "hinge, rows",
    "hinge, integer",
    "hinge",
    "Huber",
    "Tversky",
    "sparsemax",
    "triplet, semi-hard",
    "triplet, hard",
    "lifted structure",
)


def cases() -> dict[str, Any]:
    """Returns for every measured loss: ours, Keras' or None, and the kind of its labels."""
    from keras import losses as keras_losses

    from keras_cv_extras import losses

    logits: dict[str, Any] = {"from_logits": True}
    counts = [1000.0 / (rank + 1) for rank in range(NUM_CLASSES)]
    keras_focal = keras_losses.CategoricalFocalCrossentropy
    return {
        "log, one-hot": (
            lambda: losses.LogLoss(**logits),
            lambda: keras_losses.CategoricalCrossentropy(**logits),
            "one-hot",
        ),
        "log, integer": (
            lambda: losses.LogLoss(**logits),
            lambda: keras_losses.SparseCategoricalCrossentropy(**logits),
            "integer",
        ),
        "focal, softmax": (
            lambda: losses.CategoricalFocal(**logits),
            lambda: keras_focal(**logits, alpha=1.0),
            "one-hot",
        ),
        "focal, sigmoid": (
            lambda: losses.SigmoidFocalCrossEntropy(**logits),
            lambda: keras_losses.BinaryFocalCrossentropy(**logits, apply_class_balancing=True),
            "multi-label",
        ),
        "generalized": (
            lambda: losses.GeneralizedCrossentropy(**logits),
            lambda: _after_softmax(keras_losses.CategoricalGeneralizedCrossEntropy()),
            "integer",
        ),
        "Poly-1": (lambda: losses.Poly1(**logits), None, "integer"),
        "symmetric": (lambda: losses.SymmetricCrossentropy(**logits), None, "integer"),
        "bi-tempered": (lambda: losses.BiTempered(), None, "integer"),
        "logit-adjusted": (lambda: losses.LogitAdjusted(counts), None, "integer"),
        "LDAM": (lambda: losses.LDAM(counts), None, "cosines"),
        "asymmetric, multi-label": (
            lambda: losses.AsymmetricMultilabel(**logits),
            None,
            "multi-label",
        ),
        # Keras' takes one class off rows of one-hot labels. Ours takes every class of soft rows for
        # the true one, which needs the second largest score, and takes integers too.
        "hinge, rows": (
            lambda: losses.MulticlassHinge(),
            lambda: keras_losses.CategoricalHinge(),
            "one-hot",
        ),
        "hinge, integer": (lambda: losses.MulticlassHinge(), None, "integer"),
        "hinge": (lambda: losses.Hinge(), lambda: keras_losses.Hinge(), "sign"),
        "Huber": (lambda: losses.Huber(), lambda: keras_losses.Huber(), "number"),
        # Of each sample: without an axis Keras' is that of the whole batch.
        "Tversky": (lambda: losses.Tversky(), lambda: keras_losses.Tversky(axis=-1), "one-hot"),
        "sparsemax": (lambda: losses.SparsemaxLoss(), None, "one-hot"),
        "triplet, semi-hard": (lambda: losses.TripletSemiHardLoss(), None, "integer"),
        "triplet, hard": (lambda: losses.TripletHardLoss(), None, "integer"),
        "lifted structure": (lambda: losses.LiftedStructLoss(), None, "integer"),
    }


def _after_softmax(loss):
    """A loss that takes probabilities alone, as a loss of logits."""
    from keras import ops

    return lambda labels, logits: loss(labels, ops.softmax(logits))


def load(name, cores):
    """Returns a loss as a contestant.

    Args:
        name: a library, "ours" or "keras", then ":" and a name of `cases`; or "step", which
            is the same step with the mean of the predictions for a loss.
        cores: how many cores it may use.
    """
    from keras_cv_extras.bench._contestants import Calls
    from keras_cv_extras.bench._peers import tensorflow

    tf = tensorflow(cores)
    library, _, case = name.partition(":")
    if library == "step":
        loss, kind = (lambda labels, predictions: tf.reduce_mean(predictions)), "integer"
    else:
        ours, keras, kind = cases()[case]
        make = ours if library == "ours" else keras
        if make is None:
            return None
        loss = make()
    predictions, labels = _data(tf, kind)

    def step(predictions, number):
        # Other numbers in every run, so that none of them can be left out.
        predictions = predictions * (1.0 + tf.cast(number % 7, tf.float32) * 1e-3)
        with tf.GradientTape() as tape:
            tape.watch(predictions)
            value = loss(labels, predictions)
        gradient = tape.gradient(value, predictions)
        return tf.reshape(value + tf.reduce_sum(gradient), (1, 1, 1, 1))

    return Calls(lambda: step, predictions, cores)


def _data(tf, kind):
    shape = (BATCH_SIZE, NUM_CLASSES)
    seeds = tf.constant([1, 2])
    predictions = tf.random.stateless_normal(shape, seeds)
    labels = tf.random.stateless_uniform(shape[:1], seeds, maxval=NUM_CLASSES, dtype=tf.int32)
    if kind == "integer":
        return predictions, labels
    if kind == "cosines":
        return tf.tanh(predictions), labels
    if kind == "one-hot":
        return predictions, tf.one_hot(labels, NUM_CLASSES)
    if kind == "number":
        return predictions, tf.random.stateless_normal(shape, seeds + 1)
    some = tf.cast(tf.random.stateless_uniform(shape, seeds + 1) < 0.1, tf.float32)
    return predictions, some if kind == "multi-label" else 2.0 * some - 1.0


def run_losses(
    losses: Any | None = None, seconds: float = 0.2, output: Path | None = None, *, repeats: int = 5
) -> list[dict[str, Any]]:
    """Measures losses and their gradients on one core: 256 samples of 100 classes.

    Args:
        losses: names of `cases`; None for all.
        seconds: the least time of one measurement.
        output: None, or the path of a JSON file for the rows, the machine and the settings.
        repeats: how many times each loss is measured; libraries take turns.

    Returns:
        A dictionary for every loss with `loss`, `microseconds` per step, loss and gradient, with
        what a step takes without a loss, and `ratio`: how many times as fast as Keras' loss
        (the median over turns), None where Keras has none.

    Raises:
        ValueError: if an argument is not as above.

    Example:
        >>> rows = run_losses(["sparsemax"], seconds=0.01, repeats=1)
    """
    chosen = NAMES if losses is None else tuple(losses)
    for name in chosen:
        checks.one_of("loss", name, NAMES)
    repeats = checks.integer("repeats", repeats, minimum=1)
    seconds = checks.number("seconds", seconds)
    process = _measure.Measured(1, BATCH_SIZE, _measure.chosen_cpus(1))
    try:
        rows = [
            _row(name, process, seconds, repeats)
            for name in track(("step", *chosen), "losses", transient=True)
        ]
    finally:
        process.close()
    if output is not None:
        _measure.write_report(output, "losses", rows, seconds=seconds, repeats=repeats)
    Terminal().print(_table(rows))
    return rows


def _row(name, process, seconds, repeats):
    wanted = ["loss:step"] if name == "step" else [f"loss:ours:{name}", f"loss:keras:{name}"]
    running = []
    for contestant in wanted:
        if "missing" not in process.ask("load", name=contestant):
            process.ask("start", name=contestant)
            running.append((process, contestant))
    turns = _measure.take_turns(running, seconds, repeats)
    rates = list(turns.values())
    return {
        "loss": name,
        "microseconds": 1e6 * BATCH_SIZE / statistics.median(rates[0]),
        "ratio": _measure.ratio(*rates) if len(rates) == 2 else None,
    }


def _table(rows):
    title = f"Loss and gradient, {BATCH_SIZE} x {NUM_CLASSES}, one core"
    made = table(title, "loss", "µs per step", "as fast as Keras")
    for row in rows:
        ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f} x"
        made.add_row(row["loss"], f"{row['microseconds']:.0f}", ratio)
    return made
