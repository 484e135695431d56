"""Where the pixels of an image go, and which of them are needed: computed from its size alone."""

import tensorflow as tf

from keras_cv_extras._base.types import Tensor
from keras_cv_extras.data.files import _decode
from keras_cv_extras.data.files.decoder import _exif, _facts


def plan(
    facts: Tensor, image_size: tuple[int, int], resize: str, jpeg: str
) -> tuple[Tensor, Tensor]:
    """Plans how images get to a size, for one image or many.

    Args:
        facts: `(..., 4)` int32, as `facts` returns them.
        image_size: `(height, width)` of the results.
        resize: "crop", "pad" or "stretch", as in `data.load`.
        jpeg: "whole" or "reduced", as in `data.load`.

    Returns:
        `(numbers, floats)`: int32 `(..., 9)`, the facts, how often a JPEG is halved while it is
        decoded, and the part of it that is decoded then: first row, first column, height, width;
        and float32 `(..., 4)`: rows and columns of that part have each a scale and a shift, what
        is at x goes to `scale * x + shift`. Scales are first.
    """
    facts = tf.convert_to_tensor(facts)
    stored, orientation = tf.cast(facts[..., 1:3], tf.float64), facts[..., 3]
    swapped = _exif.is_transposed(orientation)[..., None]
    wanted = tf.constant(image_size, tf.float64)
    size = tf.where(swapped, tf.reverse(stored, [-1]), stored)
    scale, shift = _upright(size, wanted, resize)
    shift = tf.where(_exif.flips(orientation), wanted - size * scale - shift, shift)
    scale, shift, wanted = (
        tf.where(swapped, tf.reverse(pair, [-1]), pair) for pair in (scale, shift, wanted)
    )
    is_jpeg = facts[..., :1] == _facts.JPEG
    step = tf.zeros_like(facts[..., :1])
    size = stored
    if jpeg == "reduced":
        step = _steps(scale) * tf.cast(is_jpeg, tf.int32)
        ratio = tf.gather(tf.constant(_decode.RATIOS, tf.float64), step)
        scale, size = scale * ratio, tf.math.ceil(stored / ratio)
    start, end = _seen(scale, shift, wanted, size)
    start, end = tf.where(is_jpeg, start, 0), tf.where(is_jpeg, end, size)
    shift += scale * start
    window = tf.cast(tf.concat([start, end - start], -1), tf.int32)
    numbers = tf.concat([facts, step, window], -1)
    return numbers, tf.cast(tf.concat([scale, shift], -1), tf.float32)


def plan_simple(size, image_size, resize, jpeg, kind):
    """Plans likewise for one JPEG or PNG file that is upright, in few operations.

    Args:
        size: `(2,)` int64, height and width.
        image_size: `(height, width)` of the result.
        resize: as in `plan`.
        jpeg: as in `plan`.
        kind: `_facts.JPEG` or `_facts.PNG`.

    Returns:
        `(step, window, scale, shift)`: what `plan` returns in one row each; the step is None
        where no file is halved, and the window of a PNG is None.
    """
    step = window = None
    size, wanted = tf.cast(size, tf.float64), tf.constant(image_size, tf.float64)
    scale, shift = _upright(size, wanted, resize)
    if kind == _facts.JPEG:
        if jpeg == "reduced":
            step = _steps(scale)[0]
            ratio = tf.gather(tf.constant(_decode.RATIOS, tf.float64), step)
            scale, size = scale * ratio, tf.math.ceil(size / ratio)
        start, end = _seen(scale, shift, wanted, size)
        shift += scale * start
        window = tf.cast(tf.concat([start, end - start], 0), tf.int32)
    return step, window, tf.cast(scale, tf.float32), tf.cast(shift, tf.float32)


def plan_whole(size, image_size, resize):
    """Plans likewise for files that are upright and decoded whole, one or many.

    Args:
        size: `(..., 2)`, heights and widths.
        image_size: `(height, width)` of the results.
        resize: as in `plan`.

    Returns:
        `(scale, shift)`: what `plan` returns in one row each, of the whole image.
    """
    scale, shift = _upright(tf.cast(size, tf.float64), tf.constant(image_size, tf.float64), resize)
    return tf.cast(scale, tf.float32), tf.cast(shift, tf.float32)


