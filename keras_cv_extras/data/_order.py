"""The order of an epoch's samples, and their draws: functions without a state.

Datasets run on TensorFlow, whatever the backend of Keras.
"""

import numpy as np
import tensorflow as tf

from keras_cv_extras._base.random import threefry


def word(value):
    """Returns an integer or an integer tensor as a uint32 tensor, modulo 2**32."""
    if isinstance(value, (int, np.integer)):
        return tf.constant(int(value) % (1 << 32), tf.uint32)
    return tf.cast(value, tf.uint32)


def samples_at(places, epoch, *, count, seed, shuffle, shard):
    """Returns the numbers of the samples that stand at places of a shard's epoch.

    Args:
        places: `(n,)` int64, from 0.
        epoch: an int64 scalar.
        count: samples in all.
        seed: an integer.
        shuffle: whether the order differs from epoch to epoch.
        shard: `(index, count)`: a shard has every `count`-th sample.
    """
    index, shards = shard
    samples = places * shards + index
    if not shuffle or count == 1:
        return samples
    key = tf.stack([word(seed), tf.cast(epoch, tf.uint32)])
    return tf.random.experimental.index_shuffle(  # pyright: ignore[reportAttributeAccessIssue]
        samples, key, count - 1
    )


def uniform(seed, epoch, samples, slot):
    """Draws numbers uniformly from [0, 1): the bits that `_base.random.uniform` draws.

    Args:
        seed: an integer or integer tensor.
        epoch: likewise.
        samples: `(n,)`, the numbers of the samples.
        slot: an integer or integers, which broadcast with `samples`.
    """
    words = [word(value) for value in (seed, epoch, samples, slot)]
    bits, _ = threefry(words[:2], words[2:], library=tf.bitwise)
    return tf.cast(tf.bitwise.right_shift(bits, tf.constant(8, tf.uint32)), tf.float32) / (1 << 24)
