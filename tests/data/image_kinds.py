"""Files of every kind that is read, each of one small photograph."""

import io
import struct
import zlib

import numpy as np
import skimage.data
from PIL import Image

PHOTOGRAPH = Image.fromarray(skimage.data.chelsea()[:201, 100:343])  # 201 x 243
_PIXELS = np.asarray(PHOTOGRAPH)
_GREY, _PALETTE = PHOTOGRAPH.convert("L"), PHOTOGRAPH.quantize(64)
_OPACITY = np.tile(np.linspace(0, 255, 243).astype("uint8"), (201, 1))
CLEAR = Image.fromarray(np.dstack([_PIXELS, _OPACITY]))
_COLOR = tuple(_PIXELS[9, 9].tolist())
_DEEP = Image.fromarray(np.asarray(_GREY).astype("uint16") * 257)


def encoded(image, kind, **options):
    """Returns the bytes of an image file."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def turned(orientation, endian="<"):
    """Returns the option of `save` that writes an EXIF tag."""
    exif = Image.Exif()
    exif.endian = endian
    exif[0x010F], exif[0x0112] = "maker", orientation
    return {"exif": exif}


def film(image, kind, **options):
    """Returns an animation of three frames."""
    frames = [image.rotate(90), image.rotate(180)]
    return encoded(image, kind, save_all=True, append_images=frames, **options)


def interlaced():
    """Returns an interlaced PNG, which Pillow does not write."""
    rows = b""
    for top, left, down, right in (
        *((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4)),
        *((2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)),
    ):
        rows += b"".join(b"\0" + row.tobytes() for row in _PIXELS[top::down, left::right])
    return png(243, 201, zlib.compress(rows), interlace=1)


def png(width, height, pixels, interlace=0, more=b""):
    """Returns a PNG of RGB pixels that says that it is so large."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, interlace)
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + more
    return start + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def chunk(kind, content):
    """Returns a part of a PNG file."""
    sealed = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + sealed


def with_screen(file, width, height):
    """Returns a GIF that says that its canvas is so large."""
    return file[:6] + struct.pack("<HH", width, height) + file[10:]


KINDS = {
    "JPEG": encoded(PHOTOGRAPH, "JPEG", quality=90),
    "JPEG 4:4:4": encoded(PHOTOGRAPH, "JPEG", subsampling=0),
    "JPEG 4:2:2": encoded(PHOTOGRAPH, "JPEG", subsampling=1),
    "JPEG progressive": encoded(PHOTOGRAPH, "JPEG", progressive=True),
    "JPEG grey": encoded(_GREY, "JPEG"),
    "JPEG CMYK": encoded(PHOTOGRAPH.convert("CMYK"), "JPEG"),
    "JPEG RGB": encoded(PHOTOGRAPH, "JPEG", keep_rgb=True),
    "JPEG of several (MPO)": film(PHOTOGRAPH, "MPO"),
    **{f"JPEG EXIF {n}": encoded(PHOTOGRAPH, "JPEG", **turned(n)) for n in range(1, 9)},
    "JPEG EXIF big-endian": encoded(PHOTOGRAPH, "JPEG", **turned(6, ">")),
    "JPEG EXIF 77": encoded(PHOTOGRAPH, "JPEG", **turned(77)),
    "JPEG XMP": encoded(PHOTOGRAPH, "JPEG", xmp=b'<x tiff:Orientation="6"/>'),
    "PNG": encoded(PHOTOGRAPH, "PNG"),
    "PNG interlaced": interlaced(),
    "PNG grey": encoded(_GREY, "PNG"),
    "PNG grey, alpha": encoded(CLEAR.convert("LA"), "PNG"),
    "PNG RGBA": encoded(CLEAR, "PNG"),
    "PNG palette": encoded(_PALETTE, "PNG"),
    "PNG palette, alpha": encoded(CLEAR.quantize(64), "PNG"),
    "PNG palette, a clear colour": encoded(_PALETTE, "PNG", transparency=3),
    "PNG RGB, a clear colour": encoded(PHOTOGRAPH, "PNG", transparency=_COLOR),
    "PNG grey, a clear colour": encoded(_GREY, "PNG", transparency=100),
    "PNG 16 bits": encoded(_DEEP, "PNG"),
    "PNG 16 bits, a clear colour": encoded(_DEEP, "PNG", transparency=25700),
    "PNG 4 bits": encoded(PHOTOGRAPH.quantize(16), "PNG", bits=4),
    "PNG 1 bit": encoded(PHOTOGRAPH.convert("1"), "PNG"),
    "PNG EXIF 6": encoded(PHOTOGRAPH, "PNG", **turned(6)),
    "PNG 1 x 1": encoded(PHOTOGRAPH.crop((0, 0, 1, 1)), "PNG"),
    "GIF": encoded(_PALETTE, "GIF", interlace=0),
    "GIF interlaced": encoded(_PALETTE, "GIF", interlace=1),
    "GIF grey": encoded(_GREY, "GIF"),
    "GIF a clear colour": encoded(_PALETTE, "GIF", transparency=5),
    "GIF animated": film(_PALETTE, "GIF"),
    "GIF on a canvas": with_screen(encoded(_PALETTE, "GIF"), 300, 250),
    "GIF on a clear canvas": with_screen(encoded(_PALETTE, "GIF", transparency=5), 300, 250),
    "GIF beyond its canvas": with_screen(encoded(_PALETTE, "GIF"), 1, 1),
    "BMP": encoded(PHOTOGRAPH, "BMP"),
    "BMP 32 bits": encoded(CLEAR, "BMP"),
    "BMP grey": encoded(_GREY, "BMP"),
    "BMP palette": encoded(_PALETTE, "BMP"),
    "BMP 1 bit": encoded(PHOTOGRAPH.convert("1"), "BMP"),
    "WEBP": encoded(PHOTOGRAPH, "WEBP"),
    "WEBP lossless": encoded(PHOTOGRAPH, "WEBP", lossless=True),
    "WEBP alpha": encoded(CLEAR, "WEBP"),
    "WEBP alpha, lossless": encoded(CLEAR, "WEBP", lossless=True),
    "WEBP EXIF 8": encoded(PHOTOGRAPH, "WEBP", **turned(8)),
    "WEBP animated": film(PHOTOGRAPH, "WEBP", duration=50),
    "WEBP animated, alpha": film(CLEAR, "WEBP", duration=50),
}
