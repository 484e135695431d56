"""Stochastic pooling: a cell drawn in proportion to its activation."""

import functools
import itertools
import math

from keras import ops

from keras_cv_extras._base.engine import runner
from keras_cv_extras._base.numbers import floats
from keras_cv_extras._base.random import as_word, threefry
from keras_cv_extras._base.types import Tensor
from keras_cv_extras.layers.pooling._base import DrawnPooling, cells, pad_same, resized


def _weights(views):
    return [ops.maximum(floats(view), 0.0) for view in views]


def draw(x, seed, pool_size, strides):
    """Returns the drawn cell of every whole window of `x`; the gradient goes to it alone.

    Compiled with XLA, forward and backward: what is one pass over the data there is one for every
    cell of a window as separate operations, and the random numbers a hundred.

    Args:
        x: `(batch, *spatial, channels)`.
        seed: two uint32 numbers.
        pool_size: a window's size along each spatial axis.
        strides: the step along each spatial axis.
    """
    windows = {"pool_size": pool_size, "strides": strides}

    @ops.custom_gradient
    def pooled(x):
        value, index = runner(drawn_cells, True, x, **windows)(x, seed)

        def gradient(*arguments, upstream=None):
            (upstream,) = (upstream,) if upstream is not None else arguments
            put_back = runner(returned, True, upstream, **windows)
            spread = put_back(upstream, index)
            for axis in range(1, len(pool_size) + 1):
                spread = resized(spread, axis, ops.shape(x)[axis])
            return spread

        return value, gradient

    return pooled(x)


def drawn_cells(x, seed, *, pool_size, strides):
    """Draws a cell of every window, in proportion to its positive part.

    Returns:
        The values of the drawn cells, `(batch, *windows, channels)`, and their numbers within
        their windows. The first cell, in a window without a positive one.
    """
    views = cells(x, pool_size, strides)
    # What is behind cell i weighs `tails[i]`. Sums that run backwards need no care for zeros: a
    # cell that weighs nothing leaves the sum as it is, so what passes the cell before passes it;
    # and nothing passes the first where all weigh nothing.
    *tails, total = itertools.accumulate(reversed(_weights(views)), ops.add)
    drawn = total * ops.cast(_numbers(seed, ops.shape(total)), total.dtype)
    value = views[0]
    index = ops.zeros_like(total, dtype="uint8" if len(views) <= 256 else "int32")
    for view, tail in zip(views[1:], reversed(tails), strict=True):
        passed = tail > drawn
        value = ops.where(passed, view, value)
        index = index + ops.cast(passed, index.dtype)
    return value, index


def _numbers(seed, shape):
    """Returns uniform numbers in [0, 1), one per window and channel.

    Their bits are the windows' numbers, mixed with two words that Threefry makes of the seed:
    Threefry for each window would take longer than all the rest of the pooling.
    """
    words = threefry((as_word(seed[0]), as_word(seed[1])), (as_word(0), as_word(0)))
    bits = ops.cast(ops.arange(math.prod(shape), dtype="int32"), "uint32")
    for word in words:
        bits = _avalanche(ops.bitwise_xor(bits, word))
    # 24 bits fill the mantissa of a float32: every value is exact, and 1 is not reached.
    numbers = ops.cast(ops.right_shift(bits, as_word(8)), "float32") * (1.0 / (1 << 24))
    return ops.reshape(numbers, shape)


def _avalanche(bits):
    """Returns uint32 numbers of which every bit depends on all bits of those given, one to one.

    The last step of MurmurHash3's 32-bit form, by Austin Appleby, in the public domain.
    """
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        bits = ops.bitwise_xor(bits, ops.right_shift(bits, as_word(shift))) * as_word(factor)
    return ops.bitwise_xor(bits, ops.right_shift(bits, as_word(16)))


