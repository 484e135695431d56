"""The picture of a BMP file by TensorFlow operations: those with a palette are looked up here."""

import tensorflow as tf

from keras_cv_extras.data.files import _decode
from keras_cv_extras.data.files.decoder import _bytes


def beyond(files):
    """Returns of BMP files why they are not decoded here, though Pillow reads them; "" if they are.

    Args:
        files: strings of any shape; the result has the same.
    """
    length, bits, compression = _kind(files)
    whole = length >= 40
    kinds = [(length == 12, "of OS/2"), (whole & (bits == 16) & (compression == 0), "of 16 bits")]
    kinds += [
        (whole & (compression == number), words) for number, words in _decode.BMP_PACKED.items()
    ]
    reasons = tf.fill(tf.shape(length), "")
    for own, words in kinds:
        reasons = tf.where(own, _decode.BMP_BEYOND.format(words), reasons)
    return reasons


def _kind(files):
    """Returns the header's length, the bits of a pixel, and the number of the compression: int32.

    Zeros if a file is too short for them.
    """
    padded = tf.strings.join([tf.strings.substr(files, 0, 34), b"\0" * 34])

    def number(start, count, dtype):
        found = tf.io.decode_raw(tf.strings.substr(padded, start, count), dtype)
        return tf.cast(tf.reshape(found, tf.shape(files)), tf.int32)

    return number(14, 4, tf.int32), number(28, 2, tf.uint16), number(30, 4, tf.int32)


@_bytes.apart
def size(content):
    """Returns height and width, int64, as the header of a BMP file has them.

    Zeros if it is damaged, and of no kind that is decoded here.

    Raises:
        tf.errors.InvalidArgumentError: if it is one that `beyond` names.
    """
    reason = beyond(content)
    with tf.control_dependencies([tf.debugging.Assert(reason == b"", [reason])]):
        length, bits, compression = _kind(content)
    known = tf.reduce_any(bits == tf.constant(_decode.BMP_BITS)) & (length >= 40)
    head = _bytes.numbers(content, 18, 8)
    width, height = _bytes.little(head[:4]), _bytes.little(head[4:])
    # A negative height: from the top down.
    found = tf.stack([tf.minimum(height, (1 << 32) - height), width])
    return found * tf.cast(known & (compression == 0), tf.int64)


@_bytes.apart
def decode(content):
    """Decodes a BMP file of 1, 4, 8, 24 or 32 bits, not compressed: uint8.

    Raises:
        tf.errors.InvalidArgumentError: if it is damaged.
    """
    head = _bytes.numbers(content, 0, 34)
    bits = _bytes.little(head[28:30])
    return tf.cond(bits > 8, lambda: _plain(content, head), lambda: _looked_up(content, head))


def _plain(content, head):
    height, width = tf.unstack(size(content))
    stride = (width * _bytes.little(head[28:30]) + 31) // 32 * 4
    # The operation takes no bytes behind the pixels.
    end = tf.minimum(_bytes.little(head[10:14]) + height * stride, (1 << 31) - 1)
    image = tf.io.decode_bmp(tf.strings.substr(content, 0, tf.cast(end, tf.int32)))
    image.set_shape((None, None, None))
    return image[..., :3]


def _looked_up(content, head):
    height, width = tf.unstack(tf.cast(size(content), tf.int32))
    bits = tf.cast(_bytes.little(head[28:30]), tf.int32)
    start = tf.cast(tf.minimum(_bytes.little(head[10:14]), 1 << 30), tf.int32)
    stride = (width * bits + 31) // 32 * 4
    colors = 14 + tf.cast(tf.minimum(_bytes.little(head[14:18]), 1 << 20), tf.int32)
    palette = tf.reshape(_bytes.numbers(content, colors, 1024), (256, 4))
    used = tf.minimum(start - colors, tf.bitwise.left_shift(4, bits))  # pixels may follow
    palette = tf.where(4 * tf.range(256)[:, None] < used, palette, 0)
    rows = _bytes.raw(_bytes.part(content, start, height * stride))
    rows = tf.reshape(rows, (height, stride, 1))
    shifts = tf.cast(tf.range(8 - bits, -1, -bits), tf.uint8)
    mask = tf.cast(tf.bitwise.left_shift(1, bits) - 1, tf.uint8)
    numbers = tf.bitwise.bitwise_and(tf.bitwise.right_shift(rows, shifts), mask)
    numbers = tf.reshape(numbers, (height, stride * 8 // bits))[:, :width]
    image = tf.gather(tf.cast(palette[:, 2::-1], tf.uint8), tf.cast(numbers, tf.int32))
    upwards = head[25] < 128
    return tf.cond(upwards, lambda: image[::-1], lambda: image)
