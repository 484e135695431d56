"""The first frame of a GIF file, and nothing behind it, by TensorFlow operations.

TensorFlow's decoder unpacks every frame of an animation, of any size, before it gives the first. So
the file is walked through up to the end of that frame, and cut there.
"""

from typing import NamedTuple

import tensorflow as tf

from keras_cv_extras._base.types import Tensor
from keras_cv_extras.data.files.decoder import _bytes

_MOST_STEPS = 20_000  # through blocks: those of one length in a row are one step
_RUN = 4096
_GREYS = [[level] * 3 for level in range(256)]
_EXTENSION, _FRAME, _CONTROL = 0x21, 0x2C, 0xF9


class Frame(NamedTuple):
    """Where the first frame is, and what it looks like.

    Args:
        start: of its descriptor in the file.
        place: `(left, top)` on the canvas.
        size: `(height, width)`.
        canvas: `(height, width)` of the picture, which the frame lies in.
        transparent: the colour that is none, -1 if all are.
    """

    start: Tensor
    place: Tensor
    size: Tensor
    canvas: Tensor
    transparent: Tensor


def first_frame(content):
    """Finds the first frame of a GIF file; its pixels are not looked at.

    Args:
        content: a string, the file.

    Raises:
        tf.errors.InvalidArgumentError: if there is none.
    """
    data = _padded(content)
    global_colors = _colors(_byte(data, 10))
    start, transparent = tf.while_loop(
        lambda at, _: _byte(data, at) == _EXTENSION,
        lambda at, transparent: list(_extension(data, at, transparent)),
        [13 + 3 * global_colors, tf.constant(-1)],
        maximum_iterations=_MOST_STEPS,
    )
    found = tf.debugging.Assert(_byte(data, start) == _FRAME, ["a GIF file without a picture"])
    with tf.control_dependencies([found]):
        left, top, width, height = (_short(data, start + at) for at in (1, 3, 5, 7))
    canvas = tf.stack(
        [
            tf.maximum(_short(data, 8), top + height),
            tf.maximum(_short(data, 6), left + width),
        ]
    )
    return Frame(start, tf.stack([left, top]), tf.stack([height, width]), canvas, transparent)


@_bytes.apart
def canvas(content):
    """Returns height and width of the picture, int64."""
    return tf.cast(first_frame(content).canvas, tf.int64)


@_bytes.apart
def decode(content):
    """Decodes the first frame of a GIF file, transparency over white: uint8."""
    frame = first_frame(content)
    data = _padded(content)
    flags, shared_flags = _byte(data, frame.start + 9), _byte(data, 10)
    own, shared = _colors(flags), _colors(shared_flags)
    pixels = frame.start + 10 + 3 * own
    end = _behind_blocks(data, pixels + 1)
    whole = tf.debugging.Assert(end <= tf.strings.length(content), ["a GIF file that is cut off"])
    with tf.control_dependencies([whole]):
        number = tf.where(own > 0, own, shared)
        palette = tf.where(own > 0, frame.start + 10, 13)
    table = tf.reshape(data[palette : palette + 3 * number], (-1, 3))
    # What a table leaves out is black; without any there are levels of grey.
    others = tf.constant(_GREYS, tf.uint8) * tf.cast(number == 0, tf.uint8)
    table = tf.concat([table, others[number:]], axis=0)
    is_clear = tf.range(256)[:, None] == frame.transparent
    table = tf.where(is_clear, tf.constant(255, tf.uint8), table)
    size = tf.strings.join([_bytes.written(frame.size[axis], 2) for axis in (1, 0)])
    one = tf.strings.join(
        [
            b"GIF89a",
            size,
            b"\x87\0\0",
            _bytes.text(tf.cast(tf.reshape(table, (-1,)), tf.int32)),
            b"\x2c\0\0\0\0",
            size,
            _bytes.written(tf.bitwise.bitwise_and(flags, 0x40), 1),  # whether it is interlaced
            _bytes.part(content, pixels, end - pixels),
            b"\x3b",
        ]
    )
    image = tf.io.decode_gif(one)[0]
    white = tf.fill([3], tf.constant(255, tf.uint8))
    outside = tf.where(frame.transparent >= 0, white, table[0])
    return on_canvas(image, frame.place, frame.canvas, outside)


def on_canvas(image, place, canvas, color):
    """Lays an image at `(left, top)` on a canvas of one color."""

    def laid():
        before = place[::-1]
        after = canvas - before - tf.shape(image)[:2]
        paddings = tf.concat([tf.stack([before, after], axis=1), [[0, 0]]], axis=0)
        inside = tf.pad(tf.ones_like(image[..., :1]), paddings)
        return tf.where(inside > 0, tf.pad(image, paddings), color)

    whole = tf.reduce_all(tf.shape(image)[:2] == canvas)
    return tf.cond(whole, lambda: image, laid)


def _padded(content):
    """Returns the bytes of a file and zeros, so that what a damaged one points to can be read."""
    return tf.pad(_bytes.raw(content), [[0, 1 << 11]])


def _byte(data, at):
    return tf.cast(data[at], tf.int32)


def _short(data, at):
    return _byte(data, at) + 256 * _byte(data, at + 1)


def _colors(flags):
    """Returns how many colours there are, by the flags of the file or of a frame."""
    return tf.where(flags >= 128, tf.bitwise.left_shift(2, flags % 8), 0)


def _extension(data, at, transparent):
    """Returns what is behind an extension, and the colour that it says is none."""
    names_one = (_byte(data, at + 1) == _CONTROL) & (_byte(data, at + 3) % 2 == 1)
    return _behind_blocks(data, at + 2), tf.where(names_one, _byte(data, at + 6), transparent)


def _behind_blocks(data, start):
    """Returns what is behind blocks, each a byte with its length, then as many; 0 is the last."""
    last = tf.size(data) - 1

    def step(at):
        length = _byte(data, at)
        run = data[at : at + _RUN * (length + 1) : length + 1] == data[at]
        count = tf.where(tf.reduce_all(run), tf.size(run), tf.argmin(run, output_type=tf.int32))
        return [tf.reshape(tf.minimum(at + count * (length + 1), last), [])]

    start = tf.minimum(start, last)
    at = tf.while_loop(lambda at: data[at] > 0, step, [start], maximum_iterations=_MOST_STEPS)[0]
    few = tf.debugging.Assert(data[at] == 0, ["a GIF file of too many blocks"])
    with tf.control_dependencies([few]):
        return at + 1
