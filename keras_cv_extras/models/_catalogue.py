"""The list of networks: their sizes, the images they were designed for, and their weights."""

import math
from typing import NamedTuple

import keras

from keras_cv_extras._base import checks
from keras_cv_extras.models._registry import APPLICATIONS, NETWORKS, build
from keras_cv_extras.models._torch_files import OF_TIMM_ALONE, has_torch_names

_SIDES = {
    "alexnet": 227,
    "alexnet-owt": 224,
    "cifar-resnet": 32,
    "efficientnet-b1": 240,
    "efficientnet-b2": 260,
    "efficientnet-b3": 300,
    "efficientnet-b4": 380,
    "efficientnet-b5": 456,
    "efficientnet-b6": 528,
    "efficientnet-b7": 600,
    "efficientnetv2-b1": 240,
    "efficientnetv2-b2": 260,
    "efficientnetv2-b3": 300,
    "efficientnetv2-l": 480,
    "efficientnetv2-m": 480,
    "efficientnetv2-s": 384,
    "inception-resnet-v2": 299,
    "inception-v3": 299,
    "inception-v4": 299,
    "lenet5": 32,
    "nasnet-large": 331,
    "nin-cifar": 32,
    "wrn": 32,
    "xception": 299,
}


class Network(NamedTuple):
    """A network that `build` makes.

    Args:
        name: its name.
        image_size: pixels each way of the images that it was published for.
        weights: what `build(weights=...)` takes besides files of Keras: "imagenet",
            "torchvision", "timm", "torchvision and timm", several or "".
        parameters: how many numbers it learns, for 3 channels and 1,000 classes at that size (10
            below 224 pixels, and 1 channel for "lenet5"); None if they were not counted.

    Example:
        >>> [network.name for network in catalogue() if network.name.startswith("vgg")]
    """

    name: str
    image_size: int
    weights: str
    parameters: int | None


def catalogue(match: str = "", *, count: bool = False) -> list[Network]:
    """Lists the networks that `build` makes.

    Args:
        match: a part of their names.
        count: whether to count parameters, for which each is built, a second or two, without
            memory for weights.

    Raises:
        ValueError: if no name has `match` in it.

    Example:
        >>> [(network.name, network.parameters) for network in catalogue("lenet5", count=True)]
        [('lenet5', 61706)]
    """
    key = checks.lower_case(match)
    found = [name for name in sorted(NETWORKS) if key in name]
    if not found:
        raise ValueError(
            f"no network has {match!r} in its name; see keras_cv_extras.models.names()"
        )
    return [_network(name, count) for name in found]


def _network(name, count):
    sides = {prefix: side for prefix, side in _SIDES.items() if name.startswith(prefix)}
    side = sides[max(sides, key=len)] if sides else 224
    torchvision, timm = name == "googlenet-torchvision", name in OF_TIMM_ALONE
    there = {
        "imagenet": name in APPLICATIONS,
        "torchvision": torchvision,
        "timm": timm,
        "torchvision and timm": has_torch_names(name) and not torchvision and not timm,
    }
    weights = ", ".join(source for source, taken in there.items() if taken)
    return Network(name, side, weights, _parameters(name, side) if count else None)


def _parameters(name, side):
    channels, classes = 1 if name == "lenet5" else 3, 1000 if side >= 224 else 10
    with keras.StatelessScope(initialize_variables=False):
        model = build(name, (side, side, channels), classes)
    return sum(math.prod(weight.shape) for weight in model.trainable_weights)
