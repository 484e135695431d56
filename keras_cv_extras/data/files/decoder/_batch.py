"""Image files of a request, all at once: what `decode` does, in few operations for small JPEGs.

A small picture is decoded in less time than TensorFlow needs for the fifty operations around it.
What can be done for all files in one operation each is done so, and the loop keeps two.
"""

import tensorflow as tf

from keras_cv_extras._base.types import Tensor
from keras_cv_extras.data.files.decoder import _decode, _facts, _plan

SMALL = 1 << 16  # bytes of a file, and pixels; no file so small has scans beyond `MOST_SCANS`
_SEGMENT = b"\xff\xe1"  # EXIF and XMP stand in one of these; there is none within pixels


def decode_all(
    encoded: Tensor,
    image_size: tuple[int, int],
    channels: int,
    *,
    resize: str = "crop",
    jpeg: str = "whole",
) -> Tensor:
    """Decodes image files: upright, first frame, 8 bits, without transparency, of one size.

    Args:
        encoded: strings `(n,)`, JPEG, PNG, BMP, GIF or WEBP files.
        image_size: `(height, width)` of the results.
        channels: 1 or 3.
        resize: "crop", "pad" or "stretch", as in `data.load`.
        jpeg: "whole" or "reduced", as in `data.load`.

    Returns:
        A uint8 tensor `(n, height, width, channels)`, of each file what `decode` returns.

    Raises:
        tf.errors.InvalidArgumentError: as `decode` does, if it is so of any file.
    """
    encoded = tf.ensure_shape(encoded, (None,))

    def each(files):
        shape = tf.TensorSpec((*image_size, channels), tf.uint8)
        return tf.map_fn(
            lambda one: _decode.decode(one, image_size, channels, resize=resize, jpeg=jpeg),
            files,
            fn_output_signature=shape,
        )

    if jpeg == "reduced":
        return each(encoded)
    unknown = tf.constant([[SMALL, SMALL]])
    sizes = tf.cond(are_small_jpegs(encoded), lambda: _sizes(encoded), lambda: unknown)
    pixels = tf.reduce_prod(tf.cast(sizes, tf.int64), axis=1)
    small = tf.reduce_max(pixels) <= SMALL
    # A call in the graph: TensorFlow visits all nodes of a branch that is not taken.
    each = tf.function(
        each,
        autograph=False,
        input_signature=[tf.TensorSpec((None,), tf.string)],
        experimental_attributes={"_noinline": True},
    )
    images = tf.cond(
        small,
        lambda: _small(encoded, sizes, image_size, channels, resize),
        lambda: each(encoded),
    )
    return tf.ensure_shape(images, (None, *image_size, channels))


def are_small_jpegs(encoded):
    """Returns whether all files are short JPEGs that nothing but pixels is said in."""
    begins = tf.strings.substr(encoded, 0, 3) == _facts.JPEG_BEGINS
    parts = tf.raw_ops.StringSplitV2(input=encoded, sep=_SEGMENT, maxsplit=1)
    short = tf.reduce_max(tf.strings.length(encoded)) <= SMALL
    return tf.reduce_all(begins) & short & (parts.shape[1] < 2)


def _sizes(encoded):
    """Returns heights and widths of JPEG files, int32 `(n, 2)`; large ones for four inks."""
    shape = tf.TensorSpec((3,), tf.int32)
    shapes = _for_each(tf.io.extract_jpeg_shape, encoded, shape)
    return tf.where(shapes[:, 2:] == 4, SMALL, shapes[:, :2])


def _small(encoded, sizes, image_size, channels, resize):
    """Decodes JPEG files, and resizes both axes of a picture in one operation."""
    window, scale, shift = _plan.plan_jpegs(sizes, image_size, resize)

    def one(given):
        content, window, scale, shift = given
        image = tf.image.decode_and_crop_jpeg(content, window, 3, dct_method="INTEGER_ACCURATE")
        return tf.raw_ops.ScaleAndTranslate(
            images=tf.expand_dims(image, 0),
            size=image_size,
            scale=scale,
            translation=shift,
            kernel_type="triangle",
            antialias=True,
        )

    spec = tf.TensorSpec((1, *image_size, 3), tf.float32)
    images = _for_each(one, (encoded, window, scale, shift), spec)
    return _decode.bytes_of(tf.reshape(images, (-1, *image_size, 3)), channels)


def _for_each(function, values, spec):
    """`tf.map_fn`, without a loop where there is one element."""
    first = tf.nest.flatten(values)[0]
    return tf.cond(
        tf.equal(tf.size(first), 1),
        lambda: function(tf.nest.map_structure(lambda value: value[0], values))[None],
        lambda: tf.map_fn(function, values, fn_output_signature=spec),
    )
