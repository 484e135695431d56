"""Image files of any common kind to uint8 arrays of one size and number of channels, by Pillow.

`decoder` does the same in a TensorFlow graph; pixel values differ by 1 of 255 at most.
"""

import os
import struct
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from keras_cv_extras.data.files import _cost

FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP")
SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".bmp", ".dib", ".gif", ".webp")
RESIZES = ("crop", "pad", "stretch")
JPEGS = ("whole", "reduced")
MOST_PIXELS = 64_000_000  # a small file may claim any size: this bounds what it can cost
# So many times the result must a JPEG be that is decoded at a half, a quarter, an eighth: of twice
# the result at least, or resizing would see too few pixels.
REDUCED_FROM = (4.0, 8.0, 16.0)
RATIOS = (1, 2, 4, 8)
BMP_BITS = (1, 4, 8, 24, 32)
# Of BMP files, what only Pillow reads: these, those of OS/2 and those of 16 bits.
BMP_PACKED = {1: "compressed by RLE8", 2: "compressed by RLE4", 3: "with bit masks"}
BMP_BEYOND = "a BMP file {}: save it as PNG"

_GREY = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "F")
_SPREAD = {"L;2": 85, "L;4": 17}  # how far apart levels of grey lie in 8 bits
_ORIENTATION = 0x0112  # the EXIF tag
TURNED = (5, 6, 7, 8)  # its values that swap height and width
_TURN = Image.Transpose
_TURNS = {
    2: _TURN.FLIP_LEFT_RIGHT,
    3: _TURN.ROTATE_180,
    4: _TURN.FLIP_TOP_BOTTOM,
    5: _TURN.TRANSPOSE,
    6: _TURN.ROTATE_270,
    7: _TURN.TRANSVERSE,
    8: _TURN.ROTATE_90,
}


class Header(NamedTuple):
    """What a file says of its image, pixels not decoded.

    Args:
        height: when upright.
        width: when upright.
        channels: 1 or 3.
        format: one of `FORMATS`; of several images in one JPEG file (MPO) the first counts.
        orientation: the EXIF tag, 1 if there is none or none that means anything.
        transparent: whether it has transparency.
        mode: Pillow's name of how a pixel is stored: "RGB", "P" for a palette, "CMYK" ...
        beyond: why it is not for `decoder`, though Pillow reads it; "" if it is.
        begins: the file's size and a checksum of its first bytes, by which copies are looked for.
    """

    height: int
    width: int
    channels: int
    format: str = "PNG"
    orientation: int = 1
    transparent: bool = False
    mode: str = "RGB"
    beyond: str = ""
    begins: tuple[int, int] = (0, 0)


def decoding(known: Any, path: Any) -> dict[str, str]:
    """Returns how a model's images are decoded, of what its file says of that, or nothing.

    Raises:
        ValueError: if it says what cannot be.
    """
    known = {} if known is None else known
    choices = {"resize": RESIZES, "jpeg": JPEGS}
    if isinstance(known, dict):
        found = {name: known.get(name, values[0]) for name, values in choices.items()}
        if all(found[name] in values for name, values in choices.items()):
            return found
    raise ValueError(f"{path}: says that images are decoded as {known!r:.200}: save it again")


def read_header(path: Any) -> Header:
    """Reads the size and kind of an image file.

    Raises:
        Exception: of Pillow's many kinds, if the file is none of `FORMATS`; ValueError if the
            image has more than 64 million pixels, or none.
    """
    begins = _cost.check_file(path)
    with Image.open(path, formats=FORMATS) as image:
        _check_pixels(image)
        _set_right(image)
        width, height = image.size
        orientation = _orientation(image)
        if orientation in TURNED:
            width, height = height, width
        return Header(
            height,
            width,
            1 if image.mode in _GREY else 3,
            _format(image),
            orientation,
            image.has_transparency_data,
            image.mode,
            _beyond_graphs(image),
            begins,
        )


