"""Image files to uint8 arrays by TensorFlow ops: what `data.files._decode` does with Pillow."""

import functools

import tensorflow as tf

from keras_cv_extras._base.types import Tensor
from keras_cv_extras.data.files import _decode
from keras_cv_extras.data.files.decoder import _bmp, _bytes, _exif, _facts, _gif, _plan, _webp

_ADOBE = b"\xff\xee\0\x0eAdobe"
_LUMA = (0.299, 0.587, 0.114)  # ITU-R 601, as Pillow and JPEG have it


def decode(
    encoded: Tensor,
    image_size: tuple[int, int],
    channels: int,
    *,
    resize: str = "crop",
    jpeg: str = "whole",
    plan: tuple[Tensor, Tensor] | None = None,
    kinds: tuple[int, ...] | None = None,
    all_upright: bool = False,
) -> Tensor:
    """Decodes an image file: upright, first frame, 8 bits, without transparency, of one size.

    Args:
        encoded: a string, the bytes of a JPEG, PNG, BMP, GIF or WEBP file.
        image_size: `(height, width)` of the result.
        channels: 1 or 3.
        resize: "crop", "pad" or "stretch", as in `data.load`.
        jpeg: "whole" or "reduced", as in `data.load`.
        plan: what `plan` returns of the file, for the same size, `resize` and `jpeg`, where it is
            known beforehand, or `plan_box`; None to read the file's header. A file that is not
            the one that was planned for is an error.
        kinds: which kinds of files are planned for, by their numbers in the facts; None for any.
            A pipeline of a few kinds begins sooner: its graph is prepared anew for every pass.
        all_upright: whether none of the files that are planned for has to be turned.

    Returns:
        A uint8 tensor `(height, width, channels)`.

    Raises:
        tf.errors.InvalidArgumentError: if the file is damaged, none of these, or has more than
            64 million pixels.
    """
    encoded = tf.convert_to_tensor(encoded)
    if plan is not None:
        image = _any(encoded, image_size, channels, jpeg, plan, kinds, all_upright)
        return tf.ensure_shape(image, (*image_size, channels))

    # Most files are upright and opaque: what the others need takes longer than a small picture.
    image = tf.switch_case(
        _facts.simple(encoded),
        [
            lambda: _of_any_kind(tuple(image_size), channels, resize, jpeg)(encoded),
            lambda: _simple(encoded, _facts.JPEG, image_size, channels, resize, jpeg),
            lambda: _simple(encoded, _facts.PNG, image_size, channels, resize, jpeg),
        ],
    )
    return tf.ensure_shape(image, (*image_size, channels))


@functools.lru_cache(maxsize=16)
def _of_any_kind(image_size, channels, resize, jpeg):
    """Returns a function of a file, traced once for all graphs: it is thousands of nodes."""

    def any_kind(content):
        planned = _plan.plan(_facts.facts(content), image_size, resize, jpeg)
        return _any(content, image_size, channels, jpeg, planned, known=False)

    return _bytes.apart(any_kind)


def _simple(content, kind, image_size, channels, resize, jpeg):
    """Decodes a JPEG or PNG file that is upright and opaque."""
    content, size = _facts.simple_size(content, kind)
    step, window, scale, shift = _plan.plan_simple(size, image_size, resize, jpeg, kind)
    if kind == _facts.PNG:
        image = tf.io.decode_png(content, 3)
    else:
        image = _jpeg(content, step, window, jpeg == "reduced" and channels == 1)
    return bytes_of(_resized(image, scale, shift, tf.constant(image_size)), channels)


def _any(encoded, image_size, channels, jpeg, plan, kinds=None, all_upright=False, *, known=True):
    """Decodes a file of any kind as it is planned; not `known` if the plan is from its header."""
    numbers, floats = plan
    wanted = tf.constant(image_size)
    if not all_upright:
        wanted = tf.where(_exif.is_transposed(numbers[3]), wanted[::-1], wanted)

    def of(own, read):
        def branch():
            kind = _facts.PNG if own == _facts.CLEAR_PNG else own
            content = _facts.checked(encoded, kind, numbers) if known else encoded
            return _resized(_cut(read(content), numbers), floats[:2], floats[2:], wanted)

        return branch

    may_be_grey = jpeg == "reduced" and channels == 1
    readers = {
        _facts.JPEG: lambda content: _jpeg(
            _facts.few_scans(content, numbers[1:3]),
            numbers[4] if jpeg == "reduced" else None,
            numbers[5:9],
            may_be_grey,
        ),
        _facts.PNG: lambda content: tf.io.decode_png(content, 3),
        _facts.CLEAR_PNG: lambda content: _bytes.over_white(tf.io.decode_png(content, 4)),
        _facts.BMP: _bmp.decode,
        _facts.GIF: _gif.decode,
        _facts.WEBP: _webp.decode,
    }
    kinds = tuple(readers) if kinds is None else kinds
    branches = [of(kind, readers[kind]) for kind in kinds]
    # A file of another kind than planned is refused by every branch.
    if len(branches) == 1:
        image = branches[0]()
    else:
        place = tf.argmax(tf.equal(numbers[0], kinds), output_type=tf.int32)
        image = tf.switch_case(place, branches)
    image.set_shape((None, None, 3))
    image = image if all_upright else _exif.upright(image, numbers[3])
    return bytes_of(image, channels)


