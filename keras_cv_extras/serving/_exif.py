"""The EXIF orientation of a JPEG file, read and undone by TensorFlow operations alone.

Cameras store pictures as the sensor sees them, with a tag that says how they were held.
TensorFlow's decoders do not read it: without this module, a server would see pictures lying on
their side that training, where Pillow reads them, saw upright.
"""

import tensorflow as tf

_SEARCHED = 1 << 16  # bytes; EXIF comes first, and no segment is longer
_MOST_ENTRIES = 256


def orientation(encoded):
    """Returns the orientation, 1 to 8, that a JPEG file names; 1 if it names none.

    Args:
        encoded: a string, the file.
    """
    known = tf.cast(tf.io.decode_raw(tf.strings.substr(encoded, 0, _SEARCHED), tf.uint8), tf.int32)
    length = tf.size(known)
    # Zeros behind the end: whatever a damaged file points to can be read, and is no tag.
    data = tf.pad(known, [[0, 32 + 12 * _MOST_ENTRIES]])

    def byte(at):
        return tf.gather(data, tf.clip_by_value(at, 0, tf.size(data) - 1))

    def is_exif(at):  # marker APP1, then the name
        name = byte(at + tf.constant([1, 4, 5, 6, 7, 8, 9]))
        return tf.reduce_all(name == tf.constant([0xE1, *b"Exif\0\0"]))

    def goes_on(at):
        is_marker = (byte(at) == 0xFF) & (byte(at + 1) != 0xDA)  # 0xDA: the pixels begin
        return (at < length) & is_marker & ~is_exif(at)

    start = tf.while_loop(
        goes_on,
        lambda at: [at + 2 + 256 * byte(at + 2) + byte(at + 3)],
        [tf.constant(2)],
        maximum_iterations=64,
    )[0]
    header = start + 10
    little = byte(header) == ord("I")

    def short(at):
        first, second = byte(at), byte(at + 1)
        return tf.where(little, first + 256 * second, 256 * first + second)

    # An offset of more than 16 bits would lie outside of the segment.
    table = header + tf.where(little, short(header + 4), short(header + 6))
    count = tf.minimum(short(table), _MOST_ENTRIES)
    entries = table + 2 + 12 * tf.range(count)
    values = tf.boolean_mask(short(entries + 8), short(entries) == 0x0112)
    value = tf.concat([values, [1]], axis=0)[0]
    is_valid = is_exif(start) & (value >= 1) & (value <= 8)
    return tf.where(is_valid, value, 1)


def upright(image, value):
    """Turns an image `(height, width, channels)` by its orientation, as Pillow does."""

    def turned():
        turned = tf.cond(value >= 5, lambda: tf.transpose(image, [1, 0, 2]), lambda: image)
        turned = tf.cond(_among(value, 3, 4, 7, 8), lambda: turned[::-1], lambda: turned)
        return tf.cond(_among(value, 2, 3, 6, 7), lambda: turned[:, ::-1], lambda: turned)

    return tf.cond(value == 1, lambda: image, turned)


def _among(value, *values):
    return tf.reduce_any(value == tf.constant(values))
