"""Images and labels as the classical estimators take them, checked where they come in."""

import importlib
from typing import Any

import numpy as np

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import ArrayLike

# ITU-R BT.601, as Pillow's "L" and OpenCV's grey have them.
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
COLORS = ("grey", "rgb", "opponent")
_OPPONENT = np.array([[1, -1, 0], [1, 1, -2], [1, 1, 1]], np.float32)
_OPPONENT /= np.sqrt(np.square(_OPPONENT).sum(axis=1, keepdims=True))


class NeedsNoFit:
    """What makes a transformer one that learns nothing, and whose input scikit-learn leaves alone.

    It stands before the transformer's other bases.
    """

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        base: Any = super()  # scikit-learn's, which comes after it
        tags = base.__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.requires_fit = False
        tags.no_validation = True
        return tags


def as_images(images, value_range):
    """Returns images of one size as a checked `(count, height, width, channels)` array.

    Args:
        images: `(count, height, width)` or `(count, height, width, 1 or 3)`, any real dtype, or a
            list of images of one size. Grey ones in a list with colours get three equal channels.
        value_range: `(low, high)`, the values of black and white.

    Returns:
        The array in its own dtype.

    Raises:
        TypeError, ValueError: if the images are not so.
    """
    low, high = checks.rising("value_range", value_range)
    images = plain(images)
    objects = isinstance(images, np.ndarray) and images.dtype.kind == "O"  # an image each
    images = _together(images) if objects or isinstance(images, (list, tuple)) else images
    images = np.asarray(images)
    check_shape(images.shape)
    if images.ndim == 3:
        images = images[..., None]
    if images.dtype.kind not in "uif":
        raise TypeError(f"images must hold real numbers, received dtype {images.dtype}")
    least, most = images.min(), images.max()
    if not np.isfinite(least) or not np.isfinite(most):
        raise ValueError("images must be finite, received NaN or infinite values")
    if least < low or most > high:
        raise ValueError(
            f"images must lie in value_range=[{low:g}, {high:g}], received values from {least:g} "
            f"to {most:g}: give the right value_range, or rescale the images"
        )
    if high > 2 and images.dtype.kind == "f" and 0 < most <= 1 and np.any(images % 1):
        raise ValueError(
            f"images look scaled to [0, 1] (values up to {most:g}), but value_range is "
            f"[{low:g}, {high:g}]: give value_range=(0, 1)"
        )
    return images


def _together(images):
    """Returns images of a list as one array."""
    images = _each(images)
    shapes = {image.shape for image in images}
    if len(shapes) < 2:
        return np.array(images)
    channels = {1 if len(shape) == 2 else shape[-1] for shape in shapes}
    if len({shape[:2] for shape in shapes}) > 1:
        raise ValueError(
            "images must all have one size here: resize them, or use DenseSIFT or SIFT, which take "
            "a list of images of different sizes"
        )
    if channels - {1, 3}:
        raise ValueError(
            f"images must have 1 or 3 channels, received some of {max(channels)}"
            + (": leave alpha out, image[..., :3]" if max(channels) == 4 else "")
        )
    wanted = (*next(iter(shapes))[:2], max(channels))
    return np.stack([np.broadcast_to(image.reshape(*wanted[:2], -1), wanted) for image in images])


def _each(images):
    """Returns the images of a list as arrays, or raises an error that says which is none."""
    arrays = []
    for place, image in enumerate(images):
        try:
            array = np.asarray(image)
            found = f"shape {array.shape}" if array.ndim else checks.shown(image)
        except ValueError:
            array, found = np.empty(()), "rows of different lengths"
        if array.ndim not in (2, 3):
            raise ValueError(
                f"images[{place}] must have shape (height, width) or (height, width, 1 or 3), "
                f"received {found}"
                + (", as OpenCV gives for a file that it cannot read" if image is None else "")
            )
        arrays.append(array)
    return arrays


def plain(images):
    """Returns images of a series or a frame of pandas as an array, others as they are."""
    return images.to_numpy() if hasattr(images, "iloc") else images


def check_shape(shape):
    """Raises if a shape is not that of images."""
    if len(shape) not in (3, 4) or 0 in shape or (len(shape) == 4 and shape[-1] not in (1, 3)):
        raise ValueError(
            "images must have shape (count, height, width) or (count, height, width, 1 or 3), with "
            f"at least one image and one pixel; received {shape}"
            + (": leave alpha out, images[..., :3]" if len(shape) == 4 and shape[-1] == 4 else "")
        )


