"""The random numbers of a batch: each a function of seed, epoch, sample and slot."""

import dataclasses
import functools
from typing import Any

import numpy as np
import scipy.special
from keras import ops

from keras_cv_extras._base.engine import is_traced
from keras_cv_extras._base.random import (
    MIX_SLOT,
    as_word,
    halves_of,
    normal_of_halves,
    threefry,
    uniform,
)
from keras_cv_extras._base.text import caller

_FIXED = (
    "every batch will be augmented with the same random numbers: in Dataset.map, tf.function or "
    "jit, give a `seed` or `epoch` that is a tensor and changes, or the numbers of the `samples`; "
    "data.pipeline and the layers, such as layers.PolicyAugment, draw anew by themselves"
)
_MIX_SLOTS = 1 << 16  # how many slots one mix has to itself
_CELLS = 1 << 12  # of the table of a distribution, which is linear in between


@dataclasses.dataclass(frozen=True)
class Draws:
    """Draws numbers for every sample of a batch.

    Args:
        seed: a uint32 tensor.
        epoch: likewise.
        samples: `(batch,)`, uint32: the numbers of the samples in their data set.
        first_slot: where the slots of this mix begin.
    """

    seed: Any
    epoch: Any
    samples: Any
    first_slot: int = MIX_SLOT

    def apart(self, number: int) -> "Draws":
        """Returns the draws of another mix on the same samples, independent of these."""
        return dataclasses.replace(self, first_slot=self.first_slot + (number + 1) * _MIX_SLOTS)

    def uniform(self, slot: int) -> Any:
        """Returns one number in [0, 1) per sample, `(batch,)`."""
        return uniform(self.seed, self.epoch, self.samples, self.first_slot + slot)

    def uniforms(self, slot: int, count: int) -> Any:
        """Returns several numbers in [0, 1) per sample, `(batch, count)`."""
        slots = ops.arange(self.first_slot + slot, self.first_slot + slot + count, dtype="int32")
        return uniform(self.seed, self.epoch, self.samples[:, None], slots[None, :])

    def normals(self, slot: int, count: int) -> Any:
        """Returns several standard normal numbers per sample, `(batch, count)`.

        A slot gives four of them.
        """
        first = self.first_slot + slot
        slots = as_word(ops.arange(first, first + (count + 3) // 4, dtype="int32"))
        words = threefry((self.seed, self.epoch), (self.samples[:, None], slots[None, :]))
        quarters = ops.moveaxis(halves_of(words), 0, 1)
        batch = ops.shape(quarters)[0]
        return normal_of_halves(ops.reshape(quarters, (batch, -1))[:, :count])

    def beta(self, slot: int, first: float, second: float) -> Any:
        """Returns one number of the beta distribution per sample, `(batch,)`.

        The inverse of the distribution is taken from a table: one number of the generator makes
        one of the beta distribution, on any backend the same.
        """
        place = self.uniform(slot) * _CELLS
        cell = ops.cast(ops.floor(place), "int32")
        table = ops.convert_to_tensor(_quantiles(first, second))
        low, high = (ops.take(table, cell + step, axis=0) for step in (0, 1))
        return low + (high - low) * (place - ops.floor(place))

    def ring(self, slot: int) -> tuple[Any, Any]:
        """Orders the batch as a random ring; returns the sample's place and the order.

        A sample's neighbours in the ring depend on which samples the batch holds, not on how
        they are ordered, and are never the sample itself unless the batch is too small.
        """
        order = ops.argsort(self.uniform(slot))
        return ops.argsort(order), order


def draws_of(images, seed, epoch, samples) -> Draws:
    """Returns the draws of a batch; samples are numbered 0, 1, 2, ... if they are None.

    A program that knows all of it when it is traced would draw the same for every batch: it warns.
    """
    if samples is None:
        fixed = all(isinstance(number, (int, np.integer)) for number in (seed, epoch))
        if fixed and is_traced(images):
            caller.warn(_FIXED, once=True)
        samples = ops.arange(ops.shape(images)[0], dtype="int32")
    return Draws(as_word(seed), as_word(epoch), ops.reshape(as_word(samples), (-1,)))


@functools.cache
def _quantiles(first, second):
    """Values of the beta distribution at equally spaced probabilities from 0 to 1."""
    probabilities = np.arange(_CELLS + 1) / _CELLS
    return scipy.special.betaincinv(first, second, probabilities).astype("float32")
