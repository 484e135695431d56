"""Ops that cut out a window, and give it the size that is wanted."""

from collections.abc import Sequence

from keras import ops

from keras_cv_extras._base import checks, engine, random
from keras_cv_extras._base.exact import quotient
from keras_cv_extras._base.images.batches import check_axes
from keras_cv_extras._base.images.boxes import draw_box, try_box
from keras_cv_extras._base.images.fill import Fill
from keras_cv_extras._base.images.fixed import between, key_of, round_half_up, times
from keras_cv_extras._base.types import Color, Images, Interval, Numbers, Tensor
from keras_cv_extras.augment._image_op import image_op
from keras_cv_extras.augment._op import Range
from keras_cv_extras.augment.geometric._geometry import translate
from keras_cv_extras.augment.geometric._resize import place_box, resize_box


def _positive_pair(name, value):
    low, high = checks.interval(name, value)
    if not 0 < low <= high:
        raise ValueError(f"{name} must be two numbers above 0, the smaller first, received {value}")
    return low, high


def _tries(name, value):
    return checks.integer(name, value, minimum=0)


@image_op(strength=Range(0.0, 0.25, unit="shorter"), pixels="moved")
def padded_crop(
    image: Tensor,
    padding: Numbers,
    x: Numbers = 0.5,
    y: Numbers = 0.5,
    *,
    fill_mode: str = "constant",
    fill: Color = 0,
) -> Tensor:
    """Pads images on all sides and cuts out a window of the original size.

    Args:
        padding: pixels on each side, rounded to a whole number; a number, or one per image.
            0 is the identity.
        x: where the window lies between leftmost (0) and rightmost (just below 1); a number,
            or one per image. 0.5 is the middle.
        y: likewise, between top and bottom.
        fill_mode: the padding: "constant" (`fill`), "mean" (the image's mean colour),
            "noise", or the image continued by "reflect", "nearest" or "wrap".
        fill: the value of constant padding, in [0, 255]; a number, or one per channel.

    References:
        The usual training crop for small images, as in
        [ResNet](https://arxiv.org/abs/1512.03385) section 4.2: `padding` 4 at 32 x 32. Policies
        draw the position uniformly, for every image.

    Example:
        >>> cropped = padded_crop(images, 4, x=0.0, y=1.0)
    """
    padding = ops.cast(ops.floor(padding + 0.5), "int32")
    filling = Fill(fill_mode, fill, key_of(x, y))
    return translate(image, _offset(padding, x), _offset(padding, y), filling)


def _offset(padding, position):
    """A whole number in [-padding, padding], each for an equal share of positions in [0, 1)."""
    choices = ops.cast(2 * padding + 1, "float32")
    return ops.cast(ops.floor(position * choices), "int32") - padding


@image_op(pixels="moved", listed=False)
def random_crop(
    image: Tensor, x: Numbers = 0.5, y: Numbers = 0.5, *, size: Sequence[int] | None = None
) -> Tensor:
    """Cuts out a window of a given size, from another place of every image.

    Args:
        x: where the window lies between leftmost (0) and rightmost (just below 1); a number,
            or one per image. 0.5 is the middle.
        y: likewise, between top and bottom.

    Raises:
        ValueError: if the images are smaller than `size`.

    Example:
        >>> cropped = random_crop(images, x=0.1, y=0.9, size=(24, 24))
    """
    height, width, channels = ops.shape(image)
    rows, columns = (height, width) if size is None else size
    check_fits(image, rows, columns)
    top, left = _start(height - rows, y), _start(width - columns, x)
    flat = ops.reshape(image, (height, width * channels))
    flat = engine.window(flat, (top, left * channels), (rows, columns * channels))
    return ops.reshape(flat, (rows, columns, channels))


def _start(room, position):
    return ops.cast(ops.floor(position * ops.cast(room + 1, "float32")), "int32")


def check_fits(images, rows, columns):
    """Raises if images of a known size are smaller than a window."""
    height, width = images.shape[-3:-1]
    if (height is not None and height < rows) or (width is not None and width < columns):
        raise ValueError(
            f"size must be within the images' {height} x {width} pixels, received "
            f"{(rows, columns)}: pad or resize the images first"
        )


def center_crop(images: Images, size: Sequence[int] | None) -> Tensor:
    """Cuts the middle out of images.

    Args:
        images: `(height, width, channels)` or `(batch, height, width, channels)`.
        size: `(height, width)` of the result, or one number for both.

    Returns:
        Images of the same type and of that size. Of an odd pixel too many, the one below or to
        the right is left out.

    Raises:
        ValueError: if the images have other axes, or are smaller than `size`.

    Example:
        >>> center_crop(images, 24).shape
        TensorShape([96, 24, 24, 3])
    """
    rows, columns = checks.sizes("size", size, 2)
    images = ops.convert_to_tensor(images)
    check_axes(images)
    check_fits(images, rows, columns)
    height, width = ops.shape(images)[-3:-1]
    top, left = (height - rows) // 2, (width - columns) // 2
    return images[..., top : top + rows, left : left + columns, :]


