"""Ops that erase a part of the image."""

from keras import ops

from keras_cv_extras.augment._geometry import fill_row
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
    height, width, channels = ops.shape(image)
    column = ops.arange(width * channels, dtype="int32") // channels
    inside = (
        _covered(ops.arange(height, dtype="int32"), height, y, size)[:, None]
        & _covered(column, width, x, size)[None, :]
    )
    flat = ops.reshape(image, (height, width * channels))
    return ops.reshape(ops.where(inside, fill_row(fill, image), flat), ops.shape(image))


def _covered(positions, length, centre, size):
    """Whether a segment of `size` pixels about a relative centre of `length` covers positions."""
    size = ops.cast(ops.floor(size + 0.5), "int32")
    start = ops.cast(ops.floor(centre * ops.cast(length, "float32")), "int32") - size // 2
    return (positions >= start) & (positions < start + size)
