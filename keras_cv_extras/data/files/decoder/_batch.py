"""Image files of a request, all at once: what `decode` does, in few operations for small files.

A small picture is decoded in less time than TensorFlow needs for the fifty operations around it.
What can be done for all files in one operation each is done so. The loop keeps two, and takes
eight files in a turn, which costs as much as two operations.
"""

import tensorflow as tf

from keras_cv_extras._base.types import Tensor
from keras_cv_extras.data.files.decoder import _decode, _facts, _plan

SMALL = 1 << 16  # bytes of a JPEG, and pixels; no file so small has scans beyond `MOST_SCANS`
_LONGEST_SIDE = 1024  # a resize needs memory for each row of the result as long as one of the image
_MOST_BYTES = {_facts.JPEG: SMALL, _facts.PNG: 4 * SMALL}
# What a file may say beside pixels. EXIF and XMP of a JPEG stand in one segment, of which there is
# none within pixels.
_MARKS = {_facts.JPEG: (b"\xff\xe1",), _facts.PNG: (b"eXIf", b"tRNS")}
_TURN = 8


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
    shape = (*image_size, channels)

    def each(files):
        return tf.map_fn(
            lambda one: _decode.decode(one, image_size, channels, resize=resize, jpeg=jpeg),
            files,
            fn_output_signature=tf.TensorSpec(shape, tf.uint8),
        )

    def many(files):
        jpegs, pngs, rest = groups(files)
        # One after the other: where one fails, another that runs could say first that it was
        # cancelled.
        others = tf.cond(
            tf.size(rest) > 0,
            lambda: _apart(each)(tf.gather(files, rest)),
            lambda: tf.zeros((0, *shape), tf.uint8),
        )
        with tf.control_dependencies([others]):
            small = _pngs(tf.gather(files, pngs[0]), pngs[1], image_size, channels, resize)
        with tf.control_dependencies([small]):
            images = _jpegs(tf.gather(files, jpegs[0]), jpegs[1], image_size, channels, resize)
        images = [images, small, others]
        order = tf.math.invert_permutation(tf.concat([jpegs[0], pngs[0], rest], axis=0))
        return tf.gather(tf.concat(images, axis=0), order)

    if jpeg == "reduced":
        return each(encoded)
    # One file needs no groups, and a small JPEG, the most frequent request, no loop either.
    single = (tf.size(encoded) == 1) & tf.reduce_all(_may_be_small(encoded[:1], _facts.JPEG))
    unknown = tf.constant([[SMALL, SMALL]])
    size = tf.cond(single, lambda: _jpeg_size(encoded[0])[None], lambda: unknown)
    images = tf.cond(
        tf.reduce_all(_are_few(size)),
        lambda: _jpegs(encoded, size, image_size, channels, resize, single=True),
        lambda: tf.cond(
            tf.size(encoded) == 1,
            lambda: _apart(each)(encoded),
            lambda: _apart(many)(encoded),
        ),
    )
    return tf.ensure_shape(images, (None, *shape))


def groups(encoded):
    """Returns which files are small JPEGs and small PNGs that say nothing but pixels, or others.

    Returns:
        `((jpegs, sizes), (pngs, sizes), others)`: places, int32, and heights and widths, int32.
    """
    places = tf.range(tf.size(encoded))
    found = []
    for kind, size in ((_facts.JPEG, _jpeg_sizes), (_facts.PNG, _png_sizes)):
        own = tf.boolean_mask(places, _may_be_small(encoded, kind))
        sizes = size(tf.gather(encoded, own))
        few = _are_few(sizes)
        found.append((tf.boolean_mask(own, few), tf.boolean_mask(sizes, few)))
    known = tf.concat([own for own, _ in found], axis=0)
    others = tf.scatter_nd(known[:, None], tf.ones_like(known), tf.shape(encoded)) == 0
    return (*found, tf.boolean_mask(places, others))


def _may_be_small(encoded, kind):
    """Returns which files are of few bytes, of a kind, and without any mark of something else."""
    length = tf.strings.length(encoded)
    own = length <= _MOST_BYTES[kind]
    if kind == _facts.JPEG:
        own &= tf.strings.substr(encoded, 0, 3) == _facts.JPEG_BEGINS
    else:
        own &= _facts.are_opaque_pngs(encoded)
    # Nothing is searched in what is another file anyway.
    encoded = tf.strings.substr(encoded, tf.zeros_like(length), tf.where(own, length, 0))
    for mark in _MARKS[kind]:
        parts = tf.raw_ops.StringSplitV2(input=encoded, sep=mark, maxsplit=1).indices
        marked = tf.boolean_mask(parts[:, :1], parts[:, 1] == 1)
        count = tf.shape(encoded, out_type=tf.int64)
        own &= tf.scatter_nd(marked, tf.ones_like(marked[:, 0]), count) == 0
    return own


