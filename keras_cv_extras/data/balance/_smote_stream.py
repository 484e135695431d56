"""SMOTE on a stream that does not fit in memory: neighbours from a reservoir of each class."""

from typing import Any

import numpy as np
import tensorflow as tf

from keras_cv_extras._base import checks
from keras_cv_extras.data._rows import EpochStream
from keras_cv_extras.data.balance import _draws

_MOST = 1 << 12  # copies of one sample at most; its draws take this many numbers


class SmoteStream(EpochStream):
    """A stream of samples, with new ones of its small classes mixed in as they pass.

    Of each class a uniform sample of what has passed is kept (a reservoir). A passing sample of
    a class that is rarer so far than the most frequent one is followed by new samples between it
    and its nearest neighbours in the reservoir: as many as make
    its class as large as the largest, up to a limit.
    The first samples of a stream, which have no neighbours yet, pass alone. Counts and reservoirs
    begin anew in every epoch, and are part of an iterator's checkpoint.

    Args:
        dataset: unbatched `tf.data.Dataset` of `(image, label)`: images of one known shape,
            labels integer scalars in [0, num_classes).
        num_classes: how many classes there are.
        k_neighbors: neighbours that are interpolated with.
        seed: an integer.
        capacity: samples that each class' reservoir holds.
        most: new samples for each real one, at most.
        chunk: samples that are worked on at a time. Samples are neighbours of those of later
            chunks only.

    Raises:
        TypeError, ValueError: if an argument is not as above.

    References:
        [Vitter, algorithm R](https://doi.org/10.1145/3147.3165)

    Example:
        >>> stream = SmoteStream(dataset, num_classes=10, seed=1)
        >>> train = pipeline(stream, 128, policy=rand_augment(), seed=1)
    """

    def __init__(
        self,
        dataset: "tf.data.Dataset[Any]",
        num_classes: int,
        *,
        k_neighbors: int = 5,
        seed: int = 0,
        capacity: int = 256,
        most: int = 20,
        chunk: int = 64,
    ) -> None:
        spec: Any = dataset.element_spec if isinstance(dataset, tf.data.Dataset) else None
        if not isinstance(spec, tuple) or len(spec) != 2:
            raise TypeError(f"dataset must be a tf.data.Dataset of (image, label), received {spec}")
        image, label = spec
        if not image.shape.is_fully_defined() or image.shape.rank < 1:
            raise ValueError(f"images must have one known shape, received {image.shape}")
        if label.shape.rank != 0 or not label.dtype.is_integer:
            raise ValueError(
                f"labels must be integer scalars, received {label.dtype.name} of {label.shape}: "
                "unbatch the dataset, and give the numbers of classes"
            )
        self.dataset: tf.data.Dataset[Any] = dataset
        self.element_spec: tuple[Any, ...] = spec
        self.num_classes: int = checks.integer("num_classes", num_classes, minimum=2)
        self.k_neighbors: int = checks.integer("k_neighbors", k_neighbors, minimum=1)
        self.seed: int = checks.integer("seed", seed)
        self.capacity: int = checks.integer("capacity", capacity, minimum=self.k_neighbors)
        self.most: int = checks.integer("most", most, minimum=0)
        self.chunk: int = checks.integer("chunk", chunk, minimum=1)
        if self.most >= _MOST:
            raise ValueError(f"most must be below {_MOST}, received {most}")

    def of_epoch(self, epoch: int) -> "tf.data.Dataset[Any]":
        """Returns the unbatched dataset of an epoch."""
        shape, dtype = self.element_spec[0].shape, self.element_spec[0].dtype
        state = (
            tf.zeros([self.num_classes, self.capacity, int(np.prod(shape))], dtype),
            tf.zeros([self.num_classes], tf.int64),  # real samples so far
            tf.zeros([self.num_classes], tf.int64),  # real and new ones
        )

        def advance(state, numbered):
            kept, seen, given = state
            numbers, (images, labels) = numbered
            flat = tf.reshape(images, [tf.shape(images)[0], -1])
            order = _rank_in_class(labels)
            copies, given = self._copies(labels, order, seen, given)
            new, new_labels = self._new(flat, labels, numbers, copies, kept, seen, epoch)
            out = tf.concat([images, tf.reshape(new, [-1, *shape])], axis=0)
            kept, seen = self._keep(flat, labels, order, numbers, kept, seen, epoch)
            return (kept, seen, given), (out, tf.concat([labels, new_labels], axis=0))

        numbered = self.dataset.enumerate().batch(self.chunk)
        return numbered.scan(state, tf.autograph.experimental.do_not_convert(advance)).unbatch()

    def _copies(self, labels, order, seen, given):
        """Returns how many new samples follow each sample, and the samples of each class then."""
        total = tf.math.bincount(
            tf.cast(labels, tf.int32), minlength=self.num_classes, dtype=tf.int64
        )
        largest = tf.reduce_max(seen + total)
        given = given + total
        # Shared out among the samples of the class in this chunk, earlier ones first.
        missing = tf.where(seen > 0, tf.maximum(largest - given, 0), 0)
        share = tf.gather(missing, labels)
        number = tf.maximum(tf.gather(total, labels), 1)
        copies = share // number + tf.cast(order < share % number, tf.int64)
        copies = tf.minimum(copies, self.most)
        added = tf.math.unsorted_segment_sum(copies, labels, self.num_classes)
        return copies, given + added

    def _new(self, flat, labels, numbers, copies, kept, seen, epoch):
        """Returns the new samples that follow those of a chunk."""
        base = tf.repeat(tf.range(tf.shape(labels)[0]), copies)
        starts = tf.cumsum(copies, exclusive=True)
        copy = tf.range(tf.shape(base, tf.int64)[0]) - tf.gather(starts, base)
        # Neighbours are looked for where they are needed; `line` is where a sample has its own.
        needed = tf.where(copies > 0)[:, 0]
        line = tf.gather(tf.cumsum(tf.cast(copies > 0, tf.int64)) - 1, base)
        nearest, widths = self._nearest(
            tf.gather(flat, needed), tf.gather(labels, needed), kept, seen
        )
        samples = tf.gather(numbers, base) * _MOST + copy
        width = tf.gather(widths, line)
        place = _draws.index(self.seed, epoch, samples, _draws.NEIGHBOR, width)
        number = tf.cast(tf.gather(labels, base), tf.int64)
        chosen = tf.gather_nd(nearest, tf.stack([line, place], axis=-1))
        other = tf.gather_nd(kept, tf.stack([number, tf.cast(chosen, tf.int64)], axis=-1))
        kind = _kind(flat.dtype)
        start = tf.cast(tf.gather(flat, base), kind)
        steps = tf.cast(_draws.step(self.seed, epoch, samples), kind)[:, None]
        values = start + steps * (tf.cast(other, kind) - start)
        values = tf.round(values) if flat.dtype.is_integer else values
        return tf.cast(values, flat.dtype), tf.gather(labels, base)

    def _nearest(self, flat, labels, kept, seen):
        """Returns for each sample of a chunk the places of its neighbours, and how many it has."""
        kind = _kind(flat.dtype)
        pool = tf.cast(tf.gather(kept, labels), kind)  # (chunk, capacity, values)
        distance = tf.reduce_sum((pool - tf.cast(flat, kind)[:, None]) ** 2, axis=-1)
        size = tf.minimum(tf.gather(seen, labels), self.capacity)
        empty = tf.range(self.capacity, dtype=tf.int64) >= size[:, None]
        distance = tf.where(empty, tf.constant(np.inf, kind), distance)
        _, places = tf.math.top_k(-distance, self.k_neighbors)
        return places, tf.clip_by_value(size, 1, self.k_neighbors)

    def _keep(self, flat, labels, order, numbers, kept, seen, epoch):
        """Takes the samples of a chunk into the reservoirs, each with the chance it has earned."""
        before = tf.gather(seen, labels) + order
        drawn = _draws.index(self.seed, epoch, numbers * _MOST, _draws.KEEP, before + 1)
        place = tf.where(before < self.capacity, before, drawn)
        taken = tf.cast(tf.where(place < self.capacity)[:, 0], tf.int64)
        place, number = tf.gather(place, taken), tf.cast(tf.gather(labels, taken), tf.int64)
        # Of two for one place the later one stays, as if they had come one by one.
        key = number * self.capacity + place
        later = (key[None, :] == key[:, None]) & (taken[None, :] > taken[:, None])
        last = tf.where(~tf.reduce_any(later, axis=1))[:, 0]
        where = tf.stack([tf.gather(number, last), tf.gather(place, last)], axis=-1)
        rows = tf.gather(flat, tf.gather(taken, last))
        kept = tf.tensor_scatter_nd_update(kept, where, rows)
        total = tf.math.bincount(
            tf.cast(labels, tf.int32), minlength=self.num_classes, dtype=tf.int64
        )
        return kept, seen + total


def _kind(dtype):
    """The type of floats to compute in: one that holds all numbers of images and of most tables."""
    return tf.float32 if dtype.size <= 2 or dtype == tf.float32 else tf.float64


def _rank_in_class(labels):
    """Returns for each label how many before it are the same."""
    same = labels[None, :] == labels[:, None]
    earlier = tf.linalg.band_part(tf.cast(same, tf.int32), -1, 0)
    return tf.cast(tf.reduce_sum(earlier, axis=1) - 1, tf.int64)
