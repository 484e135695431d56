"""Images of any range of values on [0, 255], where all kernels work, and back again."""

import keras
import numpy as np
from keras import backend, ops

from keras_cv_extras._base import checks, engine
from keras_cv_extras._base.text import told

_BYTES = (0, 255)
_STANDARD = 3  # which images that are standardised hardly pass; those in [0, 255] always do
_OVER = 64  # by how much sharpened images and the like may leave that range
_SCALES = 1 / 400, 1 / 50  # by which layers that rescale bytes multiply; those of 12 bits by less


def own_range(dtype):
    """Returns the range that images of a type have where none is given: uint16 has its own."""
    return (0, 65535) if backend.standardize_dtype(dtype) == "uint16" else _BYTES


def to_pixel_range(images, value_range):
    """Returns images of a range of values on [0, 255]: floats, unless they are there already.

    Raises:
        ValueError: if the images are integers that cannot be of the range.
    """
    check_values(images, value_range)
    low, high = value_range
    if (low, high) == _BYTES:
        return images
    return (ops.cast(images, "float32") - low) * (255.0 / (high - low))


def from_pixel_range(images, value_range, dtype):
    """Returns images on [0, 255] in their own range and type again; integers are rounded."""
    low, high = value_range
    if (low, high) == _BYTES:
        return images
    values = images / (255.0 / (high - low)) + low
    if not backend.is_float_dtype(backend.standardize_dtype(dtype)):
        values = ops.floor(ops.clip(values, low, high) + 0.5)
    return ops.cast(values, dtype)


def check_values(images, value_range):
    """Raises if integer images cannot be of a range; warns if floats are very likely of another.

    Args:
        images: a tensor, or an array. Of a placeholder only the type is looked at.
        value_range: `(low, high)`.
    """
    low, high = value_range
    dtype = backend.standardize_dtype(images.dtype)
    if not backend.is_float_dtype(dtype):
        _check_integers(images, dtype, low, high)
    elif not engine.is_traced(images):
        _warn_of_floats(ops.convert_to_numpy(images), low, high)


def _warn_of_floats(values, low, high):
    least, most = (values.min(), values.max()) if values.size else (low, low)
    over = (high - low) * (_OVER / 255)
    if (low, high) == _BYTES and least >= -_STANDARD and 0 < most <= _STANDARD:
        said = "[0, 1]" if least >= 0 and most <= 1 else f"[{least:.4g}, {most:.4g}]"
        told.warn(
            f"all images lie in {said}, but are taken to have values from 0 to 255, so that they "
            "are as good as black: give value_range=(0, 1), or multiply them by 255",
        )
    elif least < low - over or most > high + over:
        told.warn(
            f"images have values from {least:.4g} to {most:.4g}, but are taken to have those from "
            f"{low:g} to {high:g}, so that others are cut off: give value_range their own",
        )


def _check_integers(images, dtype, low, high):
    most = {"int8": 127, "uint16": 65535}.get(dtype, high)
    another = dtype == "uint8" and (low, high) != _BYTES
    if another or high - low <= 1 or low != int(low) or high != int(high) or high > most:
        raise ValueError(
            f"{dtype} images cannot have the value_range ({low:g}, {high:g}): give value_range "
            "the images' own, or cast them to float32"
        )
    if dtype == "uint16" and (low, high) == _BYTES:
        raise ValueError(
            "uint16 images need value_range=(0, 65535), received (0, 255): under it their greater "
            "values would be lost; cast them to uint8 if that is their range"
        )
    if dtype == "uint8" or engine.is_traced(images):
        return
    values = ops.convert_to_numpy(images)
    if values.min() < low or values.max() > high:
        raise ValueError(
            f"the values of images must lie in [{low:g}, {high:g}], received {dtype} from "
            f"{values.min()} to {values.max()}: give value_range the images' own, or scale them"
        )
    if (low, high) == (0, 65535) and 0 < values.max() <= 255:
        told.warn(
            "all images lie in [0, 255], but are taken to have values from 0 to 65535, so that "
            "they are as good as black: cast them to uint8, or multiply them by 257",
        )


def takes_bytes(model):
    """Returns whether a layer of a model says that images come with values from 0 to 255.

    Only layers before the first with weights say so: those after it see no images.
    """
    for layer in _leaves(model):
        if isinstance(layer, keras.layers.Rescaling):
            scales = np.abs(layer.scale)
            return bool(_SCALES[0] <= np.min(scales) and np.max(scales) <= _SCALES[1])
        if getattr(layer, "takes_bytes", False) is True:
            return True
        if layer.weights:
            return False
    return False


def _leaves(layer):
    """Yields the layers in a layer, in order and the innermost first, and then the layer."""
    if not isinstance(layer, keras.Layer):
        return
    if isinstance(layer, keras.Model):
        inner = layer.layers
    else:  # where `layers` may be anything
        inner = layer._flatten_layers(include_self=False, recursive=False)
    for item in inner:
        yield from _leaves(item)
    yield layer


def most_of(model):
    """Returns the least and the greatest value that images for a model may have at all."""
    if takes_bytes(model):
        return -_OVER, _BYTES[1] + _OVER
    return float(np.finfo("float32").min), float(np.finfo("float32").max)


def unlike_bytes(images):
    """Says what is wrong with images for a model that `takes_bytes`; None if nothing is.

    Args:
        images: an array of the images of a batch, or of all.
    """
    low, high = (images.min(), images.max()) if images.size else (0, 0)
    most = _STANDARD if images.dtype.kind == "f" else 1
    small = low >= -_STANDARD and 0 < high <= most
    if not (small or not (low >= -_OVER and high <= _BYTES[1] + _OVER)):  # NaN too
        return None
    return (
        f"images have values from {low:.4g} to {high:.4g}, but the model takes those from 0 to "
        "255: bring them to that range, and leave out what else prepares images for a network"
    )


def check_for(model, images, name="images"):
    """Raises if an array of images is not one of finite numbers; warns of values of another range.

    Args:
        model: what is to take them.
        images: an array; what is not of rank 4 is not looked at.
        name: of the argument.
    """
    if images.ndim != 4:
        return
    checks.finite_images(name, images)
    warn_of(images, model)


def warn_of(images, model, name="images"):
    """Warns of an array of images whose values are not those that a model takes."""
    problem = unlike_bytes(images) if takes_bytes(model) else None
    if problem is not None:
        told.warn(f"{name.removesuffix('images')}{problem}", once=f"values of {name}")
