"""Fills places outside of an image: with colours, noise, or the image continued."""

from typing import NamedTuple

from keras import backend, ops

from keras_cv_extras._base import checks, engine
from keras_cv_extras._base.random import as_word, threefry

#: Modes that continue the image, as `scipy.ndimage` does: "reflect" repeats the edge pixel
#: (d c b a | a b c d | d c b a), "nearest" goes on with it, "wrap" begins again.
CONTINUED = ("reflect", "nearest", "wrap")
#: Modes that fill with something else: the colour `fill`, the image's mean colour, or noise.
FILLED = ("constant", "mean", "noise")

check_mode = checks.choice(*FILLED, *CONTINUED)
check_filled = checks.choice(*FILLED)


class Fill(NamedTuple):
    """How a kernel fills.

    Attributes:
        mode: one of `FILLED` or `CONTINUED`.
        colour: `(channels,)`, for "constant".
        key: for "noise": another key gives other noise.
    """

    mode: str
    colour: object
    key: object = 0


def colour(fill, image):
    """Returns the colour of a fill, `(channels,)` in the image's type; not for noise."""
    return mean_colour(image) if fill.mode == "mean" else ops.cast(fill.colour, image.dtype)


def filling(fill, image, height=None, width=None):
    """Returns what to fill an image with; it broadcasts to the image's shape.

    Args:
        fill: one of the modes in `FILLED`.
        image: `(height, width, channels)`.
        height: of what is filled, if not the image's.
        width: likewise.
    """
    if fill.mode != "noise":
        return colour(fill, image)
    own_height, own_width, channels = ops.shape(image)
    shape = (
        own_height if height is None else height,
        own_width if width is None else width,
        channels,
    )
    return ops.cast(noise(fill.key, shape), image.dtype)


def flat_filling(fill, image, height=None, width=None, kept=True):
    """Returns `filling` in the layout (height or 1, width * channels).

    Rows of bytes are the layout in which compiled masks are fast: one that is broadcast over
    channels takes three times as long.

    Args:
        fill: one of the modes in `FILLED`.
        image: `(height, width, channels)`.
        height: of what is filled, if not the image's.
        width: likewise.
        kept: whether a row of a colour is computed once and kept in memory, so that which of the
            channels is no question any more. It is faster where the loop that fills does more than
            compare, and slower for small images.
    """
    own_width, channels = ops.shape(image)[1:]
    width = own_width if width is None else width
    if fill.mode == "noise":
        return ops.reshape(filling(fill, image, height, width), (-1, width * channels))

    def row(pixel):
        return ops.reshape(ops.broadcast_to(pixel, (width, channels)), (1, width * channels))

    pixel = filling(fill, image)
    return engine.kept(row, pixel) if kept else row(pixel)


def mean_colour(image):
    """Returns the mean of every channel, `(channels,)` in the image's type; integers rounded."""
    height, width, channels = ops.shape(image)
    flat = ops.reshape(image, (height * width, channels))
    if backend.is_float_dtype(backend.standardize_dtype(image.dtype)):
        return ops.cast(ops.mean(ops.cast(flat, "float32"), axis=0), image.dtype)
    count = height * width
    total = ops.sum(ops.cast(flat, "int32"), axis=0)
    return ops.cast((total + count // 2) // count, image.dtype)


def noise(key, shape):
    """Returns pixel values from 0 to 255, uniform and independent, as uint8.

    Args:
        key: a whole number in [0, 2**24); another one gives other noise.
        shape: `(height, width, channels)`.
    """
    height, width, channels = shape
    count = height * width * channels
    # One counter for each value, though it could give eight: a compiler computes what several
    # read once for each of them. The counter's second half tells it from those of `of_key`.
    counter = ops.cast(ops.arange(count, dtype="int32"), "uint32")
    bits, _ = threefry((as_word(key), as_word(0)), (counter, as_word(1)))
    return ops.reshape(ops.cast(ops.right_shift(bits, as_word(24)), "uint8"), shape)


def continued(index, length, mode):
    """Returns the places within an axis that places before and behind it show.

    Args:
        index: int32 places, of any size.
        length: of the axis.
        mode: one of `CONTINUED`.
    """
    if mode == "nearest":
        return ops.clip(index, 0, length - 1)
    if mode == "wrap":
        return ops.mod(index, length)
    index = ops.mod(index, 2 * length)
    return ops.minimum(index, 2 * length - 1 - index)
