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
#: What is said of nearest interpolation where images get another size.
PIXELS = "which takes Pillow's pixels, of two as near the second, and not those of torch's tensors"
_INTERPOLATIONS = {0: "nearest", 1: "bilinear", 2: "bicubic"}  # OpenCV's numbers


def layers_of(
    kind: str, piece: Any, following: Any, seed: int | None, omissions: Omissions
) -> list[Any] | None:
    """Returns the layers of a transform that sets a size or a scale; None for any other.

    Args:
        kind: whose transform it is: "albumentations", "keras" or "torchvision".
        piece: the transform.
        following: the one behind it, or None: what it cuts off need not be made.
        seed: of random layers.
        omissions: where what differs is noted.
    """
    name = _name(kind, piece)
    if kind == "keras":
        return [piece] if name in _KERAS or not is_of_keras(piece) else None
    if name in _NOTHING:
        return []
    if kind == "albumentations":
        return _albumentations(name, piece, seed, omissions)
    if name == "Resize" and getattr(piece, "max_size", None) is None:
        return _resized(piece, following, omissions)
    return _torchvision(name, piece, seed, omissions)


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


def _torchvision(name, piece, seed, omissions):
    if name == "RandomResizedCrop":
        method = _method(name, piece, ("bilinear", "nearest"), omissions)
        return [resized_crop(piece.size, piece.scale, piece.ratio, method, seed)]
    if name == "RandomCrop" and _simple(piece):
        return [*_padding(piece.padding), cut(piece.size, seed)]
    if name == "CenterCrop":
        return [resized_centre(piece.size)]
    if name == "ImageClassification":  # what the weights of torchvision bring
        method = _method(name, piece, ("bilinear", "bicubic"), omissions)
        window = resized_centre(piece.crop_size, *_each(piece.resize_size), interpolation=method)
        means, deviations = ([255 * float(x) for x in part] for part in (piece.mean, piece.std))
        return [window, normalised(means, deviations)]
    if name == "Normalize":
        return [normalised(piece.mean, piece.std)]
    if name == "ToTensor" or (name == "ToDtype" and getattr(piece, "scale", False)):
        return [scaled(1 / 255)]
    if name == "ConvertImageDtype":
        return [scaled(1 / 255)]
    return None


def _resized(piece, following, omissions):
    """Returns the layers of a Resize: of one number only with the window in the middle behind."""
    sizes = _each(piece.size)
    if len(sizes) == 1:
        if type(following).__name__ != "CenterCrop":
            return None
        method = _method("Resize", piece, ("bilinear", "bicubic"), omissions)
        return [resized_centre(following.size, *sizes, interpolation=method)]
    smooth = getattr(piece, "antialias", True) is not False
    method = _method("Resize", piece, ("bilinear", "bicubic", "nearest"), omissions)
    if method == "nearest":
        return [resize(sizes, method, smooth)]
    if not smooth and method == "bicubic":
        omissions.add("Resize with 'bicubic' and antialias=False, whose filter is another one")
    elif not smooth:
        omissions.remark("Resize with antialias=False, as on tensors; Pillow's images ignore it")
    elif method == "bicubic":
        return [resized_centre(sizes, "stretch", interpolation=method)]
    return [resize(sizes, method, smooth)]


def _method(name, piece, known, omissions):
    """Returns the interpolation of a transform of torchvision if it is known; else the first."""
    method = interpolation_of(piece)
    if method in known:
        if method == "nearest":
            omissions.remark(f"{name} with 'nearest', {PIXELS}")
        return method
    omissions.add(f"{name} with interpolation {method!r}, in place of which is {known[0]}")
    return known[0]


def _simple(piece):
    """Tells whether a RandomCrop pads with black alone, and always cuts."""
    filled = getattr(piece, "fill", 0)
    plain = filled in (0, None) or (isinstance(filled, dict) and not any(filled.values()))
    plain = plain or str(filled) in ("{}", "0")
    return plain and getattr(piece, "padding_mode", "constant") == "constant"


def _albumentations(name, node, seed, omissions):
    if node.get("p", 1.0) != 1.0:
        return None
    known = node.get("interpolation", 1)
    method = _INTERPOLATIONS.get(known)
    if name in ("RandomResizedCrop", "Resize") and method in ("nearest", "bicubic"):
        omissions.add(f"{name} with interpolation {known}, which OpenCV computes otherwise")
    if name == "RandomResizedCrop" and method in ("nearest", "bilinear"):
        scale, ratio = node.get("scale", (0.08, 1.0)), node.get("ratio", (3 / 4, 4 / 3))
        return [resized_crop(node["size"], scale, ratio, method, seed)]
    if name == "RandomCrop" and not node.get("pad_if_needed"):
        return [cut((node["height"], node["width"]), seed)]
    if name == "CenterCrop" and not node.get("pad_if_needed"):
        import keras

        return [keras.layers.CenterCrop(node["height"], node["width"])]
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
    height, width = _pair(size)
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
        *_pair(size),
        interpolation=interpolation,
        antialias=antialias and interpolation != "nearest",
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
        if hasattr(layer, "shorter") and any(type(x) is keras.layers.Rescaling for x in made):
            layer.clip = False  # values are no bytes any more
        window = getattr(layer, "height", 0), getattr(layer, "width", 0)
        if made and getattr(layer, "shorter", 0) is None and hasattr(made[-1], "shorter"):
            made += [layer] if window != (made[-1].height, made[-1].width) else []
            continue
        made.append(layer)
    return made
