"""How a picture has to be turned: its EXIF tag, read and undone by TensorFlow operations alone.

Cameras store pictures as the sensor sees them, with a tag that says how they were held.
TensorFlow's decoders do not read it: without this module, a server would see pictures lying on
their side that training, where Pillow reads them, saw upright.
"""

import tensorflow as tf

from keras_cv_extras.data.files.decoder import _bytes

SEARCHED = 1 << 16  # bytes; EXIF comes first, and no segment is longer
_MOST_ENTRIES = 256
_MOST_SEGMENTS = 64
_FLIPS = [(value in (3, 4, 7, 8), value in (2, 3, 6, 7)) for value in range(9)]
_XMP = r"tiff:Orientation(?:=\"|>)"  # where Pillow looks if there is no EXIF tag


@_bytes.apart
def of_jpeg(content):
    """Returns the orientation, 1 to 8, that a JPEG file names; 1 if it names none.

    Args:
        content: a string, the file.
    """
    head = tf.strings.substr(content, 0, SEARCHED)

    def named():
        value = _of_table(head, _exif_segment(head) + 10)
        return tf.cond(value > 0, lambda: value, lambda: _of_xmp(head))

    # To walk through segments takes longer than to see that there is nothing to be found.
    may_have = tf.strings.regex_full_match(head, r"\C*(?:Exif\x00\x00|tiff:Orientation)\C*")
    return _valid(tf.cond(may_have, named, lambda: 0))


@_bytes.apart
def of_png(content):
    """Returns the orientation that a PNG file names; its chunk may stand behind the pixels."""
    return _valid(_of_table(_bytes.tail(content, b"eXIf"), 0))


@_bytes.apart
def of_webp(content):
    """Returns the orientation that a WEBP file names in its last chunks."""

    def named():
        table = _bytes.part(_bytes.tail(content, b"EXIF"), 4, SEARCHED)
        table = tf.strings.regex_replace(table, r"\AExif\x00\x00", "")
        return _valid(_of_table(table, 0))

    extended = _bytes.part(content, 12, 4) == b"VP8X"
    has_exif = tf.bitwise.bitwise_and(_bytes.numbers(content, 20, 1)[0], 8) > 0
    return tf.cond(extended & has_exif, named, lambda: 1)


def _exif_segment(head):
    """Returns where the EXIF segment of a JPEG file starts, its length if there is none."""
    data = tf.cast(_bytes.raw(head), tf.int32)
    length = tf.size(data)
    data = tf.pad(data, [[0, 16]])

    def is_exif(at):  # marker APP1, then the name
        name = tf.gather(data, at + tf.constant([1, 4, 5, 6, 7, 8, 9]))
        return tf.reduce_all(name == tf.constant([0xE1, *b"Exif\0\0"]))

    def goes_on(at):
        at = tf.minimum(at, length)
        is_marker = (data[at] == 0xFF) & (data[at + 1] != 0xDA)  # 0xDA: the pixels begin
        return is_marker & ~is_exif(at)

    at = tf.while_loop(
        goes_on,
        lambda at: [at + 2 + 256 * data[at + 2] + data[at + 3]],
        [tf.constant(2)],
        maximum_iterations=_MOST_SEGMENTS,
    )[0]
    at = tf.minimum(at, length)
    return tf.where(is_exif(at), at, length)


def _of_table(content, start):
    """Returns the orientation in a TIFF header that starts in a string; 0 if there is none."""
    known = _bytes.part(content, start, SEARCHED)
    known = tf.cast(_bytes.raw(known), tf.int32)
    # Zeros behind the end: whatever a damaged file points to can be read, and is no tag.
    data = tf.pad(known, [[0, 32 + 12 * _MOST_ENTRIES]])
    little = data[0] == ord("I")
    is_table = (data[0] == data[1]) & (little | (data[0] == ord("M")))

    def short(at):
        at = tf.minimum(at, tf.size(data) - 2)
        first, second = tf.gather(data, at), tf.gather(data, at + 1)
        return tf.where(little, first + 256 * second, 256 * first + second)

    # An offset of more than 16 bits would lie outside of the segment.
    table = tf.where(little, short(4), short(6))
    count = tf.minimum(short(table), _MOST_ENTRIES)
    entries = table + 2 + 12 * tf.range(count)
    values = tf.boolean_mask(short(entries + 8), short(entries) == 0x0112)
    return tf.where(is_table, tf.concat([values, [0]], axis=0)[0], 0)


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
