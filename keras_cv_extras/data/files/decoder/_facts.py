"""Facts about an image from its file's header, read by TensorFlow operations."""

import tensorflow as tf

from keras_cv_extras._base.types import Tensor
from keras_cv_extras.data.files import _cost, _decode
from keras_cv_extras.data.files._decode import MOST_PIXELS
from keras_cv_extras.data.files.decoder import _bmp, _bytes, _exif, _gif, _webp

FORMATS = _decode.FORMATS
JPEG, PNG, BMP, GIF, WEBP, CLEAR_PNG = range(6)

JPEG_BEGINS = b"\xff\xd8\xff"
_BEGINS = (JPEG_BEGINS, b"\x89PNG", b"BM", b"GIF8", rb"RIFF....WEBP")
_SCAN = b"\xff\xda"  # the mark that begins one
_PNG_HEAD = 1 << 20  # bytes in which a PNG's list of transparent colours must begin


def kinds(encoded: Tensor) -> Tensor:
    """Returns which of `FORMATS` strings of any shape begin as, int32, -1 for none."""
    encoded = tf.convert_to_tensor(encoded)
    begin = tf.strings.substr(tf.strings.join([encoded, b"\0" * 12]), 0, 12)
    found = tf.fill(tf.shape(encoded), -1)
    for kind, magic in enumerate(_BEGINS):
        if kind == WEBP:
            own = tf.strings.substr(begin, 0, 4) == b"RIFF"
            begins = own & (tf.strings.substr(begin, 8, 4) == b"WEBP")
        else:
            begins = tf.strings.substr(begin, 0, len(magic)) == magic
        found = tf.where(begins, kind, found)
    return found


def simple(encoded):
    """Returns 1 for an upright JPEG file, 2 for a PNG that is opaque and upright, 0 for others.

    What looks as if it might be something else is one of the others.
    """
    is_png = are_opaque_pngs(encoded)
    is_jpeg = tf.strings.substr(encoded, 0, 3) == _BEGINS[JPEG]
    head = tf.where(is_png, tf.strings.length(encoded), _exif.SEARCHED)
    head = tf.strings.substr(encoded, 0, head)
    special = _bytes.count(head, tf.where(is_png, b"eXIf", b"Exif\0\0"))
    special += _bytes.count(head, tf.where(is_png, b"tRNS", b"tiff:Orientation"))
    kind = tf.where(is_jpeg, 1, tf.where(is_png, 2, 0))
    return tf.where(special > 0, 0, kind)


def are_opaque_pngs(encoded):
    """Returns which strings of any shape begin as a PNG of grey, of colours or of a palette."""
    begin = tf.strings.substr(encoded, 0, 26)
    return tf.strings.regex_full_match(begin, r"\CPNG\r\n\x1a\n\C{4}IHDR\C{9}[\x00\x02\x03]")


def simple_size(encoded, kind):
    """Returns a file of which `simple` is not 0 and its height and width, int64, both checked."""
    size = _SIZES[kind](encoded)
    pixels = size[0] * size[1]
    checks = [
        # TensorFlow's own function has a branch of six nodes around this one.
        tf.raw_ops.Assert(
            condition=(tf.reduce_min(size) > 0) & (pixels <= MOST_PIXELS),
            data=["an image must have 1 to", MOST_PIXELS, "pixels, its header says", size],
        )
    ]
    if kind == JPEG:
        scans = _bytes.count(encoded, _SCAN)
        few = scans * pixels <= _cost.MOST_SCANS
        data = ["a JPEG of too many scans:", scans]
        checks.append(tf.raw_ops.Assert(condition=few, data=data))
    with tf.control_dependencies(checks):
        return tf.identity(encoded), tf.identity(size)


