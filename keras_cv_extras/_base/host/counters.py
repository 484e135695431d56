"""The generator behind all random numbers, and orders that are drawn on the host; NumPy alone.

References:
    Salmon et al., Parallel random numbers: as easy as 1, 2, 3,
    [SC 2011](https://doi.org/10.1145/2063384.2063405)
"""

import numpy as np

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))  # table 2 of the paper
_PARITY = 0x1BD11BDA


def threefry(key, counter, library, constant):
    """Returns the 64 random bits of a counter under a key, as two words.

    Args:
        key: a pair of uint32 tensors.
        counter: a pair of uint32 tensors; all four broadcast.
        library: `keras.ops` for tensors, `numpy` for arrays on the host, `tf.bitwise` for tensors
            of TensorFlow whatever the backend.
        constant: makes a word of an integer, as the library has words.

    Returns:
        A pair of uint32 tensors or arrays.
    """
    xor = library.bitwise_xor
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


def permutation(count, seed, epoch=0):
    """Returns the numbers 0 to `count - 1` in a random order, on the host.

    Args:
        count: how many numbers.
        seed: an integer.
        epoch: an integer; another epoch gives another order.

    Returns:
        A NumPy int64 array of shape `(count,)`.
    """
    key = (modulo(seed), modulo(epoch))
    counter = (np.arange(count, dtype=np.uint32), np.uint32(0))
    with np.errstate(over="ignore"):  # the generator counts modulo 2**32
        high, low = threefry(key, counter, np, np.uint32)
    order = (high.astype(np.uint64) << np.uint64(32)) | low
    return np.argsort(order, kind="stable")


def modulo(value):
    """Returns an integer as a word, modulo 2**32."""
    return np.uint32(int(value) % (1 << 32))
