"""Ops that cut out a window."""

from keras import ops

from keras_cv_extras.augment._geometry import translate
from keras_cv_extras.augment._op import Range, image_op


@image_op(strength=Range(0.0, 0.25, unit="shorter"), pixels="moved")
def padded_crop(image, padding, x=0.5, y=0.5, *, fill=0):
    """Pads images on all sides and cuts out a window of the original size.

    Args:
        images: `(height, width, channels)` or `(batch, height, width, channels)`, integer or
            float, values in [0, 255].
        padding: pixels on each side, rounded to a whole number; a number, or one per image.
            0 is the identity.
        x: where the window lies between leftmost (0) and rightmost (just below 1); a number,
            or one per image. 0.5 is the middle.
        y: likewise, between top and bottom.
        fill: the value of the padding, in [0, 255]; a number, or one per channel.

    Returns:
        Images of the same shape and type.

    References:
        The usual training crop for small images, as in
        [ResNet](https://arxiv.org/abs/1512.03385) section 4.2: `padding` 4 at 32 x 32. Policies
        draw the position uniformly, for every image.
    """
    padding = ops.cast(ops.floor(padding + 0.5), "int32")
    return translate(image, _offset(padding, x), _offset(padding, y), fill)


def _offset(padding, position):
    """A whole number in [-padding, padding], each for an equal share of positions in [0, 1)."""
    choices = ops.cast(2 * padding + 1, "float32")
    return ops.cast(ops.floor(position * choices), "int32") - padding
