"""Looking up pixels at positions between pixels: the core of every warp.

A position is an int32 in 1/65536 pixel. Pixel `i` of an axis covers `[i, i + 1)`, so that its
centre is `i + 1/2`. A gather of whole pixels is what a processor does fastest here: four of
them, and a blend in rows of numbers, are faster than one gather of neighbourhoods, of packed
pixels or of separate channels, by two to eight times.
"""

from keras import backend, ops

from keras_cv_extras._base import checks, engine
from keras_cv_extras._base.images.fill import (
    CONTINUED,
    Fill,
    colour,
    continued,
    filling,
    flat_filling,
)
from keras_cv_extras._base.images.fixed import HALF

check_interpolation = checks.choice("nearest", "bilinear")

# Weights are whole numbers of 1/256: two of them times a value of 8 bits are 24 bits, which a
# float32 holds. Sums are exact then, in whatever order.
_WEIGHT = 256
_SHORT = 48  # steps of a loop


def lookup(image, x, y, fill: Fill, interpolation="nearest", kept=True):
    """Returns the pixels of an image at positions.

    Args:
        image: `(height, width, channels)` of any numeric type.
        x: `(rows, columns)`, horizontal positions in 1/65536 pixel, int32.
        y: `(rows, columns)`, vertical positions.
        fill: what is shown outside.
        interpolation: "nearest" (the pixel that the position is in) or "bilinear".
        kept: whether the places of the nearest pixels are computed once for all channels, and
            kept in memory; faster where a position takes more than a matrix.

    Returns:
        An image `(rows, columns, channels)` of the same type.
    """
    if interpolation == "nearest":
        return _nearest(image, x, y, fill, kept)
    height, width, channels = ops.shape(image)
    shape = (*ops.shape(x), channels)
    left, right_weight = _split(x)
    top, lower_weight = _split(y)
    image, columns, rows = _neighbours(image, left, top, fill)
    right_weight = ops.reshape(right_weight, (-1, 1))
    lower_weight = ops.reshape(lower_weight, (-1, 1))
    upper, lower = (
        _blend(
            ops.cast(_gather(image, row, columns[0]), "float32"),
            ops.cast(_gather(image, row, columns[1]), "float32"),
            right_weight,
        )
        for row in rows
    )
    result = ops.reshape(_to_type(_blend(upper, lower, lower_weight), image.dtype), shape)
    if fill.mode != "noise":
        return result
    column, row = ops.right_shift(x, 16), ops.right_shift(y, 16)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    return ops.where(inside[..., None], result, filling(fill, image, *shape[:2]))


def _nearest(image, x, y, fill, kept):
    """The pixels that positions are in."""
    height, width, channels = ops.shape(image)
    shape, continues = (*ops.shape(x), channels), fill.mode in CONTINUED

    def places(x, y):
        """Which positions are inside, None if all are; and the numbers of their pixels."""
        column, row = ops.right_shift(x, 16), ops.right_shift(y, 16)
        if continues:
            column, row = continued(column, width, fill.mode), continued(row, height, fill.mode)
            return None, row * width + column
        inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
        return inside, ops.where(inside, row * width + column, 0)

    def as_one(x, y):
        """The same in one tensor: -1 for what is outside."""
        inside, index = places(x, y)
        return index if inside is None else ops.where(inside, index, -1)

    if kept:
        place = engine.kept(as_one, x, y)
        inside, index = (None, place) if continues else (place >= 0, ops.maximum(place, 0))
    else:
        inside, index = places(x, y)
    pixels = engine.take(_pixels(image), ops.reshape(index, (-1,)), axis=0)
    pixels = ops.reshape(pixels, shape)
    if inside is None:
        return pixels
    return ops.where(inside[..., None], pixels, filling(fill, image, *shape[:2]))


