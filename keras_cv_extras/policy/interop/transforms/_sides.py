"""Images of another size and the same aspect ratio, as torchvision and Albumentations make them."""

from typing import Any

import keras
from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.images.batches import check_axes


@keras.saving.register_keras_serializable("keras_cv_extras")
class ResizedSide(keras.layers.Layer):
    """Resizes images until one of their sides has a length, in training and at inference.

    Args:
        length: of that side, in pixels.
        side: "shorter" or "longer".
        most: the greatest length of the longer side, if the shorter one has the length; or None.
        interpolation: "nearest", "bilinear" or "bicubic".
        antialias: whether nothing is skipped where images become smaller.
        rounded: whether the other side is rounded; else it is cut to whole pixels.
        clip: whether values are bytes in [0, 255], of which bicubic filters leave none outside.
        **options: of `keras.layers.Layer`.

    References:
        torchvision 0.28, `v2.Resize`, which cuts; Albumentations 2.0.8, `SmallestMaxSize` and
        `LongestMaxSize`, which round.
    """

    def __init__(
        self, length: int, side: str = "shorter", most: int | None = None,
        interpolation: str = "bilinear", antialias: bool = True, rounded: bool = False,
        clip: bool = True, **options: Any,
    ):  # fmt: skip
        super().__init__(**options)
        self.length, self.most = length, most
        self.side = checks.one_of("side", side, ("shorter", "longer"))
        self.interpolation, self.antialias = interpolation, antialias
        self.rounded, self.clip = rounded, clip

    def call(self, images: Any) -> Any:
        """Returns the images in their new size, as floats."""
        images = ops.convert_to_tensor(images)
        check_axes(images)
        height, width = ops.shape(images)[-3:-1]
        images = ops.cast(images, self.compute_dtype)
        size = self._sizes(height, width)
        antialias = self.antialias and self.interpolation != "nearest"
        if isinstance(height, int) and isinstance(width, int):
            made = ops.image.resize(
                images,
                size,
                interpolation=self.interpolation,
                antialias=antialias,
                data_format="channels_last",
            )
        else:
            import tensorflow as tf  # whose images alone may have a size that is not known

            made = tf.image.resize(images, size, self.interpolation, antialias=antialias)
        bicubic = self.interpolation == "bicubic"
        return ops.clip(made, 0.0, 255.0) if bicubic and self.clip else made

    def _sizes(self, height, width):
        """Returns the new height and width, of integers or of tensors."""
        known = isinstance(height, int) and isinstance(width, int)
        least, greatest = (min, max) if known else (ops.minimum, ops.maximum)
        shorter, longer = least(height, width), greatest(height, width)
        if self.side == "longer":
            short, long = self._scaled(shorter, longer), self.length
        else:
            short, long = self.length, self._scaled(longer, shorter)
        if self.most is not None:
            short, long = least(short, self.most * short // long), least(long, self.most)
        if known:
            return (short, long) if height <= width else (long, short)
        low = height <= width
        return ops.where(low, short, long), ops.where(low, long, short)

    def _scaled(self, side, of):
        """Returns a side of images of which another gets the length."""
        if not self.rounded:
            return self.length * side // of
        if isinstance(side, int) and isinstance(of, int):
            return round(side * self.length / of)
        share = ops.cast(side, "float32") * self.length / ops.cast(of, "float32")
        return ops.cast(ops.round(share), "int32")

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, ...]:
        """Returns the shape of the images in their new size."""
        sides = tuple(input_shape[-3:-1])
        sides = (None, None) if None in sides else self._sizes(*sides)
        return (*input_shape[:-3], *sides, input_shape[-1])

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments."""
        names = ("length", "side", "most", "interpolation", "antialias", "rounded", "clip")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
