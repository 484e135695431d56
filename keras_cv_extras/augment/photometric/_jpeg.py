"""JPEG artefacts: libjpeg's integer arithmetic, without the entropy coding.

All of it is exact: the two cosine transforms are matrices of whole numbers, applied to the rows
and the columns of all blocks at once. Blocks are held as `(8, 8, blocks)`, with the columns within
a block first. Each step is kept in bytes or 16 bits, and is one loop along the blocks or along rows
of pixels: a processor works through a row with vector instructions if nothing is moved within it.
"""

import functools

import numpy as np
from keras import ops

from keras_cv_extras._base import engine
from keras_cv_extras._base.exact import quotient
from keras_cv_extras._base.types import Numbers, Tensor
from keras_cv_extras.augment._image_op import image_op
from keras_cv_extras.augment._op import Range
from keras_cv_extras.augment.photometric._color import GREY_OR_RGB
from keras_cv_extras.augment.photometric._luma import LUMA, channels_of, mean_of_bytes

# ITU-T T.81, tables K.1 and K.2.
_LUMINANCE = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ],
    "int32",
)
_CHROMINANCE = np.full((8, 8), 99, "int32")
_CHROMINANCE[:4, :4] = [[17, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]]

# The cosine transform of 8 values in 1/8192, times the square root of 8, as the twelve products
# of jfdctint.c add up: a few entries are one off the rounded cosines.
_COSINES = np.zeros((8, 8), "int32")
_EVEN = [
    [8192, 8192, 8192, 8192],
    [10703, 4433, -4433, -10703],
    [8192, -8192, -8192, 8192],
    [4433, -10704, 10704, -4433],
]
_ODD = [
    [11363, 9633, 6437, 2260],
    [9633, -2259, -11362, -6436],
    [6437, -11362, 2261, 9633],
    [2260, -6436, 9633, -11363],
]
# Brightness and two differences of colour, of RGB, and back; jccolor.c and jdcolor.c, in 1/65536.
_TO_YCC = (LUMA, (-11059, -21709, 32768), (32768, -27439, -5329))
_OF_BLUE = np.array([0, -22554, 116130], "int32")
_OF_RED = np.array([91881, -46802, 0], "int32")
_COSINES[0::2] = np.hstack([_EVEN, np.fliplr(_EVEN)])
_COSINES[1::2] = np.hstack([_ODD, -np.fliplr(_ODD)])