def _are_few(sizes):
    """Returns which sizes, `(n, 2)`, are those of an image of few pixels that is not too long."""
    pixels = tf.reduce_prod(tf.cast(sizes, tf.int64), axis=1)
    few = (tf.reduce_min(sizes, axis=1) > 0) & (pixels <= SMALL)
    return few & (tf.reduce_max(sizes, axis=1) <= _LONGEST_SIDE)


def _jpeg_size(content):
    """Returns height and width of a JPEG file, a large one for four inks."""
    shape = tf.io.extract_jpeg_shape(content)
    return tf.where(shape[2:] == 4, SMALL, shape[:2])


def _jpeg_sizes(encoded):
    shapes = _in_turns(tf.io.extract_jpeg_shape, [encoded], tf.TensorSpec((3,), tf.int32))
    return tf.where(shapes[:, 2:] == 4, SMALL, shapes[:, :2])


def _png_sizes(encoded):
    sizes = tf.io.decode_raw(tf.strings.substr(encoded, 16, 8), tf.int32, little_endian=False)
    return tf.reshape(sizes, (-1, 2))[:, ::-1]


def _jpegs(encoded, sizes, image_size, channels, resize, single=False):
    """Decodes small JPEG files; `single` if it is one."""
    window, scale, shift = _plan.plan_jpegs(sizes, image_size, resize)

    def one(content, window, scale, shift):
        image = tf.image.decode_and_crop_jpeg(content, window, 3, dct_method="INTEGER_ACCURATE")
        return _resized(image, scale, shift, image_size)

    values = [encoded, window, scale, shift]
    if single:
        return _decode.bytes_of(one(*(value[0] for value in values)), channels)
    return _images(one, values, image_size, channels)


def _pngs(encoded, sizes, image_size, channels, resize):
    _, _, scale, shift = _plan.plan_simple(sizes, image_size, resize, "whole", _facts.PNG)

    def one(content, scale, shift):
        return _resized(tf.io.decode_png(content, 3), scale, shift, image_size)

    return _images(one, [encoded, scale, shift], image_size, channels)


def _resized(image, scale, shift, image_size):
    """Resizes both axes of a picture in one operation: `(1, height, width, 3)`."""
    return tf.raw_ops.ScaleAndTranslate(
        images=image[None],
        size=image_size,
        scale=scale,
        translation=shift,
        kernel_type="triangle",
        antialias=True,
    )


def _images(one, values, image_size, channels):
    spec = tf.TensorSpec((1, *image_size, channels), tf.uint8)
    images = _in_turns(one, values, spec, lambda images: _decode.bytes_of(images, channels))
    return tf.reshape(images, (-1, *image_size, channels))


def _in_turns(function, values, spec, of_turn=tf.identity):
    """`tf.map_fn` of a function of several values, which takes `_TURN` elements in a turn.

    Args:
        function: a function of one element of each of the values.
        values: a list of tensors of the same length.
        spec: a `tf.TensorSpec` of the result for one element.
        of_turn: a function of the results of a turn, stacked.
    """
    whole = tf.size(values[0]) // _TURN * _TURN

    def turn(elements):
        rows = zip(*(tf.unstack(value) for value in elements), strict=True)
        return of_turn(tf.stack([function(*row) for row in rows]))

    def mapped(values, count):
        values = [tf.reshape(value, (-1, count, *value.shape[1:])) for value in values]
        signature = tf.TensorSpec((count, *spec.shape), spec.dtype)
        results = tf.map_fn(turn, values, fn_output_signature=signature)
        return tf.reshape(results, (-1, *spec.shape))

    turns = mapped([value[:whole] for value in values], _TURN)
    return tf.concat([turns, mapped([value[whole:] for value in values], 1)], axis=0)


def _apart(function):
    """Returns a call in the graph: TensorFlow visits all nodes of a branch that is not taken."""
    return tf.function(
        function,
        autograph=False,
        input_signature=[tf.TensorSpec((None,), tf.string)],
        experimental_attributes={"_noinline": True},
    )
