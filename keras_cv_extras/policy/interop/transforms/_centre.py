"""The window in the middle of an image, which is resized before, as torchvision and timm do it."""

from typing import Any

import keras
import numpy as np
from keras import ops

from keras_cv_extras._base.images.batches import check_axes

_REACH = {"bilinear": 1, "bicubic": 2}  # of the filters, in pixels of the coarser image


@keras.saving.register_keras_serializable("keras_cv_extras")
class ResizedCentre(keras.layers.Layer):
    """Resizes images, keeping their aspect ratio, and cuts out the middle.

    Only what is seen is resized: its pixels are cut out first.

    Args:
        height: of the window. Where it is larger than the image, there is black around it.
        width: likewise.
        shorter: what the shorter side becomes; a pair `(height, width)` to be covered; None to
            leave the size as it is; or "stretch", by which the window is the whole image.
        interpolation: "bilinear" or "bicubic", antialiased.
        clip: whether values are bytes in [0, 255], of which bicubic filters leave none outside:
            neither behind the columns nor behind the rows, as torchvision does it on tensors and
            Pillow on images; Pillow 13 begins with the rows where that is less work.
        **options: of `keras.layers.Layer`.

    References:
        torchvision 0.28, `v2.Resize` and `v2.CenterCrop`; of a pair timm's `ResizeKeepRatio`.
    """

    def __init__(
        self, height: int, width: int, shorter: Any = None, interpolation: str = "bilinear",
        clip: bool = True, **options: Any,
    ):  # fmt: skip
        super().__init__(**options)
        self.height, self.width = height, width
        self.shorter, self.interpolation, self.clip = shorter, interpolation, clip

    def call(self, images: Any) -> Any:
        """Returns the windows, `(..., height, width, channels)`, as floats; of one image, one."""
        images = ops.convert_to_tensor(images)
        check_axes(images)
        return self._windows(images) if len(images.shape) == 4 else self._windows(images[None])[0]

    def _windows(self, images):
        sides = ops.shape(images)[1:3]
        # NumPy computes with sizes that are known, so that those of what is cut out are, too.
        xp: Any = np if all(isinstance(side, int) for side in sides) else ops
        sides = xp.stack(sides)
        window = xp.array([self.height, self.width], dtype="int32")
        wholes = self._resized(xp, sides)
        margins = wholes - window
        # Half a pixel is rounded to the even place, of what is cut off.
        even = xp.array(xp.round(margins / 2), dtype="int32")
        starts = xp.where(margins < 0, -(-margins // 2), even)
        if self.shorter is None:
            images, firsts, lasts = self._cut(xp, images, starts, starts + window)
            around = xp.stack([firsts - starts, starts + window - lasts], axis=1)
            images = ops.pad(
                images, [[0, 0], [around[0, 0], around[0, 1]], [around[1, 0], around[1, 1]], [0, 0]]
            )
            return ops.reshape(images, (-1, self.height, self.width, images.shape[-1]))
        steps, starts = xp.array(sides / wholes, dtype="float32"), xp.array(starts, dtype="float32")
        reach = 1.0 + _REACH[self.interpolation] * xp.maximum(steps, 1.0)
        ends = starts + xp.array(window, dtype="float32")
        ends = ((starts + 0.5) * steps - reach, (ends + 0.5) * steps + reach)
        images, firsts, _ = self._cut(xp, images, *ends)
        scale = ops.cast(1.0 / steps, "float32")
        moved = ops.cast(xp.array(firsts, dtype="float32") / steps - starts, "float32")
        if self.interpolation != "bicubic":
            return self._columns(self._rows(images, scale, moved), scale, moved)
        bound = (lambda x: ops.clip(x, 0.0, 255.0)) if self.clip else (lambda x: x)
        return bound(self._rows(bound(self._columns(images, scale, moved)), scale, moved))

    def _rows(self, images, scale, moved):
        """Resizes along the height, by a product, since Keras would turn the images for it."""
        batch, height, width, channels = ops.shape(images)
        place = ops.arange(height, dtype="int32")
        rows = ops.cast(ops.equal(place[:, None], place), self.compute_dtype)[None, :, :, None]
        rows = self._resize(rows, 1, (1, self.height, height, 1), scale, moved)[0, :, :, 0]
        images = ops.matmul(rows, ops.reshape(images, (batch, height, -1)))
        return ops.reshape(images, (batch, self.height, width, channels))

    def _columns(self, images, scale, moved):
        batch, height, _, channels = ops.shape(images)
        return self._resize(images, 2, (batch, height, self.width, channels), scale, moved)

    def _resize(self, images, axis, shape, scale, moved):
        """Returns images with another size along an axis."""
        along = slice(axis - 1, axis)
        return ops.image.scale_and_translate(
            images, shape, scale[along], moved[along], (axis,), self.interpolation
        )

    def _cut(self, xp, images, firsts, lasts):
        """Returns what images have from `firsts` to `lasts`, as floats, and where that is."""
        sides = xp.stack(ops.shape(images)[1:3])
        firsts = xp.maximum(xp.array(xp.floor(firsts), dtype="int32"), 0)
        lasts = xp.minimum(xp.array(xp.ceil(lasts), dtype="int32"), sides)
        images = images[:, firsts[0] : lasts[0], firsts[1] : lasts[1]]
        return ops.cast(images, self.compute_dtype), firsts, lasts

    def _resized(self, xp, sides):
        """Returns the sides of the whole images behind resizing."""
        if self.shorter is None:
            return sides
        if self.shorter == "stretch":
            return xp.array([self.height, self.width], dtype="int32")
        if isinstance(self.shorter, int):
            return self.shorter * sides // xp.min(sides)
        sides = xp.array(sides, dtype="float32")
        share = xp.max(xp.array(self.shorter, dtype="float32") / sides)
        return xp.array(xp.round(sides * share), dtype="int32")

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, ...]:
        """Returns the shape of the windows."""
        return (*input_shape[:-3], self.height, self.width, input_shape[-1])

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments."""
        names = ("height", "width", "shorter", "interpolation", "clip")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
