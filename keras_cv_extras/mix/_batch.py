"""What goes into a mix, and what comes out: batches, their rows of labels, their partners.

Rows are a tuple: the labels alone, or the labels and the sample weights.
"""

import dataclasses
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_cv_extras._base import engine, label_forms
from keras_cv_extras._base.images.batches import as_batch, as_partners
from keras_cv_extras.mix._labels import mixed_labels, weighted


@dataclasses.dataclass(frozen=True)
class Blend:
    """Mixed images, and what they are made of.

    Args:
        images: `(batch, height, width, channels)`.
        parts: for the image and each partner its rows.
        shares: `(batch, parts)`, float32, that sum to one.
    """

    images: Any
    parts: list[Any]
    shares: Any

    def finish(self, num_classes: int | None = None, label_smoothing: float = 0.0) -> Any:
        """Returns the images, and their rows joined."""
        shares, weights = self.shares, [part[1] for part in self.parts if len(part) == 2]
        joined = ()
        if weights:
            shares, total = weighted(shares, weights)
            joined = (total,)
        labels = mixed_labels(
            [part[0] for part in self.parts],
            shares,
            num_classes=num_classes,
            label_smoothing=label_smoothing,
        )
        return self.images, (labels, *joined)


def as_images(images):
    """Returns a batch of images as a tensor; raises if it is a single image, or none."""
    tensor, _ = as_batch(images)
    shape = getattr(images, "shape", None) or np.shape(images)  # that of Pillow's images
    if len(shape) == 3:
        raise ValueError(
            "images must be a batch of shape (batch, height, width, channels): a single image has "
            f"no partner; received shape {tuple(shape)}"
        )
    return tensor


def as_rows(labels, images, count=1, num_classes=None, whose="labels"):
    """Returns labels, or a pair of labels and sample weights, as rows.

    Args:
        labels: what is to be mixed with the images.
        images: `(batch, height, width, channels)`.
        count: how many rows there are for an image, along the second axis if there are several.
        num_classes: None, or how many classes there are.
        whose: what a message calls the labels.

    Raises:
        TypeError, ValueError: if they are something else: of several outputs, or of pixels.
    """
    given = given_rows(labels)
    rows = tuple(map(_as_numbers, given))
    batch, several = images.shape[0], int(count > 1)
    for name, row in zip(("labels", "sample weights"), rows, strict=False):
        shape = tuple(row.shape)
        if not shape or (None not in (shape[0], batch) and shape[0] != batch):
            raise ValueError(f"{name} must have one row per image, {batch}, received shape {shape}")
        if len(shape) > 2 + several:
            raise ValueError(
                f"{name} must have shape (batch,) or (batch, classes), received {shape}: a mix "
                "takes no masks, and no labels that are mixed already"
            )
    if len(rows) == 2:
        _check_weights(rows[1], several)
    label_forms.check_to_mix(given, num_classes, whose, several)
    return rows


def given_rows(labels):
    """Returns labels, or labels and sample weights, as a tuple of what was given."""
    pair = isinstance(labels, (tuple, list)) and any(len(getattr(x, "shape", ())) for x in labels)
    if isinstance(labels, dict) or (pair and len(labels) != 2):
        raise TypeError(
            "a mix takes labels, or a pair (labels, sample weights), of one output; received "
            f"a {type(labels).__name__} of {len(labels)}: mix the labels of one output"
        )
    rows = tuple(labels) if pair else (labels,)
    return tuple(np.asarray(row) if isinstance(row, (list, tuple)) else row for row in rows)


def _as_numbers(labels):
    dtype = getattr(labels, "dtype", None)
    if labels is None or getattr(dtype, "kind", "f") in "OSU" or "string" in str(dtype):
        what = "None" if labels is None else "objects" if str(dtype) == "object" else "text"
        raise TypeError(f"labels must be numbers, received {what}: give each class a number")
    return ops.convert_to_tensor(labels)


def _check_weights(weights, several):
    shape = tuple(weights.shape)[1 + several :]
    if shape not in ((), (1,)) or label_forms.is_integer(weights):
        raise ValueError(
            "of a pair (labels, sample weights) the second must be floats (batch,), received "
            f"{keras.backend.standardize_dtype(weights.dtype)} of shape {tuple(weights.shape)}: a "
            "mix takes the labels of one output"
        )


def from_rows(rows):
    """Returns labels, or the pair of labels and sample weights."""
    return rows if len(rows) == 2 else rows[0]


def as_others(partners, images, rows, count, num_classes=None):
    """Returns the partners of a batch: a list of `count` pairs of images and rows.

    Args:
        partners: integers `(batch,)`, or `(batch, count)` for several; or a pair of images and
            labels, of shapes like the first ones, with an axis `(batch, count, ...)` for several.
        images: the first images.
        rows: their rows.
        count: how many partners an image has.
        num_classes: None, or how many classes there are.
    """
    shape = "(batch,)" if count == 1 else f"(batch, {count})"
    is_pair = isinstance(partners, (tuple, list)) and len(partners) == 2
    if is_pair and len(getattr(partners[0], "shape", ())) >= 4:
        given = ops.convert_to_tensor(partners[0])
        given = [given] if count == 1 else [given[:, i] for i in range(count)]
        their = as_rows(partners[1], images, count, num_classes, "labels of partners")
        if len(their) != len(rows):
            raise ValueError("partners must have sample weights if and only if images have them")
        return [
            (
                as_partners(other, images),
                tuple(row if count == 1 else row[:, i] for row in their),
            )
            for i, other in enumerate(given)
        ]
    index = ops.convert_to_tensor(partners)
    wanted = 1 if count == 1 else 2
    if len(index.shape) != wanted or (wanted == 2 and index.shape[1] != count):
        raise ValueError(
            f"partners must be integers {shape}, places in the batch, or a pair (images, labels); "
            f"received shape {tuple(index.shape)}"
        )
    index = ops.cast(index, "int32")
    batch = images.shape[0]
    if not engine.is_traced(index) and batch is not None:
        values = ops.convert_to_numpy(index)
        if len(values) != batch or values.min() < 0 or values.max() >= batch:
            raise ValueError(
                f"partners must be {batch} places in the batch, from 0 to {batch - 1}, received "
                f"{values.tolist()}"
            )
    columns = [index] if count == 1 else [index[:, i] for i in range(count)]
    return [gather(images, rows, column) for column in columns]


def gather(images, rows, index):
    """Returns the images and rows at some places of a batch."""
    return (
        engine.take(images, index, axis=0),
        tuple(engine.take(row, index, axis=0) for row in rows),
    )
