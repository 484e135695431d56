"""Ops that bend the tone curve or take the colour out."""

import numpy as np
from keras import backend, ops

from keras_cv_extras._base import engine
from keras_cv_extras._base.exact import exp2, product
from keras_cv_extras._base.types import Numbers, Tensor
from keras_cv_extras.augment._image_op import image_op
from keras_cv_extras.augment._op import Range, round_off
from keras_cv_extras.augment.photometric._color import GREY_OR_RGB
from keras_cv_extras.augment.photometric._luma import luma, mean_of_bytes, rejoined


@image_op(
    strength=Range(1.0, 1.7, signed=True, least=0.0),
    pixels="moved",
    reads_values=True,
    cheap=True,
    elementwise=True,
)
def gamma(image: Tensor, exponent: Numbers) -> Tensor:
    """Raises pixel values, as shares of 255, to a power.

    Args:
        exponent: not negative; a number, or one per image. Below 1 images get brighter, 1 is
            the identity, above they get darker.

    Returns:
        Images of the same shape and type; integers are rounded.

    References:
        scikit-image's `exposure.adjust_gamma(image, exponent)`.

    Example:
        >>> darker = gamma(images, 2.2)
    """
    if backend.standardize_dtype(image.dtype) != "uint8":
        shares = ops.clip(ops.cast(image, "float32") * (1.0 / 255.0), 0.0, 1.0)
        return round_off(255.0 * ops.power(shares, exponent), image.dtype)

    def table(exponents):
        # One power for each value. Black stays black but for the power 0: its share is 2**-126.
        powers = exp2(exponents * ops.convert_to_tensor(_LOG2_SHARES))
        # Of 32 bits, which a processor looks up several at a time: bytes take twice as long.
        return ops.cast(round_off(255.0 * powers, "uint8"), "int32")

    index = ops.cast(image, "int32")
    tables = engine.kept(table, ops.reshape(exponent, (-1, 1)))
    if len(image.shape) == 2 and image.shape[0] != 1:
        index = index + ops.arange(ops.shape(image)[0], dtype="int32")[:, None] * 256
    return ops.cast(engine.take(ops.reshape(tables, (-1,)), index, axis=0), "uint8")


@image_op(
    strength=Range(0.0, 1.0, least=0.0, most=1.0),
    pixels="moved",
    reads_values=True,
    channels=GREY_OR_RGB,
    cheap=True,
    batched=True,
)
def grayscale(image: Tensor, amount: Numbers) -> Tensor:
    """Blends images with their grey version.

    Args:
        images: `(height, width, channels)` or `(batch, height, width, channels)`, integer or
            float, values in [0, 255]; 1 or 3 channels. Grey images do not change.
        amount: share of the grey version, in [0, 1]; a number, or one per image. 0 is the
            identity, 1 gives grey in all three channels.

    Returns:
        Images of the same shape and type; integers are rounded.

    References:
        Pillow's `Image.convert("L")`, ITU-R 601-2. `color` also goes the other way, to more
        colourful.

    Example:
        >>> grey = grayscale(images, 1.0)
    """
    if image.shape[-1] == 1:
        return image
    if backend.standardize_dtype(image.dtype) != "uint8":
        values = ops.cast(image, "float32")
        return round_off(values + product(amount, luma(image) - values), image.dtype)
    share = ops.cast(ops.clip(amount, 0.0, 1.0) * 2.0**24, "int32")
    parts = [rejoined(image), ops.cast(luma(image), "uint8")]
    # A float32 of 0.7 is less, and half of what it is multiplied by would be rounded down.
    return ops.cast(mean_of_bytes(parts, [(1 << 24) - share, share], more=2), "uint8")


with np.errstate(divide="ignore"):
    _LOG2_SHARES = np.log2(np.arange(256) / 255).clip(-1e4, 0).astype("float32")
