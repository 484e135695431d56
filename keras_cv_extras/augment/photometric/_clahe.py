"""Equalisation of the neighbourhood of every pixel, with limited contrast."""

from collections.abc import Sequence

from keras import ops

from keras_cv_extras._base import engine
from keras_cv_extras._base.exact import product, quotient
from keras_cv_extras._base.types import Tensor
from keras_cv_extras.augment._image_op import image_op


@image_op(pixels="uint8")
def clahe(image: Tensor, *, clip_limit: float = 4.0, tiles: Sequence[int] = (8, 8)) -> Tensor:
    """Equalises every channel over tiles, with limited contrast (CLAHE).

    Args:
        clip_limit: how many times its average share of the pixels a value may count, a
            positive number; what is above is shared out among all values.
        tiles: how many tiles from top to bottom and from left to right, a pair of integers.

    References:
        Zuiderveld, Contrast limited adaptive histogram equalization, Graphics Gems IV (1994);
        OpenCV's `createCLAHE(clip_limit, tiles[::-1])`, channel by channel, its borders and
        rounding included.

    Example:
        >>> equalised = clahe(images, clip_limit=2.0, tiles=(4, 4))
    """
    height, width, channels = (*ops.shape(image)[:2], image.shape[-1])
    down, across = tiles
    left_over = height % down, width % across
    # OpenCV pads both sides if either does not divide, even one that does, by a pixel per tile.
    uneven = (left_over[0] + left_over[1] + (1 << 16) - 1) // (1 << 16)
    full = (
        height + uneven * (down - left_over[0]),
        width + uneven * (across - left_over[1]),
    )
    tile = full[0] // down, full[1] // across
    area = tile[0] * tile[1]

    values = padded = ops.cast(image, "int32")
    if not isinstance(uneven, int) or uneven:
        padded = engine.take(padded, _mirrored(full[0], height), axis=0)
        padded = engine.take(padded, _mirrored(full[1], width), axis=1)
    rows = ops.arange(full[0], dtype="int32") // tile[0] * across
    columns = ops.arange(full[1], dtype="int32") // tile[1]
    number = (rows[:, None] + columns[None])[..., None] * channels + _channels(channels)
    bins = down * across * channels
    # Values go down and bins across: sums over values are sums of whole rows, which are fast.
    index = ops.reshape(padded * bins + number, (-1,))
    counts = ops.segment_sum(ops.ones_like(index), index, num_segments=256 * bins)
    tables = _tables(ops.reshape(counts, (256, bins)), area, clip_limit)
    tables = ops.reshape(tables, (256, down, across, channels))

    row, low = _place(height, tile[0])
    column, left = _place(width, tile[1])
    cells = 256 * (down + 1) * (across + 1)
    few = isinstance(height, int) and isinstance(width, int) and height * width < cells
    look_up = _four_by_four if few else _four_at_once
    looked_up = look_up(tables, values, row, column)

    def blend(low, left, *looked_up):
        four = looked_up if few else _parts(looked_up[0])
        first, second, third, fourth = (ops.cast(part, "float32") for part in four)
        above = product(first, 1.0 - left) + product(second, left)
        below = product(third, 1.0 - left) + product(fourth, left)
        blended = product(above, 1.0 - low) + product(below, low)
        return ops.cast(ops.round(blended), "uint8")

    return engine.kept(blend, low[:, None, None], left[None, :, None], *looked_up)


def _four_by_four(tables, values, row, column):
    """What values become by each of the four tiles around them, in four tensors: for few pixels.

    Args:
        tables: `(256, down, across, channels)`, uint8.
        values: `(height, width, channels)`, int32.
        row: the tile below each row of pixels, from 0 to `down`, int32.
        column: the tile on the right of each column of pixels, from 0 to `across`, int32.
    """
    _, down, across, channels = tables.shape
    above, below = ops.maximum(row - 1, 0), ops.minimum(row, down - 1)
    left, right = ops.maximum(column - 1, 0), ops.minimum(column, across - 1)

    def look_up(row, column):
        return _look_up(tables, values, row, column)

    return [look_up(row, column) for row in (above, below) for column in (left, right)]


