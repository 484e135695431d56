"""Random boxes of a wanted area and aspect ratio."""

import operator

import numpy as np
from keras import ops

from keras_cv_extras._base import engine, exact
from keras_cv_extras._base.images.fixed import round_half_up

# Ratios stand in a table, 64 to an octave, from 1/512 to 512: logarithms and powers differ in
# their last bit between backends.
_PER_OCTAVE = 64
_OCTAVES = 9
_MIDDLE = _PER_OCTAVE * _OCTAVES
_RATIOS = (2.0 ** (np.arange(-_MIDDLE, _MIDDLE + 1) / _PER_OCTAVE)).astype("float32")


def draw_box(height, width, area, aspect, draws, library=ops):
    """Draws a box inside an image.

    Its aspect ratio is uniform on a logarithmic scale, between the given limits and as far as
    the box fits into the image: what trying again and again until it fits would give, in one
    draw, and without an end to the tries.

    Args:
        height: of the image in pixels.
        width: likewise.
        area: the box's share of the image, in [0, 1].
        aspect: a pair of floats, the limits of width over height.
        draws: three random numbers in [0, 1): for the aspect ratio and the place.
        library: `keras.ops`, or what has its functions `cast`, `clip`, `convert_to_tensor`,
            `expand_dims`, `floor`, `minimum`, `sqrt`, `sum` and `take` for tensors of another kind.

    Returns:
        `(top, left, box_height, box_width)`, int32, scalars as all that is given, or of its
        shape; at least one pixel, unless the area is 0.
    """
    own = library is ops
    divide, root = (exact.quotient, exact.root) if own else (operator.truediv, library.sqrt)
    # Relative to the sides: a box of ratio `r` is sqrt(area r) wide and sqrt(area / r) high.
    shape = _step(divide(library.cast(height, "float32"), library.cast(width, "float32")), library)
    low, high = (int(round(np.log2(ratio) * _PER_OCTAVE)) + shape for ratio in aspect)
    fits = -library.minimum(_step(area, library), 0)
    low, high = library.clip(low, -fits, fits), library.clip(high, -fits, fits)
    count = library.cast(high - low + 1, "float32")
    chosen = low + library.cast(library.floor(draws[0] * count), "int32")
    place = library.clip(chosen, -_MIDDLE, _MIDDLE) + _MIDDLE
    take = engine.take if own else library.take
    ratio = take(library.convert_to_tensor(_RATIOS), place, axis=0)
    box_width = _pixels(root(area * ratio), width, area, library)
    box_height = _pixels(root(divide(area, ratio)), height, area, library)
    return (
        _place(height, box_height, draws[1], library),
        _place(width, box_width, draws[2], library),
        box_height,
        box_width,
    )


def try_box(height, width, areas, aspect, draws):
    """Takes the first box of several that fits into an image; where none does, the middle.

    Args:
        height: of the image in pixels.
        width: likewise.
        areas: the boxes' shares of the image, `(tries,)`.
        aspect: a pair of floats, the limits of width over height.
        draws: random numbers in [0, 1): two for the place, then one for each box's ratio.

    Returns:
        `(top, left, box_height, box_width)`, int32 scalars.

    References:
        [Going deeper with convolutions](https://arxiv.org/abs/1409.4842) section 6, in the form
        that torchvision, timm and Albumentations gave it.
    """
    low, high = (int(round(np.log2(ratio) * _PER_OCTAVE)) for ratio in aspect)
    chosen = low + ops.cast(ops.floor(draws[2:] * float(high - low + 1)), "int32")
    place = ops.clip(chosen, -_MIDDLE, _MIDDLE) + _MIDDLE
    ratios = engine.take(ops.convert_to_tensor(_RATIOS), place, axis=0)
    tall, wide = ops.cast(height, "float32"), ops.cast(width, "float32")
    shares = areas * tall * wide
    widths = ops.cast(round_half_up(exact.root(shares * ratios)), "int32")
    heights = ops.cast(round_half_up(exact.root(exact.quotient(shares, ratios))), "int32")
    fits = (widths > 0) & (widths <= width) & (heights > 0) & (heights <= height)
    count = areas.shape[0]
    number = ops.arange(count, dtype="int32")
    first = ops.min(ops.where(fits, number, count))
    taken = ops.cast(ops.equal(number, first), "int32")
    # Where no box fits, the largest in the middle whose ratio is within the limits.
    largest_width = ops.cast(round_half_up(tall * float(aspect[1])), "int32")
    largest_height = ops.cast(round_half_up(exact.quotient(wide, float(aspect[0]))), "int32")
    found = ops.sum(taken) > 0
    box_width = ops.where(found, ops.sum(taken * widths), ops.minimum(width, largest_width))
    box_height = ops.where(found, ops.sum(taken * heights), ops.minimum(height, largest_height))
    top, left = (
        ops.where(found, _place(side, box_side, draw, ops), (side - box_side) // 2)
        for side, box_side, draw in ((height, box_height, draws[0]), (width, box_width, draws[1]))
    )
    return top, left, box_height, box_width


def _step(ratio, library):
    """The place of a ratio in the table, from its middle."""
    smaller = library.convert_to_tensor(_RATIOS) <= library.expand_dims(ratio, -1)
    return library.sum(library.cast(smaller, "int32"), axis=-1) - 1 - _MIDDLE


def _pixels(share, side, area, library):
    whole = round_half_up(share * library.cast(side, "float32"), library)
    return library.clip(whole, library.cast(area > 0, "int32"), side)


def _place(side, box_side, draw, library):
    choices = library.cast(side - box_side + 1, "float32")
    return library.cast(library.floor(draw * choices), "int32")
