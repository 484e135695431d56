"""The picture of a WEBP file, of an animation the first, by TensorFlow operations."""

import tensorflow as tf

from keras_cv_extras.data.files.decoder import _bytes
from keras_cv_extras.data.files.decoder._gif import on_canvas

_ANIMATED = 2  # a flag


def chunk(content, name):
    """Returns where a chunk of a WEBP file starts; the length of the file if there is none."""

    def behind(at):
        length = _bytes.little(_bytes.numbers(content, at + 4, 4))
        return tf.cast(at, tf.int64) + 8 + length + tf.math.floormod(length, 2)

    return _bytes.walk(content, 12, lambda at: _bytes.part(content, at, 4) == name, behind)


@_bytes.apart
def size(content):
    """Returns height and width, int64, as the header of a WEBP file has them."""
    head = _bytes.numbers(content, 0, 32)
    packed = _bytes.little(head[21:25])
    return tf.cond(
        head[15] == ord("X"),
        lambda: 1 + tf.stack([_bytes.little(head[27:30]), _bytes.little(head[24:27])]),
        lambda: tf.cond(
            head[15] == ord("L"),
            lambda: 1 + tf.math.floormod(tf.stack([packed // (1 << 14), packed]), 1 << 14),
            lambda: tf.math.floormod(
                tf.stack([_bytes.little(head[at : at + 2]) for at in (28, 26)]), 1 << 14
            ),
        ),
    )


@_bytes.apart
def decode(content):
    """Decodes a WEBP file, of an animation the first frame, over white: uint8."""
    animated = _bytes.part(content, 12, 4) == b"VP8X"
    animated &= tf.bitwise.bitwise_and(_bytes.numbers(content, 20, 1)[0], _ANIMATED) > 0
    return tf.cond(animated, lambda: _first_frame(content), lambda: _still(content))


def _still(content):
    image = tf.io.decode_webp(content)[0]  # asked for four channels it fails where there are three
    image.set_shape((None, None, None))
    return tf.cond(tf.shape(image)[2] == 4, lambda: _bytes.over_white(image), lambda: image)


def _first_frame(content):
    """Makes a file of the first frame of an animation, and decodes that."""
    at = chunk(content, b"ANMF")
    length = tf.cast(_bytes.little(_bytes.numbers(content, at + 4, 4)), tf.int32) - 16
    canvas = tf.cast(size(content), tf.int32)
    head = _bytes.numbers(content, at + 8, 16)
    left, top, width, height = (
        tf.cast(_bytes.little(head[at : at + 3]), tf.int32) for at in (0, 3, 6, 9)
    )
    place, frame = 2 * tf.stack([left, top]), 1 + tf.stack([height, width])
    fits = (at < tf.strings.length(content)) & tf.reduce_all(place[::-1] + frame <= canvas)
    with tf.control_dependencies([tf.debugging.Assert(fits, ["a WEBP file without a picture"])]):
        picture = _bytes.part(content, at + 24, length)
    opaque = tf.strings.substr(picture, 0, 4) == b"VP8 "
    one = tf.strings.join(
        [
            b"RIFF",
            _bytes.written(length + 22, 4),
            b"WEBPVP8X\x0a\0\0\0",
            tf.where(opaque, b"\0\0\0\0", b"\x10\0\0\0"),
            _bytes.written(width, 3),
            _bytes.written(height, 3),
            picture,
        ]
    )
    return on_canvas(_still(one), place, canvas, tf.constant(255, tf.uint8))
