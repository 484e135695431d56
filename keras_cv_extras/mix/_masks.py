"""Masks that say which pixels of a mixed image come from the partner."""

import math

import numpy as np
from keras import ops

from keras_cv_extras._base import engine
from keras_cv_extras._base.exact import root

_MOST_WAVES = 32  # of an axis, on each side of zero; finer ones are cut off
_HALVINGS = 18  # of the interval that a mask's threshold lies in


def box_masks(height, width, weight, x, y, *, channels=1):
    """Makes masks of one box each, which may reach beyond the image.

    Args:
        height: of the images in pixels.
        width: likewise.
        weight: `(batch,)`, the share of the image that the box has before it is cut off.
        x: `(batch,)`, where the centre lies, as a fraction of the width in [0, 1).
        y: likewise, as a fraction of the height.
        channels: how many numbers a pixel has.

    Returns:
        `(rows, columns)`: booleans `(batch, height)` and `(batch, width * channels)`, whose
        conjunction is the mask.
    """
    side = root(weight)
    return _segment(height, side, y, 1), _segment(width, side, x, channels)


def _segment(length, share, centre, repeats):
    length_float = ops.cast(length, "float32")
    size = ops.cast(ops.floor(share * length_float + 0.5), "int32")
    start = ops.cast(ops.floor(centre * length_float), "int32") - size // 2
    places = ops.arange(length * repeats, dtype="int32")
    start, end = start * repeats, (start + size) * repeats
    return (places >= start[:, None]) & (places < end[:, None])


def fourier_masks(size, weight, draws, slot=0, *, decay=3.0):
    """Makes masks of the highest part of a smooth random landscape.

    Args:
        size: `(height, width)` of the images in pixels.
        weight: `(batch,)`, the share of pixels inside of the mask.
        draws: where the landscapes' random numbers are from, `Draws`.
        slot: the first one that they are drawn from.
        decay: how fast the waves of the landscape grow smaller with their frequency.

    Returns:
        Booleans `(batch, height, width)`.

    References:
        [FMix](https://arxiv.org/abs/2002.12047), section 4. Frequencies beyond 32 waves per
        side, a hundred-thousandth of the landscape's power at decay 3, are left out.
    """
    if None in tuple(size):
        raise ValueError(
            f"FMix needs images of a known size, received (height, width) {tuple(size)}: resize "
            "them first, or set their shape"
        )
    height, width = size
    (rows, waves_y), (columns, waves_x) = _waves(height), _waves(width)
    frequencies = np.hypot(waves_y[:, None] / height, waves_x[None, :] / width)
    amplitudes = np.maximum(frequencies, 1 / max(height, width)) ** -decay
    noise = ops.reshape(draws.normals(slot, amplitudes.size), (-1, *amplitudes.shape))
    noise = noise * (amplitudes / amplitudes.max()).astype("float32")
    landscape = engine.matmul(rows.T, engine.matmul(noise, columns))
    landscape = ops.reshape(landscape, (-1, height * width))
    return ops.reshape(_highest(landscape, weight), (-1, height, width))


def _waves(length):
    """Returns cosines and sines, `(waves, length)`, and how many periods each of them has.

    Independent normal numbers times these have the distribution that the real part of an inverse
    Fourier transform of complex ones has, with a quarter of the numbers and of the products.
    """
    numbers = np.arange(min(length // 2, _MOST_WAVES) + 1)
    phases = 2 * math.pi * np.outer(numbers, np.arange(length)) / length
    # The constant and the fastest wave stand for one frequency, all others for two.
    alone = (numbers == 0) | (2 * numbers == length)
    cosines = np.cos(phases) * np.where(alone, 1, math.sqrt(2))[:, None]
    sines = np.sin(phases[~alone]) * math.sqrt(2)
    waves = np.concatenate([cosines, sines]).astype("float32")
    return waves, np.concatenate([numbers, numbers[~alone]])


def _highest(values, share):
    """Whether each value is among the given share of the highest of its row.

    The threshold is found by halving an interval: sorting takes ten times as long. Row by row,
    so that one stays in the cache.
    """
    count = ops.cast(ops.floor(share * float(values.shape[-1]) + 0.5), "int32")

    def threshold(row, count):
        def halve(ends, _):
            middle = (ends[0] + ends[1]) / 2
            is_low = ops.sum(ops.cast(row > middle, "int32")) > count
            return ops.where(is_low, ops.stack([middle, ends[1]]), ops.stack([ends[0], middle]))

        # A loop, not its unrolled form: XLA would fuse and repeat it, twice as often each step.
        ends = ops.stack([ops.min(row) - 1.0, ops.max(row) + 1.0])
        return engine.repeat(_HALVINGS, halve, ends, ops.arange(_HALVINGS, dtype="int32"))[1]

    return values > engine.map_rows(threshold, values, count)[:, None]
