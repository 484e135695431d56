"""Files that the decoder reads in few operations, told from those that need more."""

import io
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_cv_extras.data.files import decoder
from keras_cv_extras.data.files.decoder import _facts

PIXELS = np.random.default_rng(0).integers(0, 256, (24, 31, 3)).astype("uint8")


def encoded(kind, mode="RGB", **options):
    content = io.BytesIO()
    Image.fromarray(PIXELS).convert(mode).save(content, kind, **options)
    return content.getvalue()


def turned():
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def xmp():
    """A JPEG file whose XMP alone says how it is held."""
    text = b"http://ns.adobe.com/xap/1.0/\0<x tiff:Orientation='3'/>"
    segment = b"\xff\xe1" + (len(text) + 2).to_bytes(2, "big") + text
    content = encoded("JPEG")
    return content[:2] + segment + content[2:]


def late_exif():
    """A PNG file whose orientation stands behind the pixels."""
    content, chunk = encoded("PNG"), b"eXIf" + turned().tobytes()[6:]
    checked = (len(chunk) - 4).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    return content[:-12] + checked + content[-12:]


@pytest.mark.parametrize(
    ("content", "simple"),
    [
        (encoded("JPEG"), 1),
        (encoded("JPEG", "L"), 1),
        (encoded("JPEG", "CMYK", progressive=True), 1),
        (encoded("JPEG", exif=turned()), 0),
        (xmp(), 0),
        (encoded("PNG"), 2),
        (encoded("PNG", "L"), 2),
        (encoded("PNG", "P"), 2),
        (encoded("PNG", "RGBA"), 0),
        (encoded("PNG", "LA"), 0),
        (encoded("PNG", "P", transparency=3), 0),
        (encoded("PNG", exif=turned()), 0),
        (late_exif(), 0),
        (encoded("GIF"), 0),
        (encoded("BMP"), 0),
        (b"", 0),
        (b"\x89PNG\r\n\x1a\n", 0),
        (b"\xff\xd8\xff", 1),
    ],
)
def test_simple_files_are_told(content, simple):
    assert int(_facts.simple(tf.constant(content))) == simple


SHORT = tf.function(
    lambda content: decoder.decode(content, (9, 12), 3),
    input_signature=[tf.TensorSpec((), tf.string)],
    autograph=False,
)
LONG = tf.function(
    lambda content: decoder.decode(
        content, (9, 12), 3, plan=decoder.plan(decoder.facts(content), (9, 12), "crop", "whole")
    ),
    input_signature=[tf.TensorSpec((), tf.string)],
    autograph=False,
)


@pytest.mark.wide
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_the_short_way_gives_the_pixels_of_the_long_one(kind, mode):
    content = encoded(kind, mode)
    assert int(_facts.simple(tf.constant(content))) > 0
    np.testing.assert_array_equal(SHORT(content), LONG(content))


@pytest.mark.wide
def test_the_short_way_is_bounded():
    """A header of 40,000 x 40,000 pixels, and a JPEG of more passes than its pixels are worth."""
    png = encoded("PNG")
    huge = png[:16] + (40_000).to_bytes(4, "big") * 2 + png[24:]
    assert int(_facts.simple(tf.constant(huge))) == 2
    with pytest.raises(tf.errors.InvalidArgumentError, match="an image must have 1 to"):
        SHORT(huge)
    jpeg = encoded("JPEG")
    many = jpeg[:-2] + b"\xff\xda" * 1_400_000 + jpeg[-2:]
    with pytest.raises(tf.errors.InvalidArgumentError, match="too many scans"):
        SHORT(many)
