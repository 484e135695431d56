"""Transforms that set the size or the scale of images, as layers."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_cv_extras.policy.interop._common import TRIES, Omissions
from keras_cv_extras.policy.interop._torchvision_compose import interpolation_of

_NOTHING = (
    "PILToTensor",
    "ToImage",
    "ToPILImage",
    "ToPureTensor",
    "ToTensorV2",
    "NoOp",
    "Identity",
)
#: Layers of Keras that set sizes or scales, and are taken as they are.
_KERAS = ("CenterCrop", "Normalization", "RandomCrop", "Rescaling", "Resizing")
_INTERPOLATIONS = {0: "nearest", 1: "bilinear", 2: "bicubic"}  # OpenCV's numbers


def layers_of(
    kind: str, piece: Any, following: Any, seed: int | None, whole: Any = None
) -> list[Any] | None:
    """Returns the layers of a transform that sets a size or a scale; None for any other.

    Args:
        kind: whose transform it is: "albumentations", "keras" or "torchvision".
        piece: the transform.
        following: the one behind it, or None: what it cuts off need not be made.
        seed: of random layers.
        whole: the size of the images in front of it, `(height, width)`, or None if it is unknown.
    """
    name = _name(kind, piece)
    if kind == "keras":
        return [piece] if name in _KERAS or not is_of_keras(piece) else None
    if name in _NOTHING:
        return []
    if kind == "albumentations":
        return _albumentations(name, piece, seed)
    if name == "Resize" and getattr(piece, "max_size", None) is None:
        return _resized(piece, following)
    return _torchvision(name, piece, seed, whole)


def erasing(piece: Any, layers: Sequence[Any], seed: int | None) -> Any:
    """Returns the layer of a RandomErasing of torchvision, whose value is in the images' scale.

    Args:
        piece: the transform.
        layers: those in front of it, which may end in a scale.
        seed: an integer, or None to draw one.
    """
    return erased(piece.p, piece.scale, piece.ratio, _each(piece.value), layers, seed)


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
        layers: those in front of it, which may end in a scale.
        seed: an integer, or None to draw one.
    """
    import keras

    from keras_cv_extras.layers import PolicyAugment
    from keras_cv_extras.policy._policy import Policy
    from keras_cv_extras.policy._step import Step

    low, high = 0.0, 255.0
    last: Any = layers[-1] if layers else None
    if isinstance(last, keras.layers.Rescaling):
        ends = [np.multiply(end, last.scale) + last.offset for end in (0.0, 255.0)]
        low, high = float(np.min(ends)), float(np.max(ends))
    fill = [255 * (float(x) - low) / (high - low) for x in value]
    ends = tuple(float(end) for end in area)
    options = (("smallest", ends[0]), ("aspect", tuple(float(end) for end in aspect)))
    step = Step("random_erasing", float(rate), value=ends[1], options=options)
    policy = Policy([[step]], fill=tuple(fill) if len(fill) > 1 else fill[0])
    return PolicyAugment(policy, value_range=(low, high), seed=seed)


def mix_of(kind: str, piece: Any, omissions: Omissions) -> Any:
    """Returns the mix that a layer of Keras or a transform of torchvision is, or None.

    Args:
        kind: whose transform it is.
        piece: the transform.
        omissions: where what differs is noted.
    """
    from keras_cv_extras import mix

    name = _name(kind, piece)
    if kind == "keras" and not is_of_keras(piece):  # a layer of this library, or an old name's
        held = getattr(piece, "inner", piece)
        return held.mix if isinstance(getattr(held, "mix", None), mix.Mix) else None
    if kind == "torchvision" and name == "RandomChoice":
        parts = [mix_of(kind, part, omissions) for part in piece.transforms]
        if not parts or None in parts:
            return None
        classes = getattr(piece.transforms[0], "num_classes", None)
        parts = tuple(dataclasses.replace(part, num_classes=None) for part in parts)
        return mix.RandomMix(parts, tuple(piece.p or [1.0] * len(parts)), num_classes=classes)
    if kind == "albumentations" or name.lower() not in ("mixup", "cutmix"):
        return None
    made = mix.MixUp if name.lower() == "mixup" else mix.CutMix
    if kind == "keras" and name == "CutMix":
        low, high = map(float, piece.factor)
        if low != high:
            drawn = f"from {low:g} to {high:g}, of which {high:g} is used"
            omissions.add(f"CutMix, which draws its alpha {drawn}")
        return made(high)
    # torchvision's makes rows of its labels, of so many classes; None leaves them compact.
    return made(float(piece.alpha), num_classes=getattr(piece, "num_classes", None))


def is_of_keras(layer: Any) -> bool:
    """Tells whether a layer is one of Keras' own, by its module.

    Args:
        layer: a layer.
    """
    return type(layer).__module__.partition(".")[0] == "keras"


def _name(kind, piece):
    if kind != "albumentations":
        return type(piece).__name__
    return str(piece.get("__class_fullname__", "")).rpartition(".")[2]


