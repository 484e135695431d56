"""Brightness and contrast at once, and with saturation and hue, in a random order."""

from collections.abc import Sequence

from keras import ops

from keras_cv_extras._base import checks, engine
from keras_cv_extras._base.exact import product, quotient
from keras_cv_extras._base.random import of_key, order_of_key
from keras_cv_extras._base.types import Numbers, Tensor
from keras_cv_extras.augment._image_op import image_op
from keras_cv_extras.augment._op import Range
from keras_cv_extras.augment.photometric import _color, _hue


def _check_limits(name, value):
    if isinstance(value, (tuple, list)):
        return checks.interval(name, value)
    return checks.non_negative(name, value)


@image_op(
    strength=Range(0.0, 1.0, least=0.0, most=1.0),
    pixels="rounded",
    checks={"brightness": _check_limits, "contrast": _check_limits},
    cheap=True,
)
def brightness_contrast(
    image: Tensor,
    amount: Numbers,
    key: Numbers = 0,
    *,
    brightness: float | Sequence[float] = 0.2,
    contrast: float | Sequence[float] = 0.2,
) -> Tensor:
    """Multiplies pixel values by a random number, and adds another to them.

    Args:
        amount: the share of the ranges below that may be drawn, in [0, 1]; a number, or one per
            image. 0 is the identity.
        key: an integer in [0, 2**24), or one per image; another key gives other numbers.
        brightness: the largest share of 255 that is added, either way; or a pair of the ends
            that it is drawn from.
        contrast: likewise, how far the factor is from 1.

    Returns:
        Images of the same shape and type, clipped to [0, 255]; integers are rounded.

    References:
        `RandomBrightnessContrast` of Albumentations.

    Example:
        >>> changed = brightness_contrast(images, 1.0, key=np.arange(len(images)))
    """
    added, factor = _drawn(amount, key, brightness, contrast)
    return product(1.0 + factor, image) + 255.0 * added


def _drawn(amount, key, *limits):
    """Returns a number for each of the limits, one either way or two."""
    numbers = of_key(key, len(limits))
    ends = [pair if isinstance(pair, Sequence) else (-pair, pair) for pair in limits]
    return [
        product(amount, low + (high - low) * numbers[place])
        for place, (low, high) in enumerate(ends)
    ]


@image_op(
    strength=Range(0.0, 1.0, least=0.0, most=1.0),
    pixels="rounded",
    channels=_color.GREY_OR_RGB,
    checks=dict.fromkeys(("hue", "saturation", "brightness"), _check_limits),
    cheap=True,
)
def hsv_shift(
    image: Tensor,
    amount: Numbers,
    key: Numbers = 0,
    *,
    hue: float | Sequence[float] = 0.1,
    saturation: float | Sequence[float] = 0.1,
    brightness: float | Sequence[float] = 0.1,
) -> Tensor:
    """Turns the hue, and adds to the saturation and to the value, in HSV.

    Args:
        images: `(height, width, channels)` or `(batch, height, width, channels)`, integer or
            float, values in [0, 255]; 1 or 3 channels. Grey pixels stay grey.
        amount: the share of the ranges below that may be drawn, in [0, 1]; a number, or one per
            image. 0 is the identity.
        key: an integer in [0, 2**24), or one per image; another key gives other numbers.
        hue: the furthest turn, either way, as a share of the circle of hues; or a pair of the
            ends that it is drawn from, as of both below.
        saturation: the most that is added to the saturation, which lies in [0, 1].
        brightness: likewise, to the value.

    Returns:
        Images of the same shape and type, clipped to [0, 255]; integers are rounded.

    References:
        `HueSaturationValue` of Albumentations, whose hues have steps of two degrees.

    Example:
        >>> shifted = hsv_shift(images, 1.0, key=np.arange(len(images)))
    """
    turns, more, lighter = _drawn(amount, key, hue, saturation, brightness)
    if image.shape[-1] == 1:
        return image + 255.0 * lighter
    value, chroma, share = _hue.turned(image, turns)
    saturated = quotient(chroma, ops.maximum(value, 1e-20))
    saturated = ops.where(chroma > 0, ops.clip(saturated + more, 0.0, 1.0), 0.0)
    value = ops.clip(value + 255.0 * lighter, 0.0, 255.0)
    return value - product(product(value, saturated), share)


@image_op(
    strength=Range(0.0, 1.0, least=0.0, most=1.0), pixels="rounded", channels=_color.GREY_OR_RGB
)
def color_jitter(
    image: Tensor,
    amount: Numbers,
    key: Numbers = 0,
    *,
    brightness: float = 0.8,
    contrast: float = 0.8,
    saturation: float = 0.8,
    hue: float = 0.2,
) -> Tensor:
    """Changes brightness, contrast, saturation and hue, in a random order.

    Args:
        amount: how much of the four ranges below is used, in [0, 1]; a number, or one per
            image. 0 is the identity, 0.5 and 1 are what SimCLR has for CIFAR-10 and ImageNet.
        key: an integer in [0, 2**24), or one per image; another key gives other changes in
            another order.
        brightness: the factor lies in [1 - brightness * amount, 1 + brightness * amount].
        contrast: likewise, the factor of `contrast`.
        saturation: likewise, the factor of `color`: images are blended with their luma.
        hue: the hue is turned by [-hue * amount, hue * amount] of the circle.

    Returns:
        Images of the same shape and type, clipped to [0, 255] after each of the four; integers
        are rounded at the end.

    References:
        Chen et al., A simple framework for contrastive learning of visual representations,
        [ICML 2020](https://arxiv.org/abs/2002.05709); `torchvision.transforms.ColorJitter`.

    Example:
        >>> jittered = color_jitter(images, 0.5, key=np.arange(len(images)))
    """
    ranges = (brightness, contrast, saturation, hue)
    order = order_of_key(key, len(ranges))
    # The order has read the first numbers of the key: these are the next.
    numbers = 2.0 * of_key(key, 2 * len(ranges))[len(ranges) :] - 1.0
    changes = [product(amount * share, numbers[place]) for place, share in enumerate(ranges)]
    factors = [ops.maximum(1.0 + change, 0.0) for change in changes[:3]]

    def step(image, which):
        return ops.clip(
            engine.switch(
                which,
                [
                    lambda: image * factors[0],
                    lambda: _contrast(image, factors[1]),
                    lambda: _saturate(image, factors[2]),
                    lambda: _turn(image, changes[3]),
                ],
            ),
            0.0,
            255.0,
        )

    return engine.repeat(len(ranges), step, image, order)


_contrast = _color.contrast.__wrapped__
_saturate = _color.color.__wrapped__
_turn = _hue.hue.__wrapped__
