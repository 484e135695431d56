"""What each mix does to pixels: pure functions of a batch and of its partners.

A kernel takes images, a list of as many partners as it needs, each a batch like the first, and
numbers, one per image. It returns mixed images of the same type, and the share of every image in
them, `(batch, 1 + partners)`: of pixels that are moved, the exact count.
"""

import keras
from keras import ops

from keras_cv_extras._base import engine
from keras_cv_extras.mix._masks import box_masks

__all__ = ["NUM_PARTNERS", "cutmix", "fmix", "mixup", "mosaic"]

_LARGEST = 3.4e38  # of float32
_BITS = 23  # of a share in fixed point: a byte times it, and the rounding, fit into 31 bits


def mixup(images, others, weight):
    """Blends each image with a partner of the given weight."""
    (partner,) = others
    shape = ops.shape(images)
    first, second = (ops.reshape(batch, (shape[0], -1)) for batch in (images, partner))
    is_bytes = keras.backend.standardize_dtype(images.dtype) == "uint8"
    blend = _blend_bytes if is_bytes else _blend
    return ops.reshape(blend(first, second, weight[:, None]), shape), _two(weight)


def _blend_bytes(first, second, weight):
    """Blends in whole numbers: half the time of floats, and the same on any machine."""
    one, half = 1 << _BITS, 1 << (_BITS - 1)
    share = ops.cast(ops.floor(weight * float(one) + 0.5), "int32")
    first, second = ops.cast(first, "int32"), ops.cast(second, "int32")
    blended = first * (one - share) + second * share + half
    return ops.cast(ops.right_shift(blended, _BITS), "uint8")


def _blend(first, second, weight):
    dtype = keras.backend.standardize_dtype(first.dtype)
    exact = "float64" if dtype == "float64" else "float32"
    share = ops.cast(weight, exact)
    # The minimum keeps a compiler from fusing multiply and add, which rounds otherwise.
    own = ops.minimum((1 - share) * ops.cast(first, exact), _LARGEST)
    blended = own + ops.minimum(share * ops.cast(second, exact), _LARGEST)
    if not keras.backend.is_float_dtype(dtype):
        blended = ops.floor(blended + 0.5)
    return ops.cast(blended, dtype)


def cutmix(images, others, weight, x, y):
    """Puts a box of the partner over each image."""
    (partner,) = others
    shape = ops.shape(images)
    batch, height, width, channels = shape
    rows, columns = box_masks(height, width, weight, x, y, channels=channels)
    # Along a row of numbers, not of pixels: a loop over three channels is not vectorised.
    first, second = (ops.reshape(i, (batch, height, width * channels)) for i in (images, partner))
    mixed = ops.where(rows[:, :, None] & columns[:, None, :], second, first)
    inside = _count(rows, 1) * _count(columns, 1) / ops.cast(channels, "float32")
    return ops.reshape(mixed, shape), _two(inside / _area(height, width))


def fmix(images, others, mask):
    """Puts the partner over the parts of each image that a mask of pixels marks."""
    (partner,) = others
    height, width = ops.shape(images)[1:3]
    inside = _count(mask, (1, 2))
    return ops.where(mask[..., None], partner, images), _two(inside / _area(height, width))


def mosaic(images, others, x, y):
    """Joins four images in one point; each shows its part that lies next to the point."""
    shape = ops.shape(images)
    height, width, channels = shape[1:]
    row, column = _split(height, y), _split(width, x)

    def join(first, second, third, fourth, row, column):
        # Upper parts show the lower end of their image, and lower parts the upper one: a window
        # over one above the other. The same goes for left and right.
        length = width * channels
        pairs = ((first, third), (second, fourth))
        tall = [ops.reshape(ops.concatenate(pair), (2 * height, length)) for pair in pairs]
        halves = [engine.window(pair, (height - row, 0), (height, length)) for pair in tall]
        start = (0, (width - column) * channels)
        return engine.window(ops.concatenate(halves, axis=1), start, (height, length))

    rows = (height, width * channels)
    mixed = engine.map_images(join, images, *others, row, column, shape=rows)
    above, left = ops.cast(row, "float32"), ops.cast(column, "float32")
    height, width = ops.cast(height, "float32"), ops.cast(width, "float32")
    counts = [above * left, above * (width - left), (height - above) * left]
    counts.append((height - above) * (width - left))
    return ops.reshape(mixed, shape), ops.stack(counts, axis=1) / (height * width)


#: How many partners each kernel needs.
NUM_PARTNERS = {mixup: 1, cutmix: 1, fmix: 1, mosaic: 3}


def _split(length, position):
    """A whole number in [0, length]: how many rows lie before the point."""
    return ops.cast(ops.floor(position * ops.cast(length, "float32") + 0.5), "int32")


def _count(mask, axis):
    # A sum of integers may be taken in any order, and so several at a time.
    return ops.cast(ops.sum(ops.cast(mask, "int32"), axis=axis), "float32")


def _area(height, width):
    return ops.cast(height, "float32") * ops.cast(width, "float32")


def _two(share):
    """Shares of the image and of one partner."""
    return ops.stack([1 - share, share], axis=1)
