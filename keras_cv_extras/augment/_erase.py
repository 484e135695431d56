"""Ops that erase a part of the image."""

from collections.abc import Sequence

import numpy as np
from keras import ops

from keras_cv_extras._base import checks, engine, random
from keras_cv_extras._base.images.boxes import draw_box
from keras_cv_extras._base.images.fill import Fill, check_filled, flat_filling
from keras_cv_extras._base.images.fixed import between, key_of, rotation, round_half_up, to_fixed
from keras_cv_extras._base.types import Color, Interval, Numbers, Tensor
from keras_cv_extras.augment._image_op import image_op
from keras_cv_extras.augment._op import Range

_MOST_HOLES = 31  # one bit of an int32 each


def _check_counts(name, value):
    low, high = (checks.integer(name, number, minimum=1) for number in _pair(name, value))
    if not low <= high <= _MOST_HOLES:
        raise ValueError(f"{name} must rise to at most {_MOST_HOLES}, received {value}")
    return low, high


def _pair(name, value):
    low, high = checks.interval(name, value)
    return (int(low), int(high)) if (low, high) == (int(low), int(high)) else (low, high)


def _check_fractions(name, value):
    low, high = checks.interval(name, value, low=0.0, high=1.0)
    if not 0 < low <= high:
        raise ValueError(f"{name} must rise from above 0, received {value}")
    return low, high


def _check_grid(name, value):
    return checks.integer(name, value, minimum=1)


def _check_aspect(name, value):
    if isinstance(value, (tuple, list)):
        low, high = checks.interval(name, value)
        if not low > 0:
            raise ValueError(f"{name} must be above 0, received {value}")
        return low, high
    if not checks.fraction(name, value) > 0:
        raise ValueError(f"{name} must be in (0, 1], or a pair of ratios, received {value}")
    return float(value)


@image_op(
    strength=Range(0.0, 0.2, unit="shorter"),
    pixels="moved",
    checks={"fill_mode": check_filled},
    cheap=True,
)
def cutout(
    image: Tensor,
    size: Numbers,
    x: Numbers = 0.5,
    y: Numbers = 0.5,
    *,
    fill_mode: str = "constant",
    fill: Color = 0,
) -> Tensor:
    """Fills a square, which may reach beyond the image.

    Args:
        size: the side in pixels, rounded to a whole number; a number, or one per image. 0 is
            the identity.
        x: where the centre lies, as a fraction of the width in [0, 1); a number, or one per
            image.
        y: likewise, as a fraction of the height.
        fill_mode: "constant" (`fill`), "mean" (the image's mean colour) or "noise".
        fill: a constant's value, in [0, 255]; a number, or one per channel.

    References:
        [Cutout](https://arxiv.org/abs/1708.04552). Policies draw the centre uniformly.

    Example:
        >>> cut = cutout(images, 12, x=0.25, y=0.75, fill=128)
    """
    height, width = ops.shape(image)[:2]
    size = round_half_up(size)
    top, left = (
        ops.cast(ops.floor(place * ops.cast(side, "float32")), "int32") - size // 2
        for place, side in ((y, height), (x, width))
    )
    mask = _box_mask(image, top, left, size, size)
    return _erase(image, mask, Fill(fill_mode, fill, key_of(x, y)))


@image_op(
    strength=Range(0.0, 0.4, least=0.0, most=1.0),
    pixels="moved",
    checks={
        "smallest": checks.fraction,
        "aspect": _check_aspect,
        "fill_mode": check_filled,
    },
    cheap=True,
)
def random_erasing(
    image: Tensor,
    area: Numbers,
    key: Numbers = 0,
    *,
    smallest: float = 0.02,
    aspect: float | Sequence[float] = 0.3,
    fill_mode: str = "constant",
    fill: Color = 0,
) -> Tensor:
    """Fills a rectangle of random area, aspect ratio and place, which lies within the image.

    Args:
        area: the largest share of the image, in [0, 1]; a number, or one per image. The share
            is drawn uniformly. 0 is the identity.
        smallest: the smallest share, unless `area` is less.
        aspect: the smallest ratio of height to width, in (0, 1]; the largest is `1 / aspect`.
            Or a pair of both. Drawn on a logarithmic scale, as far as the rectangle fits.
        fill_mode: "constant" (`fill`), "mean" (the image's mean colour) or "noise".
        fill: a constant's value, in [0, 255]; a number, or one per channel.

    References:
        [Random erasing](https://arxiv.org/abs/1708.04896): shares of 2 % to 40 %, ratios from
        0.3, to half of the images, filled with noise.

    Example:
        >>> erased = random_erasing(images, 0.3, key=7, fill_mode="noise")
    """
    height, width = ops.shape(image)[:2]
    draws = random.of_key(key, 4)
    share = between(ops.minimum(smallest, area), area, draws[0])
    low, high = aspect if isinstance(aspect, Sequence) else (aspect, 1 / aspect)
    wide = (1 / high, 1 / low)
    box = draw_box(height, width, ops.clip(share, 0.0, 1.0), wide, draws[1:])
    return _erase(image, _box_mask(image, *box), Fill(fill_mode, fill, key))


