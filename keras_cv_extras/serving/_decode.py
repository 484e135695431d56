"""Encoded images to what the model was trained on, by TensorFlow operations alone.

`data.load` reads files with Pillow; a server has TensorFlow. Both must see the same picture, so
each step here is one of `data/files/_decode.py`: upright, transparency over white, 8 bits, ITU-R
601 grey, the same geometry of "crop", "pad" and "stretch", triangle filter, whole numbers. Only the
one colour that a PNG file without an alpha channel may call transparent is not seen.
"""

import tensorflow as tf

from keras_cv_extras.serving import _exif

MOST_PIXELS = 64_000_000  # as in `data.load`: a small file may claim any size
FORMATS = ("JPEG", "PNG", "BMP", "GIF")

_JPEG, _PNG, _BMP, _GIF = range(4)
_MAGIC = {_JPEG: b"\xff\xd8\xff", _PNG: b"\x89PNG", _BMP: b"BM", _GIF: b"GIF8"}
_GREY = (0.299, 0.587, 0.114)


def kinds(encoded):
    """Returns which of `FORMATS` strings of any shape begin as, -1 for none."""
    found = tf.fill(tf.shape(encoded), -1)
    for kind, magic in _MAGIC.items():
        begins = tf.strings.substr(encoded, 0, len(magic)) == magic
        found = tf.where(begins, kind, found)
    return found


def decode(encoded, shape, resize):
    """Decodes one image file.

    Args:
        encoded: a string: a JPEG, PNG, BMP or GIF file.
        shape: `(height, width, channels)` of the result, with 1 or 3 channels.
        resize: "crop", "pad" or "stretch", as in `data.load`.

    Returns:
        float32 of that shape, whole numbers in [0, 255].

    Raises:
        tf.errors.InvalidArgumentError: if the file is damaged, none of these, or has more than
            64 million pixels.
    """
    kind = kinds(encoded)
    known = tf.debugging.Assert(kind >= 0, ["an image is neither JPEG, PNG, BMP nor GIF"])
    with tf.control_dependencies([known]):
        kind = tf.maximum(kind, 0)
    size = _claimed_size(encoded, kind)
    small = tf.debugging.Assert(
        (size[0] > 0) & (size[1] > 0) & (size[0] * size[1] <= MOST_PIXELS),
        ["an image must have 1 to", MOST_PIXELS, "pixels, its header says", size],
    )
    with tf.control_dependencies([small]):
        encoded = tf.identity(encoded)
    image = tf.switch_case(
        kind,
        [
            lambda: _decode_jpeg(encoded),
            lambda: _over_white(tf.io.decode_png(encoded)),
            lambda: _as_rgb(tf.io.decode_bmp(encoded)),
            lambda: _as_rgb(tf.io.decode_image(encoded, expand_animations=False)),
        ],
    )
    image.set_shape((None, None, 3))
    if shape[-1] == 1:
        image = tf.round(tf.tensordot(image, tf.constant(_GREY), 1))[..., None]
    return fit(image, shape, resize)


def fit(image, shape, resize):
    """Brings a float image to a shape; see `decode`."""
    height, width, channels = shape
    size = tf.cast(tf.shape(image)[:2], tf.float32)
    wanted = tf.constant([height, width], tf.float32)
    scale, start = wanted / size, tf.zeros(2)
    if resize == "crop":
        scale = tf.repeat(tf.reduce_max(scale), 2)
        start = (wanted - size * scale) / 2
    elif resize == "pad":
        inside = tf.minimum(tf.maximum(tf.round(size * tf.reduce_min(scale)), 1), wanted)
        scale, start = inside / size, tf.round((wanted - inside) / 2)
    image = tf.raw_ops.ScaleAndTranslate(
        images=image[None],
        size=[height, width],
        scale=scale,
        translation=start,
        kernel_type="triangle",
        antialias=True,
    )[0]
    return tf.ensure_shape(tf.clip_by_value(tf.round(image), 0, 255), (height, width, channels))


def _claimed_size(encoded, kind):
    """Returns height and width, int64, as the header has them; pixels are not decoded."""
    head = tf.strings.join([tf.strings.substr(encoded, 0, 32), b"\0" * 32])
    head = tf.cast(tf.io.decode_raw(tf.strings.substr(head, 0, 32), tf.uint8), tf.int64)

    def number(at, length, *, big=False):
        places = [256**place for place in range(length)]
        digits = tf.constant(places[::-1] if big else places, tf.int64)
        return tf.reduce_sum(head[at : at + length] * digits)

    def bmp():  # a negative height: from the top down
        height = number(22, 4)
        return tf.stack([tf.minimum(height, (1 << 32) - height), number(18, 4)])

    return tf.switch_case(
        kind,
        [
            lambda: tf.cast(tf.io.extract_jpeg_shape(encoded)[:2], tf.int64),
            lambda: tf.stack([number(20, 4, big=True), number(16, 4, big=True)]),
            bmp,
            lambda: tf.stack([number(8, 2), number(6, 2)]),
        ],
    )


def _decode_jpeg(encoded):
    image = tf.io.decode_jpeg(encoded, channels=3, dct_method="INTEGER_ACCURATE")
    return tf.cast(_exif.upright(image, _exif.orientation(encoded)), tf.float32)


def _over_white(image):
    """Lays grey, RGB, and either with a last channel of opacity over white.

    Asked for four channels, TensorFlow 2.21 makes opaque images of few bits transparent.
    """
    image.set_shape((None, None, None))
    has_opacity = tf.math.floormod(tf.shape(image)[2], 2) == 0
    opacity = tf.cast(image[..., -1:], tf.float32) / 255
    opacity = tf.where(has_opacity, opacity, tf.ones_like(opacity))
    return tf.round(_as_rgb(image) * opacity + 255 * (1 - opacity))


def _as_rgb(image):
    """Repeats grey, and leaves out a channel that BMP and PNG have besides."""
    image.set_shape((None, None, None))
    is_grey = tf.shape(image)[2] < 3
    image = tf.cond(is_grey, lambda: tf.repeat(image[..., :1], 3, axis=2), lambda: image)
    return tf.cast(image[..., :3], tf.float32)
