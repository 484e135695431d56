"""What each mix does to pixels: pure functions of a batch and of its partners.

A kernel takes images, a list of as many partners as it needs, each a batch like the first, and
numbers, one per image. It returns mixed images of the same type, and the share of every image in
them, `(batch, 1 + partners)`: of pixels that are moved, the exact count.
"""

import keras
from keras import ops

from keras_cv_extras.mix._masks import box_masks, fourier_masks, num_waves

__all__ = ["NUM_PARTNERS", "cutmix", "fmix", "known_size", "mixup", "mosaic", "num_waves"]

_LARGEST = 3.4e38  # of float32


def mixup(images, others, weight):
    """Blends each image with a partner of the given weight."""
    (partner,) = others
    dtype = keras.backend.standardize_dtype(images.dtype)
    exact = "float64" if dtype == "float64" else "float32"
    share = ops.cast(ops.reshape(weight, (-1, 1, 1, 1)), exact)
    # The minimum keeps a compiler from fusing multiply and add, which rounds otherwise.
    own = ops.minimum((1 - share) * ops.cast(images, exact), _LARGEST)
    blended = own + ops.minimum(share * ops.cast(partner, exact), _LARGEST)
    if not keras.backend.is_float_dtype(dtype):
        blended = ops.floor(blended + 0.5)
    return ops.cast(blended, dtype), _two(weight)


def cutmix(images, others, weight, x, y):
    """Puts a box of the partner over each image."""
    (partner,) = others
    height, width = ops.shape(images)[1:3]
    rows, columns = box_masks(height, width, weight, x, y)
    mask = rows[:, :, None] & columns[:, None, :]
    inside = _count(rows, 1) * _count(columns, 1)
    return ops.where(mask[..., None], partner, images), _two(inside / _area(height, width))


def fmix(images, others, weight, noise, *, decay):
    """Puts the partner over the parts of each image that a random landscape marks."""
    (partner,) = others
    height, width = known_size(images.shape[1:3])
    mask = fourier_masks(height, width, weight, noise, decay=decay)
    inside = _count(mask, (1, 2))
    return ops.where(mask[..., None], partner, images), _two(inside / _area(height, width))


def mosaic(images, others, x, y):
    """Joins four images in one point; each shows its part that lies next to the point."""
    height, width = ops.shape(images)[1:3]
    row, column = _split(height, y), _split(width, x)
    rows = ops.arange(height, dtype="int32")
    columns = ops.arange(width, dtype="int32")
    below = rows >= row[:, None]
    right = columns >= column[:, None]
    # Upper parts show the lower end of their image, and lower parts the upper one: for all of
    # them that is a roll by the point's position.
    rows = ops.mod(rows - row[:, None], height)
    columns = ops.mod(columns - column[:, None], width)
    quarter = 2 * ops.cast(below, "int32")[:, :, None] + ops.cast(right, "int32")[:, None, :]
    stacked = ops.stack([images, *others], axis=1)
    batch = ops.arange(ops.shape(images)[0], dtype="int32")[:, None, None]
    place = ((batch * 4 + quarter) * height + rows[:, :, None]) * width + columns[:, None, :]
    flat = ops.reshape(stacked, (-1, images.shape[-1]))
    above, left = _count(~below, 1), _count(~right, 1)
    height, width = ops.cast(height, "float32"), ops.cast(width, "float32")
    counts = [above * left, above * (width - left), (height - above) * left]
    counts.append((height - above) * (width - left))
    return ops.take(flat, place, axis=0), ops.stack(counts, axis=1) / (height * width)


#: How many partners each kernel needs.
NUM_PARTNERS = {mixup: 1, cutmix: 1, fmix: 1, mosaic: 3}


def known_size(size):
    """Returns `(height, width)`; raises if a graph does not know them."""
    if None in tuple(size):
        raise ValueError(
            f"FMix needs images of a known size, received (height, width) {tuple(size)}: resize "
            "them first, or set their shape"
        )
    return size


def _split(length, position):
    """A whole number in [0, length]: how many rows lie before the point."""
    return ops.cast(ops.floor(position * ops.cast(length, "float32") + 0.5), "int32")


def _count(mask, axis):
    return ops.sum(ops.cast(mask, "float32"), axis=axis)


def _area(height, width):
    return ops.cast(height, "float32") * ops.cast(width, "float32")


def _two(share):
    """Shares of the image and of one partner."""
    return ops.stack([1 - share, share], axis=1)
