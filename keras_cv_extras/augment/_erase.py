"""Ops that erase a part of the image."""

from keras import ops

from keras_cv_extras.augment._op import Range, image_op


@image_op(strength=Range(0.0, 0.2, unit="shorter"), pixels="moved")
def cutout(image, size, x=0.5, y=0.5, *, fill=0):
    """Fills a square, which may reach beyond the image.

    Args:
        images: `(height, width, channels)` or `(batch, height, width, channels)`, integer or
            float, values in [0, 255].
        size: the side in pixels, rounded to a whole number; a number, or one per image. 0 is
            the identity.
        x: where the centre lies, as a fraction of the width in [0, 1); a number, or one per
            image.
        y: likewise, as a fraction of the height.
        fill: the value of the square, in [0, 255]; a number, or one per channel.

    Returns:
        Images of the same shape and type.

    References:
        [Cutout](https://arxiv.org/abs/1708.04552). Policies draw the centre uniformly.
    """
    height, width = ops.shape(image)[:2]
    inside = _covered(width, x, size)[None, :, None] & _covered(height, y, size)[:, None, None]
    return ops.where(inside, ops.cast(fill, image.dtype), image)


def _covered(length, centre, size):
    """Which of `length` pixels a segment of `size` pixels about a relative centre covers."""
    size = ops.floor(size + 0.5)
    start = ops.floor(centre * ops.cast(length, "float32")) - ops.floor(size / 2)
    position = ops.arange(length, dtype="float32")
    return (position >= start) & (position < start + size)
