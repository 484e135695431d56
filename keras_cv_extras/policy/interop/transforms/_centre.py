"""The window in the middle of an image, which is resized before, as torchvision and timm do it."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_cv_extras")
class _ResizedCentre(keras.layers.Layer):
    """Resizes images, keeping their aspect ratio, and cuts out the middle.

    Args:
        height, width: of the window. Where it is larger than the image, there is black around it.
        shorter: what the shorter side becomes; a pair `(height, width)` to be covered; or None to
            leave the size as it is.
        interpolation: "bilinear" or "bicubic", antialiased.
        **options: of `keras.layers.Layer`.

    References:
        torchvision 0.28, `v2.Resize` and `v2.CenterCrop`; of a pair timm's `ResizeKeepRatio`.
    """

    def __init__(
        self, height: int, width: int, shorter: Any = None, interpolation: str = "bilinear",
        **options: Any,
    ):  # fmt: skip
        super().__init__(**options)
        self.height, self.width = height, width
        self.shorter, self.interpolation = shorter, interpolation

    def call(self, images: Any) -> Any:
        """Returns the windows, `(batch, height, width, channels)`, as floats."""
        images = ops.cast(images, self.compute_dtype)
        shape = ops.shape(images)
        sides = ops.stack([ops.cast(side, "int32") for side in shape[1:3]])
        wholes = self._resized(sides)
        margins = wholes - ops.convert_to_tensor([self.height, self.width], "int32")
        # Half a pixel is rounded to the even place, of what is cut off.
        starts = ops.where(margins < 0, -(-margins // 2), ops.cast(ops.round(margins / 2), "int32"))
        return ops.image.scale_and_translate(
            images,
            (shape[0], self.height, self.width, shape[3]),
            ops.cast(wholes, "float32") / ops.cast(sides, "float32"),
            -ops.cast(starts, "float32"),
            (1, 2),
            self.interpolation,
        )

    def _resized(self, sides):
        """Returns the sides of the whole images behind resizing."""
        if self.shorter is None:
            return sides
        if isinstance(self.shorter, int):
            return self.shorter * sides // ops.min(sides)
        target = ops.convert_to_tensor(self.shorter, "float32")
        share = ops.max(target / ops.cast(sides, "float32"))
        return ops.cast(ops.round(ops.cast(sides, "float32") * share), "int32")

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, ...]:
        """Returns the shape of the windows."""
        return (input_shape[0], self.height, self.width, input_shape[3])

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments."""
        own = {key: getattr(self, key) for key in ("height", "width", "shorter", "interpolation")}
        return {**super().get_config(), **own}
