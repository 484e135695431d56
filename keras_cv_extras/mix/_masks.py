"""Masks that say which pixels of a mixed image come from the partner."""

import math

import numpy as np
from keras import ops

from keras_cv_extras.augment import _engine

_MOST_WAVES = 32  # of an axis, on each side of zero; finer ones are cut off
_HALVINGS = 22  # of the interval that a mask's threshold lies in


def box_masks(height, width, weight, x, y):
    """Makes masks of one box each, which may reach beyond the image.

    Args:
        height: of the images in pixels.
        width: likewise.
        weight: `(batch,)`, the share of the image that the box has before it is cut off.
        x: `(batch,)`, where the centre lies, as a fraction of the width in [0, 1).
        y: likewise, as a fraction of the height.

    Returns:
        `(rows, columns)`: booleans `(batch, height)` and `(batch, width)`, whose conjunction is
        the mask.
    """
    side = ops.sqrt(weight)
    return _segment(height, side, y), _segment(width, side, x)


def _segment(length, share, centre):
    length_float = ops.cast(length, "float32")
    size = ops.cast(ops.floor(share * length_float + 0.5), "int32")
    start = ops.cast(ops.floor(centre * length_float), "int32") - size // 2
    places = ops.arange(length, dtype="int32")
    return (places >= start[:, None]) & (places < (start + size)[:, None])


def fourier_masks(height, width, weight, noise, *, decay=3.0):
    """Makes masks of the highest part of a smooth random landscape.

    Args:
        height: of the images in pixels.
        width: likewise.
        weight: `(batch,)`, the share of pixels inside of the mask.
        noise: `(batch, num_waves(height, width))`, standard normal numbers.
        decay: how fast the waves of the landscape grow smaller with their frequency.

    Returns:
        Booleans `(batch, height, width)`.

    References:
        [FMix](https://arxiv.org/abs/2002.12047), section 4. Frequencies beyond 32 waves per
        side, a hundred-thousandth of the landscape's power at decay 3, are left out.
    """
    rows, columns = _waves(height), _waves(width)
    frequencies = np.hypot(rows[:, None] / height, columns[None, :] / width)
    amplitudes = np.maximum(frequencies, 1 / max(height, width)) ** -decay
    shape = (-1, 2, len(rows), len(columns))
    noise = ops.reshape(noise, shape) * (amplitudes / amplitudes.max()).astype("float32")
    # The real part of an inverse Fourier transform, by products with its matrices.
    cosine_y, sine_y = _transform(rows, height)
    cosine_x, sine_x = _transform(columns, width)
    real, imaginary = noise[:, 0], noise[:, 1]
    left = ops.einsum("hr,brc->bhc", cosine_y, real) - ops.einsum("hr,brc->bhc", sine_y, imaginary)
    right = ops.einsum("hr,brc->bhc", sine_y, real) + ops.einsum("hr,brc->bhc", cosine_y, imaginary)
    landscape = ops.matmul(left, cosine_x.T) - ops.matmul(right, sine_x.T)
    landscape = ops.reshape(landscape, (-1, height * width))
    return ops.reshape(_highest(landscape, weight), (-1, height, width))


def num_waves(height, width):
    """Returns how many random numbers a landscape is made of."""
    return 2 * len(_waves(height)) * len(_waves(width))


def _waves(length):
    most = min(length // 2, _MOST_WAVES)
    return np.arange(-((length - 1) // 2) if most < _MOST_WAVES else -most, most + 1)


def _transform(waves, length):
    phase = 2 * math.pi * np.outer(np.arange(length), waves) / length
    return np.cos(phase).astype("float32"), np.sin(phase).astype("float32")


def _highest(values, share):
    """Whether each value is among the given share of the highest of its row.

    The threshold is found by halving an interval: sorting takes ten times as long.
    """
    count = ops.floor(share * float(values.shape[-1]) + 0.5)

    def halve(ends, _):
        middle = (ends[0] + ends[1]) / 2
        above = ops.sum(ops.cast(values > middle[:, None], "float32"), axis=-1)
        return ops.stack(
            [ops.where(above > count, middle, ends[0]), ops.where(above > count, ends[1], middle)]
        )

    # A loop, not its unrolled form: XLA would fuse and repeat it, twice as often at every step.
    ends = ops.stack([ops.min(values, axis=-1) - 1.0, ops.max(values, axis=-1) + 1.0])
    ends = _engine.repeat(_HALVINGS, halve, ends, ops.arange(_HALVINGS, dtype="int32"))
    return values > ends[1][:, None]
