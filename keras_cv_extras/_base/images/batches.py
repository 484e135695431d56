"""Converts arguments of ops: one image or a batch, one number or one per image."""

import keras
import numpy as np
from keras import backend, ops

from keras_cv_extras._base import engine

_SHAPES = "images must have shape (height, width, channels) or (batch, height, width, channels)"
_MANY = 8  # as wide as images are at least; of channels, more than those of single images


def as_batch(images):
    """Returns images as a tensor of rank 4, and the function that undoes the change of rank.

    Raises:
        TypeError: if `images` are not numbers.
        ValueError: if they have another rank than 3 or 4, are empty, or hold NaN or infinity.
    """
    images = _as_tensor("images", images)
    check_axes(images)
    if 0 in tuple(images.shape):
        raise ValueError(f"images must not be empty, received shape {tuple(images.shape)}")
    if not engine.is_finite(images):
        raise ValueError("images must not hold NaN or infinity")
    if len(images.shape) == 4:
        return images, lambda result: result
    return images[None], lambda result: result[0]


def check_axes(images):
    """Raises if images, one or a batch, cannot have the axes (..., height, width, channels)."""
    received = f"received shape {tuple(images.shape)}"
    if len(images.shape) not in (3, 4):
        raise ValueError(f"{_SHAPES}, {received}")
    height, width, channels = images.shape[-3:]
    many = None not in (width, channels) and min(width, channels) >= _MANY
    first = many and height in (1, 3, 4)  # may be the number of channels
    if many and len(images.shape) == 3:
        turned = "transpose an image whose channels are first, and " if first else ""
        raise ValueError(
            f"{_SHAPES}, {received}: {turned}give grey images the shape (batch, height, width, 1), "
            "and one of many channels as a batch of one, images[None]"
        )
    if first or keras.config.image_data_format() == "channels_first":
        raise ValueError(
            f"images must have their channels last, (..., height, width, channels), {received}"
            + (": transpose them" if first else " under Keras' image_data_format channels_first")
        )


def per_image(name, value, images, limits=None):
    """Returns a number, or one number per image, as a float32 tensor of shape (batch,).

    Args:
        name: what a message calls it.
        value: a number, or one per image.
        images: a batch.
        limits: None, or a range whose `check` raises for values that an op does not take.

    Raises:
        ValueError: if `value` has another shape, is not finite, or beyond the limits.
    """
    value = ops.cast(_as_tensor(name, value), "float32")
    if not engine.is_traced(value):
        values = ops.convert_to_numpy(value)
        if not np.isfinite(values).all():
            raise ValueError(f"{name} must be finite, received NaN or infinity")
        if limits is not None and values.size:
            limits.check(name, float(values.min()), float(values.max()))
    batch = images.shape[0]
    if len(value.shape) > 1 or (
        len(value.shape) == 1 and None not in (batch, value.shape[0]) and value.shape[0] != batch
    ):
        raise ValueError(
            f"{name} must be a number or one number per image of shape ({batch},), received "
            f"shape {tuple(value.shape)}"
        )
    return ops.broadcast_to(value, ops.shape(images)[:1])


def key_from(number):
    """Returns a number in [0, 1) as a key: its 24 random bits as a whole number."""
    return ops.floor(number * (1 << 24))


def as_fill(fill, images):
    """Returns a fill colour, a number or one per channel, as a float32 tensor (channels,)."""
    fill = ops.cast(_as_tensor("fill", fill), "float32")
    if len(fill.shape) > 1 or (len(fill.shape) == 1 and fill.shape[0] != images.shape[-1]):
        raise ValueError(
            f"fill must be a number or one number per channel of shape ({images.shape[-1]},), "
            f"received shape {tuple(fill.shape)}"
        )
    return ops.broadcast_to(fill, ops.shape(images)[-1:])


def as_partners(partners, images):
    """Returns the second images of a batch, of the shape and type of the first."""
    partners, _ = as_batch(partners)
    shapes = zip(partners.shape, images.shape, strict=True)
    if any(None not in pair and pair[0] != pair[1] for pair in shapes):
        raise ValueError(
            f"partners must have the shape of images, {tuple(images.shape)}, received "
            f"{tuple(partners.shape)}"
        )
    return ops.cast(partners, images.dtype)


def _as_tensor(name, value):
    if hasattr(value, "nested_row_splits"):
        raise TypeError(f"{name} must be of one size, received a ragged tensor")
    try:
        value = ops.convert_to_tensor(value)
        dtype = backend.standardize_dtype(value.dtype)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} must be numbers, received {type(value).__name__}") from error
    if dtype in ("bool", "string") or not (backend.is_float_dtype(dtype) or "int" in dtype):
        raise TypeError(f"{name} must be integers or floats, received {dtype}")
    return value
