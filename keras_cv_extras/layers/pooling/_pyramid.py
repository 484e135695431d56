"""Spatial pyramid pooling: a fixed number of cells from maps of any size."""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.numbers import floats
from keras_cv_extras._base.saved.configs import attributes
from keras_cv_extras._base.types import Config, Shape, Tensor
from keras_cv_extras.layers.pooling._base import Ranked, channels_of, standard_data_format


class _SpatialPyramidPooling(Ranked, keras.layers.Layer):
    """Pools a map of any size into grids of 1, 2, 4, ... bins along each spatial axis.

    Bin i of n along an axis of `size` covers the cells from `floor(i * size / n)` to
    `ceil((i + 1) * size / n)`: every cell is in a bin, none is cropped, and an axis may be
    smaller than the number of bins. Outputs are as long for every size, so that dense layers can
    follow. TensorFlow Addons' layer of this name averages, and cropped what did not divide.

    Args:
        bins: for every level of the pyramid how many bins an axis has, an integer or one per
            spatial axis.
        pooling: "max", as in the paper, or "average".
        data_format: "channels_last", "channels_first" or None for Keras' setting.
        **kwargs: the arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: `(batch, *spatial, channels)` or, channels first, `(batch, channels, *spatial)`;
            spatial sizes may be unknown until the model runs.

    Returns:
        `(batch, bins, channels)` or, channels first, `(batch, channels, bins)`: the levels in
        their order, each in row-major order.

    References:
        [Spatial pyramid pooling in deep convolutional networks](https://arxiv.org/abs/1406.4729)
    """

    example = "((1, 2, 4))(x)"

    def __init__(
        self,
        bins: Sequence[int] = (1, 2, 4),
        pooling: str = "max",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not isinstance(bins, (list, tuple)) or not bins:
            raise TypeError(f"bins must list at least one level, received {bins!r}")
        self.bins: tuple[tuple[int, ...], ...] = tuple(
            checks.sizes("bins", level, self.rank) for level in bins
        )
        self.pooling: Any = checks.one_of("pooling", pooling, ("max", "average"))
        self.data_format: Any = standard_data_format(data_format)
        self.input_spec: Any = keras.layers.InputSpec(ndim=self.rank + 2)

    def call(self, inputs: Tensor) -> Tensor:
        """Pools; see the class."""
        x = inputs
        if self.pooling == "average":
            x = floats(x)
        if self.data_format == "channels_first":
            x = ops.moveaxis(x, 1, -1)
        found = ops.stack([part for level in self.bins for part in self._level(x, level)], axis=1)
        if self.data_format == "channels_first":
            found = ops.moveaxis(found, 1, -1)
        return ops.cast(found, inputs.dtype)

    def _level(self, x, level):
        """Returns the pooled bins of a grid, one after another."""
        parts = [x]
        # The first spatial axis is always axis 1: each reduction takes it away.
        for count in level:
            parts = [self._reduced(part, i, count) for part in parts for i in range(count)]
        return parts

    def _reduced(self, x, number, count):
        size = ops.shape(x)[1]
        bin_ = x[:, (number * size) // count : -((-(number + 1) * size) // count)]
        return ops.max(bin_, axis=1) if self.pooling == "max" else ops.mean(bin_, axis=1)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Returns the shape after pooling."""
        batch, channels = input_shape[0], channels_of(input_shape, self.data_format)
        count = sum(map(math.prod, self.bins))
        if self.data_format == "channels_last":
            return (batch, count, channels)
        return (batch, channels, count)

    def compute_output_spec(self, inputs: Tensor) -> Any:
        """Returns the shape and type after pooling."""
        return keras.KerasTensor(self.compute_output_shape(inputs.shape), self.compute_dtype)

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {**super().get_config(), **attributes(self, "bins", "pooling", "data_format")}


class SpatialPyramidPooling1D(_SpatialPyramidPooling, rank=1):
    pass


class SpatialPyramidPooling2D(_SpatialPyramidPooling, rank=2):
    pass


class SpatialPyramidPooling3D(_SpatialPyramidPooling, rank=3):
    pass