def decode(path, image_size, resize, channels, jpeg="whole"):
    """Decodes an image file: upright, first frame, 8 bits, without transparency.

    Args:
        path: a JPEG, PNG, BMP, GIF or WEBP file.
        image_size: `(height, width)` of the result.
        resize: "crop", "pad" or "stretch", as in `fit`.
        channels: 1 or 3.
        jpeg: "whole", or "reduced" for JPEG files far larger than the result to be decoded at a
            half, a quarter or an eighth.

    Returns:
        A uint8 array `(height, width, channels)`.

    Raises:
        Exception: of Pillow's many kinds, if the file is damaged or none of `FORMATS`.
    """
    _cost.check_file(path)
    with Image.open(path, formats=FORMATS) as image, _cost.BUDGET.of(*image.size):
        _check_pixels(image)
        _cost.check_scans(image)
        _set_right(image)
        orientation, ratio = _orientation(image), 1
        width, height = image.size
        size = (width, height) if orientation in TURNED else (height, width)
        if jpeg == "reduced" and _format(image) == "JPEG":
            ratio = _reduce(image, size, image_size, resize, channels)
        image.load()
        if orientation > 1:
            image = image.transpose(_TURNS[orientation])
        image = _plain(image)
    reduced = _Reduced(size, ratio, (orientation in (3, 4, 7, 8), orientation in (2, 3, 6, 7)))
    return fit(image, image_size, resize, channels, reduced if ratio > 1 else None)


class _Reduced(NamedTuple):
    """What an image is that was decoded at a reduced scale.

    Args:
        size: `(height, width)` that it had.
        ratio: 2, 4 or 8.
        flips: whether rows, and columns, were reversed afterwards. Of the last ones as they are
            stored a part lies outside of the image.
    """

    size: tuple[int, int]
    ratio: int
    flips: tuple[bool, bool]


def picture(image):
    """Returns an 8-bit grey or RGB Pillow image of one of any mode, or of an array.

    Args:
        image: a Pillow image, or uint8 `(height, width)` or `(height, width, channels)`.
    """
    if not isinstance(image, Image.Image):
        image = np.asarray(image)
        if image.dtype != np.uint8 or image.ndim not in (2, 3) or not image.size:
            raise TypeError(
                f"an image must be one of Pillow or uint8 of shape (height, width, channels), "
                f"received {image.dtype} of shape {image.shape}"
            )
        image = Image.fromarray(image[..., 0] if image.shape[2:] == (1,) else image)
    return _plain(image)


def fit(image, image_size, resize, channels, reduced=None):
    """Brings an 8-bit grey or RGB Pillow image to a size and a number of channels.

    Args:
        image: a Pillow image of mode "L" or "RGB".
        image_size: `(height, width)`.
        resize: "crop" keeps the aspect ratio and cuts off what is outside the centre, "pad" keeps
            it and adds black borders, "stretch" does not keep it.
        channels: 1 or 3.
        reduced: None, or what it was before it was decoded at a reduced scale.

    Returns:
        A uint8 array `(height, width, channels)`.
    """
    image = image.convert("L" if channels == 1 else "RGB")
    own = image.size[::-1]
    whole, ratio, flips = reduced or (own, 1, (False, False))
    start, length, place, inside = _box(whole, image_size, resize)
    box = []
    for axis in (0, 1):
        outside = own[axis] - whole[axis] / ratio if flips[axis] else 0
        begin = start[axis] / ratio + outside
        box.append((begin, min(begin + length[axis] / ratio, own[axis])))
    (top, bottom), (left, right) = box
    linear = Image.Resampling.BILINEAR
    image = image.resize(inside[::-1], linear, box=(left, top, right, bottom))
    if inside != tuple(image_size):
        bordered = Image.new(image.mode, tuple(image_size[::-1]))
        top, left = place
        bordered.paste(image, (left, top))
        image = bordered
    return np.asarray(image).reshape(*image_size, channels)


def _box(size, wanted, resize):
    """Returns the part of an image that is used, and where on the result it goes.

    Returns:
        `(start, length, place, inside)`: pairs of rows and columns, the last two whole numbers.
    """
    wanted = tuple(wanted)
    if resize == "crop":
        factor = min(side / goal for side, goal in zip(size, wanted, strict=True))
        length = [min(goal * factor, side) for side, goal in zip(size, wanted, strict=True)]
        start = [(side - part) / 2 for side, part in zip(size, length, strict=True)]
        return start, length, (0, 0), wanted
    if resize == "pad":
        ratio, other = size[1] / size[0], wanted[1] / wanted[0]
        rows = round(size[0] / size[1] * wanted[1]) if ratio > other else wanted[0]
        columns = round(size[1] / size[0] * wanted[0]) if ratio < other else wanted[1]
        inside = (max(rows, 1), max(columns, 1))
        place = tuple(round((goal - part) / 2) for goal, part in zip(wanted, inside, strict=True))
        return (0, 0), size, place, inside
    return (0, 0), size, (0, 0), wanted


