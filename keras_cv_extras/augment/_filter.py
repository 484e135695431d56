"""Ops that mix neighbouring pixels."""

from keras import backend, ops

from keras_cv_extras._base import engine
from keras_cv_extras._base.exact import blend
from keras_cv_extras._base.types import Numbers, Tensor
from keras_cv_extras.augment._op import Range, finish, image_op


@image_op(strength=Range(1.0, 1.9, signed=True), pixels="moved", cheap=True)
def sharpness(image: Tensor, factor: Numbers) -> Tensor:
    """Blends images with their smoothed version.

    Args:
        factor: a number, or one per image. 0 smooths, 1 is the identity, more sharpens. The
            outermost pixels do not change.

    References:
        Pillow's `ImageEnhance.Sharpness(image).enhance(factor)`, which smooths with the kernel
        [[1, 1, 1], [1, 5, 1], [1, 1, 1]] / 13.
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
    # Joined from parts: padding and masking take the compiled program ten times as long.
    middle = [flat[1:-1, :channels], inner, flat[1:-1, channels:][:, -channels:]]
    parts = [flat[:1], ops.concatenate(middle, axis=1), flat[1:][-1:]]
    return ops.reshape(ops.concatenate(parts, axis=0), ops.shape(image))
