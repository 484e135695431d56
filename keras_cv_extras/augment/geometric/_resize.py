"""Resizing: of whole images by stretching, cutting or padding, and of boxes in them."""

from collections.abc import Sequence

from keras import backend, ops

from keras_cv_extras._base import checks, engine
from keras_cv_extras._base.exact import quotient
from keras_cv_extras._base.images.fill import Fill
from keras_cv_extras._base.images.fixed import HALF, ONE
from keras_cv_extras._base.images.sampling import lookup_grid
from keras_cv_extras._base.types import Color, Tensor
from keras_cv_extras.augment._image_op import image_op

_MODES = ("stretch", "crop", "pad")
_SHARE = 1 << 15  # antialiasing: the unit of weights; times a value of 8 bits they are exact


@image_op(
    pixels="moved",
    listed=False,
    checks={"mode": checks.choice(*_MODES), "antialias": checks.boolean},
)
def resize(
    image: Tensor,
    *,
    size: Sequence[int] | None = None,
    mode: str = "stretch",
    interpolation: str = "bilinear",
    antialias: bool = False,
    fill: Color = 0,
) -> Tensor:
    """Gives images another size.

    Args:
        mode: "stretch" (the whole image), "crop" (of the image's middle as much as has the
            wanted aspect ratio) or "pad" (the whole image in the middle, with bars of `fill`
            at two sides).
        interpolation: "bilinear" or "nearest".
        antialias: whether bilinear filters grow with the step between pixels, so that nothing
            is skipped where images become smaller. Several times slower.
        fill: the value of the bars, in [0, 255]; a number, or one per channel.

    References:
        "nearest": Pillow's `Image.resize`; of a position exactly between two pixels, this takes
        the second, and Pillow either. "bilinear": `tf.image.resize`, rounded; antialiased
        Pillow's, to within 1 of 255.

    Example:
        >>> resize(images, size=(20, 30), mode="crop").shape
        TensorShape([96, 20, 30, 3])
    """
    height, width = ops.shape(image)[:2]
    rows, columns = size or (height, width)
    if mode == "pad":
        inner = [ops.maximum(side, 1) for side in _fitted((height, width), (rows, columns))]
        top, left = (rows - inner[0]) // 2, (columns - inner[1]) // 2
        box = (top, left, *inner)
        filling = Fill("constant", fill)
        return place_box(image, box, (rows, columns), filling, interpolation, antialias)
    box = (0, 0, height, width)
    if mode == "crop":
        inner = [ops.maximum(side, 1) for side in _fitted((rows, columns), (height, width))]
        box = ((height - inner[0]) // 2, (width - inner[1]) // 2, *inner)
    return resize_box(image, box, (rows, columns), interpolation, antialias)


def _fitted(shape, frame):
    """The largest whole size of a shape's aspect ratio in a frame, both (height, width)."""
    (height, width), (rows, columns) = shape, frame
    return (
        ops.minimum(rows, (2 * columns * height + width) // (2 * width)),
        ops.minimum(columns, (2 * rows * width + height) // (2 * height)),
    )


def resize_box(image, box, size, interpolation, antialias=False):
    """Returns a box of an image, resized; what lies around it has no influence.

    Args:
        image: `(height, width, channels)`.
        box: `(top, left, height, width)` in whole pixels.
        size: `(rows, columns)` of the result.
        interpolation: "nearest" or "bilinear".
        antialias: whether bilinear filters grow with the step between pixels.
    """
    top, left, height, width = box
    rows, columns = size
    y, x = _centres(rows, height, rows, 0), _centres(columns, width, columns, 0)
    if antialias and interpolation == "bilinear":
        return _filtered(image, (y, top, height, rows), (x, left, width, columns))
    y, x = (_within(place, side) for place, side in ((y, height), (x, width)))
    fill = Fill("nearest", None)
    return lookup_grid(image, x + left * ONE, y + top * ONE, fill, interpolation)


def place_box(image, box, size, fill, interpolation, antialias=False):
    """Returns a picture of a size, with a whole image resized to a box of it.

    Args:
        image: `(height, width, channels)`.
        box: `(top, left, height, width)` in whole pixels of the result, within it or not.
        size: `(rows, columns)` of the result.
        fill: what is shown beside the box.
        interpolation: "nearest" or "bilinear".
        antialias: whether bilinear filters grow with the step between pixels.
    """
    height, width = ops.shape(image)[:2]
    axes = []
    for count, start, inner, side in zip(size, box[:2], box[2:], (height, width), strict=True):
        place = ops.arange(count, dtype="int32")
        inside = (place >= start) & (place < start + inner)
        position = _within(_centres(count, side, inner, start), side)
        axes.append(ops.where(inside, position, -2 * ONE))
    if antialias and interpolation == "bilinear":
        image = _filtered(image, (axes[0], 0, height, box[2]), (axes[1], 0, width, box[3]))
        axes = [
            ops.where(axis < 0, axis, ops.arange(count, dtype="int32") * ONE + HALF)
            for axis, count in zip(axes, size, strict=True)
        ]
    return lookup_grid(image, axes[1], axes[0], fill, interpolation)


def _centres(count, side, inner, start):
    """Where the centres of pixels lie, when `side` pixels become `inner` that begin at `start`.

    Quotients of whole numbers round alike everywhere.
    """
    place = (2 * (ops.arange(count, dtype="int32") - start) + 1) * side
    centre = quotient(ops.cast(place, "float32"), ops.cast(2 * inner, "float32"))
    return ops.cast(ops.floor(ops.clip(centre, -16384.0, 16384.0) * ONE), "int32")


def _within(position, side):
    """Positions no further out than the centres of the first and the last pixel."""
    return ops.clip(position, HALF, side * ONE - HALF)


def _filtered(image, vertical, horizontal):
    """Resizes by triangular filters as wide as the step between pixels, rows first."""
    height, width, channels = ops.shape(image)
    whole = not backend.is_float_dtype(backend.standardize_dtype(image.dtype))
    finish = (lambda v: ops.floor(v + 0.5)) if whole else (lambda v: v)
    flat = ops.cast(ops.reshape(image, (height, width * channels)), "float32")
    down = _filters(*vertical, length=height)
    flat = finish(engine.matmul(down, flat) * (1 / _SHARE))
    rows = ops.shape(flat)[0]
    columns_first = ops.transpose(ops.reshape(flat, (rows, width, channels)), (1, 0, 2))
    across = _filters(*horizontal, length=width)
    flat = engine.matmul(across, ops.reshape(columns_first, (width, rows * channels)))
    result = ops.reshape(finish(flat * (1 / _SHARE)), (-1, rows, channels))
    return ops.cast(ops.transpose(result, (1, 0, 2)), image.dtype)


def _filters(position, start, side, count, length):
    """Weights (positions, length) in 1/32768, whole numbers.

    Args:
        position: of the results' centres, from `start`, in 1/65536 pixel.
        start: the first pixel that counts.
        side: how many pixels count.
        count: how many pixels those become.
        length: of the axis.
    """
    reach = ops.maximum(quotient(ops.cast(side, "float32"), ops.cast(count, "float32")), 1.0)
    pixel = ops.arange(length, dtype="int32") - start
    distance = ops.abs((pixel * ONE + HALF)[None, :] - position[:, None])
    weight = ops.maximum(1.0 - quotient(ops.cast(distance, "float32") * (1.0 / ONE), reach), 0.0)
    counts = (pixel >= 0) & (pixel < side)
    weight = ops.where(counts[None, :], ops.floor(weight * 1024 + 0.5), 0.0)
    total = ops.maximum(ops.sum(weight, axis=1, keepdims=True), 1.0)
    return ops.floor(quotient(weight * _SHARE, total) + 0.5)
