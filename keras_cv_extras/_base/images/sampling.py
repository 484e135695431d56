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
    shape = (*ops.shape(x), channels)

    def places(x, y):
        """The numbers of pixels; -1 for what is filled."""
        column, row = ops.right_shift(x, 16), ops.right_shift(y, 16)
        if fill.mode in CONTINUED:
            column, row = continued(column, width, fill.mode), continued(row, height, fill.mode)
            return row * width + column
        inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
        return ops.where(inside, row * width + column, -1)

    place = engine.kept(places, x, y) if kept else places(x, y)
    index = ops.reshape(ops.maximum(place, 0), (-1,))
    pixels = ops.reshape(engine.take(_pixels(image), index, axis=0), shape)
    if fill.mode in CONTINUED:
        return pixels
    return ops.where((place >= 0)[..., None], pixels, filling(fill, image, *shape[:2]))


def lookup_grid(image, x, y, fill: Fill, interpolation="nearest"):
    """Returns the pixels of an image at the crossings of columns and rows.

    Whole rows are taken first, which is much faster than single pixels.

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
    column, row = ops.right_shift(x, 16), ops.right_shift(y, 16)
    if interpolation == "nearest":
        result = _nearest_grid(image, column, row, fill)
    else:
        result = _bilinear_grid(image, x, y, fill)
    if fill.mode != "noise":
        return result
    inside_x = ops.repeat((column >= 0) & (column < width), channels)
    inside_y = (row >= 0) & (row < height)
    flat = ops.where(
        inside_y[:, None] & inside_x[None, :],
        ops.reshape(result, (num_rows, num_columns * channels)),
        flat_filling(fill, image, num_rows, num_columns),
    )
    return ops.reshape(flat, (num_rows, num_columns, channels))


def _nearest_grid(image, column, row, fill):
    """The pixels at columns and rows; of noise, what is filled is not filled yet.

    Filled rows are in the rows that are taken, and a column more is what the filled ones show: a
    mask over the result would take as long as all else.
    """
    height, width, channels = ops.shape(image)
    mode = fill.mode if fill.mode in CONTINUED else "nearest"
    filled = fill.mode not in (*CONTINUED, "noise")
    outside = colour(fill, image) if filled else None

    filled_row = flat_filling(Fill("constant", outside), image) if filled else None

    def take_rows(flat, row):
        taken = engine.take(flat, continued(row, height, mode), axis=0)
        if not filled:
            return taken
        inside = ops.expand_dims((row >= 0) & (row < height), 1)
        return ops.where(inside, taken, filled_row)

    def add_column(flat):
        return ops.concatenate([flat, ops.tile(outside, (ops.shape(flat)[0], 1))], axis=1)

    flat = engine.kept(take_rows, ops.reshape(image, (height, width * channels)), row)
    column = ops.where((column >= 0) & (column < width), column, width) if filled else column
    if filled:
        flat, width = add_column(flat), width + 1
    pixels = ops.reshape(flat, (-1, width, channels))
    return engine.take(pixels, continued(column, width, mode), axis=1)


def _bilinear_grid(image, x, y, fill):
    """The blends of four pixels: of rows, and then of columns of the rows."""
    left, right_weight = _split(x)
    top, lower_weight = _split(y)
    framed, columns, rows = _neighbours(image, left, top, fill)
    height, width, channels = ops.shape(framed)
    # Twice as many numbers of 16 bits fit an instruction, and hold a blend of two bytes.
    narrow = backend.standardize_dtype(image.dtype) == "uint8" and not engine.is_vectorized()
    dtype, wide = ("uint16", "int32") if narrow else ("float32", "float32")

    def blend_rows(flat, upper, lower, weight):
        upper, lower = (
            ops.cast(engine.take(flat, place, axis=0), dtype) for place in (upper, lower)
        )
        return _blend(upper, lower, ops.expand_dims(ops.cast(weight, dtype), 1))

    flat = ops.reshape(framed, (height, width * channels))
    flat = engine.kept(blend_rows, flat, *rows, lower_weight)
    if narrow and fill.mode in ("nearest", "noise") and (framed.shape[1] or 0) > 1:
        return _blend_pairs(flat, left, right_weight, width, channels)

    def blend_columns(pixels, left, right, weight):
        left, right = (
            ops.cast(engine.take(pixels, place, axis=1), wide) for place in (left, right)
        )
        value = _blend(left, right, ops.expand_dims(ops.cast(weight, wide), 1))
        if not narrow:
            return _to_type(value, image.dtype)
        return ops.cast(ops.right_shift(value + (1 << 15), 16), "uint8")

    pixels = ops.reshape(flat, (-1, width, channels))
    return blend_columns(pixels, columns[0], columns[1], right_weight)


def _blend_pairs(flat, left, weight, width, channels):
    """Blends columns of rows with those to their right, beyond the border with themselves.

    Two values of 16 bits are one of 32: looking up is what takes the time, and it is done once.

    Args:
        flat: `(rows, width * channels)`, uint16: 256 times what the values are.
        left: `(columns,)`, int32, within the image or not.
        weight: `(columns,)`: that of the columns to the right, in 1/256.
        width: of the rows in pixels, at least 2.
        channels: the number of channels.
    """

    def pair(flat):
        first, second = flat[:, :-channels], flat[:, channels:]
        return ops.cast(first, "int32") + ops.left_shift(ops.cast(second, "int32"), 16)

    def weigh(left, weight):
        weight = ops.where(left < 0, 0, ops.where(left > width - 2, _WEIGHT, weight))
        return ops.cast(weight, "int32")

    def blend(pairs, place, weight):
        both = engine.take(pairs, place, axis=1)
        first, second = (ops.bitwise_and(ops.right_shift(both, bits), 0xFFFF) for bits in (0, 16))
        value = _blend(first, second, weight[None, :, None])
        return ops.cast(ops.right_shift(value + (1 << 15), 16), "uint8")

    pairs = ops.reshape(engine.kept(pair, flat), (-1, width - 1, channels))
    place = engine.kept(lambda left: ops.clip(left, 0, width - 2), left)
    return engine.kept(blend, pairs, place, engine.kept(weigh, left, weight))


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
