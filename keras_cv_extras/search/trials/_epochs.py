"""Epochs of augmented images in memory.

A child network is trained for a second or two, again and again. To begin a pass over a
`tf.data` pipeline takes longer than that. So images are augmented many at a time.
"""

import keras
import numpy as np

from keras_cv_extras._base import random
from keras_cv_extras._base.random import PARTNER_SLOT
from keras_cv_extras.policy import Padded, StackShape

_CHUNK = 4096  # images that are augmented at a time: enough to be quick, and little memory


class Epochs:
    """The epochs of labelled images, each in its own order and with its own draws.

    Args:
        images: `(n, height, width, channels)`.
        labels: `(n,)`, integers.
        batch_size: images per step.
        num_classes: how many classes there are, for labels that are mixed or smoothed.
        shape: a `StackShape`: the policies that it holds share one program.
    """

    def __init__(
        self, images, labels, batch_size: int, num_classes: int, shape: StackShape | None = None
    ):
        self.images, self.labels = np.asarray(images), np.asarray(labels)
        self._shape, self._num_classes = shape, num_classes
        batches = -(-len(self.labels) // batch_size)
        self._chunk = batch_size * min(batches, max(_CHUNK // batch_size, 1))

    def chunks(self, policy, seed: int, epoch: int, rows=None):
        """Gives `(images, labels)` of an epoch, some batches at a time.

        Labels are integers, or rows if the policy's `batch` mixes or smooths them.

        Args:
            policy: the augmentation, with its settings of batches.
            seed: an integer.
            epoch: its number: another one has another order and other draws.
            rows: numbers of the images to use, which are then seen more often; None for all.
        """
        order, samples = self._order(seed, epoch, rows)
        batch = policy.batch
        if batch.repeats > 1:
            order, samples = self._repeated(order, samples, batch.repeats)
        if self._shape is not None and self._shape.holds(policy):
            policy = Padded(policy, self._shape)
        for start in range(0, len(order), self._chunk):
            own = order[start : start + self._chunk]
            numbers = samples[start : start + self._chunk]
            # Another number of images would be another program.
            padding = (0, self._chunk - len(own))
            images = self.images[np.pad(own, padding, mode="edge")]
            padded = np.pad(numbers, padding, mode="edge")
            partners = self._partners(seed, epoch, padded) if policy.needs_partners else None
            images = policy(images, seed=seed, epoch=epoch, samples=padded, partners=partners)
            images, labels = images[: len(own)], self.labels[own]
            if batch.changes_labels:
                images, labels = self._blended(images, labels, batch, seed, epoch, numbers)
            yield images, labels

    def _repeated(self, order, samples, repeats):
        """Puts every image several times in a row, and as many fewer of them into the epoch."""
        count = len(order)
        views = np.tile(np.arange(repeats), -(-count // repeats))[:count]
        span = samples.max() // len(self.labels) + 1  # of the samples' numbers, in epochs
        order, samples = (np.repeat(one, repeats)[:count] for one in (order, samples))
        return order, samples + views * span * len(self.labels)

    def _blended(self, images, labels, batch, seed, epoch, samples):
        mix = batch.make_mix(self._num_classes)
        if mix is None:
            rows = np.eye(self._num_classes, dtype="float32")[labels]
        else:
            samples = samples.astype("uint32")
            # A graph: to compile for every rate and alpha takes longer than it saves.
            images, rows = mix(
                images, labels, seed=seed, epoch=epoch, samples=samples, compile=False
            )
        if batch.label_smoothing:
            share = batch.label_smoothing
            rows = keras.ops.convert_to_numpy(rows) * (1 - share) + share / self._num_classes
        return images, rows

    def _order(self, seed, epoch, rows):
        count = len(self.labels)
        if rows is None:
            order = random.permutation(count, seed, epoch)
            return order, order
        repeats = -(-count // len(rows))
        passes = [
            np.asarray(rows)[random.permutation(len(rows), seed, epoch * repeats + number)]
            for number in range(repeats)
        ]
        # An image that comes again in an epoch is augmented anew.
        samples = [own + number * count for number, own in enumerate(passes)]
        return np.concatenate(passes)[:count], np.concatenate(samples)[:count]

    def _partners(self, seed, epoch, samples):
        drawn = random.uniform(seed, epoch, samples.astype("uint32"), PARTNER_SLOT)
        rows = (keras.ops.convert_to_numpy(drawn) * len(self.images)).astype(int)
        return self.images[rows]