def lookup_grid(image, x, y, fill: Fill, interpolation="nearest"):
    """Returns the pixels of an image at the crossings of columns and rows.

    One axis is looked up after the other, which is much faster than single pixels.

    Args:
        image: `(height, width, channels)` of any numeric type.
        x: `(columns,)`, horizontal positions in 1/65536 pixel, int32.
        y: `(rows,)`, vertical positions.
        fill: what is shown outside.
        interpolation: "nearest" or "bilinear".

    Returns:
        An image `(rows, columns, channels)` of the same type.
    """
    height, width, channels = ops.shape(image)
    num_rows, num_columns = ops.shape(y)[0], ops.shape(x)[0]
    is_bytes = backend.standardize_dtype(image.dtype) == "uint8"
    look = _grid_of_bytes if is_bytes and not engine.is_vectorized() else _grid
    flat = look(image, x, y, fill, interpolation)
    if fill.mode == "noise":
        column, row = ops.right_shift(x, 16), ops.right_shift(y, 16)
        inside_x = ops.repeat((column >= 0) & (column < width), channels)
        inside_y = (row >= 0) & (row < height)
        noise = flat_filling(fill, image, num_rows, num_columns)
        flat = ops.where(inside_y[:, None] & inside_x[None, :], flat, noise)
    return ops.reshape(flat, (num_rows, num_columns, channels))


def _grid(image, x, y, fill, interpolation):
    """The pixels at columns and rows, `(rows, columns * channels)`: rows first."""
    height, width, channels = ops.shape(image)
    outside = _outside(fill, image)
    dtype = "float32" if interpolation == "bilinear" else None

    def look_down(flat):
        beyond = None if outside is None else ops.tile(outside, (width,))
        return _look_along(flat, y, height, beyond, fill.mode, dtype)

    flat = engine.kept(look_down, ops.reshape(image, (height, width * channels)))
    pixels = ops.reshape(flat, (-1, width, channels))
    if dtype and outside is not None:
        outside = ops.cast(outside, dtype) * _WEIGHT
    pixels = _look_along(pixels, x, width, outside, fill.mode, dtype, axis=1)
    pixels = _to_type(pixels, image.dtype) if dtype else pixels
    return ops.reshape(pixels, (ops.shape(y)[0], -1))


def _grid_of_bytes(image, x, y, fill, interpolation):
    """The same of bytes, columns first, in an image that is turned.

    Turned, a column is one piece of memory, and a loop over it full of vector instructions. XLA
    turns a matrix fast where that is all it does: between two computations that are kept.
    """
    height, width, channels = ops.shape(image)
    outside = _outside(fill, image)
    bilinear = interpolation == "bilinear"
    beyond = None if outside is None else ops.tile(outside, (ops.shape(x)[0],))

    def look_across(turned):
        beside = None if beyond is None else beyond[:, None]
        # A compiler takes a short loop apart before it sees vectors in it: in float32 it is longer.
        dtype = "float32" if (turned.shape[1] or 0) < _SHORT else "uint16"
        dtype = dtype if bilinear else None
        value = _look_along(turned, x, width, beside, fill.mode, dtype, each=channels)
        # Numbers of 16 bits hold a blend of two bytes, and are turned in half the time of others.
        return ops.transpose(ops.cast(value, "uint16") if bilinear else value)

    def look_down(flat):
        if not bilinear:
            return _look_along(flat, y, height, beyond, fill.mode)
        above = None if beyond is None else ops.cast(beyond, "uint16") * _WEIGHT
        value = _look_along(flat, y, height, above, fill.mode, "int32")
        return ops.cast(ops.right_shift(value + (1 << 15), 16), "uint8")

    flat = ops.reshape(image, (height, width * channels))
    if isinstance(height, int):  # what is left of a loop behind its vectors takes longest
        flat = ops.pad(flat, ((0, -height % 8), (0, 0)))
    return engine.kept(look_down, engine.kept(look_across, ops.transpose(flat)))


def _outside(fill, image):
    """The colour of what is outside, `(channels,)`; None where it is not one colour."""
    return None if fill.mode in (*CONTINUED, "noise") else colour(fill, image)