def facts(encoded: Tensor) -> Tensor:
    """Returns what `decode` must know of a file: kind, stored height and width, orientation.

    Args:
        encoded: a string, the file.

    Returns:
        `(4,)` int32. The kind is a place in `FORMATS`, or above these for a PNG with transparency.

    Raises:
        tf.errors.InvalidArgumentError: if it is none of `FORMATS`, or has more than 64 million
            pixels, or none.
    """
    kind = kinds(encoded)
    known = tf.debugging.Assert(kind >= 0, ["an image is neither JPEG, PNG, BMP, GIF nor WEBP"])
    with tf.control_dependencies([known]):
        kind = tf.maximum(kind, 0)
    height, width = tf.unstack(tf.cast(checked_size(encoded, kind), tf.int32))
    seen, orientation = tf.switch_case(
        kind,
        [
            lambda: (JPEG, _exif.of_jpeg(encoded)),
            lambda: (tf.where(_is_clear_png(encoded), CLEAR_PNG, PNG), _exif.of_png(encoded)),
            lambda: (BMP, 1),
            lambda: (GIF, 1),
            lambda: (WEBP, _exif.of_webp(encoded)),
        ],
    )
    return tf.stack([seen, height, width, orientation])


def facts_of(header: _decode.Header) -> tuple[int, int, int, int]:
    """Returns what `facts` finds in a file, by its header, which Pillow has read.

    Raises:
        ValueError: if TensorFlow cannot read the file; says why.
    """
    if header.beyond:
        raise ValueError(header.beyond)
    kind, height, width = FORMATS.index(header.format), header.height, header.width
    if header.orientation in _decode.TURNED:
        height, width = width, height
    if kind == PNG and header.transparent:
        kind = CLEAR_PNG
    return kind, height, width, header.orientation


def checked_size(encoded, kind):
    """Returns height and width, int64, as stored; raises if they are too large.

    Args:
        encoded: a string, the file.
        kind: its place in `FORMATS`, which it must begin as.
    """
    readers = [lambda read=read: read(encoded) for read in _SIZES]
    size = tf.switch_case(kind, readers)
    small = tf.debugging.Assert(
        (size[0] > 0) & (size[1] > 0) & (size[0] * size[1] <= MOST_PIXELS),
        ["an image must have 1 to", MOST_PIXELS, "pixels, its header says", size],
    )
    with tf.control_dependencies([small]):
        return tf.identity(size)


def checked(encoded, kind, facts):
    """Returns a file; raises if it is not of the kind and size that are known of it.

    Args:
        encoded: a string, the file.
        kind: a number, its place in `FORMATS`.
        facts: as `facts` returns them.
    """
    other = ["not the file that it was"]
    # Nothing but a JPEG has the size of one.
    begins = [] if kind == JPEG else [tf.debugging.Assert(kinds(encoded) == kind, other)]
    with tf.control_dependencies(begins):
        size = tf.cast(_SIZES[kind](encoded), tf.int32)
    same = tf.reduce_all(size == facts[1:3])
    with tf.control_dependencies([tf.debugging.Assert(same, other)]):
        return tf.identity(encoded)


def few_scans(encoded, size):
    """Returns a JPEG file; raises if it goes over its pixels too often.

    A scan begins with a mark that is nowhere else but in a picture within the picture.
    """
    scans = _bytes.count(encoded, _SCAN)
    work = scans * tf.reduce_prod(tf.cast(size, tf.int64))
    few = tf.debugging.Assert(work <= _cost.MOST_SCANS, ["a JPEG of too many scans:", scans])
    with tf.control_dependencies([few]):
        return tf.identity(encoded)


def _png_size(encoded):
    head = _bytes.numbers(encoded, 16, 8)
    size = tf.stack([_bytes.big(head[4:]), _bytes.big(head[:4])])
    # libpng takes another chunk before the header, whose bytes would stand in for its size.
    return size * tf.cast(_bytes.part(encoded, 12, 4) == b"IHDR", size.dtype)


def _is_clear_png(encoded):
    """Returns whether a PNG file has opacity, or colours that are transparent."""
    bits, kind = tf.unstack(_bytes.numbers(encoded, 24, 2))
    with_opacity = tf.reduce_any(kind == tf.constant([4, 6]))

    def listed():
        head = tf.strings.split(tf.strings.substr(encoded, 0, _PNG_HEAD), b"IDAT", maxsplit=1)
        return tf.strings.regex_full_match(head[0], r"\C*tRNS\C*")

    # Of 16 bits the high ones are kept: a transparent colour can no longer be told.
    return tf.cond(with_opacity | (bits == 16), lambda: with_opacity, listed)


_SIZES = (
    lambda encoded: tf.cast(tf.io.extract_jpeg_shape(encoded)[:2], tf.int64),
    _png_size,
    _bmp.size,
    _gif.canvas,
    _webp.size,
)
