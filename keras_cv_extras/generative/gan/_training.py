"""Training of a GAN in parts: progress, sample sheets and scores after each, and going on."""

import math
import pathlib
import time
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from keras_cv_extras._base import checks, files
from keras_cv_extras._base.files import write_png
from keras_cv_extras._base.owned import fields, folders, kinds
from keras_cv_extras._base.types import ArrayLike, Path
from keras_cv_extras.generative import _evaluation, _sheet

_SCORED = 1000  # synthetic images of each score over training
_FIRST = 25  # steps to the first picture


def train_gan(
    gan: Any,
    x: ArrayLike,
    y: ArrayLike,
    *,
    steps: int,
    directory: Path,
    every: int = 250,
    batch_size: int = 64,
    balanced: bool = True,
    network: Any | None = None,
    held_out: ArrayLike | None = None,
    seed: int = 0,
    progress: bool = True,
) -> list[dict[str, Any]]:
    """Trains a GAN, and shows on the way what it makes.

    Interrupted and called again with the same directory, it goes on, bit by bit as if it had
    not been interrupted.

    Args:
        gan: a compiled `ConditionalGAN`.
        x: `(n, height, width, channels)` training images.
        y: `(n,)` classes.
        steps: training steps, a multiple of `every`.
        directory: for progress.json, samples.png and samples/, checkpoint/, and gan.keras in
            the end.
        every: steps between two checkpoints, sheets and scores.
        batch_size: real images of a step.
        balanced: whether batches hold all classes alike. Otherwise rare classes are seen as
            rarely as they are.
        network: None, or a `LocalFeatures` that scores the images on the way.
        held_out: `(images, labels)` of real images that they are compared with; with `network`.
        seed: an integer, for the order of the images.
        progress: whether to print a line after each part, and one at the first picture, which
            samples.png has after 25 steps of a longer part.

    Returns:
        A dictionary for each part: "step", the losses, "rate" of augmentation, "seconds" that
        its training took, and with a network the scores.

    Raises:
        DivergedError: if a loss becomes infinite or not a number.
        TypeError, ValueError: if an argument is not as above.

    Example:
        >>> gan = ConditionalGAN((28, 28, 1), 10, latent_size=8, width=8)
        >>> rows = train_gan(gan, x, labels, steps=2, every=2, directory="gan", progress=False)
    """
    from keras_cv_extras import data, training
    from keras_cv_extras.generative import _synthesis

    check_steps(steps, every)
    if (network is None) != (held_out is None):
        raise ValueError("network and held_out must be given together")
    x, y = _synthesis.checked_images(gan, x, y)
    source = data.BalancedSource(x, y, "largest", seed=seed) if balanced else (x, y)
    count = len(y) if isinstance(source, tuple) else source.count
    length = math.ceil(count / batch_size)
    directory = pathlib.Path(directory)
    file = directory / "progress.json"
    rows = []

    def part(number):
        first, skipped = divmod(number * every, length)
        batches = data.pipeline(
            source,
            batch_size,
            seed=seed,
            first_epoch=first,
            num_epochs=math.ceil((skipped + every) / length),
        )
        return batches.skip(skipped).take(every)

    if not gan.compiled:
        gan.compile()
    with folders.owned(directory, kinds.GAN):
        rows += read_parts(file)
        labels = np.arange(_SCORED) % gan.num_classes
        first = _FirstPicture(directory / "samples.png", steps, progress)
        while len(rows) * every < steps:
            began = time.monotonic()
            done = training.fit(
                gan,
                part,
                epochs=len(rows) + 1,
                checkpoint=directory / "checkpoint",
                callbacks=[] if rows or every <= _FIRST else [first],
                progress=False,
            )
            took = time.monotonic() - began
            row = {"step": int(gan.step), "seconds": round(took, 2), "rate": float(gan.rate)}
            row |= {name: values[len(rows)] for name, values in done.history.items()}
            if network is not None:
                made = gan.generate(labels), labels
                row |= _evaluation.evaluate_made(network, held_out, made).scores
            picture = _sheet.class_sheet(gan)
            write_png(picture, directory / "samples" / f"step-{row['step']:06d}.png")
            write_png(picture, directory / "samples.png")
            rows.append(row)
            files.write_json(file, {"network": network and network.name, "parts": rows})
            if progress:
                print(_line({**row, "step": len(rows) * every}, steps, every), flush=True)
        if int(gan.step) == 0:  # nothing was left to do: this only reads the checkpoint
            training.fit(
                gan, part, epochs=len(rows), checkpoint=directory / "checkpoint", progress=False
            )
        training.save_model(gan, directory / "gan.keras", overwrite=True)
    return rows


class _FirstPicture(keras.callbacks.Callback):
    """Shows what is made long before the first part ends, which may take minutes."""

    def __init__(self, path, steps, progress):
        super().__init__()
        self._path, self._steps, self._progress = path, steps, progress
        self._began, self._drawn = time.monotonic(), False

    def on_train_batch_end(self, batch, logs=None):
        """Writes the picture once."""
        if self._drawn or batch + 1 < _FIRST:
            return
        self._drawn = True
        write_png(_sheet.class_sheet(self.model), self._path)
        if self._progress:
            took = time.monotonic() - self._began
            print(
                f"step {batch + 1:6d} of {self._steps}: a first picture is in {self._path} "
                f"({took:.0f} s)",
                flush=True,
            )


def read_parts(path: pathlib.Path) -> list[dict[str, Any]]:
    """Returns the parts of a training that its `progress.json` tells of; none without a file."""
    if not path.exists():
        return []
    numbers = None, fields.no_number, checks.number  # earlier versions wrote NaN
    return fields.read(path, {"parts": [{"step": fields.count, str: numbers}]})["parts"]


def check_steps(steps: int, every: int) -> None:
    """Raises if a number of steps is not made of whole parts."""
    checks.integer("every", every, minimum=1)
    if checks.integer("steps", steps, minimum=1) % every:
        raise ValueError(f"steps must be a multiple of every, {every}, received {steps}")


def _line(row, steps, every):
    text = (
        f"step {row['step']:6d} of {steps}: generator {row['generator_loss']:.3f}, "
        f"discriminator {row['discriminator_loss']:.3f}"
    )
    scores = ("local_fid", "precision", "recall", "coverage")
    for name in scores:
        if row.get(name) is not None:
            text += f", {name.replace('local_fid', 'local FID')} {row[name]:.2f}"
    text += f" ({1000 * row['seconds'] / every:.0f} ms a step)"
    if has_collapsed(row):
        text += (
            "\nwarning: likely collapsed: the images look real but are nearly all alike. Look at "
            "samples.png; give more images of a class, or fewer steps"
        )
    return text


def has_collapsed(scores: Mapping[str, Any]) -> bool:
    """Whether scores show a collapse: precise images that cover little of the real ones.

    Args:
        scores: a dictionary with "precision" and "recall", as `evaluate_made` gives; None where
            they were not measured.

    Example:
        >>> has_collapsed({"precision": 0.95, "recall": 0.01})
        True
    """
    precision, recall = scores.get("precision"), scores.get("recall")
    return precision is not None and recall is not None and precision > 0.5 and recall < 0.1
