"""Streams of image files: batches of an epoch, without the files that cannot be read."""

import math
from functools import partial

import tensorflow as tf

from keras_cv_extras._base.datasets.transformations import (
    filtered,
    flat_mapped,
    mapped,
    scanned,
    unbatched,
)
from keras_cv_extras.data._order import samples_at, shuffle_key
from keras_cv_extras.data.files import _cost

_PLANNED = 64  # samples whose boxes are drawn at a time: for one it takes as long


class Files:
    """Batches of a `FilePart`, for `pipeline`.

    Files are decoded by parallel calls, in order. A call that fails leaves its sample out; the
    numbers that are missing in what comes out are the files that could not be read. A shuffled
    epoch begins anew in their place, so that it has as many batches as all files make: training
    schedules and several devices count on it. Otherwise, as for scores, nothing comes twice.
    """

    def __init__(self, data, batch_size, seed, shuffle, shard, shuffle_buffer, pairs):
        del shuffle_buffer
        self.part, self.batch_size, self.pairs = data, batch_size, pairs
        self.order = {"count": len(data), "seed": seed, "shuffle": shuffle, "shard": shard}
        index, shards = shard
        self.own = len(range(index, len(data), shards))
        if self.own == 0:
            raise ValueError(f"shard {shard} of {len(data)} files is empty")
        # Without shuffling it is not known: some files may not be readable.
        self.num_batches = math.ceil(self.own / batch_size) if shuffle else None
        self.held = data.holds_images

    def batches(self, epochs):
        """Gives images, labels and numbers of every batch."""
        return flat_mapped(epochs, self._images_held if self.held else self._epoch)

    def samples(self, batch):
        """Gives the numbers of a batch's samples."""
        return batch["samples"]

    def read(self, batch):
        """Adds images and labels where they are not there yet; and partners, the next images."""
        if self.held:
            batch = {**batch, "images": self.part._images_of(batch["samples"])}
        batch = {**batch, "labels": self.part.labels_of(batch["samples"])}
        return {**batch, "partners": tf.roll(batch["images"], -1, axis=0)} if self.pairs else batch

    def _images_held(self, epoch):
        places = tf.data.Dataset.range(self.own, output_type=tf.int64).batch(self.batch_size)
        samples = partial(samples_at, epoch=epoch, **self.order)
        return mapped(places, lambda own: {"epoch": epoch, "samples": samples(own)})

    def _epoch(self, epoch):
        key = shuffle_key(self.order["seed"], epoch)

        def planned(places):
            samples = samples_at(places, epoch, **self.order, key=key)
            return places, samples, *self.part._planned(samples, self.order["seed"], epoch)

        def decode(place, sample, *plan):
            return place, sample, self.part._decoded(sample, plan)

        places = tf.data.Dataset.range(self.own, output_type=tf.int64).batch(_PLANNED)
        calls = _cost.calls_at_once(self.part.facts)
        images = unbatched(mapped(places, planned))
        images = mapped(images, decode, num_parallel_calls=calls)
        images = images.ignore_errors(log_warning=False)
        if self.order["shuffle"]:
            # As often as it takes where no more are missing than may be.
            turns = math.ceil(self.own / (self.own - self._most_missing()))
            images = images.repeat(turns).take(self.own)
        # One more batch, that is always there, shows what is missing at the end.
        end = tf.constant([-1], tf.int64)
        end = tf.data.Dataset.from_tensors((end, end, tf.zeros((1, *self.part.shape), tf.uint8)))
        start = tuple(tf.constant(number, tf.int64) for number in (-1, 0, 0))
        batches = images.batch(self.batch_size).concatenate(end)
        batches = scanned(batches, start, lambda state, batch: self._seen(state, batch, epoch, key))
        batches = filtered(batches, lambda samples, images: samples[0] >= 0)
        named = lambda samples, images: {"epoch": epoch, "samples": samples, "images": images}  # noqa: E731
        return mapped(batches, named)

    def _seen(self, state, batch, epoch, key):
        """Notes the files that are missing before and in a batch.

        Places are counted on where an epoch begins anew: from there on what is missing is known.
        """
        last, bad, seen = state
        places, samples, images = batch
        own, most = self.own, self._most_missing()
        is_end = places[0] < 0
        before = tf.concat([[last % own], places[:-1]], 0)
        turns = last // own + tf.cumsum(tf.cast(places <= before, tf.int64))
        end = tf.constant(own, tf.int64)
        if self.order["shuffle"]:
            # It ends where it is full. If it is not, it has gone round, and found too little.
            end = tf.where(seen < own, (last // own + 2) * own, last + 1)
            bad = tf.where(is_end & (seen < own), tf.constant(most + 1, tf.int64), bad)
        reached = tf.where(is_end, end, places + own * turns)
        before = tf.concat([[last], reached[:-1]], 0)
        missing = tf.minimum(reached, own) - before - 1
        bad += tf.reduce_sum(tf.maximum(missing, 0))

        def note():
            steps = reached - last
            come = tf.scatter_nd(steps[:, None], tf.ones_like(steps), steps[-1:] + 1)
            lost = samples_at(
                (last + tf.where(come == 0)[1:, 0]) % own, epoch, **self.order, key=key
            )
            with tf.control_dependencies([self.part.note(lost)]):
                message = (
                    f"more than {most} of {len(self.part)} image files cannot be read, the last "
                    "of them"
                )
                check = tf.debugging.Assert(bad <= most, [message, self.part.paths_of(lost[-1])])
            with tf.control_dependencies([check]):
                return tf.identity(bad)

        bad = tf.cond(tf.reduce_any(reached > before + 1), note, lambda: bad)
        seen += tf.size(places, tf.int64)
        return (reached[-1], bad, seen), (samples, images)

    def _most_missing(self):
        """How many files may be missing; of a shuffled epoch, something has to be left."""
        most = self.part.most_bad
        return min(most, self.own - 1) if self.order["shuffle"] else most
