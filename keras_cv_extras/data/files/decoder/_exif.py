"""How a picture has to be turned: its EXIF tag, read and undone by TensorFlow operations alone.

Cameras store pictures as the sensor sees them, with a tag that says how they were held.
TensorFlow's decoders do not read it: without this module, a server would see pictures lying on
their side that training, where Pillow reads them, saw upright.
"""

import tensorflow as tf

from keras_cv_extras.data.files.decoder import _bytes, _webp

SEARCHED = 1 << 20  # bytes; EXIF comes first, but for profiles of colours at times
_LONGEST = 1 << 16  # of a segment
_WHOLE = (3, 4, 8, 9)  # types of whole numbers, of two bytes or four
_MOST_ENTRIES = 256
_MOST_SEGMENTS = 1000
_FLIPS = [(value in (3, 4, 7, 8), value in (2, 3, 6, 7)) for value in range(9)]
# Where Pillow looks if there is no EXIF tag.
_XMP = r"http://ns\.adobe\.com/xap/1\.0/\x00\C*?tiff:Orientation(?:=\"|>)"


@_bytes.apart
def of_jpeg(content):
    """Returns the orientation, 1 to 8, that a JPEG file names; 1 if it names none.

    Args:
        content: a string, the file.
    """
    head = tf.strings.substr(content, 0, SEARCHED)

    def named():
        value = _of_table(head, _exif_segment(head) + 10)
        return tf.cond(value >= 0, lambda: value, lambda: _of_xmp(head))

    # To walk through segments takes longer than to see that there is nothing to be found.
    found = _bytes.count(head, b"Exif\0\0") + _bytes.count(head, b"tiff:Orientation")
    return _valid(tf.cond(found > 0, named, lambda: 0))


@_bytes.apart
def of_png(content):
    """Returns the orientation that a PNG file names; its chunk may stand behind the pixels."""

    def named():
        at = _bytes.walk(
            content,
            8,
            lambda at: _bytes.part(content, at + 4, 4) == b"eXIf",
            lambda at: tf.cast(at, tf.int64) + 12 + _bytes.big(_bytes.numbers(content, at, 4)),
        )
        return _valid(_of_table(_without_name(content, at + 8), 0))

    return tf.cond(_bytes.count(content, b"eXIf") > 0, named, lambda: 1)


@_bytes.apart
def of_webp(content):
    """Returns the orientation that a WEBP file names in its last chunks."""

    def named():
        at = _webp.chunk(content, b"EXIF")
        return _valid(_of_table(_without_name(content, at + 8), 0))

    extended = _bytes.part(content, 12, 4) == b"VP8X"
    has_exif = tf.bitwise.bitwise_and(_bytes.numbers(content, 20, 1)[0], 8) > 0
    return tf.cond(extended & has_exif, named, lambda: 1)


def _without_name(content, start):
    """Returns what starts in a file, without the name that JPEG files have in front of it."""
    table = _bytes.part(content, start, _LONGEST)
    return tf.strings.regex_replace(table, r"\AExif\x00\x00", "")


def _exif_segment(head):
    """Returns where the EXIF segment of a JPEG file starts, its length if there is none."""
    data = _bytes.raw(head)
    length = tf.size(data)
    data = tf.pad(data, [[0, 16]])

    def is_exif(at):  # marker APP1, then the name
        name = tf.gather(data, at + tf.constant([1, 4, 5, 6, 7, 8, 9]))
        return tf.reduce_all(name == tf.constant([0xE1, *b"Exif\0\0"], tf.uint8))

    def goes_on(at):
        at = tf.minimum(at, length)
        is_marker = (data[at] == 0xFF) & (data[at + 1] != 0xDA)  # 0xDA: the pixels begin
        return is_marker & ~is_exif(at)

    def behind(at):
        head = tf.cast(data[at : at + 4], tf.int32)
        # More bytes of 0xFF may stand before a marker.
        return [at + tf.where(head[1] == 0xFF, 1, 2 + 256 * head[2] + head[3])]

    at = tf.while_loop(
        goes_on,
        behind,
        [tf.constant(2)],
        maximum_iterations=_MOST_SEGMENTS,
    )[0]
    at = tf.minimum(at, length)
    return tf.where(is_exif(at), at, length)


def _of_table(content, start):
    """Returns the orientation in a TIFF header that starts in a string; -1 if there is none."""
    known = _bytes.part(content, start, _LONGEST)
    known = tf.cast(_bytes.raw(known), tf.int32)
    # Zeros behind the end: whatever a damaged file points to can be read, and is no tag.
    data = tf.pad(known, [[0, 32 + 12 * _MOST_ENTRIES]])
    little = data[0] == ord("I")
    is_table = (data[0] == data[1]) & (little | (data[0] == ord("M"))) & (data[2] + data[3] == 42)

    def short(at):
        at = tf.minimum(at, tf.size(data) - 2)
        first, second = tf.gather(data, at), tf.gather(data, at + 1)
        return tf.where(little, first + 256 * second, 256 * first + second)

    # An offset of more than 16 bits would lie outside of the segment.
    table = tf.where(little, short(4), short(6))
    count = tf.minimum(short(table), _MOST_ENTRIES)
    entries = table + 2 + 12 * tf.range(count)
    entries = tf.boolean_mask(entries, short(entries) == 0x0112)
    entry = tf.concat([entries, [tf.size(known)]], axis=0)[0]
    kind, first, second = short(entry + 2), short(entry + 8), short(entry + 10)
    # Of four bytes the low two are the last if the high ones come first.
    low, high = tf.where(little, first, second), tf.where(little, second, first)
    is_long = (kind == 4) | (kind == 9)
    value = tf.where(is_long, tf.where(high == 0, low, 0), first)
    value = tf.where(tf.reduce_any(kind == tf.constant(_WHOLE)), value, 0)
    return tf.where(is_table & (tf.size(entries) > 0), value, -1)


def _of_xmp(head):
    found = tf.strings.regex_replace(head, rf"\A\C*?{_XMP}([0-9])\C*\z", r"\1")
    digit = _bytes.numbers(found, 0, 1)[0] - ord("0")
    return tf.where(tf.strings.length(found) == 1, digit, 0)


def _valid(value):
    return tf.where((value >= 1) & (value <= 8), value, 1)


def is_transposed(value):
    """Returns whether an orientation swaps height and width."""
    return value >= 5


def flips(value):
    """Returns whether rows and columns, `(2,)`, are to be reversed after the transposition."""
    return tf.gather(tf.constant(_FLIPS), value)


def upright(image, value):
    """Turns an image `(height, width, channels)` by its orientation, as Pillow does."""

    def turned():
        # Each of the eight is a transposition or none, then flips of rows and of columns.
        rows, columns = tf.unstack(flips(value))
        swapped = is_transposed(value)
        turned = tf.cond(swapped, lambda: tf.transpose(image, [1, 0, 2]), lambda: image)
        turned = tf.cond(rows, lambda: turned[::-1], lambda: turned)
        return tf.cond(columns, lambda: turned[:, ::-1], lambda: turned)

    return tf.cond(value == 1, lambda: image, turned)
