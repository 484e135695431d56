"""Image files of a request, all at once: what `decode` does, in few operations for small files.

A small picture is decoded in less time than TensorFlow needs for the fifty operations around it.
What can be done for all files in one operation each is done so. The loop keeps two, and takes
eight files in a turn, which costs as much as two operations.
"""

import functools
from typing import Any

import tensorflow as tf

from keras_cv_extras._base.datasets.transformations import mapped
from keras_cv_extras._base.types import Tensor
from keras_cv_extras.data.files.decoder import _bmp, _bytes, _decode, _facts, _plan

NOT_AN_IMAGE = b"neither JPEG, PNG, BMP, GIF nor WEBP"
DAMAGED = b"damaged, or of no size, or of more than 64,000,000 pixels"

SMALL = 1 << 16  # bytes of a JPEG, and pixels; no file so small has scans beyond `MOST_SCANS`
_LONGEST_SIDE = 1024  # a resize needs memory for each row of the result as long as one of the image
_MOST_BYTES = {_facts.JPEG: SMALL, _facts.PNG: 4 * SMALL}
# What a file may say beside pixels. EXIF and XMP of a JPEG stand in one segment, of which there is
# none within pixels.
_MARKS = {_facts.JPEG: (b"\xff\xe1",), _facts.PNG: (b"eXIf", b"tRNS")}
# How a file ends. One that is cut off is left to the way that can say which file it was.
_JPEG_ENDS = b"\xff\xd9"
# As much of a file as a size is read from; it is none of an image.
_EMPTY_JPEG = b"\xff\xd8\xff\xc0\0\x0b\x08\0\1\0\1\1\1\x11\0\xff\xda\0\x08\1\1\0\0\x3f\0"
_WHOLE = r"\CPNG\C*IEND\C{4}|GIF8\C*;"
_PNG = r"\CPNG\r\n\x1a\n\C{4}IHDR\C{9}[\x00\x02\x03]\C*\x00{4}IEND\C{4}"
_TURN, _HEADERS = 8, 16  # files in a turn of a loop, and of one that reads their headers
_FEW_BYTES = 1 << 20  # of files that are decoded one by one
_AT_ONCE = 8  # others that are decoded at a time

