"""Single transforms as layers or as mixes: which library has them, and what it calls them."""

import dataclasses
from typing import Any

from keras_cv_extras.policy.interop._common import Omissions
from keras_cv_extras.policy.interop.transforms import _of_albumentations, _of_torchvision
from keras_cv_extras.policy.interop.transforms._values import Values

#: Layers of Keras that set sizes or scales, and are taken as they are.
_KERAS = ("CenterCrop", "Normalization", "RandomCrop", "Rescaling", "Resizing")


def layers_of(
    kind: str, piece: Any, following: Any, seed: int | None, values: Values, omissions: Omissions
) -> list[Any] | None:
    """Returns the layers of a transform that sets a size or a scale; None for any other.

    Args:
        kind: whose transform it is: "albumentations", "keras" or "torchvision".
        piece: the transform.
        following: the one behind it, or None: what it cuts off need not be made.
        seed: of random layers.
        values: what is known of the images in front of it; it is brought up to date.
        omissions: where what differs is noted.
    """
    name = name_of(kind, piece)
    if kind == "keras":
        return [piece] if name in _KERAS or not is_of_keras(piece) else None
    if kind == "albumentations":
        return _of_albumentations.layers_of(name, piece, seed, omissions)
    return _of_torchvision.layers_of(name, piece, following, seed, values, omissions)


def mix_of(kind: str, piece: Any, omissions: Omissions) -> Any:
    """Returns the mix that a layer of Keras or a transform of torchvision is, or None.

    Args:
        kind: whose transform it is.
        piece: the transform.
        omissions: where what differs is noted.
    """
    from keras_cv_extras import mix

    name = name_of(kind, piece)
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


def name_of(kind: str, piece: Any) -> str:
    """Returns the name of a transform.

    Args:
        kind: whose transform it is.
        piece: the transform.
    """
    if kind != "albumentations":
        return type(piece).__name__
    return str(piece.get("__class_fullname__", "")).rpartition(".")[2]
