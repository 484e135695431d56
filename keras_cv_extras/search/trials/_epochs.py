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
        shape: a `StackShape`: the policies that it holds share one program.
    """

    def __init__(self, images, labels, batch_size: int, shape: StackShape | None = None):
        self.images, self.labels = np.asarray(images), np.asarray(labels)
        self._shape = shape
        batches = -(-len(self.labels) // batch_size)
        self._chunk = batch_size * min(batches, max(_CHUNK // batch_size, 1))

    def chunks(self, policy, seed: int, epoch: int, rows=None):
        """Gives `(images, labels)` of an epoch, some batches at a time.

        Args:
            policy: the augmentation.
            seed: an integer.
            epoch: its number: another one has another order and other draws.
            rows: numbers of the images to use, which are then seen more often; None for all.
        """
        order, samples = self._order(seed, epoch, rows)
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
            yield images[: len(own)], self.labels[own]

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
