"""Hue, saturation and value changed in the colour space of NTSC television."""

import keras
import numpy as np
from keras import ops

from keras_cv_extras._base import engine
from keras_cv_extras._base.types import Tensor

# Rows are red, green and blue. https://en.wikipedia.org/wiki/YIQ, the rounded matrix of FCC NTSC.
_YIQ = np.array([[0.299, 0.596, 0.211], [0.587, -0.274, -0.523], [0.114, -0.322, 0.312]])


def adjust_hsv_in_yiq(
    image: Tensor,
    delta_hue: Tensor = 0.0,
    scale_saturation: Tensor = 1.0,
    scale_value: Tensor = 1.0,
) -> Tensor:
    """Turns the hue of images, and scales their saturation and value, by one matrix in YIQ.

    Args:
        image: `(..., 3)`, float or integer.
        delta_hue: by which angle the hue is turned, in radians.
        scale_saturation: what the saturation is multiplied by.
        scale_value: what the value is multiplied by.

    Returns:
        Images of the same shape and type; integers are cut to their range.

    References:
        The colour space [YIQ](https://en.wikipedia.org/wiki/YIQ).

    Example:
        >>> turned = adjust_hsv_in_yiq(images, delta_hue=0.5, scale_saturation=1.2)
    """
    image = ops.convert_to_tensor(image)
    if len(image.shape) < 3 or image.shape[-1] != 3:
        raise ValueError(f"image must be (..., 3) with 3 axes or more, received {image.shape}")
    kind = keras.backend.standardize_dtype(image.dtype)
    dtype = kind if "float" in kind else "float32"
    hue, saturation, value = (
        ops.cast(number, dtype) for number in (delta_hue, scale_saturation, scale_value)
    )
    along, across = value * saturation * ops.cos(hue), value * saturation * ops.sin(hue)
    none = ops.zeros_like(value)
    middle = ops.reshape(
        ops.stack([value, none, none, none, along, across, none, -across, along]), (3, 3)
    )
    to, back = (ops.cast(matrix, dtype) for matrix in (_YIQ, np.linalg.inv(_YIQ)))
    result = engine.matmul(ops.cast(image, dtype), engine.matmul(engine.matmul(to, middle), back))
    if dtype == kind:
        return result
    highest = np.iinfo(kind).max
    return ops.cast(ops.clip(result + 0.5, 0, highest + 0.49), kind)
