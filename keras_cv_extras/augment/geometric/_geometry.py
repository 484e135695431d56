"""Ops that move whole pixels: flips, quarter turns, translations; and the affine warp.

Signs, units and rounding are Pillow's, to the last bit: an affine op looks up, for the centre of
every output pixel, the nearest input pixel, in the 16-bit fixed-point arithmetic of
`Image.transform` (libImaging/Geometry.c). All coefficients are whole numbers of 1/65536 pixel,
so that every backend, compiled or not, reads the same pixels.
"""

import numpy as np
from keras import ops

from keras_cv_extras._base import engine
from keras_cv_extras._base.images.fill import CONTINUED, Fill, continued, flat_filling
from keras_cv_extras._base.images.fixed import HALF, ONE, offset, round_half_up
from keras_cv_extras._base.images.sampling import lookup_grid, warp
from keras_cv_extras._base.types import Color, Numbers, Tensor
from keras_cv_extras.augment._image_op import image_op
from keras_cv_extras.augment._op import Range

_NOTHING = np.int32(0)
_STILL = np.float32(0)
_NARROW = 64  # pixels: so few of a colour are computed faster than they are read


def _mirrored_x(height, width):
    return -ONE, 0, width * ONE - HALF, 0, ONE, HALF


def _mirrored_y(height, width):
    return ONE, 0, HALF, 0, -ONE, height * ONE - HALF


def _turned(height, width, turns, key, **options):
    turns = round_half_up(turns)
    cos, sin = (
        ops.cast(ops.equal(ops.mod(turns + shift, 4), 0), "int32")
        - ops.cast(ops.equal(ops.mod(turns + shift, 4), 2), "int32")
        for shift in (0, 3)
    )
    return about_centre(height, width, cos * ONE, -sin * ONE, sin * ONE, cos * ONE)


def _moved_x(height, width, pixels, key, **options):
    return ONE, 0, HALF + _moved(pixels, width, **options), 0, ONE, HALF


def _moved_y(height, width, pixels, key, **options):
    return ONE, 0, HALF, 0, ONE, HALF + _moved(pixels, height, **options)


def _moved(pixels, side, *, interpolation="nearest", fill_mode="constant"):
    """A distance in 1/65536 pixel, no longer than what makes a difference."""
    if interpolation == "bilinear":
        return offset(pixels)
    pixels = round_half_up(pixels)
    if fill_mode in ("wrap", "reflect"):
        return ops.mod(pixels, 2 * side) * ONE
    return ops.clip(pixels, -side, side) * ONE


@image_op(pixels="moved")
def identity(image: Tensor) -> Tensor:
    """Returns the images as they are.

    Example:
        >>> same = identity(images)
    """
    return image


@image_op(pixels="moved", matrix=_mirrored_x, batched=True)
def flip_horizontal(image: Tensor) -> Tensor:
    """Mirrors images left to right.

    Example:
        >>> flip_horizontal(np.array([[[1], [2], [3]]], "uint8"))[0, :, 0].numpy()
        array([3, 2, 1], dtype=uint8)
    """
    return ops.flip(image, axis=-2)


@image_op(pixels="moved", matrix=_mirrored_y, batched=True)
def flip_vertical(image: Tensor) -> Tensor:
    """Mirrors images top to bottom.

    Example:
        >>> flip_vertical(np.array([[[1]], [[2]]], "uint8"))[:, 0, 0].numpy()
        array([2, 1], dtype=uint8)
    """
    shape = ops.shape(image)
    rows = ops.reshape(image, (*shape[:-2], shape[-2] * shape[-1]))  # XLA moves them as a whole
    return ops.reshape(ops.flip(rows, axis=-2), shape)


@image_op(strength=Range(0.0, 2.0, signed=True), pixels="moved", matrix=_turned, key_for_fill=True)
def rotate_90(
    image: Tensor, turns: Numbers, key: Numbers = 0, *, fill_mode: str = "constant", fill: Color = 0
) -> Tensor:
    """Rotates images by quarter turns about their centre.

    Images that are not square keep their shape: what is turned out of it is cut off, and what is
    missing is filled.

    Args:
        turns: quarter turns, counter-clockwise, rounded to a whole number; a number, or one per
            image. 0 is the identity. Draws from the whole range of strengths, of either sign,
            make all four directions equally likely.

    References:
        Pillow's `Image.rotate(90 * turns)`.

    Example:
        >>> rotated = rotate_90(images, 1)
    """
    height, width = ops.shape(image)[:2]
    matrix = _turned(height, width, turns, key)
    return warp(image, matrix, Fill(fill_mode, fill, key), "nearest")


