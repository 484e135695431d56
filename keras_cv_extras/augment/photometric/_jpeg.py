"""JPEG artefacts: libjpeg's integer arithmetic, without the entropy coding.

All of it is exact: the two cosine transforms are matrices of whole numbers, applied to the rows
and the columns of all blocks at once.
"""

import numpy as np
from keras import ops

from keras_cv_extras._base import engine
from keras_cv_extras._base.types import Numbers, Tensor
from keras_cv_extras.augment._image_op import image_op
from keras_cv_extras.augment._op import Range
from keras_cv_extras.augment.photometric._color import GREY_OR_RGB

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
    values = ops.cast(image, "int32")
    quality = ops.clip(ops.cast(ops.floor(quality + 0.5), "int32"), 1, 100)
    unit = 16 if subsampling and image.shape[-1] == 3 else 8
    rows, columns = _up(height, unit), _up(width, unit)
    padded = _pad(_pad(values, rows, axis=0), columns, axis=1)
    if image.shape[-1] == 1:
        (decoded,) = _code([padded[..., 0]], quality)
        result = decoded[:height, :width, None]
    else:
        luma, *chroma = _to_ycc(padded)
        if subsampling:
            chroma = [_halve(plane) for plane in chroma]
        luma, *chroma = _code([luma, *chroma], quality)
        if subsampling:
            half = ((height + 1) // 2, (width + 1) // 2)
            chroma = [_double(plane[: half[0], : half[1]]) for plane in chroma]
        cut = [plane[:height, :width, None] for plane in (luma, *chroma)]
        result = _to_rgb(*cut)
    return ops.where(quality >= 100, image, ops.cast(result, "uint8"))


def _code(planes, quality):
    """Transforms the blocks of planes of values, rounds by the tables of a quality, and undoes."""
    shapes = [ops.shape(plane) for plane in planes]
    counts = [height // 8 * (width // 8) for height, width in shapes]
    blocks = ops.concatenate(
        [_to_blocks(plane, *shape) for plane, shape in zip(planes, shapes, strict=True)], axis=-1
    )
    scale = ops.where(quality < 50, 5000 // quality, 200 - 2 * quality)
    tables = [
        ops.clip((ops.convert_to_tensor(table) * scale + 50) // 100, 1, 255)[..., None]
        for table in (_LUMINANCE, _CHROMINANCE)
    ]
    is_luma = ops.arange(sum(counts), dtype="int32") < counts[0]
    table = ops.where(is_luma, tables[0], tables[1])
    # Along the columns within a block, then along its rows; and back the other way round. The
    # transform has the factor 8 on top of two bits that keep it precise in between.
    forward = _transform(_transform(blocks - 128, _COSINES, 11, axis=1), _COSINES, 15, axis=0)
    rounded = ops.sign(forward) * ((ops.abs(forward) + 4 * table) // (8 * table)) * table
    back = _transform(_transform(rounded, _COSINES.T, 11, axis=0), _COSINES.T, 18, axis=1)
    values = ops.clip(back + 128, 0, 255)
    decoded, first = [], 0
    for shape, count in zip(shapes, counts, strict=True):
        decoded.append(_from_blocks(values[..., first : first + count], *shape))
        first = first + count
    return decoded


def _transform(blocks, matrix, bits, *, axis):
    """Multiplies one axis of `(8, 8, blocks)` by a matrix and rounds `bits` bits away.

    The results are kept in memory row by row: computed where they are used, each would be
    computed eight times.
    """

    def row(factors):
        total = 1 << (bits - 1)
        for place in range(8):
            part = blocks[place] if axis == 0 else blocks[:, place]
            total = total + factors[place] * part
        return ops.right_shift(total, bits)

    result = engine.map_rows(row, ops.convert_to_tensor(matrix.astype("int32")))
    return result if axis == 0 else ops.transpose(result, (1, 0, 2))


def _to_blocks(plane, height, width):
    blocks = ops.reshape(plane, (height // 8, 8, width // 8, 8))
    return ops.reshape(ops.transpose(blocks, (1, 3, 0, 2)), (8, 8, -1))


def _from_blocks(blocks, height, width):
    blocks = ops.reshape(blocks, (8, 8, height // 8, width // 8))
    return ops.reshape(ops.transpose(blocks, (2, 0, 3, 1)), (height, width))


def _to_ycc(image):
    """Brightness and two differences of colour, of RGB; jccolor.c, in 1/65536."""
    red, green, blue = (image[..., channel] for channel in range(3))
    half, middle = 32768, (128 << 16) + 32767
    weighted = (
        19595 * red + 38470 * green + 7471 * blue + half,
        -11059 * red - 21709 * green + 32768 * blue + middle,
        32768 * red - 27439 * green - 5329 * blue + middle,
    )
    return [ops.right_shift(total, 16) for total in weighted]


def _to_rgb(luma, blue, red):
    """RGB of brightness and two differences of colour; jdcolor.c, in 1/65536."""
    blue, red = blue - 128, red - 128
    added = (
        91881 * red + 32768,
        -22554 * blue - 46802 * red + 32768,
        116130 * blue + 32768,
    )
    channels = [luma + ops.right_shift(total, 16) for total in added]
    return ops.clip(ops.concatenate(channels, axis=-1), 0, 255)


def _halve(plane):
    """The means of squares of four, rounded down and up in turns; jcsample.c."""
    total = plane[0::2, 0::2] + plane[0::2, 1::2] + plane[1::2, 0::2] + plane[1::2, 1::2]
    odd = ops.arange(ops.shape(total)[1], dtype="int32") % 2
    return ops.right_shift(total + 1 + odd, 2)


def _double(plane):
    """Between neighbours three quarters of the nearer and one of the other; jdsample.c."""
    above = ops.concatenate([plane[:1], plane[:-1]], axis=0)
    below = ops.concatenate([plane[1:], plane[-1:]], axis=0)
    height, width = ops.shape(plane)
    rows = ops.reshape(ops.stack([3 * plane + above, 3 * plane + below], axis=1), (-1, width))
    before = ops.concatenate([rows[:, :1], rows[:, :-1]], axis=1)
    behind = ops.concatenate([rows[:, 1:], rows[:, -1:]], axis=1)
    pairs = ops.stack([3 * rows + before + 8, 3 * rows + behind + 7], axis=2)
    return ops.right_shift(ops.reshape(pairs, (2 * height, 2 * width)), 4)


def _pad(image, size, *, axis):
    """Repeats the last row or column up to a size."""
    last = ops.shape(image)[axis] - 1
    return engine.take(image, ops.minimum(ops.arange(size, dtype="int32"), last), axis=axis)


def _up(size, unit):
    return (size + unit - 1) // unit * unit