@image_op(
    strength=Range(1.0, 0.08, most=1.0, positive=True),
    pixels="moved",
    checks={
        "aspect": _positive_pair,
        "antialias": checks.boolean,
        "largest": checks.fraction,
        "tries": _tries,
    },
)
def random_resized_crop(
    image: Tensor,
    area: Numbers,
    key: Numbers = 0,
    *,
    size: Sequence[int] | None = None,
    aspect: Interval = (3 / 4, 4 / 3),
    interpolation: str = "bilinear",
    antialias: bool = False,
    largest: float = 1.0,
    tries: int = 0,
) -> Tensor:
    """Cuts out a window of random area and aspect ratio, and resizes it.

    The area is drawn uniformly from `area` to `largest`, the aspect ratio on a logarithmic scale
    among those with which the window fits into the image. Other libraries try ten times instead,
    and then take the middle: few windows of nearly the whole image come out of that.

    Args:
        area: the smallest share of the image, in (0, 1]; a number, or one per image. 1 is the
            identity for images of the size and of an aspect ratio within the limits.
        aspect: the limits of width over height, in pixels of the image.
        interpolation: "bilinear" or "nearest".
        antialias: whether bilinear filters grow with the step between pixels, so that nothing
            is skipped where images become smaller. Several times slower.
        largest: the largest share of the image, in [0, 1]; `area` where that is more.
        tries: 0, or how many windows are drawn, of which the first that fits is taken; if none
            does, the largest in the middle. torchvision, timm and Albumentations try ten.

    References:
        [Going deeper with convolutions](https://arxiv.org/abs/1409.4842) section 6: areas of
        8 % to 100 %, ratios of 3/4 to 4/3.

    Example:
        >>> random_resized_crop(images, 0.5, key=np.arange(len(images)), size=(24, 24)).shape
        TensorShape([96, 24, 24, 3])
    """
    height, width = ops.shape(image)[:2]
    largest = ops.maximum(area, largest)
    if tries:
        draws = random.of_key(key, 2 + 2 * tries)
        areas = between(area, largest, draws[2 + tries :])
        box = try_box(height, width, areas, aspect, draws[: 2 + tries])
    else:
        draws = random.of_key(key, 4)
        box = draw_box(height, width, between(area, largest, draws[0]), aspect, draws[1:])
    return resize_box(image, box, size or (height, width), interpolation, antialias)


@image_op(
    strength=Range(0.0, 1.0, least=0.0, most=1.0), pixels="moved", checks={"scale": _positive_pair}
)
def jittered_resize(
    image: Tensor,
    amount: Numbers,
    key: Numbers = 0,
    *,
    size: Sequence[int] | None = None,
    scale: Interval = (0.8, 1.25),
    interpolation: str = "bilinear",
    fill_mode: str = "constant",
    fill: Color = 0,
) -> Tensor:
    """Resizes images by a random factor, without distortion, and cuts or fills them to a size.

    At a factor of 1 an image just fits into the result. Where it is larger, a random window of
    it is cut out; where it is smaller, it lies at a random place.

    Args:
        amount: the share of `scale` that may be drawn, in [0, 1]; a number, or one per image.
            0 is the identity for images of the size.
        scale: the smallest and largest factor at an amount of 1.
        interpolation: "bilinear" or "nearest".

    References:
        `JitteredResize` of KerasCV, which puts small images in the top left corner.

    Example:
        >>> resized = jittered_resize(images, 1.0, key=np.arange(len(images)), size=(24, 24))
    """
    height, width = ops.shape(image)[:2]
    rows, columns = size or (height, width)
    draws = random.of_key(key, 3)
    high, wide, down, right = (ops.cast(n, "float32") for n in (height, width, rows, columns))
    factor = 1.0 + times(amount, between(scale[0], scale[1], draws[0]) - 1.0)
    fit = ops.minimum(quotient(down, high), quotient(right, wide))
    inner = [
        ops.maximum(round_half_up(times(times(side, fit), factor)), 1) for side in (high, wide)
    ]
    places = [
        ops.cast(ops.floor(draws[axis] * ops.cast(ops.abs(room) + 1, "float32")), "int32")
        * ops.sign(room)
        for axis, room in ((1, rows - inner[0]), (2, columns - inner[1]))
    ]
    filling = Fill(fill_mode, fill, key)
    return place_box(image, (*places, *inner), (rows, columns), filling, interpolation)
