"""Pooling without aliasing: a binomial blur before cells are left out."""

import functools
import math
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.numbers import floats
from keras_cv_extras._base.types import Config, Sizes, Tensor
from keras_cv_extras.layers.pooling._base import Pooling


class _BlurPooling(Pooling):
    """Returns the binomially weighted average around the centre of every window.

    The low-pass filter `[1, 2, 1] / 4` (for three taps) along every spatial axis, at every
    `strides`-th place, the edges mirrored: a strided layer that hardly changes when its input
    shifts by a cell. The number of outputs is that of Keras' pooling with the same arguments.

    Args:
        pool_size: the size of the windows whose middles are averaged around, an integer or one
            per spatial axis.
        padding: "valid" or "same", which decide how many windows there are.
        filter_size: taps of the filter along each spatial axis, an integer or one per axis, no
            fewer than a window has; None for the larger of the window's and 3.

    Raises:
        ValueError: if the filter is smaller than a window, which would ignore cells.

    References:
        [Making convolutional networks shift-invariant again](https://arxiv.org/abs/1904.11486)
    """

    example = "(2)(x)"

    def __init__(
        self,
        pool_size: Sizes = 2,
        strides: Sizes | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        filter_size: Sizes | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, **kwargs)
        if filter_size is None:
            filter_size = tuple(max(size, 3) for size in self.pool_size)
        self.filter_size: tuple[int, ...] = checks.sizes("filter_size", filter_size, self.rank)
        if any(t < size for t, size in zip(self.filter_size, self.pool_size, strict=True)):
            raise ValueError(
                f"filter_size must be at least pool_size, received {self.filter_size} for windows "
                f"of {self.pool_size}: a smaller filter would ignore cells"
            )

    def pool(self, x: Tensor, training: bool | None) -> Tensor:
        """Returns the pooled `x` of shape `(batch, *spatial, channels)`."""
        edges = []
        for axis in range(self.rank):
            window, step, taps = self.pool_size[axis], self.strides[axis], self.filter_size[axis]
            before, after = -(-(taps - window) // 2), (taps - window) // 2
            if self.padding == "same":
                size = ops.shape(x)[axis + 1]
                known = isinstance(size, int)
                total = (-(-size // step) - 1) * step + window - size
                total = max(total, 0) if known else ops.maximum(total, 0)
                before, after = before + total // 2, after + total - total // 2
            edges.append((before, after))
        blurred = blur(floats(x), self.filter_size, self.strides, edges)
        return ops.cast(blurred, x.dtype)

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {**super().get_config(), "filter_size": self.filter_size}


class _MaxBlurPooling(Pooling):
    """Returns max pooling without aliasing: dense maxima, blurred, then every `strides`-th.

    Maxima of the windows at every place, the low-pass filter `[1, 2, 1] / 4` (for three taps)
    along every spatial axis with its edges mirrored, and a cell at every `strides`-th place. The
    number of outputs is that of Keras' max pooling with the same arguments.

    Args:
        strides: the step from cell to cell of the outputs; None for `pool_size`.
        filter_size: taps of the filter along each spatial axis, an integer or one per axis.

    References:
        [Making convolutional networks shift-invariant again](https://arxiv.org/abs/1904.11486)
    """

    example = "(3, strides=2)(x)"

    def __init__(
        self,
        pool_size: Sizes = 2,
        strides: Sizes | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        filter_size: int = 3,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, **kwargs)
        self.filter_size: tuple[int, ...] = checks.sizes("filter_size", filter_size, self.rank)

    def pool(self, x: Tensor, training: bool | None) -> Tensor:
        """Returns the pooled `x` of shape `(batch, *spatial, channels)`."""
        highest = self.highest(floats(x), strides=1)
        edges = [((taps - 1) // 2, taps // 2) for taps in self.filter_size]
        return ops.cast(blur(highest, self.filter_size, self.strides, edges), x.dtype)

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {**super().get_config(), "filter_size": self.filter_size}


def blur(x, filter_size, strides, edges):
    """Returns the binomially weighted average around every `strides`-th place.

    Args:
        x: floats, `(batch, *spatial, channels)`.
        filter_size: taps of the filter along each spatial axis.
        strides: from output to output along each spatial axis.
        edges: for each spatial axis by how many mirrored cells the filter may begin before it
            and end behind it.
    """
    x = mirrored(x, edges)
    if len(edges) <= 2 and len(set(strides)) == 1:  # what there is a depthwise convolution for
        weights = functools.reduce(np.multiply.outer, map(_binomial, filter_size))
        shape = (*filter_size, x.shape[-1], 1)
        kernel = np.broadcast_to(weights[..., None, None], shape).astype(
            keras.backend.standardize_dtype(x.dtype)
        )
        return ops.depthwise_conv(x, kernel, strides[0], "valid", "channels_last")
    for axis, (taps, step) in enumerate(zip(filter_size, strides, strict=True), start=1):
        x = _blur_along(x, axis, taps, step)
    return x


def _binomial(taps):
    return np.array([math.comb(taps - 1, i) / 2 ** (taps - 1) for i in range(taps)])


def _blur_along(x, axis, taps, step):
    index = [slice(None)] * axis
    total = None
    for tap, weight in enumerate(_binomial(taps)):
        behind = taps - 1 - tap
        part = float(weight) * x[(*index, slice(tap, -behind if behind else None, step))]
        total = part if total is None else total + part
    return total


def mirrored(x, edges):
    """Returns `x` with mirrored cells around it, the edge cells not repeated.

    Axes of any size: where they are shorter than what is asked for, mirrors face each other.

    Args:
        x: `(batch, *spatial, channels)`.
        edges: for each spatial axis how many cells before it, and how many behind it.
    """
    pads = [(0, 0), *edges, (0, 0)]
    sizes = ops.shape(x)
    fits = [
        isinstance(size, int) and all(isinstance(p, int) and p < size for p in pad)
        for size, pad in zip(sizes[1:-1], edges, strict=True)
    ]
    if all(fits):
        return ops.pad(x, pads, mode="reflect") if any(map(any, edges)) else x
    for axis, (before, after) in enumerate(edges, start=1):
        size = sizes[axis]
        places = ops.arange(0, size + before + after, dtype="int32") - before
        period = ops.maximum(2 * (size - 1), 1)
        places = ops.mod(ops.abs(places), period)
        x = ops.take(x, ops.minimum(places, period - places), axis=axis)
    return x


class BlurPooling1D(_BlurPooling, rank=1):
    pass


class BlurPooling2D(_BlurPooling, rank=2):
    pass


class BlurPooling3D(_BlurPooling, rank=3):
    pass


class MaxBlurPooling1D(_MaxBlurPooling, rank=1):
    pass


class MaxBlurPooling2D(_MaxBlurPooling, rank=2):
    pass


class MaxBlurPooling3D(_MaxBlurPooling, rank=3):
    pass
