"""Max pooling that tells where its cells came from, and unpooling that puts cells back there."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.saved.configs import attributes
from keras_cv_extras._base.types import Config, Shape, Sizes, Tensor
from keras_cv_extras.layers.pooling._base import (
    Pooling,
    cells,
    pad_same,
    standard_data_format,
    standard_padding,
)


@keras.saving.register_keras_serializable("keras_cv_extras")
class MaxPoolingWithPositions2D(Pooling):
    """Returns the largest cell of every window and its place, for `MaxUnpooling2D`.

    Args:
        pool_size: a window's size, an integer or one per spatial axis.
        strides: the step from window to window; None for `pool_size`.
        padding: "valid" or "same"; cells of padding are never found.
        data_format: "channels_last", "channels_first" or None for Keras' setting.
        **kwargs: the arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: `(batch, height, width, channels)` or, channels first,
            `(batch, channels, height, width)`.

    Returns:
        Two tensors of the same shape: the maxima, and int32 positions in the inputs,
        `(row * width + column) * channels + channel` whatever the data format is: those of
        `tf.nn.max_pool_with_argmax`. The first of equal cells is found.

    References:
        [SegNet](https://arxiv.org/abs/1511.00561)

    Example:
        >>> y, positions = MaxPoolingWithPositions2D(2)(x)
        >>> restored = MaxUnpooling2D(2)([y, positions])
    """

    rank = 2

    def call(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Pools; see the class."""
        x = inputs
        if self.data_format == "channels_first":
            x = ops.moveaxis(x, 1, -1)
        results = self._found(x)
        if self.data_format == "channels_first":
            results = tuple(ops.moveaxis(tensor, -1, 1) for tensor in results)
        return results

    def _found(self, x):
        _, height, width, channels = ops.shape(x)
        rows, columns = ops.arange(height, dtype="int32"), ops.arange(width, dtype="int32")
        places = rows[:, None, None] * width + columns[:, None]
        places = places * channels + ops.arange(channels, dtype="int32")
        places = places[None]
        if self.padding == "same":
            lowest = -float("inf")
            x = pad_same(x, self.pool_size, self.strides, lowest)
            places = pad_same(places, self.pool_size, self.strides, -1)
        pairs = zip(
            cells(x, self.pool_size, self.strides),
            cells(places, self.pool_size, self.strides),
            strict=True,
        )
        (highest, found), *others = pairs
        found = ops.broadcast_to(found, ops.shape(highest))
        for view, place in others:
            # A cell of padding, at -1, gives way to any other, which may be -infinity itself.
            better = ops.logical_or(view > highest, ops.logical_and(found < 0, place >= 0))
            highest = ops.where(better, view, highest)
            found = ops.where(better, place, found)
        return highest, found

    def compute_output_shape(self, input_shape: Shape) -> tuple[Shape, Shape]:
        """Returns the shapes of maxima and positions."""
        shape = super().compute_output_shape(input_shape)
        return shape, shape

    def compute_output_spec(self, inputs: Tensor) -> Any:
        """Returns the shapes and types of maxima and positions."""
        shape, _ = self.compute_output_shape(inputs.shape)
        return keras.KerasTensor(shape, self.compute_dtype), keras.KerasTensor(shape, "int32")


@keras.saving.register_keras_serializable("keras_cv_extras")
class MaxUnpooling2D(keras.layers.Layer):
    """Puts cells back to the places that max pooling found them at; zero elsewhere.

    Cells that meet, from windows that overlap, are added. Positions are those of
    `MaxPoolingWithPositions2D` or of `tf.nn.max_pool_with_argmax`; one outside the map is left
    out.

    Args:
        pool_size: a window's size, an integer or one per spatial axis.
        strides: the step from window to window; None for `pool_size`.
        padding: "valid" or "same".
        data_format: "channels_last", "channels_first" or None for Keras' setting.
        **kwargs: the arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: the cells and their positions, two tensors of the shape
            `(batch, height, width, channels)` or, channels first,
            `(batch, channels, height, width)`; and optionally a third tensor, the one that was
            pooled, for its size. Without it the size is the smallest that the windows fill:
            `(size - 1) * strides + pool_size` for "valid", `size * strides` for "same", and
            that must have been the size of what was pooled, because positions depend on it.
        positions: the positions, where `inputs` is the cells alone.

    Returns:
        A tensor of the size of what was pooled.

    References:
        [SegNet](https://arxiv.org/abs/1511.00561)

    Example:
        >>> y, positions = MaxPoolingWithPositions2D(2)(x)
        >>> restored = MaxUnpooling2D(2)([y, positions, x])
    """

    def __init__(
        self,
        pool_size: Sizes = 2,
        strides: Sizes | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        # Positions are integers that half precision would not hold.
        super().__init__(autocast=False, **kwargs)
        self.pool_size: tuple[int, ...] = checks.sizes("pool_size", pool_size, 2)
        self.strides: tuple[int, ...] = checks.sizes(
            "strides", self.pool_size if strides is None else strides, 2
        )
        self.padding: Any = standard_padding(padding)
        self.data_format: Any = standard_data_format(data_format)

    def call(self, inputs: Tensor, positions: Tensor | None = None) -> Tensor:
        """Unpools; see the class."""
        if positions is not None:
            inputs = [inputs, positions]
        if not isinstance(inputs, (list, tuple)) or len(inputs) not in (2, 3):
            raise ValueError(
                "inputs must be a list of the pooled cells, their positions and optionally what "
                f"was pooled, received {inputs!r}"
            )
        inputs = [ops.convert_to_tensor(tensor) for tensor in inputs]
        x, positions = ops.cast(inputs[0], self.compute_dtype), ops.cast(inputs[1], "int32")
        first = self.data_format == "channels_first"
        if first:
            x, positions = ops.moveaxis(x, 1, -1), ops.moveaxis(positions, 1, -1)
        batch, *sizes, channels = ops.shape(x)
        if len(inputs) == 3:
            sizes = ops.shape(inputs[2])[2:] if first else ops.shape(inputs[2])[1:-1]
        else:
            sizes = self._filled(sizes)
        count = sizes[0] * sizes[1] * channels
        flat = ops.reshape(positions, (batch, -1))
        samples = ops.broadcast_to(ops.arange(batch, dtype="int32")[:, None], ops.shape(flat))
        inside = ops.logical_and(flat >= 0, flat < count)
        values = ops.where(inside, ops.reshape(x, (batch, -1)), 0)
        indices = ops.stack([samples, ops.where(inside, flat, 0)], axis=-1)
        outputs = ops.scatter(
            ops.reshape(indices, (-1, 2)), ops.reshape(values, (-1,)), (batch, count)
        )
        outputs = ops.reshape(outputs, (batch, *sizes, channels))
        return ops.moveaxis(outputs, -1, 1) if first else outputs

    def _filled(self, sizes):
        if self.padding == "same":
            return [size and size * step for size, step in zip(sizes, self.strides, strict=True)]
        triples = zip(sizes, self.strides, self.pool_size, strict=True)
        return [size and (size - 1) * step + window for size, step, window in triples]

    def compute_output_shape(self, input_shape: Sequence[Shape]) -> Shape:
        """Returns the shape of what was pooled."""
        first = 1 if self.data_format == "channels_last" else 2
        shape = list(input_shape[0])
        if len(input_shape) == 3:
            shape[first : first + 2] = input_shape[2][first : first + 2]
        else:
            shape[first : first + 2] = self._filled(shape[first : first + 2])
        return tuple(shape)

    def compute_output_spec(self, inputs: Tensor, positions: Tensor | None = None) -> Any:
        """Returns the shape and type of what was pooled."""
        if positions is not None:
            inputs = [inputs, positions]
        shape = self.compute_output_shape([tensor.shape for tensor in inputs])
        return keras.KerasTensor(shape, self.compute_dtype)

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {
            **super().get_config(),
            **attributes(self, "pool_size", "strides", "padding", "data_format"),
        }
