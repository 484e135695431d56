"""Fractional max pooling: windows of one size or the next, so that any ratio is met."""

import math
from typing import Any

import keras
from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.saved.configs import attributes
from keras_cv_extras._base.seeds import SeedGenerator
from keras_cv_extras._base.types import Config, Shape, Tensor
from keras_cv_extras.layers.pooling._base import standard_data_format


@keras.saving.register_keras_serializable("keras_cv_extras")
class FractionalMaxPooling2D(keras.layers.Layer):
    """Divides height and width by a ratio that need not be an integer, by maxima of windows.

    An axis of `size` gets `floor(size / pool_ratio)` windows. Their sizes are the two integers
    around `size / windows`, in an order that is drawn for every batch in training, and is always
    the same, evenly spread, at inference. Draws are the same for all images and channels of a
    batch. Unlike `tf.nn.fractional_max_pool`, which XLA cannot compile, it is built of gathers
    and runs compiled and on every backend.

    Args:
        pool_ratio: how much smaller the outputs are, at least 1, a number or one per axis.
        pseudo_random: whether sizes are evenly spread behind one random shift, which distorts
            less, or in fully random order.
        overlapping: whether windows share the cell at their edge.
        data_format: "channels_last", "channels_first" or None for Keras' setting.
        seed: an integer, or None to draw one.
        **kwargs: the arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: `(batch, height, width, channels)` or, channels first,
            `(batch, channels, height, width)`; sizes may be unknown until the model runs.
        training: whether to draw.

    Returns:
        A tensor of the same rank.

    References:
        [Fractional max-pooling](https://arxiv.org/abs/1412.6071)

    Example:
        >>> y = FractionalMaxPooling2D(2**0.5)(x)
    """

    def __init__(
        self,
        pool_ratio: float = 2**0.5,
        pseudo_random: bool = True,
        overlapping: bool = False,
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.pool_ratio: tuple[float, float] = checks.interval("pool_ratio", pool_ratio, low=1.0)
        self.pseudo_random: bool = checks.boolean("pseudo_random", pseudo_random)
        self.overlapping: bool = checks.boolean("overlapping", overlapping)
        self.data_format: Any = standard_data_format(data_format)
        self.seed = seed
        self.seed_generator: SeedGenerator = SeedGenerator(seed)
        self.input_spec: Any = keras.layers.InputSpec(ndim=4)

    def call(self, inputs: Tensor, training: bool | None = False) -> Tensor:
        """Pools; see the class."""
        first = 1 if self.data_format == "channels_last" else 2
        for axis, ratio in enumerate(self.pool_ratio, start=first):
            size = ops.shape(inputs)[axis]
            edges, largest = self._edges(size, ratio, training)
            inputs = _maxima(inputs, axis, edges, largest + self.overlapping, self.overlapping)
        return inputs

    def _edges(self, size, ratio, training):
        """Returns where windows begin and the last one ends, and the largest window's size."""
        count = _num_windows(size, ratio)
        # No more than twice the ratio: floor(q) is more than q / 2 for every q >= 1.
        largest = -(-size // count) if isinstance(size, int) else math.ceil(2 * ratio)
        places = ops.arange(count + 1, dtype="int32")
        if not training or self.pseudo_random:
            shift = 0.5
            if training:
                shift = keras.random.uniform((), dtype="float32", seed=self.seed_generator)
            # floor((i + shift) * size / count), exactly: the shift in 1024ths, whole numbers.
            shift = ops.cast(ops.floor(ops.convert_to_tensor(shift, "float32") * 1024), "int32")
            whole, rest = size // count, size % count
            fine = (places * rest + (shift * rest) // 1024) // count
            return places * whole + fine - fine[0], largest
        keys = keras.random.uniform((count,), dtype="float32", seed=self.seed_generator)
        larger = ops.cast(ops.argsort(ops.argsort(keys)) < size % count, "int32")
        inner = ops.cumsum(larger + size // count)
        return ops.concatenate([ops.zeros((1,), dtype="int32"), inner], axis=0), largest

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Returns the shape after pooling."""
        first = 1 if self.data_format == "channels_last" else 2
        shape = list(input_shape)
        for axis, ratio in enumerate(self.pool_ratio, start=first):
            if shape[axis] is not None:
                shape[axis] = _num_windows(shape[axis], ratio)
        return tuple(shape)

    def compute_output_spec(self, inputs: Tensor, training: bool | None = False) -> Any:
        """Returns the shape and type after pooling."""
        return keras.KerasTensor(self.compute_output_shape(inputs.shape), self.compute_dtype)

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {
            **super().get_config(),
            **attributes(self, "pool_ratio", "pseudo_random", "overlapping", "data_format", "seed"),
        }


def _num_windows(size, ratio):
    """Returns how many windows an axis of `size` has."""
    if not isinstance(size, int):
        return ops.cast(ops.floor(ops.cast(size, "float64") / ratio), "int32")
    if size < ratio:
        raise ValueError(
            f"pool_ratio must not exceed the size of an axis, received {ratio} for {size} cells"
        )
    return int(size / ratio)


def _maxima(x, axis, edges, largest, overlapping):
    """Returns the maxima along an axis between neighbouring edges."""
    starts, ends = edges[:-1], edges[1:]
    # An overlapping window ends behind its last cell, the last one at the end of the axis.
    last = ops.minimum(ends, ops.shape(x)[axis] - 1) if overlapping else ends - 1
    highest = ops.take(x, starts, axis=axis)
    for offset in range(1, largest):
        part = ops.take(x, ops.minimum(starts + offset, last), axis=axis)
        highest = ops.maximum(highest, part)
    return highest
