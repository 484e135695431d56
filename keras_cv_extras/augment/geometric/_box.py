"""Random boxes of a wanted area and aspect ratio."""

import numpy as np
from keras import ops

from keras_cv_extras._base import engine
from keras_cv_extras._base.images.fixed import round_half_up

# Ratios stand in a table, 64 to an octave, from 1/512 to 512: logarithms and powers differ in
# their last bit between backends.
_PER_OCTAVE = 64
_OCTAVES = 9
_MIDDLE = _PER_OCTAVE * _OCTAVES
_RATIOS = (2.0 ** (np.arange(-_MIDDLE, _MIDDLE + 1) / _PER_OCTAVE)).astype("float32")


def draw_box(height, width, area, aspect, draws):
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

    Returns:
        `(top, left, box_height, box_width)`, int32 scalars; at least one pixel, unless the area
        is 0.
    """
    # Relative to the sides: a box of ratio `r` is sqrt(area r) wide and sqrt(area / r) high.
    shape = _step(ops.cast(height, "float32") / ops.cast(width, "float32"))
    low, high = (int(round(np.log2(ratio) * _PER_OCTAVE)) + shape for ratio in aspect)
    fits = -ops.minimum(_step(area), 0)
    low, high = ops.clip(low, -fits, fits), ops.clip(high, -fits, fits)
    chosen = low + ops.cast(ops.floor(draws[0] * ops.cast(high - low + 1, "float32")), "int32")
    ratio = engine.take(
        ops.convert_to_tensor(_RATIOS), ops.clip(chosen, -_MIDDLE, _MIDDLE) + _MIDDLE, axis=0
    )
    box_width = _pixels(ops.sqrt(area * ratio), width, area)
    box_height = _pixels(ops.sqrt(area / ratio), height, area)
    return (
        _place(height, box_height, draws[1]),
        _place(width, box_width, draws[2]),
        box_height,
        box_width,
    )


def _step(ratio):
    """The place of a ratio in the table, from its middle."""
    return ops.sum(ops.cast(ops.convert_to_tensor(_RATIOS) <= ratio, "int32")) - 1 - _MIDDLE


def _pixels(share, side, area):
    whole = round_half_up(share * ops.cast(side, "float32"))
    return ops.clip(whole, ops.cast(area > 0, "int32"), side)


def _place(side, box_side, draw):
    choices = ops.cast(side - box_side + 1, "float32")
    return ops.cast(ops.floor(draw * choices), "int32")
