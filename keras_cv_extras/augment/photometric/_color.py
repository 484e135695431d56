"""Ops that change pixel values and colours: Pillow's ImageOps and ImageEnhance, to the last bit."""

import functools

import numpy as np
from keras import backend, ops

from keras_cv_extras._base import engine
from keras_cv_extras._base.types import Numbers, Tensor
from keras_cv_extras.augment._image_op import image_op
from keras_cv_extras.augment._op import Range, cut
from keras_cv_extras.augment.photometric._luma import (
    grey_rows,
    luma,
    mean_luma,
    pixels_of_rows,
)

GREY_OR_RGB = (1, 3)

_ENHANCE = Range(1.0, 1.9, signed=True)  # AutoAugment's 0.1 to 1.9, arXiv:1805.09501
_FEW = 32  # pixels that a reduction is fast for


@image_op(pixels="moved", reads_values=True, cheap=True, elementwise=True)
def invert(image: Tensor) -> Tensor:
    """Replaces every pixel value by its distance from 255.

    References:
        Pillow's `ImageOps.invert`.

    Example:
        >>> invert(np.array([[[0], [100]]], "uint8"))[0, :, 0].numpy()
        array([255, 155], dtype=uint8)
    """
    return 255 - image


@image_op(
    strength=Range(256.0, 0.0), pixels="moved", reads_values=True, cheap=True, elementwise=True
)
def solarize(image: Tensor, threshold: Numbers) -> Tensor:
    """Inverts the pixel values at or above a threshold.

    Args:
        threshold: a number, or one per image, in [0, 256]. 256 is the identity, 0 inverts all.

    References:
        Pillow's `ImageOps.solarize(image, threshold)`.

    Example:
        >>> solarize(np.array([[[200], [100]]], "uint8"), 128)[0, :, 0].numpy()
        array([ 55, 100], dtype=uint8)
    """
    return ops.where(ops.cast(image, "float32") < threshold, image, 255 - image)


@image_op(strength=Range(0.0, 110.0), pixels="computed", cheap=True, elementwise=True)
def solarize_add(image: Tensor, addition: Numbers, *, threshold: int = 128) -> Tensor:
    """Adds to the pixel values below a threshold.

    Args:
        addition: what is added; a number, or one per image. 0 is the identity.
        threshold: values below it are changed; a number in [0, 256].

    Returns:
        Images of the same shape and type, clipped to [0, 255].

    References:
        [RandAugment](https://arxiv.org/abs/1909.13719), as in the authors' TPU code.

    Example:
        >>> solarize_add(np.array([[[200], [100]]], "uint8"), 50)[0, :, 0].numpy()
        array([200, 150], dtype=uint8)
    """
    return ops.where(image < threshold, image + addition, image)


@image_op(strength=Range(8.0, 4.0), pixels="uint8", cheap=True, elementwise=True)
def posterize(image: Tensor, bits: Numbers) -> Tensor:
    """Keeps the highest bits of every pixel value.

    Args:
        bits: how many to keep, rounded to a whole number in [0, 8]; a number, or one per
            image. 8 is the identity. 0 gives black, where Pillow refuses.

    References:
        Pillow's `ImageOps.posterize(image, bits)`.

    Example:
        >>> posterize(np.array([[[255], [100]]], "uint8"), 2)[0, :, 0].numpy()
        array([192,  64], dtype=uint8)
    """
    dropped = 8 - ops.cast(ops.floor(ops.clip(bits, 0.0, 8.0) + 0.5), "int32")
    mask = 256 - ops.left_shift(ops.ones((), "int32"), dropped)
    return ops.bitwise_and(image, ops.cast(mask, "uint8"))


@image_op(strength=_ENHANCE, pixels="computed", cheap=True, elementwise=True)
def brightness(image: Tensor, factor: Numbers) -> Tensor:
    """Blends images with black.

    Args:
        factor: a number, or one per image. 0 gives black, 1 is the identity, more is brighter.

    References:
        Pillow's `ImageEnhance.Brightness(image).enhance(factor)`.

    Example:
        >>> brighter = brightness(images, 1.5)
    """
    return image * factor


@image_op(
    strength=_ENHANCE,
    pixels="moved",
    reads_values=True,
    channels=GREY_OR_RGB,
    cheap=True,
    batched=True,
)
def contrast(image: Tensor, factor: Numbers) -> Tensor:
    """Blends images with their mean grey.

    Args:
        factor: a number, or one per image. 0 gives one grey, 1 is the identity, more has more
            contrast.

    References:
        Pillow's `ImageEnhance.Contrast(image).enhance(factor)`.

    Example:
        >>> flatter = contrast(images, 0.5)
    """
    if backend.standardize_dtype(image.dtype) != "uint8" or engine.is_vectorized():
        return _blend(image, mean_luma(image), factor)

    def stretch(rows, factor):
        mean = mean_luma(pixels_of_rows(rows, image.shape[-1]))
        return _blend(rows, ops.reshape(mean, (-1, 1)), factor)

    return engine.in_rows(stretch, image, factor)


@image_op(
    strength=_ENHANCE,
    pixels="moved",
    reads_values=True,
    channels=GREY_OR_RGB,
    cheap=True,
    batched=True,
)
def color(image: Tensor, factor: Numbers) -> Tensor:
    """Blends images with their grey version.

    Args:
        images: `(height, width, channels)` or `(batch, height, width, channels)`, integer or
            float, values in [0, 255]; 1 or 3 channels. Grey images do not change.
        factor: a number, or one per image. 0 gives grey, 1 is the identity, more is more
            colourful.

    References:
        Pillow's `ImageEnhance.Color(image).enhance(factor)`.

    Example:
        >>> paler = color(images, 0.5)
    """
    if image.shape[-1] == 1:
        return image
    if backend.standardize_dtype(image.dtype) != "uint8" or engine.is_vectorized():
        return _blend(image, luma(image), factor)
    return engine.in_rows(lambda rows, factor: _blend(rows, grey_rows(rows), factor), image, factor)