@image_op(
    strength=Range(0.0, 0.25, unit="shorter"),
    pixels="moved",
    checks={
        "num_holes": _check_counts,
        "smallest": checks.fraction,
        "per_side": checks.boolean,
        "per_channel": checks.boolean,
        "fill_mode": check_filled,
    },
    cheap=True,
)
def hole_dropout(
    image: Tensor,
    size: Numbers,
    key: Numbers = 0,
    *,
    num_holes: Sequence[int] = (1, 8),
    smallest: float = 0.5,
    per_side: bool = False,
    per_channel: bool = False,
    fill_mode: str = "constant",
    fill: Color = 0,
) -> Tensor:
    """Fills several rectangles of random size and place, which lie within the image.

    Args:
        size: the longest side of a hole in pixels; a number, or one per image. Sides are drawn
            uniformly and rounded. 0 is the identity.
        num_holes: the least and the largest number of holes, each number as likely.
        smallest: the shortest side, as a share of `size`.
        per_side: whether `size` is a share of the image's height, and of its width, in place of
            pixels; it is cut to whole pixels.
        per_channel: whether every channel has holes of its own, which gives colours.
        fill_mode: "constant" (`fill`), "mean" (the image's mean colour) or "noise".
        fill: a constant's value, in [0, 255]; a number, or one per channel.

    References:
        `CoarseDropout` of Albumentations. For that of imgaug, see `coarse_dropout`.

    Example:
        >>> holes = hole_dropout(images, 0.25, key=7, num_holes=(2, 4))
    """
    height, width, channels = ops.shape(image)
    fewest, most = num_holes
    sets = channels if per_channel else 1
    draws = random.of_key(key, 1 + 4 * most * sets)
    count = fewest + ops.cast(ops.floor(draws[0] * (most - fewest + 1)), "int32")
    draws = ops.reshape(draws[1:], (4, most, sets))
    covered = []
    for axis, side in ((0, height), (1, width)):
        long = between(size * smallest, size, draws[axis])
        if per_side:
            long = ops.cast(ops.floor(long * ops.cast(side, "float32")), "int32")
        else:
            long = round_half_up(long)
        long = ops.minimum(long, side)
        room = ops.cast(side - long + 1, "float32")
        start = ops.cast(ops.floor(draws[axis + 2] * room), "int32")
        place = ops.arange(side, dtype="int32")[:, None, None]
        covered.append((place >= start) & (place < start + long))
    # One bit for each hole: all of them are tried at once.
    bits = np.array(1 << np.arange(most), "int32")[:, None]
    bits = ops.where(ops.arange(most, dtype="int32")[:, None] < count, bits, 0)
    rows, columns = (ops.sum(ops.where(cover, bits, 0), axis=1) for cover in covered)
    if per_channel:
        rows = ops.tile(rows, (1, width))
        columns = ops.reshape(columns, (1, width * channels))
    else:
        columns = ops.reshape(ops.broadcast_to(columns, (width, channels)), (1, width * channels))
    mask = ops.not_equal(ops.bitwise_and(rows, columns), 0)
    return _erase(image, mask, Fill(fill_mode, fill, key))