def _reduce(image, size, image_size, resize, channels):
    """Has a JPEG decoded at a half, a quarter or an eighth where the result stays far smaller."""
    _, length, _, inside = _box(size, image_size, resize)
    factor = min(part / goal for part, goal in zip(length, inside, strict=True))
    ratio = RATIOS[sum(factor >= least for least in REDUCED_FROM)]
    grey = "L" if channels == 1 and image.mode == "RGB" else ""
    image.draft(grey, tuple(max(side // ratio, 1) for side in image.size))
    return ratio


def _plain(image):
    """Returns a Pillow image of any mode as "L" or "RGB"."""
    if image.mode.startswith("I"):
        # The high byte: what Pillow does to 16-bit RGB, and TensorFlow to any 16-bit PNG.
        high = np.clip(np.asarray(image).astype(np.int64) >> 8, 0, 255)
        return Image.fromarray(high.astype(np.uint8))
    grey = image.mode in _GREY
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("L" if grey else "RGB")


def _format(image):
    return "JPEG" if image.format == "MPO" else image.format or ""


def _orientation(image):
    """Returns the EXIF tag of an image that is not decoded yet, 1 to 8."""
    kind = _format(image)
    try:
        if kind == "JPEG":
            exif = image.getexif()
        else:
            exif = Image.Exif()
            exif.load(_png_exif(image) if kind == "PNG" else image.info.get("exif", b""))
        value = exif.get(_ORIENTATION, 1)
    except (SyntaxError, struct.error, ValueError):  # as many as there are ways to be damaged
        return 1
    return value if value in range(2, 9) else 1


def _set_right(image):
    """Corrects what Pillow has read of an image that is not decoded yet, where it is wrong."""
    if not image.tile:
        return
    args = image.tile[0][3]
    if isinstance(args, str) and "16" in args:
        # Of 16 bits the high ones are kept: a transparent colour can no longer be told.
        image.info.pop("transparency", None)
    elif args in _SPREAD and "transparency" in image.info:
        image.info["transparency"] *= _SPREAD[args]
    elif image.format == "BMP" and args[0] in ("1", "L") and len(args) == 3:
        bits = _bmp_header(image)[1]
        if bits == 4:
            raise ValueError("a BMP file of 4 bits in shades of grey: save it as PNG")
        if bits == 8 and args[0] == "1":  # a palette of black and white, a byte for each pixel
            image.tile = [image.tile[0]._replace(args=("1;8", *args[1:]))]


def _beyond_graphs(image):
    """Says what TensorFlow cannot read of an image."""
    if _format(image) != "BMP":
        return ""
    length, bits, compression = _bmp_header(image)
    if length < 40:
        return BMP_BEYOND.format("of OS/2")
    if compression:
        return BMP_BEYOND.format(BMP_PACKED[compression])
    return "" if bits in BMP_BITS else BMP_BEYOND.format("of 16 bits")


def _bmp_header(image):
    """Returns the header's length, the bits of a pixel, and the number of the compression."""
    before = image.fp.tell()
    image.fp.seek(0)
    head = image.fp.read(34).ljust(34, b"\0")
    image.fp.seek(before)
    places = ((14, 4), (28, 2), (30, 4))
    return [int.from_bytes(head[at : at + count], "little") for at, count in places]


def _png_exif(image):
    """Returns the EXIF of a PNG; it may stand behind the pixels, which are not decoded here."""
    file = image.fp
    before = file.tell()
    try:
        file.seek(8)
        while len(head := file.read(8)) == 8:
            length = int.from_bytes(head[:4], "big")
            if head[4:] == b"eXIf":
                return file.read(min(length, 1 << 16))
            file.seek(length + 4, os.SEEK_CUR)
    finally:
        file.seek(before)
    return b""


def _check_pixels(image):
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise ValueError(
            f"{width} x {height} pixels, more than the {MOST_PIXELS:,} that are accepted"
        )
