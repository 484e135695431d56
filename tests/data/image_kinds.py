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


def segment(marker, content):
    """Returns a part of a JPEG file."""
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(content) + 2) + content


def with_segments(*segments):
    """Returns a JPEG with more parts in front."""
    return KINDS["JPEG"][:2] + b"".join(segments) + KINDS["JPEG"][2:]


def tiff(orientation=6, endian="<", kind="H", version=42):
    """Returns what EXIF says: of a number of one byte (B), two (H) or four (I)."""
    types = {"B": 1, "H": 3, "I": 4}
    value = struct.pack(endian + kind, orientation).ljust(4, b"\0")
    start = (b"II" if endian == "<" else b"MM") + struct.pack(endian + "HI", version, 8)
    return start + struct.pack(endian + "HHHI", 1, 0x0112, types[kind], 1) + value + bytes(4)


def exif(**options):
    """Returns the part of a JPEG that says how it is held."""
    return segment(0xE1, b"Exif\0\0" + tiff(**options))


def unmarked():
    """Returns a JPEG of four inks that does not say whose they are."""
    file = KINDS["JPEG CMYK"]
    place = file.index(b"Adobe")
    return file[: place - 4] + file[place + 12 :]


def short_gif(colors):
    """Returns a GIF whose pixels name more colours than it has."""
    file = encoded(_PALETTE, "GIF", interlace=0)
    level = colors.bit_length() - 2 if colors else 0
    flags = 128 + level if colors else 0
    return file[:10] + bytes([flags]) + file[11 : 13 + 3 * colors] + file[13 + 3 * 64 :]


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

_XMP = b'http://ns.adobe.com/xap/1.0/\0<x tiff:Orientation="6"/>'
_TEXT = KINDS["PNG"][:33] + chunk(b"tEXt", b"a\0eXIf" + tiff(3))
KINDS |= {
    "JPEG CMYK, not Adobe's": unmarked(),
    "JPEG EXIF behind filling bytes": with_segments(b"\xff\xff", exif()),
    "JPEG EXIF behind colours": with_segments(*[segment(0xE2, bytes(50_000))] * 3, exif()),
    "JPEG EXIF behind remarks": with_segments(*[segment(0xFE, b"")] * 70, exif()),
    "JPEG EXIF of four bytes": with_segments(exif(endian=">", kind="I")),
    "JPEG EXIF of too many": with_segments(exif(orientation=65542, kind="I")),
    "JPEG EXIF of one byte": with_segments(exif(kind="B")),
    "JPEG EXIF of another version": with_segments(exif(version=43)),
    "JPEG EXIF 0, XMP 6": with_segments(exif(orientation=0), segment(0xE1, _XMP)),
    "JPEG a remark on XMP": with_segments(segment(0xFE, b'tiff:Orientation="6"')),
    "PNG a text on EXIF": _TEXT + KINDS["PNG"][33:],
    "PNG a text on EXIF, EXIF 6": _TEXT + chunk(b"eXIf", tiff()) + KINDS["PNG"][33:],
    "PNG EXIF with its name": KINDS["PNG"][:33]
    + chunk(b"eXIf", b"Exif\0\0" + tiff())
    + KINDS["PNG"][33:],
    "GIF of no colours": short_gif(0),
    "GIF of too few colours": short_gif(16),
    "BMP with more behind": KINDS["BMP"] + b"more",
    "WEBP EXIF behind colours": encoded(
        PHOTOGRAPH, "WEBP", icc_profile=b"EXIF" + bytes(4) + tiff(3), **turned(6)
    ),
}