@image_op(
    strength=Range(0.0, 0.3, least=0.0, most=1.0),
    pixels="moved",
    checks={"grid": _check_grid, "per_channel": checks.boolean, "fill_mode": check_filled},
    cheap=True,
)
def coarse_dropout(
    image: Tensor,
    rate: Numbers,
    key: Numbers = 0,
    *,
    grid: int = 8,
    per_channel: bool = False,
    fill_mode: str = "constant",
    fill: Color = 0,
) -> Tensor:
    """Fills cells of a coarse grid, each with the same probability.

    Args:
        rate: the probability of each cell, in [0, 1]; a number, or one per image. 0 is the
            identity.
        grid: how many cells a side has. A mask of 10 % of the size, as imgaug has it, is a
            grid of a tenth of the pixels.
        per_channel: whether every channel has holes of its own, which gives colours.
        fill_mode: "constant" (`fill`), "mean" (the image's mean colour) or "noise".
        fill: a constant's value, in [0, 255]; a number, or one per channel.

    References:
        `CoarseDropout` of imgaug. For that of Albumentations, see `hole_dropout`.

    Example:
        >>> holes = coarse_dropout(images, 0.2, key=7, fill_mode="mean")
    """
    height, width, channels = ops.shape(image)
    sets = channels if per_channel else 1
    small = ops.reshape(random.of_key(key, grid * grid * sets) < rate, (grid, grid * sets))
    column = ops.arange(width * channels, dtype="int32")
    cell = (column // channels * grid) // width
    place = cell * sets + column % channels if per_channel else cell
    row = (ops.arange(height, dtype="int32") * grid) // height
    mask = engine.take(engine.take(small, place, axis=1), row, axis=0)
    return _erase(image, mask, Fill(fill_mode, fill, key))


@image_op(
    strength=Range(0.0, 0.5),
    pixels="moved",
    checks={"unit": _check_fractions, "degrees": checks.number, "fill_mode": check_filled},
    cheap=True,
)
def grid_mask(
    image: Tensor,
    ratio: Numbers,
    key: Numbers = 0,
    *,
    unit: Interval = (0.3, 0.5),
    degrees: float = 0.0,
    fill_mode: str = "constant",
    fill: Color = 0,
) -> Tensor:
    """Fills the squares of a regular grid.

    Args:
        ratio: the side of a square as a fraction of the distance from one to the next, in
            [0, 1]; a number, or one per image. 0 is the identity.
        unit: the limits of that distance, as fractions of the shorter side. Drawn uniformly,
            as is where the grid begins.
        degrees: the largest angle that the grid is turned by, either way.
        fill_mode: "constant" (`fill`), "mean" (the image's mean colour) or "noise".
        fill: a constant's value, in [0, 255]; a number, or one per channel.

    References:
        [GridMask](https://arxiv.org/abs/2001.04086)

    Example:
        >>> masked = grid_mask(images, 0.5, key=7, degrees=45.0)
    """
    height, width, channels = ops.shape(image)
    draws = random.of_key(key, 4)
    shorter = ops.cast(ops.minimum(height, width), "float32")
    distance = ops.maximum(round_half_up(between(unit[0], unit[1], draws[0]) * shorter), 1)
    side = round_half_up(ratio * ops.cast(distance, "float32"))
    start_x, start_y = (
        ops.cast(ops.floor(draws[axis] * ops.cast(distance, "float32")), "int32") for axis in (1, 2)
    )
    x = ops.arange(width * channels, dtype="int32")[None, :] // channels
    y = ops.arange(height, dtype="int32")[:, None]
    if degrees:
        cos, _, sin, _ = ops.unstack(to_fixed(rotation((draws[3] * 2.0 - 1.0) * degrees)), 4)
        x, y = x - width // 2, y - height // 2
        x, y = (ops.right_shift(a * x + b * y, 16) for a, b in ((cos, sin), (-sin, cos)))
    mask = (ops.mod(x + start_x, distance) < side) & (ops.mod(y + start_y, distance) < side)
    return _erase(image, mask, Fill(fill_mode, fill, key))


def _box_mask(image, top, left, rows, columns):
    """Which values of an image, in the layout (height, width * channels), a box covers."""
    height, width, channels = ops.shape(image)
    y = ops.arange(height, dtype="int32")[:, None]
    x = ops.arange(width * channels, dtype="int32")[None, :] // channels
    return ((y >= top) & (y < top + rows)) & ((x >= left) & (x < left + columns))


def _erase(image, mask, fill):
    height, width, channels = ops.shape(image)
    flat = ops.reshape(image, (height, width * channels))
    filled = ops.where(mask, flat_filling(fill, image, kept=False), flat)
    return ops.reshape(filled, ops.shape(image))
