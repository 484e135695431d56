"""Layers of TensorFlow Addons."""

from collections.abc import Iterable
from typing import Any

import keras
from keras import ops

from keras_cv_extras import layers, losses
from keras_cv_extras.compat import _table
from keras_cv_extras.compat.tensorflow_addons._netvlad import NetVLAD

_HERE = "keras_cv_extras.layers."
_PACKAGE = "keras_cv_extras.compat"


@keras.saving.register_keras_serializable(_PACKAGE)
class MaxUnpooling2D(layers.MaxUnpooling2D):
    """Puts cells back to where max pooling found them.

    Args:
        pool_size: a window's size, an integer or one per spatial axis.
        strides: the step from window to window, likewise.
        padding: "SAME" or "VALID".
        **kwargs: the arguments of `keras_cv_extras.layers.MaxUnpooling2D`.

    Example:
        >>> layer = MaxUnpooling2D((2, 2))
    """

    def __init__(
        self,
        pool_size: Any = (2, 2),
        strides: Any = (2, 2),
        padding: str = "SAME",
        **kwargs: Any,
    ) -> None:
        super().__init__(_pair(pool_size), _pair(strides), padding, **kwargs)


def _pair(value):
    return tuple(value) if isinstance(value, Iterable) else value


@keras.saving.register_keras_serializable(_PACKAGE)
class MaxUnpooling2DV2(layers.MaxUnpooling2D):
    """Puts cells back to where max pooling found them, in a map of a given size.

    Args:
        output_size: `(batch, height, width, channels)` of the result.
        **kwargs: the arguments of `keras.layers.Layer`.

    Example:
        >>> layer = MaxUnpooling2DV2((1, 4, 4, 1))
    """

    def __init__(self, output_size: Iterable[int], **kwargs: Any) -> None:
        unknown = {"pool_size", "strides", "padding", "data_format"}
        super().__init__(**{k: v for k, v in kwargs.items() if k not in unknown})
        self.output_size: tuple[int, ...] = tuple(output_size)

    def _filled(self, sizes):
        return list(self.output_size[1:3])

    def get_config(self) -> dict[str, Any]:
        """Returns the configuration."""
        return {**super().get_config(), "output_size": self.output_size}


@keras.saving.register_keras_serializable(_PACKAGE)
class SpatialPyramidPooling2D(layers.SpatialPyramidPooling2D):
    """Averages, after the rows and columns that do not divide are cut off.

    Args:
        bins: how many bins an axis has, for every level.
        data_format: "channels_last", "channels_first" or None for Keras' setting.
        **kwargs: the arguments of `keras.layers.Layer`.

    Example:
        >>> layer = SpatialPyramidPooling2D([1, 2])
    """

    def __init__(self, bins: Iterable[Any], data_format: str | None = None, **kwargs: Any) -> None:
        levels: Any = [_pair(level) for level in bins]
        kwargs.pop("pooling", None)
        super().__init__(levels, "average", data_format, **kwargs)

    def _level(self, x: Any, level: Any) -> Any:
        height, width = (
            size - size % count for size, count in zip(ops.shape(x)[1:3], level, strict=True)
        )
        return super()._level(x[:, :height, :width], level)


