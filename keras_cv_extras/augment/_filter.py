"""Ops that mix neighbouring pixels."""

from keras import ops

from keras_cv_extras.augment._color import blend
from keras_cv_extras.augment._op import Range, image_op


@image_op(strength=Range(1.0, 1.9, signed=True), pixels="computed")
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
    height, width = ops.shape(image)[:2]
    padded = ops.pad(image, ((1, 1), (1, 1), (0, 0)))
    rows = padded[:-2] + padded[1:-1] + padded[2:]
    total = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:] + 4.0 * image
    smooth = ops.floor((total + 6.5) * (1.0 / 13.0))  # whole totals stay off the integers
    y = ops.arange(height, dtype="int32")[:, None, None]
    x = ops.arange(width, dtype="int32")[None, :, None]
    inner = (y > 0) & (y < height - 1) & (x > 0) & (x < width - 1)
    return ops.where(inner, blend(smooth, image, factor), image)
