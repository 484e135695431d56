"""Counter-based random numbers: a draw is a function of where it is used, not of a state.

`uniform(seed, epoch, sample, slot)` names one number. The same four integers give the same
bits under TensorFlow, XLA and JAX, in any batch, on any replica and after any resumption; so a
sample's augmentation can be repeated, and explained, from its number alone.

The generator is Threefry-2x32 with 20 rounds, key `(seed, epoch)` and counter `(sample, slot)`.

References:
    Salmon et al., Parallel random numbers: as easy as 1, 2, 3,
    [SC 2011](https://doi.org/10.1145/2063384.2063405)
"""

import functools
import statistics

import numpy as np
from keras import ops

from keras_cv_extras._base import engine
from keras_cv_extras._base.host import counters
from keras_cv_extras._base.host.counters import permutation as permutation

# Who draws from which slots: policies from 0, a step after the other; then mixes; then pipelines.
MIX_SLOT = 1 << 29
PARTNER_SLOT = 1 << 30  # the draw of a second image
CROP_SLOT = PARTNER_SLOT + 1  # the four draws of a box that is decoded


def threefry(key, counter, *, library=ops):
    """Returns the 64 random bits of a counter under a key, as two words.

    Args:
        key: a pair of uint32 tensors.
        counter: a pair of uint32 tensors; all four broadcast.
        library: `keras.ops` for tensors, `numpy` for arrays on the host, `tf.bitwise` for tensors
            of TensorFlow whatever the backend.

    Returns:
        A pair of uint32 tensors or arrays.
    """
    if library is ops:
        return _of_tensors(*key, *counter)
    return counters.threefry(key, counter, library, np.uint32)


@engine.shared
def _of_tensors(seed, epoch, sample, slot):
    return counters.threefry((seed, epoch), (sample, slot), ops, as_word)


def uniform(seed, epoch, sample, slot):
    """Draws numbers uniformly from [0, 1).

    Args:
        seed: an integer, or an integer tensor. Integers count modulo 2**32, here and below.
        epoch: likewise.
        sample: the number of the sample in its data set; likewise.
        slot: which draw of the sample; likewise. All four broadcast.

    Returns:
        A float32 tensor of the broadcast shape, with 24 random bits.
    """
    words = [as_word(value) for value in (seed, epoch, sample, slot)]
    bits, _ = threefry(words[:2], words[2:])
    # 24 bits fill the mantissa of a float32: every value is exact, and 1 is not reached.
    return ops.cast(ops.right_shift(bits, as_word(8)), "float32") * (1.0 / (1 << 24))


def of_key(key, count):
    """Draws numbers uniformly from [0, 1), for a kernel.

    Args:
        key: a whole number in [0, 2**24), a scalar tensor; another key gives other numbers.
        count: how many numbers, an integer. The first ones are the same for any count.

    Returns:
        A float32 tensor of shape `(count,)`, with 24 random bits each.
    """
    return uniform(key, 0, ops.arange(count, dtype="int32"), 0)


def order_of_key(key, count):
    """Draws an order of the numbers 0 to `count - 1`, for a kernel; all are equally likely.

    Args:
        key: a whole number in [0, 2**24), a scalar tensor; another key gives other numbers.
        count: how many numbers, a small integer: the work grows with its square.

    Returns:
        An int32 tensor of shape `(count,)`.
    """
    numbers, place = of_key(key, count), ops.arange(count, dtype="int32")
    # How many numbers are smaller. Of two equal ones the first counts as the smaller.
    smaller = numbers[None] < numbers[:, None]
    tied = ops.logical_and(numbers[None] == numbers[:, None], place[None] < place[:, None])
    return ops.sum(ops.cast(ops.logical_or(smaller, tied), "int32"), axis=1)


def halves_of_key(key, count):
    """Draws whole numbers uniformly from [0, 2**16), for a kernel that needs one per pixel.

    Args:
        key: a whole number in [0, 2**24), a scalar tensor; another key gives other numbers.
        count: how many numbers, an integer or a scalar tensor.

    Returns:
        An int32 tensor of shape `(count,)`: four numbers from the 64 bits of one counter.
    """
    counter = ops.arange((count + 3) // 4, dtype="int32")
    words = threefry((as_word(key), as_word(0)), (as_word(counter), as_word(1)))
    return ops.reshape(halves_of(words), (-1,))[:count]


def halves_of(words):
    """Takes the bits of counters apart.

    Args:
        words: a pair of uint32 tensors of one shape, from `threefry`.

    Returns:
        An int32 tensor of shape `(4, *shape)`: whole numbers in [0, 2**16).
    """

    def quarter(part):
        word = ops.where(part < 2, *words)
        shift = ops.cast(part % 2 * 16, "uint32")
        return ops.cast(ops.bitwise_and(ops.right_shift(word, shift), as_word(0xFFFF)), "int32")

    # In a loop, so that the words are kept: put together at once, each would be computed anew
    # for all four of its numbers, and the branches between take nine times as long.
    return engine.map_rows(quarter, ops.arange(4, dtype="int32"))


def normal_of_halves(halves):
    """Turns whole numbers drawn from [0, 2**16) into draws from the standard normal distribution.

    They are the 65,536 quantiles at the middles of as many equal shares, looked up: as good as
    continuous for images, the same bits everywhere, and none is further out than 4.33.

    Args:
        halves: an int32 tensor; see `halves_of_key`.

    Returns:
        A float32 tensor of the same shape.
    """
    return engine.take(ops.convert_to_tensor(_normal_quantiles()), halves, axis=0)


@functools.cache
def _normal_quantiles():
    inverse = statistics.NormalDist().inv_cdf
    upper = np.array([inverse((half + 0.5) / 65536) for half in range(32768, 65536)], "float32")
    return np.concatenate([-upper[::-1], upper])


def as_word(value):
    """Returns an integer or an integer tensor as a uint32 tensor, modulo 2**32."""
    if isinstance(value, (int, np.integer)):
        return ops.convert_to_tensor(counters.modulo(value))
    return ops.cast(value, "uint32")