def bytes_of(image, channels):
    """Returns an image of three channels, float32, rounded to uint8, of as many as are wanted."""
    if channels == 1:
        image = tf.tensordot(image, tf.constant(_LUMA), 1)[..., None]
    return tf.cast(image + 0.5, tf.uint8)  # beyond 0 and 255 by less than that


def fit_pixels(image: Tensor, plan: tuple[Tensor, Tensor], image_size: tuple[int, int]) -> Tensor:
    """Brings an upright image that is decoded to a size.

    Args:
        image: `(height, width, channels)` uint8, channels known.
        plan: of `plan` or `plan_box`, as for a file of any kind but JPEG.
        image_size: `(height, width)` of the result.

    Returns:
        A uint8 tensor `(height, width, channels)`.
    """
    numbers, floats = plan
    channels = image.shape[-1]
    wanted = tf.constant(image_size)
    image = _resized(_cut(image, numbers), floats[:2], floats[2:], wanted)
    image = tf.cast(tf.clip_by_value(image, 0.0, 255.0) + 0.5, tf.uint8)
    return tf.ensure_shape(image, (*image_size, channels))


def _jpeg(content, step, window, may_be_grey):
    """Decodes what is needed of a JPEG file, at the scale that is needed: three channels.

    Args:
        content: a string, the file.
        step: how often it is halved; None for not at all.
        window: first row, first column, height and width.
        may_be_grey: whether a file that has no four inks may be decoded in grey.
    """
    inks = tf.io.extract_jpeg_shape(content)[2] == 4
    content = tf.cond(inks, lambda: _of_adobe(content), lambda: content)

    def at(ratio, channels):
        def branch():
            image = tf.image.decode_and_crop_jpeg(
                content,
                window,
                channels,
                ratio,
                dct_method="INTEGER_ACCURATE",  # the default is off by 1 of 255 on average
            )
            return tf.repeat(image, 3, axis=2) if channels == 1 else image

        return branch

    def by_step(channels):
        if step is None:
            return at(1, channels)()
        return tf.switch_case(step, [at(ratio, channels) for ratio in _decode.RATIOS])

    if not may_be_grey:
        return by_step(3)
    # What has four inks has no grey of its own.
    return tf.cond(inks, lambda: by_step(3), lambda: by_step(1))


@_bytes.apart
def _of_adobe(content):
    """Returns a JPEG file of four inks that says so as Adobe does: Pillow takes each for one."""
    has_mark = _bytes.count(content, _ADOBE) > 0
    marked = tf.strings.join([b"\xff\xd8", _ADOBE, b"\0d" + bytes(5), _bytes.part(content, 2, -1)])
    return tf.where(has_mark, content, marked)


def _cut(image, numbers):
    """Cuts out the box that was planned for, if one was."""
    if numbers.shape[0] == 9:
        return image
    top, left, height, width = tf.unstack(numbers[9:])
    return image[top : top + height, left : left + width]


def _resized(image, scale, shift, wanted):
    """Resizes an image, antialiased: float32.

    Rows are resized, then columns, which after a transposition are rows: the same values as
    `tf.image.resize(antialias=True)` in a third of the time, since rows lie together in memory.
    """
    if image.shape[-1] is None:
        image.set_shape((None, None, 3))
    for own in zip(tf.unstack(scale), tf.unstack(shift), tf.unstack(wanted), strict=True):
        image = tf.transpose(_rows(image, *own), (1, 0, 2))
    return image


def _rows(image, scale, shift, wanted):
    height, width, _ = tf.unstack(tf.shape(image))
    channels = image.shape[2]
    resized = tf.raw_ops.ScaleAndTranslate(
        images=tf.reshape(image, (1, height, 1, width * channels)),
        size=tf.stack([wanted, 1]),
        scale=tf.stack([scale, 1.0]),
        translation=tf.stack([shift, 0.0]),
        kernel_type="triangle",
        antialias=True,
    )
    return tf.reshape(resized, (wanted, width, channels))
