"""Counter-based random numbers: a draw is a function of where it is used, not of a state.

`uniform(seed, epoch, sample, slot)` names one number. The same four integers give the same
bits under TensorFlow, XLA and JAX, in any batch, on any replica and after any resumption; so a
sample's augmentation can be repeated, and explained, from its number alone.

The generator is Threefry-2x32 with 20 rounds, key `(seed, epoch)` and counter `(sample, slot)`.

References:
    Salmon et al., Parallel random numbers: as easy as 1, 2, 3,
    [SC 2011](https://doi.org/10.1145/2063384.2063405)
"""

import numpy as np
from keras import ops

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))  # table 2 of the paper
_PARITY = 0x1BD11BDA


def threefry(key, counter, *, library=ops):
    """Returns the 64 random bits of a counter under a key, as two words.

    Args:
        key: a pair of uint32 tensors.
        counter: a pair of uint32 tensors; all four broadcast.
        library: `keras.ops` for tensors, `numpy` for arrays on the host.

    Returns:
        A pair of uint32 tensors or arrays.
    """
    xor = library.bitwise_xor
    constant = np.uint32 if library is np else as_word
    keys = (key[0], key[1], xor(xor(key[0], key[1]), constant(_PARITY)))
    first, second = counter[0] + keys[0], counter[1] + keys[1]
    for block in range(5):
        for rotation in _ROTATIONS[block % 2]:
            first = first + second
            second = library.bitwise_or(
                library.left_shift(second, constant(rotation)),
                library.right_shift(second, constant(32 - rotation)),
            )
            second = xor(second, first)
        first = first + keys[(block + 1) % 3]
        second = second + keys[(block + 2) % 3] + constant(block + 1)
    return first, second


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


def permutation(count, seed, epoch=0):
    """Returns the numbers 0 to `count - 1` in a random order, on the host.

    Args:
        count: how many numbers.
        seed: an integer.
        epoch: an integer; another epoch gives another order.

    Returns:
        A NumPy int64 array of shape `(count,)`.
    """
    key = (_modulo(seed), _modulo(epoch))
    counter = (np.arange(count, dtype=np.uint32), np.uint32(0))
    with np.errstate(over="ignore"):  # the generator counts modulo 2**32
        high, low = threefry(key, counter, library=np)
    order = (high.astype(np.uint64) << np.uint64(32)) | low
    return np.argsort(order, kind="stable")


def as_word(value):
    """Returns an integer or an integer tensor as a uint32 tensor, modulo 2**32."""
    if isinstance(value, (int, np.integer)):
        return ops.convert_to_tensor(_modulo(value))
    return ops.cast(value, "uint32")


def _modulo(value):
    return np.uint32(int(value) % (1 << 32))
