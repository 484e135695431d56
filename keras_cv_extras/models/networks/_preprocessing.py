"""From pixel values in [0, 255] to what a network was designed, or trained, to see."""

from typing import Any

import keras
from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import Config, Shape, Tensor

# Of ImageNet, red, green and blue: mean and standard deviation of values in [0, 1] as
# torchvision publishes them, and the means of values in [0, 255] that Caffe's networks subtract.
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_CAFFE_MEAN = (123.68, 116.779, 103.939)


@keras.saving.register_keras_serializable("keras_cv_extras")
class ImagePreprocessing(keras.layers.Layer):
    """Brings pixel values to the range of a family of networks.

    Args:
        mode: "tf" for `x / 127.5 - 1`; "torch" for `(x / 255 - mean) / std` with ImageNet's
            statistics; "caffe" for `x - mean` and blue, green, red as the order of channels.
            Images that are not of three channels get the average of the three statistics.
        **kwargs: the arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: `(batch, height, width, channels)` with values in [0, 255], channels red, green
            and blue.

    Returns:
        A tensor of the same shape, of the layer's compute dtype.

    References:
        `keras.applications.imagenet_utils.preprocess_input`, whose values these are.

    Example:
        >>> x = ImagePreprocessing("torch")(images)
    """

    takes_bytes: bool = True

    def __init__(self, mode: str = "torch", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mode: Any = checks.one_of("mode", mode, ("tf", "torch", "caffe"))
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
        """Scales; see the class."""
        x = ops.cast(inputs, self.compute_dtype)
        if self.mode == "tf":
            return x / 127.5 - 1
        channels = x.shape[-1]
        if self.mode == "torch":
            mean, std = _of(channels, MEAN), _of(channels, STD)
            scale = ops.convert_to_tensor([1 / (255 * value) for value in std], x.dtype)
            offset = [m / s for m, s in zip(mean, std, strict=True)]
            return x * scale - ops.convert_to_tensor(offset, x.dtype)
        x = x - ops.convert_to_tensor(_of(channels, _CAFFE_MEAN), x.dtype)
        return ops.flip(x, axis=-1) if channels == 3 else x

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Returns the shape of the inputs."""
        return tuple(input_shape)

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {**super().get_config(), "mode": self.mode}


def _of(channels, values):
    """Returns one value for each channel."""
    return list(values) if channels == 3 else [sum(values) / 3] * channels
