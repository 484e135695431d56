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


_BYTE = 8  # bits
# Odd numbers, of the finalizer of MurmurHash3 and of the golden ratio.
_SPREAD = (0x9E3779B9, 0x85EBCA6B, 0xC2B2AE35)


def key_of(*values):
    """Returns the three words of a key for TensorFlow's shuffle of indices.

    It reads the lowest eight bits of each word, and of more than 2**16 indices nine and more: the
    orders of epochs 0 and 256 would be one. What is above is hashed into all three words. Numbers
    below 256 stay as they are.

    Args:
        *values: two or three, integers or integer tensors that broadcast.
    """
    words = [word(value) for value in (*values, 0)[:3]]
    byte = tf.constant(_BYTE, tf.uint32)
    mixed = word(0)
    for one, factor in zip(words, _SPREAD, strict=True):
        mixed += tf.bitwise.right_shift(one, byte) * word(factor)
    for shift, factor in zip((16, 13), _SPREAD[1:], strict=True):
        mixed = tf.bitwise.bitwise_xor(mixed, tf.bitwise.right_shift(mixed, word(shift)))
        mixed *= word(factor)
    parts = [tf.bitwise.right_shift(mixed, word(8 * number)) for number in range(3)]
    return [tf.bitwise.bitwise_xor(one, part) for one, part in zip(words, parts, strict=True)]


def shuffle_key(seed, epoch):
    """Returns the key of an epoch's order, for `samples_at`.

    Args:
        seed: an integer.
        epoch: an int64 scalar.
    """
    *words, more = key_of(seed, epoch)
    # What `tf.random.experimental.index_shuffle` calls, with this number for the first word.
    return tf.stack([tf.bitwise.bitwise_xor(more, word(498247692)), *words])


def samples_at(places, epoch, *, count, seed, shuffle, shard, key=None):
    """Returns the numbers of the samples that stand at places of a shard's epoch.

    Args:
        places: `(n,)` int64, from 0.
        epoch: an int64 scalar.
        count: samples in all.
        seed: an integer.
        shuffle: whether the order differs from epoch to epoch.
        shard: `(index, count)`: a shard has every `count`-th sample.
        key: `shuffle_key` of seed and epoch, where it is known.
    """
    index, shards = shard
    samples = places * shards + index
    if not shuffle or count == 1:
        return samples
    key = shuffle_key(seed, epoch) if key is None else key
    return tf.raw_ops.RandomIndexShuffle(index=samples, seed=key, max_index=count - 1, rounds=4)


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
