"""Training time of pooling layers, beside Keras' max pooling and what one line of TensorFlow is."""

import inspect
import statistics
from typing import Any

from keras_cv_extras._base import checks
from keras_cv_extras._base.text.terminal import Terminal, table
from keras_cv_extras._base.types import Path
from keras_cv_extras.bench import _measure

POOLING = "pooling:"
SIZE, BATCH_SIZE, CHANNELS = 28, 32, 32
WINDOWS = ((2, 2), (3, 2))  # size and strides: side by side, and overlapping as in AlexNet
LAYERS = (
    "StochasticPooling2D",
    "S3Pooling2D",
    "MixedPooling2D",
    "GeneralizedMeanPooling2D",
    "SoftPooling2D",
    "LPPooling2D",
    "BlurPooling2D",
    "MaxBlurPooling2D",
)
_BASELINE = "MaxPooling2D"
_PLAIN = "plain "  # before a layer's name: what a user would write in its place


def run_pooling(
    layers: Any = LAYERS,
    seconds: float = 0.5,
    output: Path | None = None,
    *,
    cores: Any = 1,
    repeats: int = 5,
) -> list[dict[str, Any]]:
    """Measures forward and backward passes of pooling layers on 32 maps of 28x28x32.

    All layers take turns in one process with Keras' max pooling, inside a `tf.function`. A table
    is printed at the end.

    Args:
        layers: names of pooling layers of `keras_cv_extras.layers`.
        seconds: the least time of one measurement.
        output: None, or the path of a JSON file for the rows, the machine and the settings.
        cores: how many cores the process may use, a number or "all".
        repeats: how many times each layer is measured.

    Returns:
        A dictionary for every layer and window with `layer`, `pool_size`, `strides`, `cores`,
        `milliseconds` (the median), `ratio` (how many times as long as max pooling: the median
        over turns), `plain_ratio` (how many times as long as the plain expression in TensorFlow,
        which may overflow and has no gradient at a window of zeros; None where there is none)
        and `first_call_seconds` (tracing and compilation included).

    Raises:
        TypeError, ValueError: if an argument is not as above.
        RuntimeError: if a layer fails.

    Example:
        >>> rows = run_pooling(["SoftPooling2D"], seconds=0.01, repeats=1)
    """
    from keras_cv_extras.layers import pooling

    for layer in layers:
        checks.one_of("layer", layer, dir(pooling))
    repeats = checks.integer("repeats", repeats, minimum=1)
    seconds = checks.number("seconds", seconds)
    cpus = _measure.chosen_cpus(cores)
    rows = []
    console = Terminal()
    with console.status(f"{len(layers)} pooling layers"):
        for window, step in WINDOWS:
            rows += _run((_BASELINE, *layers), window, step, cpus, seconds, repeats)
    if output is not None:
        _measure.write_report(output, "pooling", rows, seconds=seconds, repeats=repeats)
    console.print(_table(rows))
    return rows


def _run(layers, window, step, cpus, seconds, repeats):
    plain = [_PLAIN + layer for layer in layers if layer in _plain_pooling()]
    names = {layer: f"{POOLING}{layer}:{window}:{step}" for layer in (*layers, *plain)}
    first, rows = {}, []
    process = _measure.Measured(SIZE, BATCH_SIZE, cpus)
    try:
        for name in names.values():
            process.ask("load", name=name)
            first[name] = process.ask("start", name=name)["seconds"]
        turns = _measure.take_turns([(process, name) for name in names.values()], seconds, repeats)
    finally:
        process.close()
    for layer in layers:
        name, other = names[layer], names.get(_PLAIN + layer)
        rows.append(
            {
                "layer": layer,
                "pool_size": window,
                "strides": step,
                "cores": len(cpus),
                "milliseconds": 1e3 * BATCH_SIZE / statistics.median(turns[name]),
                "ratio": _measure.ratio(turns[names[_BASELINE]], turns[name]),
                "plain_ratio": other and _measure.ratio(turns[other], turns[name]),
                "first_call_seconds": first[name],
            }
        )
    return rows


def step_of(name):
    """Returns what makes a function of images that trains on one batch of feature maps.

    Args:
        name: a layer's name, `pool_size` and `strides` with ":" between them.
    """
    layer, window, step = name.split(":")

    def make():
        import keras
        import tensorflow as tf

        from keras_cv_extras import layers
        from keras_cv_extras._base.random import uniform

        if layer.startswith(_PLAIN):
            pool = _plain_pooling(int(window), int(step))[layer.removeprefix(_PLAIN)]
        else:
            home = keras.layers if layer == _BASELINE else layers
            pool: Any = getattr(home, layer)(int(window), int(step))
        samples, slots = tf.range(BATCH_SIZE)[:, None], tf.range(SIZE * SIZE * CHANNELS)
        shape = (BATCH_SIZE, SIZE, SIZE, CHANNELS)
        # As behind a ReLU: half of the cells are zero.
        maps = [tf.nn.relu(tf.reshape(uniform(i, 0, samples, slots), shape) - 0.5) for i in (0, 1)]
        upstream: Any = tf.ones_like(pool(maps[0]))

        def train(images, number):
            # Another batch every time: what is the same in all runs of a loop is computed once.
            x = tf.cond(number % 2 == 0, lambda: maps[0], lambda: maps[1])
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = pool(x, training=True) if _takes_training(pool) else pool(x)
            slope = tape.gradient(y, x, output_gradients=upstream)
            return slope[:1, :1, :1, :1] + y[:1, :1, :1, :1]

        return train

    return make


def _plain_pooling(window=2, step=2):
    """Returns what a user would write in TensorFlow in place of some layers, by their names."""
    import numpy as np
    import tensorflow as tf

    average = lambda x: tf.nn.avg_pool2d(x, window, step, "VALID")  # noqa: E731
    taps = np.outer([1, 2, 1], [1, 2, 1])[..., None, None] / 16

    def blurred(x, before, after):
        kernel = np.broadcast_to(taps, (3, 3, x.shape[-1], 1)).astype("float32")
        sides = [[0, 0], [before, after], [before, after], [0, 0]]
        padded = tf.pad(x, sides, "REFLECT") if before + after else x
        return tf.nn.depthwise_conv2d(padded, kernel, (1, step, step, 1), "VALID")

    return {
        "GeneralizedMeanPooling2D": lambda x: average(tf.maximum(x, 1e-6) ** 3.0) ** (1 / 3),
        "SoftPooling2D": lambda x: average(tf.exp(x) * x) / average(tf.exp(x)),
        "LPPooling2D": lambda x: tf.sqrt(window**2 * average(tf.square(x))),
        "BlurPooling2D": lambda x: blurred(x, 3 - window, 0),
        "MaxBlurPooling2D": lambda x: blurred(tf.nn.max_pool2d(x, window, 1, "VALID"), 1, 1),
    }


def _takes_training(layer):
    return "training" in inspect.signature(getattr(layer, "call", layer)).parameters


def _table(rows):
    title = f"Forward and backward, {BATCH_SIZE}x{SIZE}x{SIZE}x{CHANNELS}, "
    columns = ("window", "layer", "ms", "max poolings", "plain expressions", "first call")
    made = table(f"{title}cores: {rows[0]['cores']}", *columns, names=2)
    for row in rows:
        made.add_row(
            f"{row['pool_size']}/{row['strides']}",
            row["layer"],
            f"{row['milliseconds']:.2f}",
            f"{row['ratio']:.1f}",
            f"{row['plain_ratio']:.2f}" if row["plain_ratio"] else "",
            f"{row['first_call_seconds']:.1f} s",
        )
    return made
