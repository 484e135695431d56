"""Local response normalisation, as in the first deep networks for images."""

from typing import Any

import keras
import numpy as np
from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.numbers import floats
from keras_cv_extras._base.saved.configs import attributes
from keras_cv_extras._base.saved.layers import SameShape
from keras_cv_extras._base.types import Config, Shape, Tensor
from keras_cv_extras.layers.parts._normalization import known_channels
from keras_cv_extras.layers.pooling._base import standard_data_format


@keras.saving.register_keras_serializable("keras_cv_extras")
class LocalResponseNormalization(SameShape, keras.layers.Layer):
    """Divides every response by a power of the energy of its neighbouring channels.

    `x / (bias + alpha * sum(x^2)) ** beta`, the sum over `size` channels around the own one, as
    far as they exist. This is AlexNet's formula and TensorFlow's, whose `depth_radius` is
    `size // 2`; Caffe and PyTorch divide `alpha` by `size` first (`alpha_mode="caffe"`), so that
    their 1e-4 is the paper's 2e-5.

    Args:
        size: the number of channels in a sum. The odd channel of an even size is in front, as in
            PyTorch.
        bias: the constant under the power, above 0: the paper's k.
        alpha: the weight of the energy.
        beta: the power.
        alpha_mode: "paper" to multiply the sum by `alpha`, "caffe" by `alpha / size`.
        data_format: "channels_last", "channels_first" or None for Keras' setting.
        **kwargs: the arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: `(batch, *spatial, channels)` or, channels first, `(batch, channels, *spatial)`.

    Returns:
        A tensor of the same shape.

    References:
        [ImageNet classification with deep convolutional neural networks](https://papers.nips.cc/paper/4824),
        section 3.3

    Example:
        >>> features = LocalResponseNormalization()(features)  # AlexNet's
        >>> features = LocalResponseNormalization(bias=1, alpha_mode="caffe")(features)  # Caffe's
    """

    def __init__(
        self,
        size: int = 5,
        bias: float = 2.0,
        alpha: float = 1e-4,
        beta: float = 0.75,
        alpha_mode: str = "paper",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.size: int = checks.integer("size", size, minimum=1)
        self.bias: float = checks.number("bias", bias)
        self.alpha: float = checks.number("alpha", alpha)
        self.beta: float = checks.number("beta", beta)
        if self.bias <= 0:
            raise ValueError(
                f"bias must be above 0, received {bias!r}: responses of 0 divide by it"
            )
        if self.alpha < 0:
            raise ValueError(f"alpha must not be below 0, received {alpha!r}")
        self.alpha_mode: Any = checks.one_of("alpha_mode", alpha_mode, ("paper", "caffe"))
        self.data_format: Any = standard_data_format(data_format)
        self.input_spec: Any = keras.layers.InputSpec(min_ndim=2)

    def build(self, input_shape: Shape) -> None:
        """Checks that the number of channels is known."""
        known_channels(input_shape, self._axis)
        self.built = True

    @property
    def _axis(self):
        return -1 if self.data_format == "channels_last" else 1

    def call(self, inputs: Tensor) -> Tensor:
        """Normalises; see the class."""
        x = floats(inputs)
        alpha = self.alpha / self.size if self.alpha_mode == "caffe" else self.alpha
        squares = ops.square(x)
        if self.data_format == "channels_last":
            band = _band(inputs.shape[-1], self.size)
            energy = ops.matmul(squares, ops.cast(band, x.dtype))
        else:
            band = _band(inputs.shape[1], self.size)
            flat = ops.reshape(squares, (*ops.shape(x)[:2], -1))
            energy = ops.reshape(ops.matmul(ops.cast(band.T, x.dtype), flat), ops.shape(x))
        # The power by its logarithm: `ops.power` takes four times as long on a CPU.
        return ops.cast(x * ops.exp(-self.beta * ops.log(self.bias + alpha * energy)), inputs.dtype)

    def get_config(self) -> Config:
        """Returns the configuration."""
        names = ("size", "bias", "alpha", "beta", "alpha_mode", "data_format")
        return {**super().get_config(), **attributes(self, *names)}


def _band(channels, size):
    """Returns the matrix of 0 and 1 whose product with channels sums `size` around each.

    A product with a band costs a CPU a tenth of shifted slices and their gradients, and runs as
    exactly as the convolutions beside it.
    """
    from_own = np.arange(channels)[:, None] - np.arange(channels)
    return ((from_own >= -(size // 2)) & (from_own <= (size - 1) // 2)).astype("float32")
