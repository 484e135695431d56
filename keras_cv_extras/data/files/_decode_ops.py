"""Image files to uint8 arrays by TensorFlow ops: what `_decode` does with Pillow, in a graph.

Pixels are those of `_decode` within the rounding of either library. A part of a JPEG that the crop
leaves out is not decoded, and a far too large one is decoded at a half, a quarter or an eighth.
"""

import tensorflow as tf

from keras_cv_extras.data.files import _decode

JPEG, OTHER_JPEG, PNG, CLEAR_PNG, GIF, BMP = range(6)
_KINDS = {"JPEG": JPEG, "PNG": PNG, "GIF": GIF, "BMP": BMP}
# The reduced JPEG must still be so many times the result, or resizing sees too few pixels.
_SPARE = 2.0
_LUMA = (0.299, 0.587, 0.114)  # ITU-R 601, as Pillow and JPEG have it


def facts(header: _decode.Header) -> tuple[int, int, int, int]:
    """Returns what `decode` must know of a file: kind, stored height and width, orientation.

    Raises:
        ValueError: for a BMP file with a palette, whose colours TensorFlow does not look up.
    """
    kind, height, width = _KINDS[header.format], header.height, header.width
    if header.orientation in _decode.TURNED:
        height, width = width, height
    if kind == BMP and header.mode in ("P", "1"):
        raise ValueError("a BMP file with a palette: save it as PNG")
    if kind == PNG and header.transparent:
        kind = CLEAR_PNG
    if kind == JPEG and (header.orientation > 1 or header.mode == "CMYK"):
        kind = OTHER_JPEG  # no crop before it is turned; no grey of four inks
    return kind, height, width, header.orientation


def decode(content, facts, image_size, resize, channels):
    """Decodes an image: upright, first frame, 8 bits, without transparency, of one size.

    Args:
        content: a string tensor, the bytes of the file.
        facts: `(4,)` int32, what `facts` returned.
        image_size: `(height, width)` of the result.
        resize: "crop", "pad" or "stretch", as in `_decode.fit`.
        channels: 1 or 3.

    Returns:
        A uint8 tensor `(height, width, channels)`. A damaged file is an error of the op.
    """
    kind, height, width, orientation = tf.unstack(facts)

    def whole(read):
        def branch():
            image = _upright(read(content), orientation)
            image = _fitted(image, _box(image, image_size, resize), image_size, resize)
            if channels == 1:
                image = tf.tensordot(image, tf.constant(_LUMA), 1)[..., None]
            return image

        return branch

    def upright_jpeg():
        return _reduced_jpeg(content, height, width, image_size, resize, channels)

    branches = {
        JPEG: upright_jpeg,
        OTHER_JPEG: whole(lambda data: _jpeg(data, 3)),
        PNG: whole(lambda data: tf.io.decode_png(data, 3)),
        CLEAR_PNG: whole(_over_white),
        GIF: whole(_first_frame),
        BMP: whole(_first_frame),
    }
    image = tf.switch_case(kind, branches)
    image = tf.cast(tf.clip_by_value(image, 0.0, 255.0) + 0.5, tf.uint8)
    return tf.ensure_shape(image, (*image_size, channels))


def _jpeg(content, channels, ratio=1):
    # The default is a faster transform that is off by one level on average.
    return tf.io.decode_jpeg(content, channels, ratio, dct_method="INTEGER_ACCURATE")


