"""Draws of rows inside tf.data, each a function of seed, epoch and sample number."""

import tensorflow as tf

from keras_cv_extras.data._order import key_of, uniform, word

# Beyond the slots that policies and partners draw from: a sample's draws do not depend on theirs.
MEMBER, NEIGHBOR, STEP, KEEP = (1 << 30) + 1, (1 << 30) + 2, (1 << 30) + 3, (1 << 30) + 4

_CLASS = 0x9E3779B9  # odd: multiples of it spread over 32 bits, away from neighbouring seeds


def index(seed, epoch, samples, slot, count):
    """Draws a number in [0, count) for each sample; `count` may differ between them."""
    share = uniform(seed, epoch, samples, slot)
    # In float64, so that 24 random bits reach every number, and none is count itself.
    chosen = tf.cast(share, tf.float64) * tf.cast(count, tf.float64)
    return tf.cast(chosen, tf.int64)


def step(seed, epoch, samples):
    """Draws how far each sample lies from its base to its neighbour, in [0, 1)."""
    return uniform(seed, epoch, samples, STEP)


def in_turn(seed, number, epoch, places, count):
    """Gives places 0, 1, 2, ... of a class numbers in [0, count), each once before any again.

    Every round of `count` places has another order, and so have epochs, seeds and classes.
    """
    count = tf.cast(count, tf.int64)
    rounds = tf.cast(places // count, tf.uint32)
    first, *others = key_of(seed, epoch, rounds)
    words = (first + tf.cast(number, tf.uint32) * word(_CLASS), *others)
    keys = tf.stack([tf.broadcast_to(item, tf.shape(rounds)) for item in words], axis=-1)
    # The raw operation, since `tf.random.experimental.index_shuffle` pads a matrix of keys along
    # the wrong axis. It takes no set of one element; 4 rounds are what that function asks for.
    chosen = tf.raw_ops.RandomIndexShuffle(
        index=places % count, seed=keys, max_index=tf.maximum(count, 2) - 1, rounds=4
    )
    return tf.where(count > 1, chosen, tf.zeros_like(chosen))
