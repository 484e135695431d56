"""Ops that mix neighbouring pixels."""

from keras import backend, ops

from keras_cv_extras._base import engine
from keras_cv_extras._base.exact import blend
from keras_cv_extras._base.types import Numbers, Tensor
from keras_cv_extras.augment._image_op import image_op
from keras_cv_extras.augment._op import Range, finish


@image_op(strength=Range(1.0, 1.9, signed=True), pixels="moved", reads_values=True, cheap=True)
def sharpness(image: Tensor, factor: Numbers) -> Tensor:
    """Blends images with their smoothed version.

    Args:
        factor: a number, or one per image. 0 smooths, 1 is the identity, more sharpens. The
            outermost pixels do not change.

    References:
        Pillow's `ImageEnhance.Sharpness(image).enhance(factor)`, which smooths with the kernel
        [[1, 1, 1], [1, 5, 1], [1, 1, 1]] / 13.

    Example:
        >>> sharper = sharpness(images, 1.8)
    """
    channels = image.shape[-1]
    flat = ops.reshape(image, (*ops.shape(image)[:1], -1))
    # Values are added up in 16 bits, of which twice as many fit an instruction.
    dtype = "int16" if backend.standardize_dtype(image.dtype) == "uint8" else "float32"

    def add_rows(flat):
        values = ops.cast(flat, dtype)
        return values[:-2] + values[1:-1] + values[2:]

    def blend_inner(flat, rows, factor):
        centre = ops.cast(flat[1:-1, channels:-channels], dtype)
        total = rows[:, : -2 * channels] + rows[:, channels:-channels] + rows[:, 2 * channels :]
        total = ops.cast(total + 4 * centre, "float32")
        smooth = ops.floor((total + 6.5) * (1.0 / 13.0))  # never near a whole number
        return finish(blend(smooth, ops.cast(centre, "float32"), factor), image.dtype)

    inner = engine.kept(blend_inner, flat, engine.kept(add_rows, flat), factor)
    if engine.is_vectorized():
        return _framed(image, inner)
    # Joined from parts: padding and masking take the compiled program ten times as long.
    middle = [flat[1:-1, :channels], inner, flat[1:-1, channels:][:, -channels:]]
    parts = [flat[:1], ops.concatenate(middle, axis=1), flat[1:][-1:]]
    return ops.reshape(ops.concatenate(parts, axis=0), ops.shape(image))


def _framed(image, inner):
    """All in one pass: what is joined from parts is written and read several times."""
    height, width, channels = image.shape
    if min(height, width) < 3:
        return image
    inner = ops.reshape(inner, (height - 2, width - 2, channels))
    row, column = (ops.arange(side, dtype="int32") for side in (height, width))
    rows, columns = (row > 0) & (row < height - 1), (column > 0) & (column < width - 1)
    framed = ops.pad(inner, [(1, 1), (1, 1), (0, 0)])
    return ops.where((rows[:, None] & columns[None])[..., None], framed, image)