@image_op(pixels="uint8")
def autocontrast(image: Tensor) -> Tensor:
    """Stretches every channel to the whole range, from 0 to 255.

    Returns:
        Images of the same shape and type. A channel of one value does not change.

    References:
        Pillow's `ImageOps.autocontrast(image)`.

    Example:
        >>> autocontrast(np.array([[[50], [100]]], "uint8"))[0, :, 0]
    """
    flags = ops.convert_to_tensor(_autocontrast_flags())
    flag_of_value = ops.convert_to_tensor(_FLAG_OF_VALUE)
    values = ops.arange(256, dtype="int32")

    def table(low, high):
        span = ops.maximum(high - low, 1)
        stretched = ops.clip((values - low) * 255, 0, 255 * span) // span
        shift = engine.take(flag_of_value, stretched, axis=0)
        flag = ops.right_shift(engine.take(flags, low * 256 + high, axis=0), shift)
        return ops.where(high > low, stretched - ops.bitwise_and(flag, 1), values)

    low, high = darkest_and_brightest(image)
    return look_up(image, engine.kept(table, low[:, None], high[:, None]))


@image_op(pixels="uint8")
def equalize(image: Tensor) -> Tensor:
    """Spreads the values of every channel so that all are about equally frequent.

    Returns:
        Images of the same shape and type. A channel of one value does not change, nor does a
        small image: with fewer than 256 pixels below its brightest value Pillow's step is 0.

    References:
        Pillow's `ImageOps.equalize(image)`.

    Example:
        >>> equalised = equalize(images)
    """
    values = ops.arange(256, dtype="int32")

    def table(counts):
        brightest = ops.max(ops.where(counts > 0, values, 0), axis=1, keepdims=True)
        step = ops.sum(ops.where(values == brightest, 0, counts), axis=1, keepdims=True) // 255
        below = ops.cumsum(counts, axis=1) - counts
        equalized = ops.minimum((below + step // 2) // ops.maximum(step, 1), 255)
        return ops.where(step > 0, equalized, values)

    return look_up(image, engine.kept(table, histogram(image)))


def _blend(image, degenerate, factor):
    """Goes from a degenerate image through an image at factor 1 and beyond.

    Clipped before the sum, which gives the same: for Pillow the product is rounded by itself, and
    a compiler could not keep it apart from the sum more cheaply.
    """
    values, degenerate = ops.cast(image, "float32"), ops.cast(degenerate, "float32")
    change = ops.clip(factor * (values - degenerate), -degenerate, 255.0 - degenerate)
    return cut(degenerate + change, image.dtype)


def histogram(image):
    """Counts the values of a uint8 image, per channel: int32 of shape (channels, 256)."""
    channels = image.shape[-1]
    values = ops.reshape(_by_channel(image), (-1,))
    counts = ops.segment_sum(ops.ones_like(values), values, num_segments=channels * 256)
    return ops.reshape(counts, (channels, 256))


def look_up(image, table):
    """Replaces the values of a uint8 image by a table, int32 of shape (channels, 256)."""
    # Of 32 bits, which a processor looks up several at a time: bytes take twice as long.
    table = ops.reshape(ops.cast(table, "int32"), (-1,))
    values = engine.take(table, ops.reshape(_by_channel(image), (-1,)), axis=0)
    return ops.reshape(ops.cast(values, "uint8"), ops.shape(image))


def darkest_and_brightest(image):
    """Returns the least and the greatest value of every channel, int32 of shape (channels,).

    Halves that overlap are compared until few pixels are left, which a compiler makes fast; a
    reduction over all of them takes it seven times as long.
    """
    ends = []
    for reduce, combine in ((ops.min, ops.minimum), (ops.max, ops.maximum)):
        pixels = ops.reshape(image, (-1, image.shape[-1]))
        halved = not engine.is_vectorized()
        while halved and pixels.shape[0] is not None and pixels.shape[0] > _FEW:
            pixels = combine(*engine.halves(pixels, 0))
        ends.append(ops.cast(reduce(pixels, axis=0), "int32"))
    return ends


def _by_channel(image):
    """The values of a uint8 image, counted on from channel to channel."""
    return ops.cast(image, "int32") + ops.arange(image.shape[-1], dtype="int32") * 256


# Pillow computes the values of autocontrast in double precision and cuts them. Where the exact
# result is whole, rounding may leave it just below, and Pillow gives one less. That only
# happens at multiples of 17 and of 15, for some pairs of darkest and brightest value; one flag
# for each of these 31 results says where.
_FLAG_VALUES = sorted({17 * k for k in range(1, 16)} | {15 * k for k in range(1, 18)})
_FLAG_OF_VALUE = np.full(256, 31, "int32")  # bit 31 is never set
_FLAG_OF_VALUE[_FLAG_VALUES] = np.arange(31)


@functools.cache
def _autocontrast_flags():
    """One int32 of flags for each `256 * low + high`."""
    flags = np.zeros((256, 256), "int64")
    low, high = np.triu_indices(256, 1)
    scale = 255.0 / (high - low)
    for bit, value in enumerate(_FLAG_VALUES):
        source = value * (high - low)
        position = low + source // 255
        cut = (position * scale + -low * scale).astype("int64")
        flags[low, high] |= ((source % 255 == 0) & (cut < value)).astype("int64") << bit
    return flags.reshape(-1).astype("int32")
