"""What sets the size or the scale of images, as layers."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_cv_extras.policy.interop._common import TRIES
from keras_cv_extras.policy.interop.transforms import _values


def each(value: Any) -> list[Any]:
    """Returns the numbers of a list, of an array, as timm gives to Normalize, or of one number.

    Args:
        value: one of these.
    """
    if hasattr(value, "tolist"):
        value = value.tolist()
    many = isinstance(value, Sequence) and not isinstance(value, str)
    return list(value) if many else [value]


def pair(size: Any) -> tuple[int, int]:
    """Returns the height and width of a size.

    Args:
        size: both, or one number for both.
    """
    sizes = [int(part) for part in each(size)]
    height, width = sizes * 2 if len(sizes) == 1 else sizes
    return height, width


def borders(padding: Any) -> tuple[Any, Any, Any, Any]:
    """Returns the borders of a padding: `(top, bottom, left, right)`.

    Args:
        padding: one number, `(horizontal, vertical)`, or `(left, top, right, bottom)`.
    """
    sides = each(padding)
    if len(sides) == 4:
        left, top, right, bottom = sides
    else:
        left, top = right, bottom = sides * 2 if len(sides) == 1 else sides
    return top, bottom, left, right


def erasing(piece: Any, layers: Sequence[Any], seed: int | None) -> Any:
    """Returns the layer of a RandomErasing of torchvision, whose value is in the images' scale.

    Args:
        piece: the transform.
        layers: those in front of it, which may set a scale.
        seed: an integer, or None to draw one.
    """
    return erased(piece.p, piece.scale, piece.ratio, each(piece.value), layers, seed)


def erased(
    rate: float, area: Any, aspect: Any, value: Sequence[float], layers: Sequence[Any],
    seed: int | None,
) -> Any:  # fmt: skip
    """Returns the layer that erases a rectangle, for images behind other layers.

    Args:
        rate: share of the images.
        area: ends of the share of the image.
        aspect: ends of height over width.
        value: what is filled in, a number or one for each channel.
        layers: those in front of it, which may set a scale.
        seed: an integer, or None to draw one.
    """
    from keras_cv_extras.layers import PolicyAugment
    from keras_cv_extras.policy._policy import Policy
    from keras_cv_extras.policy._step import Step

    low, high = _values.ends_of(layers)
    fill = _values.filled(list(value), (low, high))
    ends = tuple(float(end) for end in area)
    options = (("smallest", ends[0]), ("aspect", tuple(float(end) for end in aspect)))
    step = Step("random_erasing", float(rate), value=ends[1], options=options)
    policy = Policy([[step]], fill=fill)
    return PolicyAugment(policy, value_range=(low, high), seed=seed)


def resized_crop(size: Any, scale: Any, ratio: Any, interpolation: str, seed: int | None) -> Any:
    """Returns the layer of a random window that is resized.

    Args:
        size: of the result.
        scale: ends of the window's share of the image.
        ratio: ends of width over height.
        interpolation: "nearest" or "bilinear"; others become bilinear.
        seed: an integer, or None to draw one.
    """
    from keras_cv_extras import layers

    return layers.RandomResizedCrop(
        pair(size),
        float(scale[0]),
        largest=float(scale[1]),
        tries=TRIES,
        aspect=(float(ratio[0]), float(ratio[1])),
        interpolation="nearest" if interpolation == "nearest" else "bilinear",
        antialias=interpolation != "nearest",
        seed=seed,
    )


def cut(size: Any, seed: int | None) -> Any:
    """Returns the layer of a random window.

    Args:
        size: of the window.
        seed: an integer, or None to draw one.
    """
    from keras_cv_extras import layers

    return layers.RandomCrop(pair(size), seed=seed)


def resized_centre(size: Any, *shorter: Any, interpolation: str = "bilinear") -> Any:
    """Returns the layer of the window in the middle as torchvision and timm cut it out.

    Args:
        size: of the window.
        *shorter: what the shorter side becomes before; height and width to be covered; or
            "stretch".
        interpolation: "bilinear" or "bicubic".
    """
    from keras_cv_extras.policy.interop.transforms._centre import ResizedCentre

    whole = shorter if len(shorter) > 1 else next(iter(shorter), None)
    height, width = pair(size)
    return ResizedCentre(height, width, whole, interpolation)


def resize(size: Any, interpolation: str, antialias: bool) -> Any:
    """Returns the layer that resizes.

    Args:
        size: `(height, width)`.
        interpolation: "nearest", "bilinear" or "bicubic".
        antialias: whether nothing is skipped where images become smaller.
    """
    import keras

    return keras.layers.Resizing(
        *pair(size),
        interpolation=interpolation,
        antialias=antialias and interpolation != "nearest",
    )


def resized_side(
    length: int, interpolation: str, antialias: bool, *, side: str = "shorter",
    most: int | None = None, rounded: bool = False,
) -> Any:  # fmt: skip
    """Returns the layer that resizes until a side has a length.

    Args:
        length: of that side.
        interpolation: "nearest", "bilinear" or "bicubic".
        antialias: whether nothing is skipped where images become smaller.
        side: "shorter" or "longer".
        most: the greatest length of the longer side, or None.
        rounded: whether the other side is rounded, not cut.
    """
    from keras_cv_extras.policy.interop.transforms._sides import ResizedSide

    return ResizedSide(int(length), side, most, interpolation, antialias, rounded)


def padded(
    sides: Any = (0, 0, 0, 0), *, least: Any = None, place: str = "centre", mode: str = "constant",
    fill: Any = 0,
) -> list[Any]:  # fmt: skip
    """Returns the layer that adds borders, in a list; none if there is nothing to add.

    Args:
        sides: pixels to add: `(top, bottom, left, right)`.
        least: `(height, width)` that images get at least, or None.
        place: of images in what `least` asks for, as of `PaddedImages`.
        mode: as of `PaddedImages`.
        fill: of constant borders, in the images' own range.
    """
    import keras

    from keras_cv_extras.policy.interop.transforms._padding import PaddedImages

    if not any(sides) and least is None:
        return []
    values = [float(value) for value in each(fill)]
    top, bottom, left, right = (int(side) for side in sides)
    if least is None and mode == "constant" and not any(values):
        return [keras.layers.ZeroPadding2D(((top, bottom), (left, right)))]
    value = values if len(values) > 1 else values[0]
    return [PaddedImages((top, bottom, left, right), least, place, mode, value)]


def scaled(factor: float) -> Any:
    """Returns the layer that multiplies.

    Args:
        factor: by what.
    """
    import keras

    return keras.layers.Rescaling(factor)


def normalised(mean: Any, std: Any) -> Any:
    """Returns the layer that takes off a mean, and divides by a deviation.

    Args:
        mean: of each channel.
        std: of each channel.
    """
    import keras

    scale = [1 / float(x) for x in each(std)]
    offset = [-float(m) / float(s) for m, s in zip(each(mean), each(std), strict=True)]
    return keras.layers.Rescaling(scale, offset)


def joined(layers: Sequence[Any]) -> list[Any]:
    """Returns layers, with scales that follow each other as one, and windows alike once.

    Args:
        layers: of a pipeline.
    """
    import keras

    made: list[Any] = []
    for layer in layers:
        if made and type(layer) is type(made[-1]) is keras.layers.Rescaling:
            first = made.pop()
            scale = np.multiply(first.scale, layer.scale)
            offset = np.multiply(first.offset, layer.scale) + layer.offset
            layer = keras.layers.Rescaling(np.asarray(scale).tolist(), np.asarray(offset).tolist())
        if hasattr(layer, "clip") and any(type(x) is keras.layers.Rescaling for x in made):
            layer.clip = False  # values are no bytes any more
        window = getattr(layer, "height", 0), getattr(layer, "width", 0)
        if made and getattr(layer, "shorter", 0) is None and hasattr(made[-1], "shorter"):
            made += [layer] if window != (made[-1].height, made[-1].width) else []
            continue
        made.append(layer)
    return made