def check_colors(shape, color):
    """Raises if images of a shape lack the colours that one of `COLORS` needs."""
    if color in COLORS[1:] and (len(shape) != 4 or shape[-1] != 3):
        raise ValueError(
            f"color={color!r} needs images of three colours, received {shape}: give color='grey'"
        )


def check_grid(grid, images):
    """Raises if a grid has more cells than images have pixels."""
    if images.shape[1] < grid[0] or images.shape[2] < grid[1]:
        raise ValueError(
            f"grid must not have more cells than pixels, received {grid} for images of "
            f"{images.shape[1]} x {images.shape[2]}"
        )


def image_groups(images, value_range):
    """Yields images of any sizes as `(indices, batch)`, a batch for each size."""
    images = plain(images)
    if isinstance(images, np.ndarray) and images.dtype != object:
        yield np.arange(len(images)), as_images(images, value_range)
        return
    by_shape = {}
    images = _each(images)
    for place, image in enumerate(images):
        by_shape.setdefault(image.shape, []).append(place)
    if not by_shape:
        raise ValueError("images must hold at least one image, received none")
    for places in by_shape.values():
        yield np.array(places), as_images([images[p] for p in places], value_range)


def as_planes(images, value_range, color):
    """Returns the channels of checked images, float32 `(count, height, width)` each.

    Args:
        images: as `as_images` returns them.
        value_range: `(low, high)`, the values of black and white: 0 and 255 afterwards.
        color: one of `COLORS`. "opponent" has differences of colours, which may be negative.

    Raises:
        ValueError: if there are no colours, but they are asked for.
    """
    low, high = checks.rising("value_range", value_range)
    scaled = images.astype(np.float32)
    if (low, high) != (0.0, 255.0):
        scaled = (scaled - np.float32(low)) * np.float32(255 / (high - low))
    if color == "grey":
        return [scaled[..., 0] if scaled.shape[-1] == 1 else scaled @ _LUMA]
    check_colors(images.shape, color)
    return list(np.moveaxis(scaled @ _OPPONENT.T if color == "opponent" else scaled, -1, 0))


def as_bytes(planes, color="grey"):
    """Returns channels as uint8, rounded to the nearest; 0 and 255 are the extremes of each.

    Args:
        planes: as `as_planes` returns them for `color`.
        color: one of `COLORS`. What "opponent" channels can be is brought to 0 to 255.
    """
    if color == "opponent":
        lows, highs = (
            255 * side.sum(axis=1) for side in (_OPPONENT.clip(None, 0), _OPPONENT.clip(0))
        )
        planes = [
            (plane - low) * (255 / (high - low))
            for plane, low, high in zip(planes, lows, highs, strict=True)
        ]
    return [np.rint(plane).clip(0, 255).astype(np.uint8) for plane in planes]


def chunks(count, size):
    """Yields slices of at most `size` that cover `count`."""
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def check_classes(labels: ArrayLike, count: int) -> None:
    """Raises if labels are not one per image, or hold fewer than two classes.

    Args:
        labels: `(count,)`, all text or all numbers.
        count: how many images there are.

    Raises:
        ValueError: if they are not, or hold a missing value or fewer than two classes.

    Example:
        >>> check_classes(["cat", "dog", "cat"], 3)
    """
    labels = checks.unmasked("labels", labels)
    if labels.shape != (count,):
        raise ValueError(
            f"labels must have shape ({count},), one for each image; received {labels.shape}"
        )
    if labels.dtype == object and len({isinstance(label, str) for label in labels}) > 1:
        kinds = ", ".join(sorted({type(label).__name__ for label in labels}))
        raise ValueError(
            f"labels must be all texts or all numbers, received {kinds}: fill in or leave out what "
            "is missing"
        )
    if labels.dtype.kind == "f" and not np.all(np.isfinite(labels)):
        raise ValueError("labels must be finite, received NaN or infinite values")
    classes = np.unique(labels)
    if len(classes) < 2:
        found = f"one class: {classes.tolist()[0]!r}" if len(classes) else "no label"
        raise ValueError(f"labels must hold two or more classes, received {found}")


def num_images(images):
    """Returns how many images or sets of descriptors there are, whatever holds them."""
    if not hasattr(images, "shape") and not hasattr(images, "__len__"):
        images = np.asarray(images)
    return images.shape[0] if hasattr(images, "shape") else len(images)


def requires(module, user, package):
    """Returns an optional module, or raises an error that says how to install it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(f"{user} needs {module}: pip install '{package}'") from error
