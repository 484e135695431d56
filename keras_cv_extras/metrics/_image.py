"""Differences of images."""

import keras
from keras import ops

from keras_cv_extras import _checks


def image_mean_absolute_error(images_a, images_b, *, value_range=(0, 255)):
    """Mean absolute difference of images, as a share of the value range.

    `mean |a - b| / (high - low)` over height, width and channels of each image: 0 for equal
    images, 1 for black against white.

    Args:
        images_a: `(batch, height, width, channels)`, integer or float.
        images_b: images of the same shape. The difference is taken in float32, so that uint8
            does not wrap around.
        value_range: the lowest and the highest value of a pixel.

    Returns:
        One number per image, `(batch,)`; differentiable.
    """
    low, high = _checks.interval("value_range", value_range)
    if low >= high:
        raise ValueError(f"value_range must be (low, high) with low < high, got {value_range!r}")
    images_a, images_b = (ops.convert_to_tensor(images) for images in (images_a, images_b))
    if tuple(images_a.shape) != tuple(images_b.shape) or len(images_a.shape) < 2:
        raise ValueError(
            "two batches of images of one shape are wanted, received "
            f"{tuple(images_a.shape)} and {tuple(images_b.shape)}"
        )
    keep = keras.backend.standardize_dtype(images_b.dtype) == "float64"
    dtype = "float64" if keep else "float32"
    difference = ops.absolute(ops.cast(images_a, dtype) - ops.cast(images_b, dtype))
    axes = tuple(range(1, len(images_a.shape)))
    return ops.mean(difference, axis=axes) / (high - low)
