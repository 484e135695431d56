"""Squeeze-and-excitation: channels weighted by what the whole feature map shows."""

from typing import Any

import keras
from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.saved.layers import SameShape
from keras_cv_extras._base.types import Config, Shape, Tensor
from keras_cv_extras.layers.pooling._base import standard_data_format


@keras.saving.register_keras_serializable("keras_cv_extras")
class SqueezeExcite(SameShape, keras.layers.Layer):
    """Scales every channel by a gate in [0, 1] that two dense layers compute from all means.

    `gate = excite(W2 squeeze(W1 mean + b1) + b2)` with the mean over the spatial axes; the output
    is `inputs * gate`.

    Args:
        ratio: the width of the bottleneck over the number of channels, in (0, 1]; the paper's
            reduction of 16 is 1 / 16. The width is rounded, and at least 1.
        bottleneck_filters: the width of the bottleneck itself, instead of `ratio`.
        squeeze_activation: the activation of the bottleneck.
        excite_activation: the activation of the gate.
        data_format: "channels_last", "channels_first" or None for Keras' setting.
        **kwargs: the arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: `(batch, *spatial, channels)` or, channels first, `(batch, channels, *spatial)`;
            at least one spatial axis.

    Returns:
        A tensor of the same shape.

    References:
        [Squeeze-and-excitation networks](https://arxiv.org/abs/1709.01507)

    Example:
        >>> features = SqueezeExcite(ratio=1 / 16)(features)
    """

    def __init__(
        self,
        ratio: float = 0.25,
        bottleneck_filters: int | None = None,
        squeeze_activation: str = "relu",
        excite_activation: str = "sigmoid",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not 0 < checks.number("ratio", ratio) <= 1:
            raise ValueError(
                f"ratio must be in (0, 1], received {ratio!r}: for a reduction of 16 give 1 / 16"
            )
        if bottleneck_filters is not None:
            bottleneck_filters = checks.integer("bottleneck_filters", bottleneck_filters, minimum=1)
        self.ratio: float = float(ratio)
        self.bottleneck_filters = bottleneck_filters
        self.squeeze_activation: Any = keras.activations.get(squeeze_activation)
        self.excite_activation: Any = keras.activations.get(excite_activation)
        self.data_format: Any = standard_data_format(data_format)
        self.input_spec = keras.layers.InputSpec(min_ndim=3)

    def build(self, input_shape: Shape) -> None:
        """Creates the two dense layers."""
        axis = -1 if self.data_format == "channels_last" else 1
        channels = input_shape[axis]
        if channels is None:
            raise ValueError(
                f"the number of channels must be known, received shape {tuple(input_shape)} with "
                f"data_format={self.data_format!r}"
            )
        self.input_spec: Any = keras.layers.InputSpec(min_ndim=3, axes={axis: channels})
        width = self.bottleneck_filters or max(1, round(self.ratio * channels))
        self.squeeze: Any = keras.layers.Dense(
            width, self.squeeze_activation, dtype=self.dtype_policy, name="squeeze"
        )
        self.excite: Any = keras.layers.Dense(
            channels, self.excite_activation, dtype=self.dtype_policy, name="excite"
        )
        self.squeeze.build((None, channels))
        self.excite.build((None, width))
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
        """Scales the channels; see the class."""
        rank = len(inputs.shape)
        last = self.data_format == "channels_last"
        spatial = tuple(range(1, rank - 1)) if last else tuple(range(2, rank))
        # Sums over a large map overflow in float16 and lose small terms in bfloat16.
        wide = keras.backend.result_type(inputs.dtype, "float32")
        means = ops.cast(ops.mean(ops.cast(inputs, wide), axis=spatial), inputs.dtype)
        gate = self.excite(self.squeeze(means))
        for axis in spatial:
            gate = ops.expand_dims(gate, axis)
        return inputs * gate

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {
            **super().get_config(),
            "ratio": self.ratio,
            "bottleneck_filters": self.bottleneck_filters,
            "squeeze_activation": keras.activations.serialize(self.squeeze_activation),
            "excite_activation": keras.activations.serialize(self.excite_activation),
            "data_format": self.data_format,
        }