def _reduced_jpeg(content, height, width, image_size, resize, channels):
    """Decodes what is needed of an upright JPEG, and brings it to its size."""
    rows, columns = (tf.cast(side, tf.float32) for side in (height, width))
    factors = (rows / image_size[0], columns / image_size[1])
    factor = (tf.maximum if resize == "pad" else tf.minimum)(*factors)
    step = tf.reduce_sum(tf.cast(factor >= tf.constant([2.0, 4.0, 8.0]) * _SPARE, tf.int32))

    def at(ratio):
        def branch():
            # Of its last row and column a part may lie outside the image.
            size = [-(-side // ratio) for side in (height, width)]
            box = [side / ratio for side in _box_of(height, width, image_size, resize)]
            if resize != "crop":
                image = _jpeg(content, channels, ratio)
                return _fitted(image, box, image_size, resize)
            start = tf.maximum(tf.cast(tf.floor(box[0]), tf.int32), 0)  # -1e-6 is none
            end = tf.minimum(tf.cast(tf.math.ceil(box[0] + box[1]), tf.int32), tf.stack(size))
            image = tf.image.decode_and_crop_jpeg(
                content,
                tf.concat([start, end - start], 0),
                channels,
                ratio,
                dct_method="INTEGER_ACCURATE",
            )
            box = (box[0] - tf.cast(start, tf.float32), box[1])
            return _fitted(image, box, image_size, resize)

        return branch

    return tf.switch_case(step, [at(1), at(2), at(4), at(8)])


def _box(image, image_size, resize):
    shape = tf.shape(image)
    return _box_of(shape[0], shape[1], image_size, resize)


def _box_of(height, width, image_size, resize):
    """Returns the part of an image that fills the result: start and size, `(2,)` each."""
    size = tf.cast(tf.stack([height, width]), tf.float32)
    wanted = tf.constant(image_size, tf.float32)
    if resize == "stretch":
        return tf.zeros(2), size
    if resize == "crop":
        part = wanted * tf.reduce_min(size / wanted)
        return (size - part) / 2, part
    # The image gets whole pixels, and so do its borders, as in Pillow.
    inside = tf.round(size / tf.reduce_max(size / wanted))
    factor = size / tf.maximum(inside, 1.0)
    return -tf.round((wanted - inside) / 2) * factor, wanted * factor


def _fitted(image, box, image_size, resize):
    """Resizes the box of an image, antialiased: float32.

    Rows are resized, then columns, which after a transposition are rows: the same values as
    `tf.image.resize(antialias=True)` in a third of the time, since rows lie together in memory.
    """
    start, size = box
    image = _rows(image, start[0], size[0], image_size[0])
    image = tf.transpose(image, (1, 0, 2))
    image = _rows(image, start[1], size[1], image_size[1])
    return tf.transpose(image, (1, 0, 2))


def _rows(image, start, size, wanted):
    shape = tf.shape(image)
    channels = image.shape[2]
    scale = wanted / size
    resized = tf.raw_ops.ScaleAndTranslate(
        images=tf.reshape(image, (1, shape[0], 1, shape[1] * channels)),
        size=tf.constant([wanted, 1]),
        scale=tf.stack([scale, 1.0]),
        translation=tf.stack([-start * scale, 0.0]),
        kernel_type="triangle",
        antialias=True,
    )
    return tf.reshape(resized, (wanted, shape[1], channels))


def _first_frame(content):
    # The other frames of a GIF are neither decoded nor given memory.
    image = tf.io.decode_image(content, 3, expand_animations=False)
    image.set_shape((None, None, 3))
    return image


def _over_white(content):
    """Lays a PNG over white."""
    image = tf.cast(tf.io.decode_png(content, 4), tf.uint16)
    color, alpha = image[..., :3], image[..., 3:]
    product = color * alpha + 255 * (255 - alpha)
    return tf.cast((product + 127) // 255, tf.uint8)


def _upright(image, orientation):
    """Turns an image as its EXIF tag, 1 to 8, says."""

    def turned():
        # Each of the eight is a transposition or none, then flips of columns and of rows.
        turned = _where(orientation >= 5, lambda x: tf.transpose(x, (1, 0, 2)), image)
        turned = _where(_among(orientation, (2, 3, 6, 7)), lambda x: x[:, ::-1], turned)
        return _where(_among(orientation, (3, 4, 7, 8)), lambda x: x[::-1], turned)

    return tf.cond(orientation > 1, turned, lambda: image)


def _where(condition, function, image):
    return tf.cond(condition, lambda: function(image), lambda: image)


def _among(value, choices):
    return tf.reduce_any(value == tf.constant(choices))
