"""Pipelines of other libraries as layers: their policy between what sets sizes and scales.

References:
    torchvision 0.28, `transforms.v2`; Albumentations 2.0.8; timm 1.0.31, `create_transform`.
"""

import dataclasses
import functools
import itertools
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from keras_cv_extras._base.text import caller
from keras_cv_extras.policy.interop._common import Omissions
from keras_cv_extras.policy.interop._torchvision import compose_policy
from keras_cv_extras.policy.interop._torchvision_compose import OF_TIMM, is_of_timm
from keras_cv_extras.policy.interop.albumentations import _pipelines as albumentations
from keras_cv_extras.policy.interop.albumentations._old import fields_of, note_targets
from keras_cv_extras.policy.interop.transforms import _keras, _pieces, _sizes, _timm
from keras_cv_extras.policy.interop.transforms._of_torchvision import OF_TIMM as READ_OF_TIMM
from keras_cv_extras.policy.interop.transforms._values import Values, policy_layer


@dataclasses.dataclass(frozen=True)
class Transforms:
    """A pipeline of another library: layers in its order, and what mixes a batch behind them.

    Args:
        layers: of Keras and of this library: sizes, one or more policies, the scale of values.
        mix: None, or a `mix.Mix` for `data.pipeline` or `training.fit`.

    Example:
        >>> made = read_transforms([keras.layers.RandomFlip("horizontal")])
        >>> made.mix is None
        True
    """

    layers: tuple[Any, ...]
    mix: Any = None

    @property
    def policies(self) -> list[Any]:
        """The policies among the layers."""
        return [layer.policy for layer in self.layers if hasattr(layer, "policy")]

    def __call__(self, images: Any, training: bool = True) -> Any:
        """Returns the images after all layers.

        Args:
            images: `(batch, height, width, channels)`, in [0, 255].
            training: whether random layers are random.
        """
        for layer in self.layers:
            images = layer(images, **({"training": training} if _takes(layer) else {}))
        return images

    def sequential(self) -> Any:
        """Returns the layers as a `keras.Sequential`, to stand in a model or be saved."""
        import keras

        return keras.Sequential(list(self.layers))


def _takes(layer):
    return getattr(layer, "_call_has_training_arg", True)


def read_transforms(transform: Any, *, strict: bool = True, seed: int | None = None) -> Transforms:
    """Reads a whole pipeline of another library, with its sizes, its scale and its mix.

    Args:
        transform: a `Compose`, `Sequential` or list of torchvision; of Albumentations, or its
            `to_dict`; the keywords of timm's `create_transform` as a dictionary, which may have
            those of its `Mixup` too; or layers of Keras, as a list or a `Sequential`.
        strict: whether to raise where this library cannot do the same; else one warning names
            what differs and what is left out. Of small differences, such as the edges of images
            that are turned, there is a warning in either case.
        seed: of the layers, an integer, or None to draw one.

    Returns:
        The layers in the order of the pipeline. Images go in with values in [0, 255].

    Raises:
        TypeError, ValueError: if something is not understood, or cannot be done exactly and
            `strict`; the message names it.

    Example:
        >>> made = read_transforms({"input_size": 32, "is_training": True, "hflip": 0.5})
        >>> [type(layer).__name__ for layer in made.layers]
        ['RandomResizedCrop', 'PolicyAugment', 'Rescaling']
    """
    omissions, values = Omissions("keras_cv_extras"), Values(strict)
    if hasattr(transform, "to_dict") or "transform" in _keys(transform):
        transform = fields_of(transform)
        note_targets(transform, omissions)
    kind, pieces = _parts(transform)
    if kind == "timm":
        return Transforms(*_timm.layers_of(transform, _policy_layer(seed), strict, seed))
    made: list[Any] = []
    row: list[Any] = []
    mix = None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")

        def close():
            if row:
                policy = _READ[kind](list(row), omissions)
                noted = None if kind == "keras" else omissions
                if not policy.is_identity:  # as one is of which all was left out
                    made.append(policy_layer(policy, made, seed, noted))
                row.clear()

        for piece, following in itertools.zip_longest(pieces, pieces[1:]):
            if (blend := _pieces.mix_of(kind, piece, omissions)) is not None:
                if mix is not None:
                    first, last = type(mix).__name__, type(blend).__name__
                    omissions.add(f"{first} in front of {last}, of which the last is used")
                mix = blend
                continue
            if is_of_timm(piece) and type(piece).__name__ not in READ_OF_TIMM:
                omissions.add(f"{type(piece).__name__}, {OF_TIMM}")
                continue
            layers = _pieces.layers_of(kind, piece, following, seed, values, omissions)
            if type(piece).__name__ == "RandomErasing" and _numbers(piece):
                close()
                made = _sizes.joined(made)
                made.append(_sizes.erasing(piece, made, seed))
            elif layers is None:
                row.append(piece)
            else:
                if layers:
                    close()
                made += layers
        close()
        omissions.settle(strict)
    _settle(caught)
    return Transforms(tuple(_sizes.joined(made)), mix)


def _numbers(piece):
    """Tells whether a RandomErasing of torchvision fills in numbers."""
    return not isinstance(getattr(piece, "value", None), (str, type(None)))


def _settle(caught):
    """Warns of all that was left out in one warning."""
    said = [str(warning.message) for warning in caught if warning.category is UserWarning]
    if said:
        first, _, _ = said[0].partition(": ")
        named = "; ".join(message.partition(": ")[2] for message in said)
        caller.warn(f"{first}: {named}")
    for warning in caught:
        if warning.category is not UserWarning:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )


def _keys(transform):
    return transform if isinstance(transform, Mapping) else ()


def _parts(transform):
    """Returns whose pipeline it is, and its transforms."""
    if "transform" in _keys(transform):
        return "albumentations", _nodes(transform["transform"])
    if isinstance(transform, Mapping):
        return "timm", []
    many = isinstance(transform, (list, tuple))
    if type(transform).__module__.partition(".")[0].startswith("keras") or (
        many and all(hasattr(part, "get_config") for part in transform)
    ):
        return "keras", _keras.parts(transform)
    if many and all(hasattr(part, "to_dict") for part in transform):
        return "albumentations", [n for p in transform for n in _nodes(fields_of(p)["transform"])]
    if many or type(transform).__name__ in ("Compose", "Sequential"):
        children = getattr(transform, "transforms", transform)
        return "torchvision", [piece for child in children for piece in _parts(child)[1]]
    return "torchvision", [transform]


def _nodes(node):
    name = str(node.get("__class_fullname__", "")).rpartition(".")[2]
    if name in ("Compose", "ReplayCompose", "Sequential") and node.get("p", 1.0) == 1.0:
        return [piece for child in node["transforms"] for piece in _nodes(child)]
    return [node]


class Compose:
    """Transforms of torchvision in a row."""

    def __init__(self, transforms):
        self.transforms = transforms


def _torchvision(row, omissions):
    return compose_policy(Compose(row), omissions)


def _albumentations(row, omissions):
    node = {"__class_fullname__": "Compose", "p": 1.0, "transforms": row}
    return albumentations.read_policy({"transform": node}, omissions)


_READ: dict[str, Callable[[list[Any], Omissions], Any]] = {
    "albumentations": _albumentations,
    "keras": _keras.read_policy,
    "torchvision": _torchvision,
}


def _policy_layer(seed):
    from keras_cv_extras import layers

    return functools.partial(layers.PolicyAugment, seed=seed)
