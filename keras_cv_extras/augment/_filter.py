"""Ops that mix neighbouring pixels."""

from keras import ops

from keras_cv_extras.augment._color import blend
from keras_cv_extras.augment._op import Range, finish, image_op


@image_op(strength=Range(1.0, 1.9, signed=True), pixels="moved")
def sharpness(image, factor):
    """Blends images with their smoothed version.

    Args:
        images: `(height, width, channels)` or `(batch, height, width, channels)`, integer or
            float, values in [0, 255].
        factor: a number, or one per image. 0 smooths, 1 is the identity, more sharpens. The
            outermost pixels do not change.

    Returns:
        Images of the same shape and type.

    References:
        Pillow's `ImageEnhance.Sharpness(image).enhance(factor)`, which smooths with the kernel
        [[1, 1, 1], [1, 5, 1], [1, 1, 1]] / 13.
    """
    channels = image.shape[-1]
    flat = ops.reshape(image, (*ops.shape(image)[:1], -1))
    values = ops.cast(flat, "float32")
    rows = values[:-2] + values[1:-1] + values[2:]
    centre = ops.cast(flat[1:-1, channels:-channels], "float32")
    total = rows[:, : -2 * channels] + rows[:, channels:-channels] + rows[:, 2 * channels :]
    smooth = ops.floor((total + 4.0 * centre + 6.5) * (1.0 / 13.0))  # never near a whole number
    inner = finish(blend(smooth, centre, factor), image.dtype)
    # Joined from parts: padding and masking take the compiled program ten times as long.
    middle = [flat[1:-1, :channels], inner, flat[1:-1, channels:][:, -channels:]]
    parts = [flat[:1], ops.concatenate(middle, axis=1), flat[1:][-1:]]
    return ops.reshape(ops.concatenate(parts, axis=0), ops.shape(image))
