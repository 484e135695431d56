"""Borders around images, as torchvision and Albumentations add them."""

from typing import Any

import keras
from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.images.batches import check_axes

#: How images go on: filled; or, of a b c d, by d d d, by c b a, by d c b, or by a b c.
MODES = ("constant", "edge", "reflect", "symmetric", "wrap")
_PLACES = ("centre", "corner", "any")


@keras.saving.register_keras_serializable("keras_cv_extras")
class PaddedImages(keras.layers.Layer):
    """Adds borders to images, in training and at inference.

    Args:
        sides: pixels to add: `(top, bottom, left, right)`.
        least: `(height, width)` that images get at least; None for any.
        place: where images lie in what `least` asks for: "centre", the odd pixel below and to the
            right; "corner", above and to the left; or "any", with all of it on both sides, so
            that a crop behind it cuts it off again.
        mode: one of `MODES`.
        fill: the value of a constant border, in the images' own range; a number, or one per
            channel.
        **options: of `keras.layers.Layer`.

    References:
        torchvision 0.28, `v2.Pad`; Albumentations 2.0.8, `Pad` and `PadIfNeeded`.
    """

    def __init__(
        self, sides: Any = (0, 0, 0, 0), least: Any = None, place: str = "centre",
        mode: str = "constant", fill: Any = 0.0, **options: Any,
    ):  # fmt: skip
        super().__init__(**{"autocast": False, **options})
        self.sides = [int(side) for side in sides]
        self.least = None if least is None else [int(side) for side in least]
        self.place = checks.one_of("place", place, _PLACES)
        self.fill = fill
        self.mode = checks.one_of("mode", mode, MODES)

    def call(self, images: Any) -> Any:
        """Returns the images with their borders, in their own type."""
        images = ops.convert_to_tensor(images)
        check_axes(images)
        for axis, number in ((-3, 0), (-2, 2)):
            size = ops.shape(images)[axis]
            before, after = self._borders(number, size)
            if not (isinstance(size, int) and before == after == 0):
                images = self._along(images, len(images.shape) + axis, size, before, after)
        return images

    def _borders(self, number, size):
        """Returns how many pixels are added before and behind an axis."""
        before, after = self.sides[number : number + 2]
        if self.least is None:
            return before, after
        missing = self.least[number // 2] - size
        missing = max(0, missing) if isinstance(missing, int) else ops.maximum(missing, 0)
        if self.place == "any":
            return before + missing, after + missing
        first = missing // 2 if self.place == "centre" else 0
        return before + first, after + missing - first

    def _along(self, images, axis, size, before, after):
        place = ops.arange(-before, size + after, dtype="int32")
        inside = ops.logical_and(place >= 0, place < size)
        last = size - 1
        if self.mode == "wrap":
            place = place % size
        elif self.mode == "reflect":
            place = place % ops.cast(ops.maximum(1, 2 * last), "int32")
            place = ops.minimum(place, 2 * last - place)
        elif self.mode == "symmetric":
            place = place % (2 * size)
            place = ops.minimum(place, 2 * size - 1 - place)
        made = ops.take(images, ops.clip(place, 0, last), axis=axis)
        if self.mode != "constant":
            return made
        inside = ops.reshape(inside, (-1, *[1] * (len(images.shape) - 1 - axis)))
        return ops.where(inside, made, ops.cast(self.fill, images.dtype))

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, ...]:
        """Returns the shape of the images with their borders."""
        sides = []
        for number, size in ((0, input_shape[-3]), (2, input_shape[-2])):
            sides.append(None if size is None else size + sum(self._borders(number, size)))
        return (*input_shape[:-3], *sides, input_shape[-1])

    def compute_output_spec(self, images: Any) -> Any:
        """Returns the shape and type of the result."""
        return keras.KerasTensor(self.compute_output_shape(images.shape), dtype=images.dtype)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments."""
        names = ("sides", "least", "place", "mode", "fill")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
