"""The names that timm gives to the weights of Inception v4 and Inception-ResNet v2."""

import re
from typing import Any

# What begins the name of a layer, without the number at its end, and timm's name, in which `{n}`
# is that number, counted from 0; in blocks `{k}` is the block's number there.
_STEM = {
    "stem": "features.{n}",
    "stem_a_conv": "features.3.conv",
    "stem_b_short": "features.4.branch0.{n}",
    "stem_b_long": "features.4.branch1.{n}",
    "stem_c_conv": "features.5.conv",
    "reduction_a_3x3": "features.10.branch0",
    "reduction_a_double": "features.10.branch1.{n}",
    "reduction_b_3x3": "features.18.branch0.{n}",
    "reduction_b_7x7": "features.18.branch1.{n}",
}
_PARTS = {
    "1x1": "features.{k}.branch0",
    "3x3": "features.{k}.branch1.{n}",
    "7x7": "features.{k}.branch1.{n}",
    "double": "features.{k}.branch2.{n}",
    "pool_proj": "features.{k}.branch3.1",
    "short": "features.{k}.branch1_0",
    "short_row": "features.{k}.branch1_1a",
    "short_column": "features.{k}.branch1_1b",
    "long": "features.{k}.branch2_{n}",
    "long_row": "features.{k}.branch2_3a",
    "long_column": "features.{k}.branch2_3b",
}
_BEFORE = {"a": 5, "b": 10, "c": 18}  # the number of the first block, less one


def inception_v4_name(name: str) -> str:
    """Returns timm's name for a layer of Inception v4, such as "features.6.branch1.0.conv".

    Args:
        name: of the layer here, such as "a1_3x31".
    """
    if name == "logits":
        return "last_linear"
    kind = "bn" if name.endswith("_bn") else "conv"
    name = name.removesuffix("_bn")
    part, number = name[:-1], int(name[-1]) - 1
    if part in _STEM:
        return f"{_STEM[part].format(n=number)}.{kind}"
    block, _, part = part.partition("_")
    place = _BEFORE[block[0]] + int(block[1:])
    return f"{_PARTS[part].format(k=place, n=number)}.{kind}"


def _branches(place, *counts):
    """Names the convolutions of branches, in which those of one alone have no number."""
    for branch, count in enumerate(counts):
        for number in range(count):
            yield f"{place}.branch{branch}" + (f".{number}" if count > 1 else "")


def _inception_resnet_v2():
    """Names the convolutions that are normalised, in the order in which Keras makes them."""
    yield from ("conv2d_1a", "conv2d_2a", "conv2d_2b", "conv2d_3b", "conv2d_4a")
    yield from (*_branches("mixed_5b", 1, 2, 3), "mixed_5b.branch3.1")
    for number in range(10):
        yield from _branches(f"repeat.{number}", 1, 2, 3)
    yield from _branches("mixed_6a", 1, 3)
    for number in range(20):
        yield from _branches(f"repeat_1.{number}", 1, 3)
    yield from _branches("mixed_7a", 2, 2, 3)
    for number in range(9):
        yield from _branches(f"repeat_2.{number}", 1, 3)
    yield from _branches("block8", 1, 3)


#: Keras' blocks with a convolution of their own name, and timm's.
_BLOCKS = {"block35": "repeat", "block17": "repeat_1", "block8": "repeat_2"}


def inception_resnet_v2_names(parts: list[Any]) -> dict[Any, str]:
    """Returns timm's names for the layers of Keras' Inception-ResNet v2 that have weights.

    Args:
        parts: the layers, with the last one, whose name is "logits".
    """
    found, counted = {}, {"conv2d": [], "batch_normalization": []}
    plain = {"logits": "classif", "conv_7b": "conv2d_7b.conv", "conv_7b_bn": "conv2d_7b.bn"}
    plain["block8_10_conv"] = "block8.conv2d"
    for layer in parts:
        kind, _, number = layer.name.rpartition("_")
        if layer.name in plain:
            found[layer] = plain[layer.name]
        elif block := re.fullmatch(r"(block\d+)_(\d+)_conv", layer.name):
            found[layer] = f"{_BLOCKS[block[1]]}.{int(block[2]) - 1}.conv2d"
        elif kind in counted:  # Keras counts in all of a process, so that the order alone tells
            counted[kind].append((int(number), layer))
        else:
            counted[layer.name].append((0, layer))
    for kind, end in (("conv2d", "conv"), ("batch_normalization", "bn")):
        ordered = [layer for _, layer in sorted(counted[kind], key=lambda pair: pair[0])]
        found |= {
            layer: f"{name}.{end}"
            for layer, name in zip(ordered, _inception_resnet_v2(), strict=True)
        }
    return found