def _steps(scale):
    """Returns how often JPEGs may be halved, `(..., 1)` int32."""
    factor = tf.reduce_min(1 / scale, axis=-1, keepdims=True)
    enough = factor >= tf.constant(_decode.REDUCED_FROM, tf.float64)
    return tf.reduce_sum(tf.cast(enough, tf.int32), axis=-1, keepdims=True)


def _seen(scale, shift, wanted, size):
    """Returns where the part begins and ends, for rows and columns, that a result depends on."""
    # A pixel sees others one step of the result away. Where the decoder cuts, two more are not
    # what they are in the whole image, since colours are stored at half the resolution.
    margin = tf.math.ceil(tf.maximum(1 / scale, 1.0)) + 2
    start = tf.maximum(tf.floor(-shift / scale - margin), 0)
    return start, tf.minimum(tf.math.ceil((wanted - shift) / scale + margin), size)


def plan_box(
    facts: Tensor, box: Tensor, image_size: tuple[int, int], jpeg: str
) -> tuple[Tensor, Tensor]:
    """Plans how boxes of images get to a size; what lies around them has no influence.

    Args:
        facts: `(..., 4)` int32, as `facts` returns them.
        box: `(..., 4)` int32: first row, first column, height and width, of the upright image.
        image_size: `(height, width)` of the results.
        jpeg: "whole" or "reduced", as in `data.load`.

    Returns:
        `(numbers, floats)` as those of `plan`, with four more numbers: the part of what is decoded
        that the box is, as first row, first column, height and width.
    """
    stored, orientation = facts[..., 1:3], facts[..., 3]
    swapped = _exif.is_transposed(orientation)[..., None]
    turned = tf.where(swapped, tf.reverse(stored, [-1]), stored)
    start, length = box[..., :2], box[..., 2:]
    start = tf.where(_exif.flips(orientation), turned - start - length, start)
    start, length, wanted = (
        tf.where(swapped, tf.reverse(pair, [-1]), pair)
        for pair in (start, length, tf.constant(image_size))
    )
    step, is_jpeg = tf.zeros_like(facts[..., :1]), facts[..., :1] == _facts.JPEG
    if jpeg == "reduced":
        factor = tf.reduce_min(length / wanted, axis=-1, keepdims=True)
        enough = factor >= tf.constant(_decode.REDUCED_FROM, tf.float64)
        step = tf.reduce_sum(tf.cast(enough & is_jpeg, tf.int32), axis=-1, keepdims=True)
    ratio = tf.gather(tf.constant(_decode.RATIOS), step)
    size, first, end = -(-stored // ratio), start // ratio, -(-(start + length) // ratio)
    end = tf.minimum(end, size)
    # As above: where the decoder cuts, two pixels are not what they are in the whole image.
    top = tf.where(is_jpeg, tf.maximum(first - 2, 0), 0)
    window = top, tf.where(is_jpeg, tf.minimum(end + 2, size), size) - top
    scale = wanted * ratio / length
    shift = tf.cast(first, tf.float64) * scale - start * wanted / length
    numbers = tf.concat([facts, step, *window, first - top, end - first], -1)
    return numbers, tf.cast(tf.concat([scale, shift], -1), tf.float32)


def _upright(size, wanted, resize):
    """Returns scale and shift of images `(..., 2)` as they are seen."""
    if resize == "crop":
        scale = tf.reduce_max(wanted / size, axis=-1, keepdims=True) * tf.ones(2, tf.float64)
        return scale, (wanted - size * scale) / 2
    if resize == "stretch":
        return wanted / size, tf.zeros_like(size)
    # The image gets whole pixels, and so do its borders: as Pillow computes them.
    height, width = size[..., 0], size[..., 1]
    ratio, other = width / height, wanted[1] / wanted[0]
    rows = tf.where(ratio > other, tf.round(height / width * wanted[1]), wanted[0])
    columns = tf.where(ratio < other, tf.round(width / height * wanted[0]), wanted[1])
    inside = tf.maximum(tf.stack([rows, columns], axis=-1), 1.0)
    return inside / size, tf.round((wanted - inside) / 2)