def _four_at_once(tables, values, row, column):
    """As `_four_by_four`, the four in one tensor: for many pixels, as it makes a greater table."""
    return [_look_up(engine.kept(_quartets, tables), values, row, column)]


def _look_up(tables, values, row, column):
    _, down, across, channels = tables.shape
    number = (row[:, None] * across + column[None])[..., None] * channels
    index = values * (down * across * channels) + number + _channels(channels)
    return engine.take(ops.reshape(tables, (-1,)), index, axis=0)


def _parts(quartets):
    return [ops.bitwise_and(ops.right_shift(quartets, bits), 255) for bits in (0, 8, 16, 24)]


def _quartets(tables):
    """What values become between four tiles, in 32 bits: looked up once in place of four times.

    Args:
        tables: `(256, down, across, channels)`, uint8.

    Returns:
        int32 of shape `(256, down + 1, across + 1, channels)`. Beyond the outermost tiles these
        go on.
    """
    tables = ops.cast(tables, "int32")
    tables = ops.concatenate([tables[:, :1], tables, tables[:, -1:]], axis=1)
    tables = ops.concatenate([tables[:, :, :1], tables, tables[:, :, -1:]], axis=2)
    above, below = tables[:, :-1], tables[:, 1:]
    four = [part for rows in (above, below) for part in (rows[:, :, :-1], rows[:, :, 1:])]
    return sum(ops.left_shift(part, 8 * place) for place, part in enumerate(four))


def _tables(counts, area, clip_limit):
    """The value that every value becomes, for the counts of every tile and channel."""
    area = ops.cast(area, "float32")
    limit = ops.cast(ops.maximum(ops.floor(area * (clip_limit / 256.0)), 1.0), "int32")
    places = ops.arange(256, dtype="float32")[:, None]

    def share_out(counts):
        """What all values get, how many get one more, and how far these are from each other."""
        excess = _sum_of_rows(ops.maximum(counts - limit, 0))
        rest = ops.cast(ops.bitwise_and(excess, 255), "float32")
        return ops.stack(
            [
                ops.cast(ops.right_shift(excess, 8), "float32"),
                rest,
                ops.floor(quotient(256.0, ops.maximum(rest, 1.0))),
            ]
        )

    def clip(counts, shares):
        shared, rest, step = shares[0], shares[1], shares[2]
        # With the half the float32 quotient is exact.
        turn = ops.floor((places + 0.5) * (1.0 / step))
        single = ops.logical_and(turn * step == places, turn < rest)
        clipped = ops.minimum(counts, limit) + ops.cast(shared, "int32")
        return clipped + ops.cast(single, "int32")

    def scale(below):
        share = ops.cast(below, "float32") * quotient(255.0, area)
        return ops.cast(ops.clip(ops.round(share), 0.0, 255.0), "uint8")

    clipped = engine.kept(clip, counts, engine.kept(share_out, counts))
    return engine.kept(scale, engine.running_sum(clipped))


def _sum_of_rows(rows):
    """The sums over 256 rows, in halves: a compiled reduction along rows has no vectors."""
    for half in (128, 64, 32, 16, 8, 4, 2, 1):
        rows = rows[:half] + rows[half:]
    return rows[0]


def _place(size, tile):
    """Between which tiles every pixel along an axis is, and how near the second of them is."""
    pixels = ops.cast(ops.arange(size, dtype="int32"), "float32")
    place = product(pixels, quotient(1.0, ops.cast(tile, "float32"))) - 0.5
    first = ops.floor(place)
    return ops.cast(first, "int32") + 1, place - first


def _mirrored(full, size):
    """The places 0 to `full` of an axis that goes back and forth, without its ends twice."""
    period = 2 * (size - 1)
    place = ops.arange(full, dtype="int32") % ops.maximum(period, 1)
    return ops.minimum(place, ops.abs(period - place))


def _channels(count):
    return ops.arange(count, dtype="int32")
