"""Global pooling that Keras lacks: log-sum-exp and attention."""

from typing import Any

import keras
from keras import ops
from keras.layers import (
    GlobalAveragePooling1D as GlobalAveragePooling1D,
)
from keras.layers import (
    GlobalAveragePooling2D as GlobalAveragePooling2D,
)
from keras.layers import (
    GlobalAveragePooling3D as GlobalAveragePooling3D,
)
from keras.layers import (
    GlobalMaxPooling1D as GlobalMaxPooling1D,
)
from keras.layers import (
    GlobalMaxPooling2D as GlobalMaxPooling2D,
)
from keras.layers import (
    GlobalMaxPooling3D as GlobalMaxPooling3D,
)

from keras_cv_extras._base import checks
from keras_cv_extras._base.numbers import floats
from keras_cv_extras._base.types import Config, Maker, Shape, Tensor
from keras_cv_extras.layers.pooling._base import GlobalPooling, known_channels


class _GlobalLogSumExpPooling(GlobalPooling):
    """Returns `log(mean(exp(r x))) / r` over all places: between the average and the maximum.

    r near 0 is global average pooling, and the larger r is, the nearer global max pooling.
    Computed relative to the largest cell in float32: inputs of any size are safe.

    Args:
        r: the sharpness, above 0.

    References:
        [From image-level to pixel-level labeling](https://arxiv.org/abs/1411.6228), equation 6
    """

    example = "(r=4.0)(x)"

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, r: float = 1.0, **kwargs: Any
    ) -> None:
        super().__init__(data_format, keepdims, **kwargs)
        self.r: float = checks.positive("r", r)

    def reduce(self, x: Tensor, training: bool | None) -> Tensor:
        """Returns `x` of shape `(batch, *spatial, channels)` with all spatial sizes 1."""
        x, dtype = floats(x), x.dtype
        top = ops.stop_gradient(ops.max(x, axis=self.axes, keepdims=True))
        # log1p of expm1 keeps the digits that a small r would lose: their mean is near 0 then.
        mean = ops.mean(ops.expm1(self.r * (x - top)), axis=self.axes, keepdims=True)
        return ops.cast(top + ops.log1p(mean) / self.r, dtype)

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {**super().get_config(), "r": self.r}


class _GlobalAttentionPooling(GlobalPooling):
    """Returns the average over all places by learned weights: attention, or MIL pooling.

    `sum a_i x_i` where a is the softmax over all places of `w . tanh(V x_i)` or, gated,
    of `w . (tanh(V x_i) * sigmoid(U x_i))`. w starts at zero: training starts from the
    average.

    Args:
        units: how many rows V and U have.
        gated: whether to gate the scores.
        initializer: how V and U start.
        regularizer: a penalty on V, U and w.

    Call arguments:
        mask: None, or booleans `(batch, *spatial)`, False for places that do not count. Where
            none counts, all do.

    References:
        [Attention-based deep multiple instance learning](https://arxiv.org/abs/1802.04712)
    """

    example = "(units=64)(x)"

    def __init__(
        self,
        data_format: str | None = None,
        keepdims: bool = False,
        units: int = 64,
        gated: bool = False,
        initializer: Maker = "glorot_uniform",
        regularizer: Maker | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format, keepdims, **kwargs)
        self.units: int = checks.integer("units", units, minimum=1)
        self.gated: bool = checks.boolean("gated", gated)
        self.initializer: Any = keras.initializers.get(initializer)
        self.regularizer: Any = keras.regularizers.get(regularizer)
        self.supports_masking = True

    def build(self, input_shape: Shape) -> None:
        """Creates V, U and w."""
        channels = known_channels(input_shape, self.data_format)
        for name in ("projection", "gate") if self.gated else ("projection",):
            weight = self.add_weight(
                name=name,
                shape=(channels, self.units),
                # Of its own, because one that is used twice would give the same numbers.
                initializer=self.initializer.clone(),
                regularizer=self.regularizer,
                autocast=False,
            )
            setattr(self, name, weight)
        self.scores: Any = self.add_weight(
            name="scores",
            shape=(self.units, 1),
            initializer="zeros",
            regularizer=self.regularizer,
            autocast=False,
        )
        self.built = True

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        """Pools; see the class."""
        x = floats(self.channels_last(inputs))
        hidden = ops.tanh(ops.matmul(x, ops.cast(self.projection, x.dtype)))
        if self.gated:
            hidden = hidden * ops.sigmoid(ops.matmul(x, ops.cast(self.gate, x.dtype)))
        scores = ops.matmul(hidden, ops.cast(self.scores, x.dtype))
        if mask is not None:
            scores = ops.where(ops.cast(mask, "bool")[..., None], scores, -1e30)
        top = ops.stop_gradient(ops.max(scores, axis=self.axes, keepdims=True))
        weights = ops.exp(scores - top)
        weights = weights / ops.sum(weights, axis=self.axes, keepdims=True)
        pooled = ops.sum(weights * x, axis=self.axes, keepdims=True)
        return self.finish(ops.cast(pooled, inputs.dtype))

    def compute_mask(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        """Returns None: no place is left."""
        return None

    def compute_output_spec(self, inputs: Tensor, mask: Tensor | None = None) -> Any:
        """Returns the shape and type after pooling."""
        return super().compute_output_spec(inputs)

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {
            **super().get_config(),
            "units": self.units,
            "gated": self.gated,
            "initializer": keras.initializers.serialize(self.initializer),
            "regularizer": keras.regularizers.serialize(self.regularizer),
        }


class GlobalLogSumExpPooling1D(_GlobalLogSumExpPooling, rank=1):
    pass


class GlobalLogSumExpPooling2D(_GlobalLogSumExpPooling, rank=2):
    pass


class GlobalLogSumExpPooling3D(_GlobalLogSumExpPooling, rank=3):
    pass


class GlobalAttentionPooling1D(_GlobalAttentionPooling, rank=1):
    pass


class GlobalAttentionPooling2D(_GlobalAttentionPooling, rank=2):
    pass


class GlobalAttentionPooling3D(_GlobalAttentionPooling, rank=3):
    pass
