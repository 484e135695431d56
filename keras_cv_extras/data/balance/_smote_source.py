"""SMOTE as a source of samples: the neighbours found once, new samples in every epoch."""

from typing import Any

import numpy as np
import tensorflow as tf

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import ArrayLike, Tensor
from keras_cv_extras.data._rows import Rows
from keras_cv_extras.data.balance import _draws, _frames, _labelled, _neighbors, _smote, _targets


class SmoteSource(Rows):
    """Real images, and synthetic ones of the small classes between them, new in every epoch.

    Only the real images (in their own type) and the numbers of each treated sample's neighbours
    are held in memory; a new sample exists from when its batch is read. What it is, is a
    function of the seed, the epoch and its number: `source.samples([n], epoch)` shows it again.

    Args:
        x: `(n, height, width, channels)` training images, or loaded data (`data.load`), of which
            the training part is taken; or a table `(n, features)`, an array or a data frame of
            numbers, which a pipeline takes without policy and mix.
        y: `(n,)` classes, or one-hot rows; None with loaded data.
        sampling_strategy: how many samples each class gets, as in `smote`.
        k_neighbors: neighbours that are interpolated with, as in `smote`.
        seed: an integer.
        base: "even" takes the samples of a class in turns; "random" draws them.
        neighbors_in: where distances are measured, as in `smote`; samples are interpolated in
            pixels.
        engine: "sklearn" or "faiss".
        single: "error" or "duplicate", for a class of one sample.
        held_out: None, or images that must not be among `x`.

    Attributes:
        count: samples of an epoch; the real ones come first.
        num_real: how many are real.
        neighbors: `{class: (rows, table)}` of the treated classes: the rows of their samples, and
            for each of them the numbers of its neighbours in `rows`.

    Raises:
        TypeError, ValueError: if an argument is not as above.

    Example:
        >>> source = SmoteSource(x, y, neighbors_in=encoder, seed=1)
        >>> train = pipeline(source, 128, policy=rand_augment(), seed=1)
    """

    takes_tables = True

    def __init__(
        self,
        x: ArrayLike,
        y: ArrayLike | None = None,
        *,
        sampling_strategy: _targets.Strategy = "auto",
        k_neighbors: Any = 5,
        seed: int = 0,
        base: str = "even",
        neighbors_in: Any = "pixels",
        engine: str = "sklearn",
        single: str = "error",
        held_out: Any | None = None,
    ) -> None:
        _neighbors.check_neighbors(k_neighbors, engine)
        self.base: Any = checks.one_of("base", base, _smote.BASES)
        self.seed: int = checks.integer("seed", seed)
        images, labels = _labelled.training_part(_frames.in_one_type("x", x), y, held_out)
        super().__init__(images, labels)
        self.num_real: int = len(images)
        classes, _ = _labelled.as_classes(labels)
        added = _targets.added(sampling_strategy, classes)
        added = {item: number for item, number in added.items() if number}
        rows: Any = _neighbors.features(images, neighbors_in) if added else None
        self.neighbors: dict[Any, Any] = {}
        for item in added:
            members = np.flatnonzero(classes == item)
            table = _smote.table_of_class(rows[members], item, k_neighbors, engine, single)
            self.neighbors[item] = members, table.astype(np.int32)
        self.count: int = self.num_real + sum(added.values())
        self._dtype: Any = _labelled.working_type(images.dtype)
        self._tables(list(added.values()))

    def _tables(self, added):
        """Lays the classes' tables end to end, for gathers by number."""
        tables = [table for _, table in self.neighbors.values()]
        if not tables:
            return
        members = [rows for rows, _ in self.neighbors.values()]
        sizes = np.array([len(rows) for rows in members])
        starts = np.cumsum(sizes) - sizes
        widest = max(table.shape[1] for table in tables)
        padded = np.zeros((sizes.sum(), widest), np.int32)
        for start, rows, table in zip(starts, members, tables, strict=True):
            padded[start : start + len(table), : table.shape[1]] = rows[table]
        self._ends = tf.constant(np.cumsum(added))
        self._begins = tf.constant(np.cumsum(added) - added)
        self._sizes, self._starts = tf.constant(sizes), tf.constant(starts)
        self._widths = tf.constant([table.shape[1] for table in tables], tf.int64)
        self._members, self._padded = tf.constant(np.concatenate(members)), tf.constant(padded)

    def samples(self, numbers: Tensor, epoch: int = 0) -> Any:
        """Returns `(images, labels)` arrays of samples, given their numbers in an epoch."""
        numbers = tf.convert_to_tensor(np.asarray(numbers, np.int64))
        images, labels = self.gather(numbers, tf.constant(epoch, tf.int64))
        return images.numpy(), tf.nest.map_structure(lambda values: values.numpy(), labels)

    def gather(self, samples: Tensor, epoch: Tensor) -> Any:
        """Returns `(images, labels)` of samples, by their numbers."""
        if not self.neighbors:
            return self.take(samples)
        first, second, steps = self.pairs(samples, epoch)
        begin, labels = self.take(first)
        end = tf.gather(self.images, second)
        steps = tf.reshape(tf.cast(steps, self._dtype), [-1] + [1] * (len(begin.shape) - 1))
        start = tf.cast(begin, self._dtype)
        values = start + steps * (tf.cast(end, self._dtype) - start)
        return tf.cast(tf.round(values) if begin.dtype.is_integer else values, begin.dtype), labels

    def pairs(self, samples: Tensor, epoch: Tensor) -> Any:
        """Returns what samples are made of: two rows, and how far they lie from the first.

        A real sample is its own pair, at distance 0.
        """
        new = samples - self.num_real
        is_new = new >= 0
        new = tf.maximum(new, 0)
        number = tf.searchsorted(self._ends, new, side="right")
        place = new - tf.gather(self._begins, number)
        size = tf.gather(self._sizes, number)
        if self.base == "even":
            chosen = _draws.in_turn(self.seed, number, epoch, place, size)
        else:
            chosen = _draws.index(self.seed, epoch, samples, _draws.MEMBER, size)
        line = tf.gather(self._starts, number) + chosen
        width = tf.gather(self._widths, number)
        nearest = _draws.index(self.seed, epoch, samples, _draws.NEIGHBOR, width)
        first = tf.where(is_new, tf.gather(self._members, line), samples)
        second = tf.gather_nd(self._padded, tf.stack([line, nearest], axis=-1))
        second = tf.where(is_new, tf.cast(second, tf.int64), samples)
        steps = tf.where(is_new, _draws.step(self.seed, epoch, samples), 0.0)
        return first, second, steps
