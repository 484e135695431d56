"""Ops on the hue and the saturation of HSV, without going there and back."""

import numpy as np
from keras import ops

from keras_cv_extras._base.exact import apart, product, quotient, reciprocal
from keras_cv_extras._base.types import Numbers, Tensor
from keras_cv_extras.augment._image_op import image_op
from keras_cv_extras.augment._op import Range
from keras_cv_extras.augment.photometric._color import GREY_OR_RGB

_TRAPEZIUM_STARTS = np.array([5.0, 3.0, 1.0], "float32")  # of red, green and blue, in sixths


@image_op(
    strength=Range(0.0, 0.5, signed=True),
    pixels="rounded",
    channels=GREY_OR_RGB,
    cheap=True,
    batched=True,
)
def hue(image: Tensor, turns: Numbers) -> Tensor:
    """Turns the hue of images, in HSV.

    Args:
        images: `(height, width, channels)` or `(batch, height, width, channels)`, integer or
            float, values in [0, 255]; 1 or 3 channels. Grey images do not change.
        turns: by how much of the circle of hues, in [-0.5, 0.5]; a number, or one per image. 0
            is the identity, a third makes red green.

    Returns:
        Images of the same shape and type; integers are rounded.

    References:
        Smith, Color gamut transform pairs, [SIGGRAPH 1978](https://doi.org/10.1145/965139.807361).
        The value is scikit-image's `rgb2hsv`, the hue plus `turns`, and `hsv2rgb`; as
        `torchvision.transforms.v2.functional.adjust_hue` of a float image.

    Example:
        >>> other_hue = hue(images, 0.1)
    """
    if image.shape[-1] == 1:
        return image
    value, chroma, share = turned(image, turns)
    return ops.where(turns == 0.0, image, value - product(chroma, share))


def turned(image: Tensor, turns: Numbers) -> tuple[Tensor, Tensor, Tensor]:
    """Returns the value of pixels, their chroma, and how much of it channels lack once turned.

    Args:
        image: `(..., height, width, 3)`, floats.
        turns: by how much of the circle of hues.
    """
    red, green, blue = image[..., 0:1], image[..., 1:2], image[..., 2:3]
    value = ops.maximum(ops.maximum(red, green), blue)
    chroma = value - ops.minimum(ops.minimum(red, green), blue)
    scale = reciprocal(ops.maximum(chroma, 1e-20))
    # The hue in sixths of a turn, from the channel that is greatest.
    least_red = product(red - green, scale) + 4.0
    greenest = ops.where(value == green, product(blue - red, scale) + 2.0, least_red)
    sixths = ops.where(value == red, product(green - blue, scale), greenest)
    # Each channel is a trapezium over the circle: up, high, high, down, low, low.
    position = apart(sixths + product(6.0, turns)) + ops.convert_to_tensor(_TRAPEZIUM_STARTS)
    position = position - 6.0 * ops.floor(position * (1.0 / 6.0))
    return value, chroma, ops.clip(ops.minimum(position, 4.0 - position), 0.0, 1.0)


@image_op(
    strength=Range(1.0, 2.0, signed=True),
    pixels="rounded",
    channels=GREY_OR_RGB,
    cheap=True,
    batched=True,
)
def saturation(image: Tensor, factor: Numbers) -> Tensor:
    """Multiplies the saturation of images, in HSV.

    Args:
        images: `(height, width, channels)` or `(batch, height, width, channels)`, integer or
            float, values in [0, 255]; 1 or 3 channels. Grey images do not change.
        factor: a number, or one per image. 0 gives grey of the brightest channel, 1 is the
            identity, more is more saturated, up to full.

    Returns:
        Images of the same shape and type; integers are rounded. Hue and value do not change.

    References:
        Smith, Color gamut transform pairs, [SIGGRAPH 1978](https://doi.org/10.1145/965139.807361).
        The value is scikit-image's `rgb2hsv`, the saturation times `factor` and at most 1, and
        `hsv2rgb`. `color` blends with the luma instead, as Pillow and torchvision do.

    Example:
        >>> stronger = saturation(images, 1.5)
    """
    if image.shape[-1] == 1:
        return image
    value = ops.max(image, axis=-1, keepdims=True)
    chroma = value - ops.min(image, axis=-1, keepdims=True)
    # Full saturation is where the least channel gets to 0.
    factor = ops.minimum(factor, quotient(value, ops.maximum(chroma, 1e-20)))
    return value - product(value - image, factor)
