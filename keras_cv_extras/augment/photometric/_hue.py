"""Ops on the hue and the saturation of HSV, without going there and back."""

import numpy as np
from keras import backend, ops

from keras_cv_extras._base import engine
from keras_cv_extras._base.exact import apart, product, quotient, reciprocal
from keras_cv_extras._base.types import Numbers, Tensor
from keras_cv_extras.augment._image_op import image_op
from keras_cv_extras.augment._op import Range, cut, round_off
from keras_cv_extras.augment.photometric._color import GREY_OR_RGB
from keras_cv_extras.augment.photometric._luma import bytes_or_floats, channels_of, rejoined

_HUES = np.array([0.0, 2.0, 4.0], "float32")  # of red, green and blue, in sixths of a turn


@image_op(
    strength=Range(0.0, 0.5, signed=True),
    pixels="moved",
    reads_values=True,
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
    result = _lessened(value, chroma * share, image.dtype)
    if backend.standardize_dtype(image.dtype) == "uint8":
        return result  # turned by 0 the image, by its rounding
    return ops.where(turns == 0.0, image, result)


def turned(image: Tensor, turns: Numbers) -> tuple[Tensor, Tensor, Tensor]:
    """Returns the value of pixels, their chroma, and how much of it channels lack once turned.

    Args:
        image: `(..., height, width, 3)`, of any type.
        turns: by how much of the circle of hues.
    """
    image = bytes_or_floats(image)
    value, chroma = (ops.cast(part, "float32") for part in _value_and_chroma(image))
    distance = ops.abs(engine.kept(_hue, image, turns) - ops.convert_to_tensor(_HUES))
    # A channel is full up to a sixth of a turn from its own hue, and empty from a third on.
    share = ops.clip(ops.minimum(distance, 6.0 - distance) - 1.0, 0.0, 1.0)
    return value, chroma, share


def _hue(image, turns):
    """The hue of pixels in sixths of a turn, turned: `(..., height, width, 1)`, in [0, 6]."""
    value, chroma = (ops.cast(part, "float32") for part in _value_and_chroma(image))
    red, green, blue = (ops.cast(channel, "float32") for channel in channels_of(image))
    scale = reciprocal(ops.maximum(chroma, 1e-20))
    # From the channel that is greatest.
    least_red = product(red - green, scale) + 4.0
    greenest = ops.where(value == green, product(blue - red, scale) + 2.0, least_red)
    sixths = ops.where(value == red, product(green - blue, scale), greenest)
    place = apart(sixths + product(6.0, turns))
    return place - 6.0 * ops.floor(place * (1.0 / 6.0))


def _value_and_chroma(image):
    """The greatest channel of pixels, and how far the least is below it."""
    red, green, blue = channels_of(image)
    value = ops.maximum(ops.maximum(red, green), blue)
    return value, value - ops.minimum(ops.minimum(red, green), blue)


def _lessened(value, lack, dtype):
    """Pixels that lack a part of their value, rounded for an integer type.

    The minimum keeps a compiler from fusing the product that the lack is, and clips bytes.
    """
    lack = ops.minimum(lack, value)
    if backend.standardize_dtype(dtype) == "uint8":
        return cut(apart(value + 0.5) - lack, dtype)
    return round_off(value - lack, dtype)


@image_op(
    strength=Range(1.0, 2.0, signed=True, least=0.0),
    pixels="moved",
    reads_values=True,
    channels=GREY_OR_RGB,
    cheap=True,
    batched=True,
)
def saturation(image: Tensor, factor: Numbers) -> Tensor:
    """Multiplies the saturation of images, in HSV.

    Args:
        images: `(height, width, channels)` or `(batch, height, width, channels)`, integer or
            float, values in [0, 255]; 1 or 3 channels. Grey images do not change.
        factor: not negative; a number, or one per image. 0 gives grey of the brightest channel,
            1 is the identity, more is more saturated, up to full.

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
    values = bytes_or_floats(image)
    value, chroma = _value_and_chroma(values)
    lack, chroma, value = (
        ops.cast(part, "float32") for part in (value - rejoined(values), chroma, value)
    )
    # Full saturation is where the least channel gets to 0.
    factor = ops.minimum(ops.maximum(factor, 0.0), quotient(value, ops.maximum(chroma, 1e-20)))
    return _lessened(value, lack * factor, image.dtype)
