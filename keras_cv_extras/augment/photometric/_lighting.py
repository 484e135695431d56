"""Ops that change the illumination of an image."""

import numpy as np
from keras import ops

from keras_cv_extras._base import engine
from keras_cv_extras._base.exact import product
from keras_cv_extras._base.random import halves_of_key, normal_of_halves
from keras_cv_extras._base.types import Numbers, Tensor
from keras_cv_extras.augment._image_op import image_op
from keras_cv_extras.augment._op import Range
from keras_cv_extras.augment.photometric._color import GREY_OR_RGB

# Of the RGB values of ImageNet in [0, 1]: the released code of AlexNet (cuda-convnet), as
# fb.resnet.torch and others after it use them.
_EIGENVALUES = np.array([0.2175, 0.0188, 0.0045], "float32")
_EIGENVECTORS = np.array(
    [[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]],
    "float32",
)
_LIGHTING = (255.0 * _EIGENVECTORS * _EIGENVALUES).astype("float32")

_NEUTRAL = 6500.0  # kelvin; close to the white of sRGB
_COLDEST, _WARMEST = -113, 446  # the mireds from there to 25,000 and to 1,667 kelvin


@image_op(strength=Range(0.0, 0.5), pixels="rounded", channels=GREY_OR_RGB, cheap=True)
def pca_lighting(image: Tensor, stddev: Numbers, key: Numbers = 0) -> Tensor:
    """Adds a random colour, as colours vary over ImageNet.

    Args:
        images: `(height, width, channels)` or `(batch, height, width, channels)`, integer or
            float, values in [0, 255]; 1 or 3 channels. Grey images do not change.
        stddev: standard deviation of the shares of the three principal components; a number, or
            one per image. 0 is the identity, AlexNet has 0.1.
        key: an integer in [0, 2**24), or one per image; another key gives another colour.

    Returns:
        Images of the same shape and type, clipped to [0, 255]; integers are rounded.

    References:
        Krizhevsky et al., ImageNet classification with deep convolutional neural networks,
        [NIPS 2012](https://doi.org/10.1145/3065386), section 4.1.

    Example:
        >>> lit = pca_lighting(images, 0.1, key=np.arange(len(images)))
    """
    if image.shape[-1] == 1:
        return image
    normal = normal_of_halves(halves_of_key(key, 3))
    added = ops.zeros((3,), "float32")
    for component in range(3):
        added = added + product(ops.convert_to_tensor(_LIGHTING[:, component]), normal[component])
    return image + product(stddev, added)


@image_op(
    strength=Range(0.0, 90.0, signed=True), pixels="rounded", channels=GREY_OR_RGB, cheap=True
)
def planckian_jitter(image: Tensor, mireds: Numbers) -> Tensor:
    """Makes the light warmer or colder, along the colours of a black body.

    Args:
        images: `(height, width, channels)` or `(batch, height, width, channels)`, integer or
            float, values in [0, 255]; 1 or 3 channels. Grey images do not change.
        mireds: how much warmer than 6,500 kelvin the light gets, in millionths of 1 / kelvin; a
            number, or one per image, in [-113, 446]. 0 is the identity, 90 gives 4,100 kelvin,
            -90 gives 15,700. The eye sees equal steps as about equal.

    Returns:
        Images of the same shape and type, clipped to [0, 255]; integers are rounded. Red and
        blue are multiplied, green is kept.

    References:
        Zini et al., Planckian jitter, [ICLR 2023](https://arxiv.org/abs/2202.07993), which
        multiplies the values of sRGB as they are. Colours by Kim et al., Design of advanced
        color temperature control system for HDTV applications, J. Korean Phys. Soc. 41 (2002).

    Example:
        >>> warmer = planckian_jitter(images, 50.0)
    """
    if image.shape[-1] == 1:
        return image
    place = ops.clip(mireds, float(_COLDEST), float(_WARMEST)) - float(_COLDEST)
    whole = ops.minimum(ops.floor(place), float(_WARMEST - _COLDEST - 1))
    table = ops.convert_to_tensor(_GAINS)
    index = ops.cast(whole, "int32")
    low, high = engine.take(table, index, axis=0), engine.take(table, index + 1, axis=0)
    return image * (low + product(place - whole, high - low))


def black_body_gains(kelvin):
    """Returns the linear sRGB of a black body, relative to 6,500 kelvin, with green at 1.

    Args:
        kelvin: temperatures in [1667, 25000], an array.

    Returns:
        A float64 array of shape `(temperatures, 3)`.
    """
    gains = _black_body(np.asarray(kelvin, "float64")) / _black_body(np.array([_NEUTRAL]))
    return gains / gains[:, 1:2]


def _black_body(kelvin):
    thousand = kelvin / 1000.0
    x = np.where(
        kelvin <= 4000,
        np.polyval([-0.2661239, -0.2343589, 0.8776956, 0.179910], 1 / thousand),
        np.polyval([-3.0258469, 2.1070379, 0.2226347, 0.240390], 1 / thousand),
    )
    y = np.select(
        [kelvin <= 2222, kelvin <= 4000],
        [
            np.polyval([-1.1063814, -1.34811020, 2.18555832, -0.20219683], x),
            np.polyval([-0.9549476, -1.37418593, 2.09137015, -0.16748867], x),
        ],
        np.polyval([3.0817580, -5.87338670, 3.75112997, -0.37001483], x),
    )
    xyz = np.stack([x / y, np.ones_like(x), (1 - x - y) / y], axis=-1)
    # IEC 61966-2-1: linear sRGB of CIE XYZ.
    to_rgb = [[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]]
    return np.maximum(xyz @ np.transpose(to_rgb), 0.0)


_GAINS = black_body_gains(
    np.clip(1e6 / (1e6 / _NEUTRAL + np.arange(_COLDEST, _WARMEST + 1)), 1667, 25000)
).astype("float32")
