"""Image files of any common kind to uint8 arrays of one size and number of channels."""

import os
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps

FORMATS = ("JPEG", "PNG", "BMP", "GIF")
SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".gif")
RESIZES = ("crop", "pad", "stretch")

_MOST_PIXELS = 64_000_000  # a small file may claim any size: this bounds what it can cost
_GREY = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "F")
_ORIENTATION = 0x0112  # the EXIF tag
TURNED = (5, 6, 7, 8)  # its values that swap height and width


class Header(NamedTuple):
    """What a file says of its image, pixels not decoded.

    Args:
        height: when upright.
        width: when upright.
        channels: 1 or 3.
        format: one of `FORMATS`.
        orientation: the EXIF tag, 1 if there is none or none that means anything.
        transparent: whether it has transparency.
        mode: Pillow's name of how a pixel is stored: "RGB", "P" for a palette, "CMYK" ...
    """

    height: int
    width: int
    channels: int
    format: str = "PNG"
    orientation: int = 1
    transparent: bool = False
    mode: str = "RGB"


def read_header(path) -> Header:
    """Reads the size and kind of an image file.

    Raises:
        Exception: of Pillow's many kinds, if the file is none of `FORMATS`; ValueError if the
            image has more than 64 million pixels, or none.
    """
    with Image.open(path, formats=FORMATS) as image:
        _check_pixels(image)
        width, height = image.size
        orientation = image.getexif().get(_ORIENTATION, 1) if _may_have_exif(image) else 1
        if orientation not in range(2, 9):
            orientation = 1
        if orientation in TURNED:
            width, height = height, width
        return Header(
            height,
            width,
            1 if image.mode in _GREY else 3,
            image.format or "",
            orientation,
            image.has_transparency_data,
            image.mode,
        )


def decode(path, image_size, resize, channels):
    """Decodes an image file: upright, first frame, 8 bits, without transparency.

    Args:
        path: a JPEG, PNG, BMP or GIF file.
        image_size: `(height, width)` of the result.
        resize: "crop", "pad" or "stretch", as in `fit`.
        channels: 1 or 3.

    Returns:
        A uint8 array `(height, width, channels)`.

    Raises:
        Exception: of Pillow's many kinds, if the file is damaged or none of `FORMATS`.
    """
    with Image.open(path, formats=FORMATS) as image:
        _check_pixels(image)
        image.load()
        image = _plain(ImageOps.exif_transpose(image))
    return fit(image, image_size, resize, channels)


def fit(image, image_size, resize, channels):
    """Brings an 8-bit grey or RGB Pillow image to a size and a number of channels.

    Args:
        image: a Pillow image of mode "L" or "RGB".
        image_size: `(height, width)`.
        resize: "crop" keeps the aspect ratio and cuts off what is outside the centre, "pad" keeps
            it and adds black borders, "stretch" does not keep it.
        channels: 1 or 3.

    Returns:
        A uint8 array `(height, width, channels)`.
    """
    image = image.convert("L" if channels == 1 else "RGB")
    size = (image_size[1], image_size[0])
    if image.size != size:
        linear = Image.Resampling.BILINEAR
        if resize == "crop":
            image = ImageOps.fit(image, size, linear)
        elif resize == "pad":
            image = ImageOps.pad(image, size, linear)
        else:
            image = image.resize(size, linear)
    return np.asarray(image).reshape(*image_size, channels)


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


def _may_have_exif(image):
    """Looks for EXIF where Pillow would decode all pixels first: in PNG it may stand after them."""
    if image.format != "PNG" or "exif" in image.info:
        return True
    with open(image.filename, "rb") as file:
        file.seek(8)
        while len(head := file.read(8)) == 8:
            if head[4:] == b"eXIf":
                return True
            file.seek(int.from_bytes(head[:4], "big") + 4, os.SEEK_CUR)
    return False


def _check_pixels(image):
    width, height = image.size
    if width * height > _MOST_PIXELS:
        raise ValueError(
            f"{width} x {height} pixels, more than the {_MOST_PIXELS:,} that are accepted"
        )
