"""Images of any range of values on [0, 255], where all kernels work, and back again."""

import keras
import numpy as np
from keras import backend, ops

from keras_cv_extras._base import checks, engine
from keras_cv_extras._base.text import caller

_BYTES = (0, 255)
_STANDARD = 3  # which images that are standardised hardly pass; those in [0, 255] do, but dark ones
_BELOW = -0.5  # which standardised images reach; sharpened or enlarged dark ones do not
_OVER = 64  # by how much sharpened images and the like may leave that range
_SCALES = 1 / 400, 1 / 50  # by which layers that rescale bytes multiply; those of 12 bits by less


def own_range(dtype):
    """Returns the range that images of a type have where none is given: uint16 has its own."""
    return (0, 65535) if backend.standardize_dtype(dtype) == "uint16" else _BYTES


def to_pixel_range(images, value_range, *, to: str | None = ""):
    """Returns images of a range of values on [0, 255]: floats, unless they are there already.

    The arguments are those of `check_values`.

    Raises:
        ValueError: if the images are integers that cannot be of the range.
    """
    check_values(images, value_range, to=to)
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


def check_values(images, value_range, *, to: str | None = ""):
    """Raises if integer images cannot be of a range; warns if images are very likely of another.

    A line is warned once. The first image is looked at, and the others only if it is unlike the
    range.

    Args:
        images: a tensor, or an array. Of a placeholder only the type is looked at.
        value_range: `(low, high)`.
        to: what has an argument `value_range` to give another one, as part of the warning: "" for
            what was called itself. None to warn of nothing, as where the values do not matter.
    """
    low, high = value_range
    dtype = backend.standardize_dtype(images.dtype)
    floats = backend.is_float_dtype(dtype)
    if not floats:
        _check_integers(images, dtype, low, high)
    if to is None or dtype == "uint8" or engine.is_traced(images):
        return
    find = _unlike_floats if floats else _unlike_integers
    if images.shape[0] and find(*_ends(_first(images)), low, high, to) is not None:
        problem = find(*_ends(images), low, high, to)
        if problem:
            caller.warn(problem, once="the range of images")


def _ends(images):
    """Returns the least and the greatest value of images, NaN if there is one."""
    values = np.asarray(images)
    return (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)


def _first(images):
    """Returns the first image of a batch; the others are not copied."""
    return images[:1] if engine.has_accelerator() else np.asarray(images)[:1]


def _unlike_floats(least, most, low, high, to):
    """Says what is wrong with values for a range; "" if nothing but that they may all be low."""
    over = (high - low) * (_OVER / 255)
    if (low, high) == _BYTES and least >= -_STANDARD and most <= _STANDARD:
        if not _is_small(least, most):
            return ""
        if least >= 0:
            return (
                "all images lie in [0, 1], but are taken to have values from 0 to 255, so that "
                f"they are as good as black: give {to}value_range=(0, 1), or multiply them by 255"
            )
        advice = f"give {to}value_range=(-1, 1)"
        if least < -1 or most > 1:
            advice = "let what standardises them come later"
        return (
            f"all images lie in [{least:.4g}, {most:.4g}], but are taken to have values from 0 to "
            f"255, so that they are as good as black: {advice}, or bring them to [0, 255]"
        )
    if low - over <= least and most <= high + over:
        return None
    return (
        f"images have values from {least:.4g} to {most:.4g}, but are taken to have those from "
        f"{low:g} to {high:g}, so that others are cut off: give {to}value_range their own, or "
        f"bring them to [{low:g}, {high:g}]"
    )


def _unlike_integers(least, most, low, high, to):
    """As `_unlike_floats`."""
    if (low, high) != (0, 65535) or most > 255:
        return None
    if not most:
        return ""
    return (
        "all images lie in [0, 255], but are taken to have values from 0 to 65535, so that they "
        "are as good as black: cast them to uint8, or multiply them by 257"
    )


def _is_small(least, most):
    """Returns whether values lie in [0, 1] or [-1, 1], or are standardised: none are in [0, 255].

    Dark images are none of them, unless all their values are 0 and 1.
    """
    return least >= 0 and 0 < most <= 1 or -_STANDARD <= least <= _BELOW and most <= _STANDARD


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
    whole = low <= np.iinfo(dtype).min and np.iinfo(dtype).max <= high
    if whole or engine.is_traced(images):
        return
    least, most = _ends(images)
    if least < low or most > high:
        raise ValueError(
            f"the values of images must lie in [{low:g}, {high:g}], received {dtype} from "
            f"{least:.0f} to {most:.0f}: give value_range the images' own, or scale them"
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
    low, high = _ends(images)
    if not _is_small(low, high) and low >= -_OVER and high <= _BYTES[1] + _OVER:  # nor NaN
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
    warn_of(images, model, name)


def warn_of(images, model, name="images"):
    """Warns of an array of images whose values are not those that a model takes."""
    problem = unlike_bytes(images) if takes_bytes(model) else None
    if problem is not None:
        also = name.removesuffix("images").rstrip()
        caller.warn(f"{also} {problem}".lstrip(), once=f"values of {name}")
