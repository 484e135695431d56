"""Samples in memory, which a pipeline gathers by number and epoch."""

from typing import Any

import numpy as np
import tensorflow as tf

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import ArrayLike, Tensor


class Rows:
    """Images and labels in memory: sample number i is row i, in every epoch.

    What a pipeline reads from. A subclass may number its samples otherwise, and make them anew
    in every epoch: it sets `count` and overrides `gather`, a function of the numbers and of the
    epoch alone.

    Attributes:
        count: samples of an epoch.
        images: the real images, `(n, height, width, channels)`, or where a subclass takes tables
            too, `(n, features)`.
        labels: a nest of tensors with n rows.
        takes_tables: whether it does.
    """

    takes_tables: bool = False

    def __init__(self, images: ArrayLike, labels: ArrayLike) -> None:
        array = _checked(checks.unmasked("images", images), self.takes_tables)
        self.count: int = len(array)
        if isinstance(labels, list) and all(np.ndim(label) == 0 for label in labels):
            labels = np.asarray(labels)  # one row for each image, and no nest of tensors
        self.labels: Any = tf.nest.map_structure(self._rows, labels)
        self.images: Any = tf.convert_to_tensor(array)

    def gather(self, samples: Tensor, epoch: Tensor) -> Any:
        """Returns `(images, labels)` of samples.

        Args:
            samples: `(batch,)` int64, numbers below `count`.
            epoch: an int64 scalar.
        """
        del epoch
        return self.take(samples)

    def take(self, rows: Tensor) -> Any:
        """Returns real images and their labels, by row."""
        labels = tf.nest.map_structure(lambda values: tf.gather(values, rows), self.labels)
        return tf.gather(self.images, rows), labels

    @property
    def flat(self) -> tuple[Any, ...]:
        """The labels, or the labels and the sample weights."""
        return self.labels if isinstance(self.labels, tuple) else (self.labels,)

    def _rows(self, labels):
        labels = checks.unmasked("labels", labels)
        if labels.ndim == 0 or len(labels) != self.count:
            raise ValueError(
                f"labels must have one row per image, {self.count}, received shape {labels.shape}"
            )
        if labels.dtype.kind == "f" and not np.isfinite(labels).all():
            wrong = ~np.isfinite(labels.reshape(self.count, -1)).all(axis=1)
            raise ValueError(
                f"labels must not hold NaN or infinity, received it for {wrong.sum()} images, the "
                f"first of them number {wrong.argmax()}: leave them out"
            )
        texts = labels.dtype.kind == "O" and all(
            isinstance(one, str | bytes) for one in labels.flat
        )
        if labels.dtype.kind not in "iufbSUT" and not texts:
            raise TypeError(
                f"labels must be numbers, texts or truth values, received {labels.dtype}"
            )
        # TensorFlow does not know NumPy's own type of texts of any length.
        return tf.convert_to_tensor(labels.astype(object) if labels.dtype.kind == "T" else labels)


class EpochStream:
    """A stream of samples that differ from epoch to epoch."""

    element_spec: tuple[Any, ...]

    def of_epoch(self, epoch: Tensor) -> "tf.data.Dataset[Any]":
        """Returns the unbatched dataset of an epoch, an int64 scalar tensor."""
        raise NotImplementedError

    def cardinality(self) -> Any:
        """Returns how many samples an epoch has, or that it is unknown."""
        return tf.data.UNKNOWN_CARDINALITY


def _checked(images, takes_tables):
    if images.ndim != 4 and not (takes_tables and images.ndim == 2):
        table = ", or a table (count, features)" if takes_tables else ""
        raise ValueError(
            f"images must have shape (count, height, width, channels){table}, received shape "
            f"{images.shape}"
        )
    if 0 in images.shape:
        raise ValueError(f"images must not be empty, received shape {images.shape}")
    checks.finite_images("images", images)
    return images
