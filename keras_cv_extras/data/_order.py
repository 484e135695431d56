"""The order of an epoch's samples: a function of seed and epoch, without a state."""

import operator

import tensorflow as tf


def word(seed):
    """Returns a seed, any integer, as a uint32 tensor."""
    return tf.constant(operator.index(seed) % (1 << 32), tf.uint32)


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