def _torchvision(name, piece, seed, whole=None):
    if name == "RandomResizedCrop":
        return [resized_crop(piece.size, piece.scale, piece.ratio, interpolation_of(piece), seed)]
    if name == "RandomCrop" and _simple(piece):
        return [*_padding(piece.padding), cut(piece.size, seed)]
    if name == "CenterCrop":
        return rounded_centre(piece.size, whole)
    if name == "ImageClassification":  # what the weights of torchvision bring
        resized = resize(_each(piece.resize_size), interpolation_of(piece), True, cropped=True)
        window = rounded_centre(piece.crop_size, _pair(piece.resize_size))
        means, deviations = ([255 * float(x) for x in part] for part in (piece.mean, piece.std))
        return [resized, *window, normalised(means, deviations)]
    if name == "Normalize":
        return [normalised(piece.mean, piece.std)]
    if name == "ToTensor" or (name == "ToDtype" and getattr(piece, "scale", False)):
        return [scaled(1 / 255)]
    if name == "ConvertImageDtype":
        return [scaled(1 / 255)]
    return None


def _resized(piece, following):
    """Returns the layers of a Resize: of one number only in front of a window in the middle."""
    sizes = _each(piece.size)
    if len(sizes) == 1 and type(following).__name__ != "CenterCrop":
        return None
    smooth = getattr(piece, "antialias", True) is not False
    return [resize(sizes, interpolation_of(piece), smooth, cropped=len(sizes) == 1)]


def _simple(piece):
    """Tells whether a RandomCrop pads with black alone, and always cuts."""
    filled = getattr(piece, "fill", 0)
    plain = filled in (0, None) or (isinstance(filled, dict) and not any(filled.values()))
    plain = plain or str(filled) in ("{}", "0")
    return plain and getattr(piece, "padding_mode", "constant") == "constant"


def _albumentations(name, node, seed):
    if node.get("p", 1.0) != 1.0:
        return None
    known = node.get("interpolation", 1)
    method = _INTERPOLATIONS.get(known)
    if name == "RandomResizedCrop" and method in ("nearest", "bilinear"):
        scale, ratio = node.get("scale", (0.08, 1.0)), node.get("ratio", (3 / 4, 4 / 3))
        return [resized_crop(node["size"], scale, ratio, method, seed)]
    if name == "RandomCrop" and not node.get("pad_if_needed"):
        return [cut((node["height"], node["width"]), seed)]
    if name == "CenterCrop" and not node.get("pad_if_needed"):
        return [centre((node["height"], node["width"]))]
    if name == "Resize" and method is not None:
        return [resize((node["height"], node["width"]), method, antialias=False)]
    if name == "Normalize" and node.get("normalization", "standard") == "standard":
        top = float(node.get("max_pixel_value", 255.0))
        means, deviations = ([top * x for x in _each(node[key])] for key in ("mean", "std"))
        return [normalised(means, deviations)]
    if name == "ToFloat":
        return [scaled(1 / float(node.get("max_value") or 255.0))]
    return None


def _each(value):
    if hasattr(value, "tolist"):  # an array, or a tensor, as timm gives to Normalize
        value = value.tolist()
    return list(value) if isinstance(value, Sequence) else [value]


def _pair(size):
    sizes = [int(part) for part in _each(size)]
    return tuple(sizes * 2 if len(sizes) == 1 else sizes)


def _padding(padding):
    import keras

    if not padding:
        return []
    sides = _each(padding)
    if len(sides) == 4:
        left, top, right, bottom = sides
    else:
        left, top = right, bottom = sides * 2 if len(sides) == 1 else sides
    return [keras.layers.ZeroPadding2D(((top, bottom), (left, right)))]


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
        _pair(size),
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

    return layers.RandomCrop(_pair(size), seed=seed)


def centre(size: Any) -> Any:
    """Returns the layer of the window in the middle.

    Args:
        size: of the window.
    """
    import keras

    return keras.layers.CenterCrop(*_pair(size))


def rounded_centre(size: Any, whole: Any) -> list[Any]:
    """Returns the layers of the window in the middle as torchvision and timm round its place.

    Half a pixel is rounded to the even place there, down in Keras.

    Args:
        size: of the window.
        whole: of the images, or None if it is unknown.
    """
    import keras

    sizes = _pair(size)
    # A margin of 3 begins at 2, not at 1.
    moved = [int(whole is not None and (whole[n] - sizes[n]) % 4 == 3) for n in range(2)]
    if not any(moved):
        return [centre(sizes)]
    larger = [side + more for side, more in zip(sizes, moved, strict=True)]
    cut_off = tuple((more, 0) for more in moved)
    return [centre(larger), keras.layers.Cropping2D(cut_off)]


def resize(size: Any, interpolation: str, antialias: bool, cropped: bool = False) -> Any:
    """Returns the layer that resizes.

    Args:
        size: `(height, width)`, or one number for both.
        interpolation: "nearest", "bilinear" or "bicubic".
        antialias: whether nothing is skipped where images become smaller.
        cropped: whether to keep the aspect ratio, and cut off what is left.
    """
    import keras

    return keras.layers.Resizing(
        *_pair(size),
        interpolation=interpolation,
        antialias=antialias and interpolation != "nearest",
        crop_to_aspect_ratio=cropped,
    )


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

    scale = [1 / float(x) for x in _each(std)]
    offset = [-float(m) / float(s) for m, s in zip(_each(mean), _each(std), strict=True)]
    return keras.layers.Rescaling(scale, offset)


def joined(layers: Sequence[Any]) -> list[Any]:
    """Returns layers, with scales that follow each other as one.

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
        made.append(layer)
    return made