@keras.saving.register_keras_serializable(_PACKAGE)
class AdaptiveMaxPooling3D(keras.layers.AdaptiveMaxPooling3D):
    """The maximum of each bin of a volume.

    Where sizes divide, as Addons asks, it is a maximum over axes: TensorFlow ends the process at
    Keras' own, if an output size is 1.

    Args:
        output_size: of the result, one number or three.
        **kwargs: the arguments of `keras.layers.AdaptiveMaxPooling3D`.

    Example:
        >>> layer = AdaptiveMaxPooling3D((2, 2, 1))
    """

    def call(self, inputs: Any) -> Any:
        """Returns the maxima."""
        first = self.data_format == "channels_first"
        x = ops.moveaxis(inputs, 1, -1) if first else inputs
        sizes = ops.shape(x)[1:4]
        parts = list(zip(sizes, self.output_size, strict=True))
        if any(not isinstance(size, int) or size % count for size, count in parts):
            return super().call(inputs)
        split = [length for size, count in parts for length in (count, size // count)]
        found = ops.max(ops.reshape(x, (-1, *split, x.shape[-1])), axis=(2, 4, 6))
        return ops.moveaxis(found, -1, 1) if first else found


@keras.saving.register_keras_serializable(_PACKAGE)
class FilterResponseNormalization(layers.FilterResponseNormalization):
    """The layer of the library, with the attributes of Addons' beside its own.

    Args:
        **kwargs: the arguments of `keras_cv_extras.layers.FilterResponseNormalization`.

    Example:
        >>> layer = FilterResponseNormalization(learned_epsilon=True)
    """

    @property
    def use_eps_learned(self) -> bool:
        """Whether a second epsilon is learned."""
        return self.learned_epsilon

    @property
    def eps_learned(self) -> Any:
        """The learned epsilon; what it begins with, before the layer is built."""
        return self.epsilon_weight if self.built else ops.convert_to_tensor([1e-4])

    @property
    def eps_learned_constraint(self) -> Any:
        """The constraint of the learned epsilon."""
        return self.learned_epsilon_constraint


@keras.saving.register_keras_serializable(_PACKAGE)
class WeightNormalization(layers.WeightNormalization):
    """The layer of the library, with the attributes of Addons' beside its own.

    Args:
        layer: what is wrapped.
        data_init: whether the first batch in training sets lengths and biases.
        **kwargs: the arguments of `keras.layers.Layer`.

    Example:
        >>> WeightNormalization(keras.layers.Dense(3)).is_rnn
        False
    """

    @property
    def is_rnn(self) -> bool:
        """Whether the layer is recurrent."""
        return isinstance(self.layer, keras.layers.RNN)

    @property
    def v(self) -> Any:
        """The direction of the kernel."""
        return self._kernel


@keras.saving.register_keras_serializable(_PACKAGE)
class GELU(keras.layers.Layer):
    """Gaussian error linear unit, by its approximation unless it is said otherwise.

    Args:
        approximate: whether by a hyperbolic tangent.
        **kwargs: the arguments of `keras.layers.Layer`.

    Example:
        >>> layer = GELU()
    """

    def __init__(self, approximate: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.approximate = approximate
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Returns the activation."""
        return keras.activations.gelu(inputs, approximate=self.approximate)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns the shape of the inputs."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Returns the configuration."""
        return {**super().get_config(), "approximate": self.approximate}


@keras.saving.register_keras_serializable(_PACKAGE)
def _approximate_gelu(x):
    """The activation of models that were saved before there was the class."""
    return keras.activations.gelu(x, approximate=True)


@keras.saving.register_keras_serializable(_PACKAGE)
class InstanceNormalization(keras.layers.GroupNormalization):
    """Normalises every channel of every sample.

    Args:
        axis: of the channels.
        **kwargs: the arguments of `keras.layers.GroupNormalization`, without `groups`.

    Example:
        >>> layer = InstanceNormalization()
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        kwargs.pop("groups", None)
        super().__init__(groups=-1, axis=axis, **kwargs)


@keras.saving.register_keras_serializable(_PACKAGE)
class Sparsemax(keras.layers.Layer):
    """Projects logits onto the simplex along an axis.

    Args:
        axis: along which.
        **kwargs: the arguments of `keras.layers.Layer`.

    Example:
        >>> layer = Sparsemax()
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Projects."""
        moved = ops.moveaxis(inputs, self.axis, -1)
        return ops.moveaxis(losses.sparsemax(moved), -1, self.axis)

    def get_config(self) -> dict[str, Any]:
        """Returns the configuration."""
        return {**super().get_config(), "axis": self.axis}


_NOT_IMAGES = "it is not about images, and out of scope"


def _pooling(kind, rank):
    name = f"Adaptive{kind}Pooling{rank}D"
    own = AdaptiveMaxPooling3D if name == "AdaptiveMaxPooling3D" else None
    return _table.Name(name, f"keras.layers.{name}", "sizes need not divide", own)


__getattr__: _table.Load
__dir__: _table.Listed
__getattr__, __dir__, TABLE = _table.attach(
    __name__,
    "tensorflow_addons.layers",
    [
        *(_pooling(kind, rank) for kind in ("Average", "Max") for rank in (1, 2, 3)),
        _table.Name("CRF", note=_NOT_IMAGES),
        _table.Name("CorrelationCost", note="it is for optical flow, and out of scope"),
        _table.Name("ESN", note=_NOT_IMAGES),
        _table.Name("EmbeddingBag", note=_NOT_IMAGES),
        _table.Name(
            "FilterResponseNormalization",
            _HERE + "FilterResponseNormalization",
            "eps_learned is epsilon_weight",
            FilterResponseNormalization,
        ),
        _table.Name(
            "GELU",
            "keras.layers.Activation",
            "exact by default",
            GELU,
            'keras.layers.Activation("gelu")',
        ),
        _table.Name("GroupNormalization", "keras.layers.GroupNormalization"),
        _table.Name(
            "InstanceNormalization",
            "keras.layers.GroupNormalization",
            "",
            InstanceNormalization,
            "keras.layers.GroupNormalization(groups=-1)",
        ),
        _table.Name(
            "MaxUnpooling2D",
            _HERE + "MaxUnpooling2D",
            "strides are pool_size and padding is valid by default",
            MaxUnpooling2D,
            _HERE + 'MaxUnpooling2D(2, 2, "same")',
        ),
        _table.Name(
            "MaxUnpooling2DV2",
            _HERE + "MaxUnpooling2D",
            "what was pooled is the third input",
            MaxUnpooling2DV2,
            _HERE + "MaxUnpooling2D()([cells, positions, pooled])",
        ),
        _table.Name("Maxout", _HERE + "Maxout"),
        _table.Name(
            "MultiHeadAttention", note="use keras.layers.MultiHeadAttention, which has key_dim"
        ),
        _table.Name(
            "NetVLAD",
            "keras_cv_extras.classical.VLAD",
            "an estimator, whose centres are found by clustering and not learned",
            NetVLAD,
        ),
        _table.Name("NoisyDense", note="it is for reinforcement learning, and out of scope"),
        _table.Name("PoincareNormalize", note=_NOT_IMAGES),
        _table.Name("PolynomialCrossing", note=_NOT_IMAGES),
        _table.Name("Snake", _HERE + "Snake"),
        _table.Name(
            "Sparsemax",
            "keras_cv_extras.losses.sparsemax",
            "a function, as the activation of a layer",
            Sparsemax,
        ),
        _table.Name(
            "SpatialPyramidPooling2D",
            _HERE + "SpatialPyramidPooling2D",
            "the maximum by default, and nothing is cut off",
            SpatialPyramidPooling2D,
            _HERE + 'SpatialPyramidPooling2D(bins, pooling="average")',
        ),
        _table.Name("SpectralNormalization", "keras.layers.SpectralNormalization"),
        _table.Name("StochasticDepth", _HERE + "StochasticDepth"),
        _table.Name("TLU", _HERE + "TLU", "a threshold per channel, not for every cell of the map"),
        _table.Name(
            "WeightNormalization",
            _HERE + "WeightNormalization",
            "the first batch in training sets lengths and biases, not the first call",
            WeightNormalization,
        ),
    ],
    "adaptive_pooling crf embedding_bag esn gelu max_unpooling_2d max_unpooling_2d_v2 "
    "maxout multihead_attention netvlad noisy_dense normalizations optical_flow "
    "poincare polynomial snake sparsemax spatial_pyramid_pooling "
    "spectral_normalization stochastic_depth tlu wrappers",
)