@image_op(strength=Range(100.0, 10.0), pixels="uint8", channels=GREY_OR_RGB)
def jpeg(image: Tensor, quality: Numbers, *, subsampling: bool = True) -> Tensor:
    """Gives images the artefacts of JPEG compression.

    Args:
        quality: in [1, 100], rounded to a whole number; a number, or one per image. At 100 the
            images are left as they are, though a file of that quality changes them a little.
        subsampling: whether colours are kept at half of the resolution in both directions
            (4:2:0), as most files have them, or at the full one (4:4:4).

    References:
        ITU-T T.81, and libjpeg's accurate whole-number transform (`JDCT_ISLOW`) with smooth
        upsampling: what Pillow's `save(format="JPEG", quality=quality)` and `open` give.

    Example:
        >>> compressed = jpeg(images, 30)
    """
    height, width = ops.shape(image)[:2]
    quality = ops.clip(ops.cast(ops.floor(quality + 0.5), "int32"), 1, 100)
    is_grey = image.shape[-1] == 1
    unit = 16 if subsampling and not is_grey else 8
    padded = _pad(_pad(image, _up(height, unit), axis=0), _up(width, unit), axis=1)
    if is_grey:
        (decoded,) = _code([padded[..., 0]], quality)
        result = decoded[:height, :width, None]
    else:
        planes = [engine.kept(functools.partial(_plane, which), padded) for which in range(3)]
        if subsampling:
            planes[1:] = [engine.kept(_halve, plane) for plane in planes[1:]]
        luma, *chroma = _code(planes, quality)
        if subsampling:
            half = ((height + 1) // 2, (width + 1) // 2)
            chroma = [_double(plane[: half[0], : half[1]]) for plane in chroma]
        cut = [plane[:height, :width] for plane in (luma, *chroma)]
        result = engine.kept(_to_rgb, *cut)
    return ops.where(quality >= 100, image, result)


def _code(planes, quality):
    """Transforms the blocks of planes of values, rounds by the tables of a quality, and undoes."""
    shapes = [ops.shape(plane) for plane in planes]
    counts = [height // 8 * (width // 8) for height, width in shapes]
    blocks = ops.concatenate(
        [_to_blocks(plane, *shape) for plane, shape in zip(planes, shapes, strict=True)], axis=-1
    )
    scale = ops.where(quality < 50, 5000 // quality, 200 - 2 * quality)
    tables = [
        ops.clip((ops.convert_to_tensor(table.T) * scale + 50) // 100, 1, 255)[..., None]
        for table in (_LUMINANCE, _CHROMINANCE)
    ]

    def along_columns(blocks, *tables):
        values = _transform(blocks, _COSINES, 15, axis=1)
        is_luma = ops.arange(ops.shape(values)[-1], dtype="int32") < counts[0]
        return ops.cast(_rounded(values, ops.where(is_luma, *tables)), "int16")

    # Along the rows within a block, then along its columns; and back the other way round. The
    # transform has the factor 8 on top of two bits that keep it precise in between. By the energy
    # of a block, 64 * 128**2, and that of its rounding, all that is kept fits 16 bits.
    coded = engine.kept(along_columns, engine.kept(_along_rows, blocks), *tables)
    back = engine.kept(_back_along_columns, coded)
    # Pixels of a row come together in a step of its own: a compiler would do it one by one where
    # the planes are cut.
    pixels = ops.reshape(engine.kept(_back_along_rows, back), (8, -1))
    rows = ops.reshape(engine.kept(ops.transpose, pixels), (8, -1, 8))
    decoded, first = [], 0
    for shape, count in zip(shapes, counts, strict=True):
        decoded.append(_from_rows(rows[:, first : first + count], *shape))
        first = first + count
    return decoded


def _along_rows(blocks):
    return ops.cast(_transform(blocks, _COSINES, 11, axis=0, middle=128), "int16")


def _back_along_columns(blocks):
    return ops.cast(_transform(blocks, _COSINES.T, 11, axis=1), "int16")


def _back_along_rows(blocks):
    values = _transform(blocks, _COSINES.T, 18, axis=0)
    return ops.cast(ops.clip(values + 128, 0, 255), "uint8")


def _transform(blocks, matrix, bits, *, axis, middle=0):
    """Multiplies one axis of `(8, 8, blocks)`, less their middle, by a matrix and rounds bits away.

    As a sum of eight products: a loop along the blocks multiplies them by numbers that it holds.
    """
    shape = (-1, 1, 1) if axis == 0 else (1, -1, 1)
    half = (1 << (bits - 1)) - middle * matrix.sum(axis=1, dtype="int32")

    def products(rows):
        total = half[rows].reshape(shape)
        for place in range(8):
            part = blocks[place : place + 1] if axis == 0 else blocks[:, place : place + 1]
            total = total + matrix[rows, place].reshape(shape) * ops.cast(part, "int32")
        return ops.right_shift(total, bits)

    if not engine.is_vectorized():
        return products(slice(8))
    # An accelerator keeps rows that are joined, and does not compute them anew at every use.
    return ops.concatenate([products(slice(row, row + 1)) for row in range(8)], axis=axis)


def _rounded(values, table):
    """Eightfold whole numbers, rounded to a multiple of the table, halves away from zero."""
    step = ops.cast(table, "float32")
    # With the half the float32 quotient is exact, and a division takes several times as long.
    nearest = (ops.cast(ops.abs(values), "float32") + (4.0 * step + 0.5)) * quotient(0.125, step)
    magnitude = ops.cast(ops.floor(nearest), "int32") * table
    return ops.where(values < 0, -magnitude, magnitude)


def _to_blocks(plane, height, width):
    """The blocks of a plane, in two steps: whole rows first, and then the pixels within them."""
    rows = ops.transpose(ops.reshape(plane, (height // 8, 8, width)), (1, 0, 2))
    return ops.reshape(engine.kept(ops.transpose, ops.reshape(rows, (-1, 8))), (8, 8, -1))


def _from_rows(rows, height, width):
    rows = ops.reshape(rows, (8, height // 8, width))
    return ops.reshape(ops.transpose(rows, (1, 0, 2)), (height, width))


def _plane(which, image):
    """The brightness of RGB, or one of two differences of colour, about 128."""
    channels = [channel[..., 0] for channel in channels_of(image)]
    more = 0 if which == 0 else (128 << 16) - 1
    weights = [256 * weight for weight in _TO_YCC[which]]
    return ops.cast(mean_of_bytes(channels, weights, more), "uint8")


def _to_rgb(luma, blue, red):
    """RGB of brightness and two differences of colour, all bytes."""
    luma, blue, red = (ops.cast(plane, "int32")[..., None] for plane in (luma, blue, red))
    added = _OF_RED * (red - 128) + _OF_BLUE * (blue - 128) + 32768
    return ops.cast(ops.clip(luma + ops.right_shift(added, 16), 0, 255), "uint8")


def _halve(plane):
    """The means of squares of four, rounded down and up in turns; jcsample.c."""
    plane = ops.cast(plane, "uint16")
    total = plane[0::2, 0::2] + plane[0::2, 1::2] + plane[1::2, 0::2] + plane[1::2, 1::2]
    odd = ops.cast(ops.arange(ops.shape(total)[1], dtype="int32") % 2, "uint16")
    return ops.cast(ops.right_shift(total + 1 + odd, 2), "uint8")


def _double(plane):
    """Between neighbours three quarters of the nearer and one of the other; jdsample.c."""
    height, width = ops.shape(plane)
    rows = engine.kept(_double_rows, engine.kept(_framed, plane))
    pairs = engine.kept(_double_columns, ops.reshape(rows, (2 * height, width + 2)))
    return ops.reshape(pairs, (2 * height, 2 * width))


def _framed(plane):
    """A plane with its outermost values once more around it."""
    plane = ops.concatenate([plane[:1], plane, plane[-1:]], axis=0)
    return ops.concatenate([plane[:, :1], plane, plane[:, -1:]], axis=1)


def _double_rows(framed):
    rows = ops.cast(framed, "uint16")
    near = 3 * rows[1:-1]
    return ops.stack([near + rows[:-2], near + rows[2:]], axis=1)


def _double_columns(rows):
    is_first = ops.arange(2, dtype="int32") == 0
    before, near, behind = (part[..., None] for part in (rows[:, :-2], rows[:, 1:-1], rows[:, 2:]))
    half = ops.cast(ops.where(is_first, 8, 7), "uint16")
    total = 3 * near + ops.where(is_first, before, behind) + half
    return ops.cast(ops.right_shift(total, 4), "uint8")


def _pad(image, size, *, axis):
    """Repeats the last row or column up to a size."""
    given = ops.shape(image)[axis]
    if isinstance(given, int) and given == size:
        return image
    return engine.take(image, ops.minimum(ops.arange(size, dtype="int32"), given - 1), axis=axis)


def _up(size, unit):
    return (size + unit - 1) // unit * unit
