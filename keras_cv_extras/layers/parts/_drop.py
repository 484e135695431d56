"""Layers that drop whole branches or blocks of a feature map while a network is trained."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.saved.configs import attributes
from keras_cv_extras._base.saved.layers import SameShape
from keras_cv_extras._base.seeds import SeedGenerator
from keras_cv_extras._base.types import Config, Shape, Tensor
from keras_cv_extras.layers.pooling._base import standard_data_format

_PACKAGE = "keras_cv_extras"


@keras.saving.register_keras_serializable(_PACKAGE)
class StochasticDepth(keras.layers.Layer):
    """Adds a residual branch to its shortcut, or leaves it out: one draw for the whole batch.

    Training gives `shortcut + b * residual` with b = 1 at `survival_probability` and 0
    otherwise; inference gives `shortcut + survival_probability * residual`, its mean. Where every
    sample should draw by itself, and inference stay unscaled, use `DropPath` on the residual.

    Args:
        survival_probability: how likely the residual stays, in [0, 1].
        seed: an integer, or None to draw one.
        **kwargs: the arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: `[shortcut, residual]`, two tensors of one shape.
        training: whether to draw.

    Returns:
        A tensor of the shape of the shortcut.

    References:
        [Deep networks with stochastic depth](https://arxiv.org/abs/1603.09382)

    Example:
        >>> residual = keras.layers.Conv2D(16, 3, padding="same")(shortcut)
        >>> outputs = StochasticDepth(0.8)([shortcut, residual])
    """

    def __init__(
        self, survival_probability: float = 0.5, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.survival_probability: float = checks.fraction(
            "survival_probability", survival_probability
        )
        self.seed = seed
        self.seed_generator = SeedGenerator(seed)
        self.supports_masking = True

    def build(self, input_shape: Shape) -> None:
        """Checks that there are two inputs."""
        pair = isinstance(input_shape, (list, tuple)) and len(input_shape) == 2
        if not pair or not all(isinstance(shape, (list, tuple)) for shape in input_shape):
            raise ValueError(
                f"inputs must be [shortcut, residual], received shapes {input_shape}: call the "
                "layer on a list of two tensors"
            )
        self.built = True

    def call(self, inputs: Tensor, training: bool | None = False) -> Tensor:
        """Adds the residual; see the class."""
        shortcut, residual = inputs
        if not training:
            return shortcut + self.survival_probability * residual
        survives = _bernoulli((), self.survival_probability, self.seed_generator)
        return shortcut + ops.where(survives, residual, ops.zeros_like(residual))

    def compute_mask(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        """Returns the mask of the shortcut."""
        return None if mask is None else mask[0]

    def compute_output_shape(self, input_shape: Sequence[Shape]) -> Shape:
        """Returns the shape of the shortcut."""
        return tuple(input_shape[0])

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {**super().get_config(), **attributes(self, "survival_probability", "seed")}


@keras.saving.register_keras_serializable(_PACKAGE)
class DropPath(SameShape, keras.layers.Layer):
    """Sets whole samples of a residual branch to zero, each sample by a draw of its own.

    Training scales the samples that stay by `1 / (1 - rate)`, so that the mean is the input;
    inference is the identity.

    Args:
        rate: the share of samples to drop, in [0, 1].
        seed: an integer, or None to draw one.
        **kwargs: the arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: `(batch, ...)`.
        training: whether to drop.

    Returns:
        A tensor of the same shape.

    References:
        [FractalNet](https://arxiv.org/abs/1605.07648),
        [Deep networks with stochastic depth](https://arxiv.org/abs/1603.09382)

    Example:
        >>> outputs = shortcut + DropPath(0.1, seed=1)(residual)
    """

    def __init__(self, rate: float = 0.5, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate: float = checks.fraction("rate", rate)
        self.seed = seed
        self.seed_generator: SeedGenerator = SeedGenerator(seed)
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Tensor, training: bool | None = False) -> Tensor:
        """Drops samples; see the class."""
        if not training or self.rate == 0:
            return inputs
        if self.rate == 1:
            return ops.zeros_like(inputs)
        shape = (ops.shape(inputs)[0],) + (1,) * (len(inputs.shape) - 1)
        kept = _bernoulli(shape, 1 - self.rate, self.seed_generator)
        return ops.where(kept, inputs / (1 - self.rate), ops.zeros_like(inputs))

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


@keras.saving.register_keras_serializable(_PACKAGE)
class DropBlock2D(SameShape, keras.layers.Layer):
    """Sets square blocks of a feature map to zero, in every channel of every sample anew.

    Blocks lie wholly inside the map. Their number follows the paper: a block starts at each place
    where it fits with probability
    `gamma = rate / block_size^2 * height * width / ((height - block_size + 1) * (width -
    block_size + 1))`. Blocks may overlap, so that somewhat less than `rate` is dropped (about
    `1 - exp(-rate)` on a large map), and a map's rim is dropped less often than its middle. What
    stays is scaled by the number of cells over the number of kept cells of the batch. Inference
    is the identity.

    Args:
        rate: the share of cells to drop, in [0, 1].
        block_size: a block's height and width, an integer or a pair. A block larger than a
            feature map of known size is an error; one larger than a map whose size is only known
            when the model runs becomes as large as the map.
        data_format: "channels_last", "channels_first" or None for Keras' setting.
        seed: an integer, or None to draw one.
        **kwargs: the arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: `(batch, height, width, channels)` or, channels first,
            `(batch, channels, height, width)`.
        training: whether to drop.

    Returns:
        A tensor of the same shape.

    Raises:
        ValueError: if a block is larger than the feature map.

    References:
        [DropBlock](https://arxiv.org/abs/1810.12890), algorithm 1

    Example:
        >>> features = DropBlock2D(0.1, block_size=7)(features)
    """

    def __init__(
        self,
        rate: float = 0.1,
        block_size: int = 7,
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.rate: float = checks.fraction("rate", rate)
        self.block_size: tuple[int, ...] = checks.sizes("block_size", block_size, 2)
        self.data_format: Any = standard_data_format(data_format)
        self.seed = seed
        self.seed_generator: SeedGenerator = SeedGenerator(seed)
        self.supports_masking = True
        self.input_spec: Any = keras.layers.InputSpec(ndim=4)

    def build(self, input_shape: Shape) -> None:
        """Checks that a block fits."""
        self._check_fits(input_shape)
        self.built = True

    def call(self, inputs: Tensor, training: bool | None = False) -> Tensor:
        """Drops blocks; see the class."""
        self._check_fits(inputs.shape)
        if not training or self.rate == 0:
            return inputs
        kept = self._kept_cells(ops.shape(inputs))
        # A batch without a kept cell is all zeros, not 0 / 0.
        share = ops.mean(ops.cast(kept, "float32"))
        scale = ops.where(share > 0, 1 / ops.where(share > 0, share, 1.0), 0.0)
        scaled = inputs * ops.cast(scale, inputs.dtype)
        return ops.where(kept, scaled, ops.zeros_like(inputs))

    def _kept_cells(self, shape):
        """Returns which cells of `inputs` stay."""
        if self.data_format == "channels_first":
            batch, channels, *sizes = shape
        else:
            batch, *sizes, channels = shape
        starts = True
        gamma = self.rate
        for axis, (size, block) in enumerate(zip(sizes, self.block_size, strict=True)):
            known = isinstance(size, int)
            block = min(block, size) if known else ops.minimum(block, size)
            places = size - block + 1
            gamma = gamma * _as_float(size) / (_as_float(block) * _as_float(places))
            inside = ops.arange(size) < places
            starts = ops.logical_and(starts, ops.reshape(inside, (-1, 1) if axis == 0 else (1, -1)))
        starts = ops.logical_and(
            ops.reshape(starts, (1, *sizes, 1)),
            _bernoulli((batch, *sizes, channels), gamma, self.seed_generator),
        )
        dropped = ops.cast(starts, "float32")
        for axis, block in enumerate(self.block_size):
            # A cell is dropped if a block starts at it or at most `block - 1` cells before it.
            pads = [(0, 0)] * 4
            pads[axis + 1] = (block - 1, 0)
            window = (block, 1) if axis == 0 else (1, block)
            dropped = ops.max_pool(
                ops.pad(dropped, pads), window, strides=1, data_format="channels_last"
            )
        kept = dropped == 0
        return ops.moveaxis(kept, -1, 1) if self.data_format == "channels_first" else kept

    def _check_fits(self, shape):
        sizes = shape[1:3] if self.data_format == "channels_last" else shape[2:4]
        for size, block in zip(sizes, self.block_size, strict=True):
            if size is not None and block > size:
                raise ValueError(
                    f"block_size must not exceed the feature map, received {self.block_size} for "
                    f"a map of {tuple(sizes)}: use smaller blocks, or drop earlier in the network"
                )

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {
            **super().get_config(),
            **attributes(self, "rate", "block_size", "data_format", "seed"),
        }


def _bernoulli(shape, probability, seed_generator):
    """Returns booleans that are True with a probability; drawn in float32 whatever the policy."""
    return keras.random.uniform(shape, dtype="float32", seed=seed_generator) < probability


def _as_float(size):
    return float(size) if isinstance(size, int) else ops.cast(size, "float32")