def _look_along(values, position, length, outside, mode, blend_in=None, *, axis=0, each=1):
    """Looks up positions on an axis.

    Args:
        values: an image, or a matrix of one with its channels side by side.
        position: in 1/65536 pixel.
        length: of the axis in pixels.
        outside: what is shown before and behind it; None where it is continued.
        mode: how the axis is continued, one of `CONTINUED`; "nearest" for other modes.
        blend_in: the type to blend in, which gives 256 times the blend; None for the nearest.
        axis: 0 or 1.
        each: how many values a pixel has on the axis.
    """

    def along(numbers):
        shape = [1] * len(values.shape)
        shape[axis] = -1
        return ops.reshape(ops.repeat(numbers, each), shape)

    def at(place):
        first = continued(place, length, mode if mode in CONTINUED else "nearest") * each
        index = ops.reshape(first[:, None] + ops.arange(each, dtype="int32"), (-1,))
        taken = engine.take(values, index, axis=axis)
        if outside is None:
            return taken
        return ops.where(along((place >= 0) & (place < length)), taken, outside)

    if blend_in is None:
        return at(ops.right_shift(position, 16))
    place, weight = _split(position)
    first, second = (ops.cast(at(place + step), blend_in) for step in (0, 1))
    return _blend(first, second, along(ops.cast(weight, blend_in)))


def warp(image, matrix, fill, interpolation):
    """Looks up every pixel of the result in an image.

    Args:
        image: `(height, width, channels)`.
        matrix: six int32 scalars `(a, b, c, d, e, f)` in 1/65536 pixel. Pixel `(x, y)` of the
            result shows position `(a x + b y + c, d x + e y + f)` of the image.
        fill: a `Fill`, what is shown outside.
        interpolation: "nearest" or "bilinear".

    Returns:
        An image of the same shape and type.
    """
    height, width = ops.shape(image)[:2]
    a, b, c, d, e, f = matrix
    x = ops.arange(width, dtype="int32")[None, :]
    y = ops.arange(height, dtype="int32")[:, None]
    x, y = a * x + b * y + c, d * x + e * y + f
    return lookup(image, x, y, fill, interpolation, kept=False)


def _gather(image, row, column):
    index = ops.reshape(row * ops.shape(image)[1] + column, (-1,))
    return engine.take(_pixels(image), index, axis=0)


def _pixels(image):
    height, width, channels = ops.shape(image)
    return ops.reshape(image, (height * width, channels))


def _split(position):
    """The pixel whose centre is before a position, and the weight of the one behind it."""
    position = position - (HALF - (1 << 16) // _WEIGHT // 2)  # weights are rounded
    weight = ops.bitwise_and(ops.right_shift(position, 8), _WEIGHT - 1)
    return ops.right_shift(position, 16), ops.cast(weight, "float32")


def _neighbours(image, left, top, fill):
    """The image to look up in, and the pairs of its columns and of its rows to blend."""
    height, width = ops.shape(image)[:2]
    if fill.mode in (*CONTINUED, "noise"):
        mode = "nearest" if fill.mode == "noise" else fill.mode
        columns = [continued(left + step, width, mode) for step in (0, 1)]
        return image, columns, [continued(top + step, height, mode) for step in (0, 1)]
    # A frame of one pixel in the colour stands for all that is outside.
    channels = ops.shape(image)[2]
    outside = colour(fill, image)
    beside = ops.broadcast_to(outside, (height, 1, channels))
    above = ops.broadcast_to(outside, (1, width + 2, channels))
    framed = ops.concatenate([beside, image, beside], axis=1)
    framed = ops.concatenate([above, framed, above], axis=0)
    columns = [ops.clip(left + step, 0, width + 1) for step in (1, 2)]
    return framed, columns, [ops.clip(top + step, 0, height + 1) for step in (1, 2)]


def _blend(first, second, weight):
    """256 times the mean of two pixels; exact for values of 8 bits."""
    return first * (ops.cast(_WEIGHT, weight.dtype) - weight) + second * weight


def _to_type(values, dtype):
    values = values * (1.0 / _WEIGHT**2)
    if not backend.is_float_dtype(backend.standardize_dtype(dtype)):
        values = ops.floor(values + 0.5)
    return ops.cast(values, dtype)
