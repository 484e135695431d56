"""Overlapping pooling, as AlexNet has it: windows larger than the step between them."""

from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from keras_cv_extras._base.numbers import floats
from keras_cv_extras._base.types import Sizes, Tensor
from keras_cv_extras.layers.pooling._base import Ranked

# The layer of Keras that a subclass names behind `_Overlapping`.
_Behind = keras.layers.Layer if TYPE_CHECKING else object


class _Overlapping(Ranked, _Behind):
    """Keras' pooling with AlexNet's windows of 3 at steps of 2; an error if none overlap.

    Args:
        pool_size: a window's size, an integer or one per spatial axis.
        strides: the step from window to window, smaller than the window along every axis.
        padding: "valid" or "same".
        data_format: "channels_last", "channels_first" or None for Keras' setting.
        **kwargs: the arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: `(batch, *spatial, channels)` or, channels first, `(batch, channels, *spatial)`.

    Returns:
        A tensor of the same rank, one cell for each window.

    Raises:
        ValueError: if windows do not overlap.

    References:
        [AlexNet, section 3.4](https://papers.nips.cc/paper/4824)
    """

    example = "(3, strides=2)(x)"

    def __init__(
        self,
        pool_size: Sizes = 3,
        strides: Sizes | None = 2,
        padding: str = "valid",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        given: Any = super().__init__  # of Keras' pooling layer, which comes with the rank
        given(pool_size, strides, padding, data_format, **kwargs)
        pairs = zip(self.pool_size, self.strides, strict=True)
        if any(step >= size for size, step in pairs):
            raise ValueError(
                "strides must be smaller than pool_size, so that windows overlap, received "
                f"pool_size={pool_size!r} and strides={strides!r}: Keras' own pooling layers take "
                "others"
            )

    def call(self, inputs: Tensor) -> Tensor:
        """Pools; see the class."""
        # TensorFlow has no kernel on the CPU for volumes of half precision.
        return ops.cast(super().call(floats(inputs)), inputs.dtype)


class OverlappingMaxPooling1D(_Overlapping, keras.layers.MaxPooling1D, rank=1):
    pass


class OverlappingMaxPooling2D(_Overlapping, keras.layers.MaxPooling2D, rank=2):
    pass


class OverlappingMaxPooling3D(_Overlapping, keras.layers.MaxPooling3D, rank=3):
    pass


class OverlappingAveragePooling1D(_Overlapping, keras.layers.AveragePooling1D, rank=1):
    pass


class OverlappingAveragePooling2D(_Overlapping, keras.layers.AveragePooling2D, rank=2):
    pass


class OverlappingAveragePooling3D(_Overlapping, keras.layers.AveragePooling3D, rank=3):
    pass