def returned(upstream, index, *, pool_size, strides):
    """Returns what was drawn to its places: the reverse of `drawn_cells`, zero elsewhere.

    Args:
        upstream: `(batch, *windows, channels)`, what belongs to the windows.
        index: the number of the drawn cell in every window.
        pool_size: a window's size along each spatial axis.
        strides: the step along each spatial axis.

    Returns:
        `(batch, *blocks, channels)`: as many blocks of `strides` cells as windows reach into.
    """
    rank = len(pool_size)
    # By how many blocks of `strides` cells a window reaches beyond its first.
    reach = [(window - 1) // step for window, step in zip(pool_size, strides, strict=True)]
    counts = [ops.shape(upstream)[axis + 1] + reach[axis] for axis in range(rank)]
    pads = [(0, 0), *((blocks, blocks) for blocks in reach), (0, 0)]
    upstream, index = ops.pad(upstream, pads), ops.pad(index, pads)
    parts = []
    # Cells at the same place of their blocks are sums over the windows that reach them, a block
    # earlier each; and the blocks are put together at the end. Adding windows to a map of zeros
    # would be a pass over the whole map for every cell of a window.
    for phases in itertools.product(*map(range, strides)):
        part = ops.zeros_like(upstream[_blocks([0] * rank, counts)])
        for blocks in itertools.product(*(range(far + 1) for far in reach)):
            offsets = [b * s + p for b, s, p in zip(blocks, strides, phases, strict=True)]
            if any(o >= window for o, window in zip(offsets, pool_size, strict=True)):
                continue
            number = 0
            for offset, window in zip(offsets, pool_size, strict=True):
                number = number * window + offset
            place = _blocks([far - b for far, b in zip(reach, blocks, strict=True)], counts)
            here = index[place] == ops.cast(number, index.dtype)
            part = part + ops.where(here, upstream[place], ops.zeros_like(part))
        parts.append(part)
    for axis in reversed(range(1, rank + 1)):
        step = strides[axis - 1]
        parts = [
            _interleaved(parts[start : start + step], axis) for start in range(0, len(parts), step)
        ]
    return parts[0]


def _blocks(starts, counts):
    """Returns the index of some blocks along the spatial axes."""
    spatial = (slice(start, start + count) for start, count in zip(starts, counts, strict=True))
    return (slice(None), *spatial)


def _interleaved(parts, axis):
    """Returns parts with their cells in turns along an axis."""
    if len(parts) == 1:
        return parts[0]
    shape = list(ops.shape(parts[0]))
    shape[axis] = shape[axis] * len(parts)
    return ops.reshape(ops.stack(parts, axis=axis + 1), shape)


def weighted_average(views):
    """Returns the average of the cells, weighted by their positive parts: `sum a^2 / sum a`.

    Zero in a window without a positive cell.
    """
    weights = _weights(views)
    top = functools.reduce(ops.maximum, weights)
    # Relative to the largest cell, squares neither overflow nor vanish.
    scale = ops.where(top > 0, top, 1.0)
    total = sum(weight / scale for weight in weights)
    squares = sum((weight / scale) * (weight / scale) for weight in weights)
    average = scale * squares / ops.where(top > 0, total, 1.0)
    return ops.cast(average, views[0].dtype)


class _StochasticPooling(DrawnPooling):
    """Draws one cell of every window in training; averages all by their probability at inference.

    Cell i of a window has the probability `a_i / sum a`, where a is the positive part of the
    inputs. In training a cell is drawn, for every window and channel anew, and the gradient
    goes to it alone. At inference the output is the expectation `sum a_i^2 / sum a`. A window
    without a positive cell gives its first cell in training, and zero at inference; after a
    ReLU both are zero. Draws are made in at least float32 whatever the type of the inputs is.

    Args:
        strides: the step from window to window; None for `pool_size`. Overlapping windows draw
            independently.
        padding: "valid" or "same"; cells of padding are never drawn before others.

    References:
        [Zeiler and Fergus](https://arxiv.org/abs/1301.3557)
    """

    example = "(2)(x, training=True)"

    def pool(self, x: Tensor, training: bool | None) -> Tensor:
        """Returns the pooled `x` of shape `(batch, *spatial, channels)`."""
        if self.padding == "same":
            x = pad_same(x, self.pool_size, self.strides)
        if not training:
            return weighted_average(cells(x, self.pool_size, self.strides))
        return draw(x, self.seed_generator.next(), self.pool_size, self.strides)


class StochasticPooling1D(_StochasticPooling, rank=1):
    pass


class StochasticPooling2D(_StochasticPooling, rank=2):
    pass


class StochasticPooling3D(_StochasticPooling, rank=3):
    pass
