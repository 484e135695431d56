"""Bytes of a file as numbers, numbers as bytes, and opacity, by TensorFlow operations."""

import tensorflow as tf

_MOST_PARTS = 20_000  # of a file that are passed to find one
_LETTERS = [bytes([number]) for number in range(256)]


def apart(function, *signature):
    """Returns a call in the graph: TensorFlow visits all nodes of a branch that is not taken.

    Args:
        function: of tensors.
        *signature: a `tf.TensorSpec` for each; without any, of one file's bytes.
    """
    return tf.function(
        function,
        autograph=False,
        input_signature=signature or [tf.TensorSpec([], tf.string)],
        experimental_attributes={"_noinline": True},
    )


def part(content, start, count):
    """Returns a part of a string; what lies behind its end is left out.

    `tf.strings.substr` fails there, with a message that holds the file's bytes.
    """
    return tf.strings.substr(content, tf.minimum(start, tf.strings.length(content)), count)


def numbers(content, start, count):
    """Returns `count` bytes of a string from `start` on, int32; zeros behind its end."""
    padded = tf.strings.join([part(content, start, count), b"\0" * count])
    values = tf.io.decode_raw(tf.strings.substr(padded, 0, count), tf.uint8)
    return tf.cast(tf.ensure_shape(values, [count]), tf.int32)


def raw(content):
    """Returns all bytes of a string, uint8 `(n,)`."""
    return tf.ensure_shape(tf.io.decode_raw(content, tf.uint8), [None])


def little(values):
    """Returns the int64 number that bytes, `(n,)` with n known, stand for, the lowest first."""
    places = tf.constant([256**place for place in range(values.shape[0])], tf.int64)
    return tf.reduce_sum(tf.cast(values, tf.int64) * places)


def big(values):
    """Returns likewise the number of bytes of which the highest comes first."""
    return little(values[::-1])


def written(number, count):
    """Returns a number as a string of `count` bytes, the lowest first."""
    number = tf.cast(number, tf.int64)
    return text(tf.stack([number // 256**place % 256 for place in range(count)]))


def text(values):
    """Returns a string of bytes that are given as numbers, `(n,)`."""
    return tf.strings.reduce_join(tf.gather(tf.constant(_LETTERS), values))


def count(text, mark):
    """Returns how often a mark occurs in a string, int64."""
    parts = tf.raw_ops.StringSplitV2(input=text[None], sep=mark, maxsplit=-1)
    return tf.maximum(parts.shape[1] - 1, 0)


def walk(content, start, is_it, behind):
    """Returns where the part that is looked for starts, in a file that is one part after another.

    Args:
        content: a string, the file.
        start: where its first part starts.
        is_it: a function of a place, whether the part that starts there is the one.
        behind: a function of a place, where the next part starts, int64.

    Returns:
        The place, int32; the length of the file if there is no such part.
    """
    end = tf.strings.length(content)
    at = tf.while_loop(
        lambda at: (at + 8 <= end) & ~is_it(at),
        lambda at: [tf.cast(tf.minimum(behind(at), tf.cast(end, tf.int64)), tf.int32)],
        [tf.constant(start)],
        maximum_iterations=_MOST_PARTS,
    )[0]
    return tf.where((at + 8 <= end) & is_it(at), at, end)


def over_white(image):
    """Lays an image of four channels over white."""
    image = tf.cast(image, tf.uint16)
    color, alpha = image[..., :3], image[..., 3:]
    product = color * alpha + 255 * (255 - alpha)
    return tf.cast((product + 127) // 255, tf.uint8)