@image_op(
    strength=Range(0.0, 150 / 331, signed=True, unit="width"),
    pixels="moved",
    matrix=_moved_x,
    key_for_fill=True,
)
def translate_x(
    image: Tensor,
    pixels: Numbers,
    key: Numbers = 0,
    *,
    interpolation: str = "nearest",
    fill_mode: str = "constant",
    fill: Color = 0,
) -> Tensor:
    """Moves images horizontally.

    Args:
        pixels: how far to the left; a number, or one per image. Rounded to whole pixels, halves
            up, unless interpolated. 0 is the identity.

    References:
        Pillow's `Image.transform(size, AFFINE, (1, 0, pixels, 0, 1, 0))`.

    Example:
        >>> moved = translate_x(images, 4)
    """
    filling = Fill(fill_mode, fill, key)
    if interpolation == "bilinear":
        return translate_between(image, pixels, _STILL, filling)
    return translate(image, round_half_up(pixels), _NOTHING, filling)


@image_op(
    strength=Range(0.0, 150 / 331, signed=True, unit="height"),
    pixels="moved",
    matrix=_moved_y,
    key_for_fill=True,
)
def translate_y(
    image: Tensor,
    pixels: Numbers,
    key: Numbers = 0,
    *,
    interpolation: str = "nearest",
    fill_mode: str = "constant",
    fill: Color = 0,
) -> Tensor:
    """Moves images vertically.

    Args:
        pixels: how far up; a number, or one per image. Rounded to whole pixels, halves up,
            unless interpolated. 0 is the identity.

    References:
        Pillow's `Image.transform(size, AFFINE, (1, 0, 0, 0, 1, pixels))`.

    Example:
        >>> moved = translate_y(images, -4, fill=(255, 0, 0))
    """
    filling = Fill(fill_mode, fill, key)
    if interpolation == "bilinear":
        return translate_between(image, _STILL, pixels, filling)
    return translate(image, _NOTHING, round_half_up(pixels), filling)


def translate(image, x, y, fill):
    """Moves an image by whole pixels, `x` to the left and `y` up.

    Cuts a window out of the image twice in a row, and fills what came round: three times as fast
    as a warp.
    """
    if fill.mode in CONTINUED:
        return _translate_continued(image, x, y, fill.mode)
    height, width, channels = ops.shape(image)
    count, row = height * width, width * channels

    def inside_row(x):
        source = ops.arange(row, dtype="int32") // channels + x
        return ops.cast((source >= 0) & (source < width), "uint8")  # bytes, as the pixels are

    start = ops.mod(ops.mod(y, height) * width + ops.mod(x, count), count)
    twice = engine.kept(lambda flat: ops.concatenate([flat, flat]), ops.reshape(image, (-1,)))
    moved = engine.window(twice, (start * channels,), (count * channels,))
    source_y = ops.arange(height, dtype="int32") + y
    inside_y = (source_y >= 0) & (source_y < height)
    inside_x = engine.kept(inside_row, ops.convert_to_tensor(x))[None] > 0
    inside = inside_y[:, None] & inside_x
    filled = flat_filling(fill, image, kept=image.shape[1] is None or image.shape[1] > _NARROW)
    result = ops.where(inside, ops.reshape(moved, (height, row)), filled)
    return ops.reshape(result, ops.shape(image))


def _translate_continued(image, x, y, mode):
    """Takes rows, and cuts a window out of two or three images side by side."""
    height, width, channels = ops.shape(image)
    row = width * channels
    rows = continued(ops.arange(height, dtype="int32") + y, height, mode)
    flat = engine.take(ops.reshape(image, (height, row)), rows, axis=0)
    if mode == "reflect":
        mirrored = ops.reshape(ops.flip(ops.reshape(flat, (height, width, channels)), 1), (-1, row))
        parts, start = [flat, mirrored, flat], ops.mod(x, 2 * width)
    elif mode == "nearest":
        first, last = flat[:, :channels], flat[:, row - channels :]
        parts = [ops.tile(first, (1, width)), flat, ops.tile(last, (1, width))]
        start = ops.clip(x, -width, width) + width
    else:
        parts, start = [flat, flat], ops.mod(x, width)
    flat = engine.window(ops.concatenate(parts, axis=1), (0, start * channels), (height, row))
    return ops.reshape(flat, ops.shape(image))


def translate_between(image, x, y, fill):
    """Moves an image by any number of pixels, `x` to the left and `y` up, bilinearly."""
    height, width = ops.shape(image)[:2]
    across, down = (
        ops.arange(side, dtype="int32") * ONE + HALF + offset(pixels)
        for side, pixels in ((width, x), (height, y))
    )
    return lookup_grid(image, across, down, fill, "bilinear")


def about_centre(height, width, a, b, d, e):
    """Completes a matrix for `warp` so that the centre of the image stays where it is."""
    right, down = 1 - width, 1 - height  # twice the way from the centre to the first pixel's
    c = ops.right_shift(width * ONE + a * right + b * down, 1)
    f = ops.right_shift(height * ONE + d * right + e * down, 1)
    return a, b, c, d, e, f
