"""Views of images for testing: a batch in, several crops of every image out.

All take `(batch, height, width, channels)` of a known size and return `(batch, views, ...)`, in
an order that does not change. Crops are cut where torchvision cuts them.
"""

from collections.abc import Sequence

from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import Images, Sizes, Tensor


def center_crop(images: Images, size: Sizes) -> Tensor:
    """Cuts out the middle.

    Args:
        images: `(batch, height, width, channels)`, of a known size.
        size: `(height, width)` of the crop, or one number for both, in pixels.

    Returns:
        `(batch, 1, *size, channels)`, of the same type.

    Raises:
        ValueError: if the images are smaller than the crop.

    Example:
        >>> tuple(center_crop(images, 24).shape)
        (96, 1, 24, 24, 3)
    """
    images, (height, width), (tall, wide) = _check(images, size)
    top, left = int(round((height - tall) / 2)), int(round((width - wide) / 2))
    return _cut(images, [(top, left)], (tall, wide))


def five_crop(images: Images, size: Sizes) -> Tensor:
    """Cuts out the four corners and the middle.

    Args:
        images: `(batch, height, width, channels)`, of a known size.
        size: `(height, width)` of the crops, or one number for both, in pixels.

    Returns:
        `(batch, 5, *size, channels)`, of the same type: upper left, upper right, lower left,
        lower right, middle.

    Raises:
        ValueError: if the images are smaller than the crop.

    Example:
        >>> tuple(five_crop(images, (24, 16)).shape)
        (96, 5, 24, 16, 3)
    """
    images, (height, width), (tall, wide) = _check(images, size)
    bottom, right = height - tall, width - wide
    middle = int(round(bottom / 2)), int(round(right / 2))
    corners = [(0, 0), (0, right), (bottom, 0), (bottom, right)]
    return _cut(images, [*corners, middle], (tall, wide))


def ten_crop(images: Images, size: Sizes) -> Tensor:
    """Cuts out the four corners and the middle, and mirrors them.

    Args:
        images: `(batch, height, width, channels)`, of a known size.
        size: `(height, width)` of the crops, or one number for both, in pixels.

    Returns:
        `(batch, 10, *size, channels)`, of the same type: the crops of `five_crop`, and the same
        from the mirrored image.

    Raises:
        ValueError: if the images are smaller than the crop.

    References:
        [AlexNet](https://papers.nips.cc/paper/4824), section 4.1.

    Example:
        >>> tuple(ten_crop(images, 24).shape)
        (96, 10, 24, 24, 3)
    """
    images = ops.convert_to_tensor(images)
    return ops.concatenate([five_crop(images, size), five_crop(_mirror(images), size)], axis=1)


def flip_views(images: Images, size: Sizes | None = None) -> Tensor:
    """Gives images and their mirror images, the middle of both if a size is given.

    Args:
        images: `(batch, height, width, channels)`, of a known size.
        size: None for whole images, or `(height, width)` of the crop, or one number for both.

    Returns:
        `(batch, 2, *size, channels)`, of the same type.

    Raises:
        ValueError: if the images are smaller than the crop.

    Example:
        >>> tuple(flip_views(images).shape)
        (96, 2, 32, 32, 3)
    """
    images = ops.convert_to_tensor(images)
    views = center_crop(images, images.shape[1:3] if size is None else size)
    return ops.concatenate([views, _mirror(views)], axis=1)


def multi_scale_crops(images: Images, size: Sizes, scales: Sequence[int]) -> Tensor:
    """Cuts the middle out of images of several sizes, and mirrors it.

    Args:
        images: `(batch, height, width, channels)`, of a known size.
        size: `(height, width)` of the crops, or one number for both, in pixels.
        scales: to which lengths the shorter side is brought, in pixels; bilinear, antialiased.

    Returns:
        float32 `(batch, 2 * scales, *size, channels)`.

    Raises:
        ValueError: if a scale is smaller than the crop.

    Example:
        >>> tuple(multi_scale_crops(images, 24, scales=(28, 32)).shape)
        (96, 4, 24, 24, 3)
    """
    views = [flip_views(_scaled(images, scale, size), size) for scale in _scales(scales)]
    return ops.concatenate(views, axis=1)


