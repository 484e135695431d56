"""The picture of a BMP file by TensorFlow operations: those with a palette are looked up here."""

import tensorflow as tf

from keras_cv_extras.data.files.decoder import _bytes


@_bytes.apart
def size(content):
    """Returns height and width, int64, as the header of a BMP file has them."""
    head = _bytes.numbers(content, 18, 8)
    width, height = _bytes.little(head[:4]), _bytes.little(head[4:])
    # A negative height: from the top down.
    return tf.stack([tf.minimum(height, (1 << 32) - height), width])


@_bytes.apart
def decode(content):
    """Decodes a BMP file of 1, 4, 8, 24 or 32 bits, not compressed: uint8.

    Raises:
        tf.errors.InvalidArgumentError: if it is another one, or damaged.
    """
    head = _bytes.numbers(content, 0, 34)
    bits = _bytes.little(head[28:30])
    known = tf.reduce_any(bits == tf.constant([1, 4, 8, 24, 32], tf.int64))
    known &= (_bytes.little(head[14:18]) >= 40) & (_bytes.little(head[30:34]) == 0)
    known = tf.debugging.Assert(known, ["a BMP file that is compressed or of", bits, "bits"])
    with tf.control_dependencies([known]):
        content = tf.identity(content)
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
