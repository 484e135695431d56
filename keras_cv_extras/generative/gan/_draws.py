"""The random numbers of a GAN: functions of a seed, a step or class, and a sample."""

import math

from keras import ops

from keras_cv_extras._base import random


def normal(seed, epoch, samples, slot, count):
    """Draws `(samples, count)` standard normal numbers from pairs of uniform ones (Box-Muller)."""
    half = (count + 1) // 2
    slots = ops.arange(int(slot), int(slot) + 2 * half, dtype="int32")[None]
    epoch = epoch[:, None] if len(getattr(epoch, "shape", ())) else epoch
    draws = random.uniform(seed, epoch, samples[:, None], slots)
    radius = ops.sqrt(-2 * ops.log(1 - draws[:, :half]))  # of 1 - u, which is never 0
    angle = 2 * math.pi * draws[:, half:]
    return ops.concatenate([radius * ops.cos(angle), radius * ops.sin(angle)], axis=1)[:, :count]


def uniform(seed, step, count, first_slot, num_draws):
    """Draws `(count, num_draws)` numbers in [0, 1) for the images of a batch.

    Args:
        seed: an integer.
        step: an integer scalar tensor, of training.
        count: images, an integer scalar.
        first_slot: of those that the counter generator has for a sample.
        num_draws: how many numbers an image gets.
    """
    samples = ops.arange(count, dtype="int32")[:, None]
    slots = ops.arange(first_slot, first_slot + num_draws, dtype="int32")[None]
    return random.uniform(seed, step, samples, slots)