def inception_crops(
    images: Images, size: Sizes, scales: Sequence[int] = (256, 288, 320, 352)
) -> Tensor:
    """Cuts out the crops of GoogLeNet: 144 for four scales.

    At every scale three squares, left, middle and right, or upper, middle and lower; of each
    square the four corners, the middle, and the whole brought to the size of the crop; of each of
    those the mirror image.

    Args:
        images: `(batch, height, width, channels)`, of a known size.
        size: the side of the square crops in pixels; 224 in the paper.
        scales: to which lengths the shorter side is brought, in pixels; bilinear, antialiased.

    Returns:
        float32 `(batch, scales * 3 * 6 * 2, size, size, channels)`.

    Raises:
        ValueError: if a scale is smaller than the crop.

    References:
        [Going deeper with convolutions](https://arxiv.org/abs/1409.4842), section 7.

    Example:
        >>> tuple(inception_crops(images, 24, scales=(28,)).shape)
        (96, 36, 24, 24, 3)
    """
    size = checks.sizes("size", size, 2)
    views = []
    for scale in _scales(scales):
        scaled = _scaled(images, scale, size)
        height, width = scaled.shape[1:3]
        starts = [((height - scale) * i // 2, (width - scale) * i // 2) for i in range(3)]
        squares = _cut(scaled, starts, (scale, scale))
        for number in range(3):
            square = squares[:, number]
            whole = ops.image.resize(square, size, antialias=True)[:, None]
            crops = ops.concatenate([five_crop(square, size), whole], axis=1)
            views += [crops, _mirror(crops)]
    return ops.concatenate(views, axis=1)


def _check(images, size):
    """Returns images, their size, and the size of the crop, which must fit."""
    images = ops.convert_to_tensor(images)
    if len(images.shape) != 4 or None in tuple(images.shape[1:]):
        raise ValueError(
            "images must have shape (batch, height, width, channels), of a known size, received "
            f"shape {tuple(images.shape)}"
        )
    size, own = (
        checks.sizes("size", tuple(size) if hasattr(size, "__len__") else size, 2),
        (
            images.shape[1],
            images.shape[2],
        ),
    )
    check_fits(own, size)
    return images, own, size


def check_fits(own, size):
    """Raises if images of one `(height, width)` are smaller than crops of another."""
    if own[0] < size[0] or own[1] < size[1]:
        raise ValueError(
            f"images of {own[0]} x {own[1]} pixels are smaller than the crop of {size[0]} x "
            f"{size[1]}: resize them first, or give a smaller size"
        )


def _scales(scales):
    scales = [checks.integer("a scale", scale, minimum=1) for scale in scales]
    if not scales:
        raise ValueError("scales must hold at least one number, received none")
    return scales


def check_scale(scale, size):
    """Raises if images whose shorter side has a length may be smaller than a crop."""
    if scale < max(size):
        raise ValueError(
            f"a scale must be at least as large as the crop of {size[0]} x {size[1]} pixels, "
            f"received {scale}"
        )


def _scaled(images, scale, size):
    """Brings the shorter side of images to a length, in float32."""
    size = checks.sizes("size", size, 2)
    check_scale(scale, size)
    images, (height, width), _ = _check(images, 1)
    shorter = min(height, width)
    new = (round(height * scale / shorter), round(width * scale / shorter))
    images = ops.cast(images, "float32")
    return images if new == (height, width) else ops.image.resize(images, new, antialias=True)


def _cut(images, starts, size):
    tall, wide = size
    cuts = [images[:, top : top + tall, left : left + wide] for top, left in starts]
    return ops.stack(cuts, axis=1)


def _mirror(images):
    return ops.flip(images, axis=-2)