_FILES = tf.TensorSpec((None,), tf.string)
_PLACES = tf.TensorSpec((None,), tf.int32)
_FLAGS = tf.TensorSpec((None,), tf.bool)
_TWO = tf.TensorSpec((None, 2), tf.int32)


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
        tf.errors.InvalidArgumentError: as `decode` does, if it is so of any file. Where there are
            several files, it says which ones are cut off or of no known kind. Which ones are too
            large, or have pixels that are not what they say, it says only of files that are not
            decoded in a row, as those of at most 1 MiB that seem whole are, nor as small ones.
    """
    encoded = tf.ensure_shape(encoded, (None,))
    spec = tf.TensorSpec((*image_size, channels), tf.uint8)

    def one(content):
        return _decode.decode(content, image_size, channels, resize=resize, jpeg=jpeg)

    of_any = _bytes.apart(one)  # traced once

    def named(files, places):
        images, errors = decode_or_report(files, image_size, channels, resize=resize, jpeg=jpeg)
        bad = tf.boolean_mask(places, errors != b"")
        said = ["images", bad, "of the request:", tf.boolean_mask(errors, errors != b"")]
        with tf.control_dependencies([tf.debugging.Assert(tf.size(bad) == 0, said)]):
            return tf.identity(images)

    def in_a_row(files):
        # Calls that run at a time cancel each other where one fails, and what was cancelled may be
        # heard before what failed.
        return tf.map_fn(one, files, fn_output_signature=spec, parallel_iterations=1)

    def many(files):
        count = tf.size(files)
        few, sizes = tf.zeros((0,), tf.int32), tf.zeros((0, 2), tf.int32)
        few, sizes, rest = groups(files) if jpeg == "whole" else (few, sizes, tf.range(count))
        left = tf.gather(files, rest)
        quick = tf.reduce_sum(tf.strings.length(left)) <= _FEW_BYTES
        others = tf.cond(
            quick & tf.reduce_all(_seem_whole(left)),
            lambda: _bytes.apart(in_a_row, _FILES)(left),
            lambda: _bytes.apart(named, _FILES, _PLACES)(left, rest),
        )
        with tf.control_dependencies([others]):
            small = several(tf.gather(files, few), sizes)
        order = tf.math.invert_permutation(tf.concat([few, rest], axis=0))
        return tf.gather(tf.concat([small, others], axis=0), order)

    def several(files, sizes):
        scale, shift = _plan.plan_whole(sizes, image_size, resize)
        return _in_turns(
            lambda *values: _small(*values, image_size=image_size),
            [files, scale, shift],
            spec,
            lambda images: _decode.bytes_of(images, channels),
        )

    def of_that_size(files):
        return _in_turns(_pixels, [files], spec, lambda images: _fitting(images, channels))

    def together(files):
        small, same, sizes = _are_small(files, image_size)
        return tf.cond(
            small,
            lambda: tf.cond(
                same,
                lambda: _bytes.apart(of_that_size, _FILES)(files),
                lambda: _bytes.apart(several, _FILES, _TWO)(files, sizes),
            ),
            lambda: _bytes.apart(many, _FILES)(files),
        )

    def single(content, small, size):
        def resized():
            scale, shift = _plan.plan_whole(size, image_size, resize)
            image = _small(content, scale, shift, image_size=image_size)
            return _decode.bytes_of(image, channels)

        return tf.cond(
            small,
            lambda: tf.cond(
                tf.reduce_all(size == image_size),
                lambda: _fitting(_pixels(content), channels),
                resized,
            ),
            lambda: of_any(content)[None],
        )

    def alone():
        content = encoded[0]
        # Of a file alone it need not be known whether it is whole: no place is to be named.
        return tf.cond(
            (tf.strings.substr(content, 0, 2) == _facts.JPEG_BEGINS[:2])
            & (tf.strings.length(content) <= _MOST_BYTES[_facts.JPEG]),
            lambda: single(content, *_small_jpeg(content)),
            lambda: _bytes.apart(lambda content: single(content, *_small_png(content)))(content),
        )

    if jpeg == "reduced":
        images = tf.cond(
            tf.size(encoded) == 1,
            lambda: one(encoded[0])[None],
            lambda: _bytes.apart(many, _FILES)(encoded),
        )
    else:
        images = tf.cond(
            tf.size(encoded) == 1, alone, lambda: _bytes.apart(together, _FILES)(encoded)
        )
    return tf.ensure_shape(images, (None, *image_size, channels))


def decode_or_report(
    encoded: Tensor, image_size: tuple[int, int], channels: int, **options: Any
) -> tuple[Tensor, Tensor]:
    """Decodes image files as `decode` does, and says what is wrong with those that it refuses.

    Args:
        encoded: strings `(n,)`.
        image_size: `(height, width)` of the results.
        channels: 1 or 3.
        **options: of `decode`.

    Returns:
        `(images, errors)`: uint8 `(n, height, width, channels)`, zeros where there is an error,
        and strings `(n,)`, empty where there is none.
    """
    shape = (*image_size, channels)

    def decoded(place, content):
        return place, _decode.decode(content, image_size, channels, **options)

    # Only a dataset can go on after an operation that failed. In a graph, calls that run at a time
    # cancel each other, too, and what was cancelled may be heard before what failed. One more
    # element makes a batch of what is left even if that is nothing.
    count = tf.size(encoded, out_type=tf.int64)
    elements = tf.data.Dataset.from_tensor_slices((tf.range(count), encoded))
    elements = mapped(elements, decoded, num_parallel_calls=_AT_ONCE)
    last = tf.data.Dataset.from_tensors((count, tf.zeros(shape, tf.uint8)))
    elements = elements.ignore_errors().concatenate(last).batch(count + 1)
    places, images = elements.get_single_element()
    places, images = places[:-1, None], images[:-1]
    good = tf.scatter_nd(places, tf.ones_like(places[:, 0]), [count]) > 0
    kinds = _facts.kinds(encoded)
    reasons = tf.where(kinds < 0, NOT_AN_IMAGE, DAMAGED)
    beyond = tf.where(kinds == _facts.BMP, _bmp.beyond(encoded), b"")
    reasons = tf.where(beyond == b"", reasons, beyond)
    images = tf.scatter_nd(places, images, tf.concat([[count], tf.constant(shape, tf.int64)], 0))
    return tf.ensure_shape(images, (None, *shape)), tf.where(good, b"", reasons)


def groups(encoded):
    """Returns which files are small JPEGs or PNGs that say nothing but pixels, and which are not.

    Returns:
        `(small, sizes, others)`: places, int32, and heights and widths of the small ones, int32.
    """
    is_kind = _kinds(encoded)
    for kind, marks in _MARKS.items():
        for mark in marks:
            parts = _parts(encoded, is_kind[kind], mark).indices
            marked = tf.boolean_mask(parts[:, :1], parts[:, 1] == 1)
            count = tf.shape(encoded, out_type=tf.int64)
            is_kind[kind] &= tf.scatter_nd(marked, tf.ones_like(marked[:, 0]), count) == 0
    sizes = _sizes(encoded, *is_kind.values())
    few, places = _are_few(sizes), tf.range(tf.size(encoded))
    return (
        tf.boolean_mask(places, few),
        tf.boolean_mask(sizes, few),
        tf.boolean_mask(places, tf.logical_not(few)),
    )


def _small_jpeg(content):
    """Returns whether a JPEG file of few bytes is of few pixels and says nothing else, its size."""
    shape = tf.io.extract_jpeg_shape(content)
    return _are_few(shape) & _is_unmarked(content, _facts.JPEG), shape[:2]


def _small_png(content):
    """Returns likewise whether a file is a PNG of few bytes and pixels that is opaque."""
    is_small = _facts.are_opaque_pngs(content)
    is_small &= tf.strings.length(content) <= _MOST_BYTES[_facts.PNG]
    content = tf.where(is_small, content, bytes(24))
    size = _png_sizes(content[None])[0]
    return _are_few(size) & _is_unmarked(content, _facts.PNG), size


def _is_unmarked(content, kind):
    """Returns whether a file has no mark of something else than pixels."""
    found = [
        tf.raw_ops.StringSplitV2(input=content[None], sep=mark, maxsplit=1).shape[1] < 2
        for mark in _MARKS[kind]
    ]
    return functools.reduce(tf.logical_and, found)


def _are_small(encoded, image_size):
    """Returns whether all are small files, and all of the size that is wanted; and their sizes.

    Most requests are of small files alone: to say so takes fewer operations than to sort them.
    """
    is_kind = _kinds(encoded)
    sizes = tf.cond(
        tf.reduce_all(is_kind[_facts.JPEG] | is_kind[_facts.PNG]),
        lambda: _bytes.apart(_all_sizes, _FILES, _FLAGS, _FLAGS)(encoded, *is_kind.values()),
        lambda: tf.constant([[0, 0]]),
    )
    same = tf.reduce_all(sizes == image_size)
    return tf.reduce_all(_are_few(sizes)), same, sizes


def _all_sizes(encoded, is_jpeg, is_png):
    """Returns `_sizes`, zeros if some file has a mark of something else."""
    is_kind = {_facts.JPEG: is_jpeg, _facts.PNG: is_png}
    sizes = _unmarked(encoded, is_kind, _facts.JPEG, _sizes(encoded, is_jpeg, is_png))
    return _unmarked(encoded, is_kind, _facts.PNG, sizes)


def _unmarked(encoded, is_kind, kind, sizes):
    """Returns sizes, zeros if some file of a kind has a mark of something else than pixels."""
    for mark in _MARKS[kind]:
        marked = _parts(encoded, is_kind[kind], mark).shape[1] > 1
        sizes = tf.where(marked, 0, sizes)
    return sizes


def _kinds(encoded):
    """Returns which files are of few bytes, whole, and JPEGs or opaque PNGs: a dictionary."""
    length = tf.strings.length(encoded)
    ends = _ends(encoded)
    return {
        _facts.JPEG: _is_jpeg(ends) & (length <= _MOST_BYTES[_facts.JPEG]),
        _facts.PNG: tf.strings.regex_full_match(ends, _PNG) & (length <= _MOST_BYTES[_facts.PNG]),
    }


def _seem_whole(encoded):
    """Returns which files begin and end as JPEGs, PNGs or GIFs do."""
    ends = _ends(encoded)
    return _is_jpeg(ends) | tf.strings.regex_full_match(ends, _WHOLE)


def _ends(encoded):
    """Returns the first 26 bytes and the last 12 of each file, and two zeros between them."""
    start = tf.maximum(tf.strings.length(encoded) - 12, 0)
    end = tf.strings.substr(encoded, start, tf.fill(tf.shape(start), 12))
    return tf.strings.join([tf.strings.substr(encoded, 0, 26), b"\0\0", end])


def _is_jpeg(ends):
    # A regular expression of TensorFlow's knows no byte above 127.
    begins = tf.strings.substr(ends, 0, 2) == _facts.JPEG_BEGINS[:2]
    return begins & (tf.strings.substr(ends, -2, 2) == _JPEG_ENDS)


def _parts(encoded, own, mark):
    """Splits those files that are `own` at the first mark, if there is one; nothing of others."""
    length = tf.where(own, SMALL * 4, 0)
    searched = tf.strings.substr(encoded, tf.zeros_like(length), length)
    return tf.raw_ops.StringSplitV2(input=searched, sep=mark, maxsplit=1)


def _are_few(sizes):
    """Returns which sizes are those of an image of few pixels that is not too long.

    Args:
        sizes: `(..., 2)` int32, heights and widths; or `(..., 3)` with channels, not four inks.
    """
    # Below 1 there is none: it becomes a large number.
    most = [_LONGEST_SIDE, _LONGEST_SIDE, 3][: sizes.shape[-1]]
    fits = tf.reduce_all(tf.cast(sizes - 1, tf.uint32) < tf.constant(most, tf.uint32), axis=-1)
    return fits & (tf.reduce_prod(sizes[..., :2], axis=-1) <= SMALL)


def _sizes(encoded, is_jpeg, is_png):
    """Returns heights and widths of JPEGs and PNGs, int32 `(n, 2)`, of another file zeros."""
    count = tf.size(encoded)
    files = tf.where(is_jpeg, encoded, _EMPTY_JPEG)
    rest = tf.fill([-count % _HEADERS], _EMPTY_JPEG)
    shapes = tf.map_fn(
        lambda turn: tf.stack([tf.io.extract_jpeg_shape(one) for one in tf.unstack(turn)]),
        tf.reshape(tf.concat([files, rest], axis=0), (-1, _HEADERS)),
        fn_output_signature=tf.TensorSpec((_HEADERS, 3), tf.int32),
    )
    shapes = tf.reshape(shapes, (-1, 3))[:count]
    jpegs = tf.where(shapes[:, 2:] == 4, SMALL, shapes[:, :2])  # four inks take a longer way
    pngs = _png_sizes(tf.where(is_png, encoded, bytes(24)))
    return tf.where(is_jpeg[:, None], jpegs, pngs)


def _png_sizes(encoded):
    sizes = tf.io.decode_raw(tf.strings.substr(encoded, 16, 8), tf.int32, little_endian=False)
    return tf.reshape(sizes, (-1, 2))[:, ::-1]


def _pixels(content):
    """Decodes a small JPEG or PNG file, whole: uint8 `(1, height, width, 3)`."""
    # The operation reads both kinds.
    return tf.io.decode_jpeg(content, 3, dct_method="INTEGER_ACCURATE")[None]


def _small(content, scale, shift, *, image_size):
    """Decodes a small JPEG or PNG file, and resizes it: float32 `(1, height, width, 3)`."""
    return tf.raw_ops.ScaleAndTranslate(
        images=_pixels(content),
        size=image_size,
        scale=scale,
        translation=shift,
        kernel_type="triangle",
        antialias=True,
    )


def _fitting(images, channels):
    """Returns images that have the size that is wanted with as many channels: uint8."""
    return images if channels == 3 else _decode.bytes_of(tf.cast(images, tf.float32), channels)


def _in_turns(function, values, spec, of_turn):
    """`tf.map_fn` of a function of several values, which takes `_TURN` elements in a turn.

    Args:
        function: a function of one element of each of the values, which gives `(1, ...)`.
        values: a list of tensors of the same length.
        spec: a `tf.TensorSpec` of the result for one element.
        of_turn: a function of the results of a turn, which have an axis for images.
    """
    whole = tf.size(values[0]) // _TURN * _TURN

    def turn(elements):
        rows = zip(*(tf.unstack(value) for value in elements), strict=True)
        return of_turn(tf.concat([function(*row) for row in rows], axis=0))

    def mapped(values, count):
        values = [tf.reshape(value, (-1, count, *value.shape[1:])) for value in values]
        signature = tf.TensorSpec((count, *spec.shape), spec.dtype)
        results = tf.map_fn(turn, values, fn_output_signature=signature)
        return tf.reshape(results, (-1, *spec.shape))

    turns = mapped([value[:whole] for value in values], _TURN)
    return tf.concat([turns, mapped([value[whole:] for value in values], 1)], axis=0)
