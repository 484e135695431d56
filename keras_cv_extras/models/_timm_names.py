"""The names that timm gives to the weights of networks whose layers have torchvision's names."""

import re
from typing import Any

from keras import layers

#: What timm adds to variances in inverted residuals, whatever torchvision adds.
EPSILON = 1e-5
_GATES = (".fc1", ".fc2", "_se_reduce", "_se_expand")
_DEPTHWISE = layers.DepthwiseConv2D


def inverted_names(parts: list[Any]) -> dict[Any, str]:
    """Returns timm's names for the layers with weights of an EfficientNet or MobileNet.

    timm counts blocks by stages of one width, and names convolutions by what they do.

    Args:
        parts: the layers in their order, under torchvision's names or Keras'.
    """
    found, blocks, others = {}, {}, []
    for layer in parts:
        place = re.match(r"(features\.\d+\.(\d+\.)?(block|conv)(?=\.)|block\d+[a-z]+)", layer.name)
        if place:
            blocks.setdefault(place[0], []).append(layer)
        else:
            others.append(layer)
    stage, number, width = -1, 0, None
    for block in blocks.values():
        filters = block[-1].gamma.shape[0]
        stage, number = (stage, number + 1) if filters == width else (stage + 1, 0)
        width = filters
        found.update(_block(block, f"blocks.{stage}.{number}"))
    hidden = [layer for layer in others if layer.name == "classifier.0"]
    last = (f"blocks.{stage + 1}.0.conv", f"blocks.{stage + 1}.0.bn1")  # of MobileNetV3
    names = ("conv_stem", "bn1", *(last if hidden else ("conv_head", "bn2")))
    return found | dict(
        zip(others, (*names, *["conv_head"] * len(hidden), "classifier"), strict=True)
    )


def _block(parts, place):
    """Names the layers of a block: convolutions by their kind, normalisations by their number."""
    gates = [layer for layer in parts if layer.name.endswith(_GATES)]
    norms = [layer for layer in parts if isinstance(layer, layers.BatchNormalization)]
    convs = [layer for layer in parts if layer not in gates and layer not in norms]
    if len(convs) == 1:
        kinds = ("conv",)
    elif len(convs) == 3:
        kinds = ("conv_pw", "conv_dw", "conv_pwl")
    else:
        kinds = (
            ("conv_dw", "conv_pw") if isinstance(convs[0], _DEPTHWISE) else ("conv_exp", "conv_pwl")
        )
    named = dict(zip(convs, kinds, strict=True))
    named |= {norm: f"bn{n}" for n, norm in enumerate(norms, start=1)}
    named |= dict(zip(gates, ("se.conv_reduce", "se.conv_expand"), strict=False))
    return {layer: f"{place}.{name}" for layer, name in named.items()}


def convnext_name(name: str) -> str:
    """Returns timm's name for a layer of ConvNeXt, such as "stages.0.blocks.1.mlp.fc1"."""
    plain = {"features.0.0": "stem.0", "features.0.1": "stem.1"}
    plain |= {"classifier.0": "head.norm", "logits": "head.fc"}
    if name in plain:
        return plain[name]
    _, place, rest = name.split(".", 2)
    stage = f"stages.{(int(place) - 1) // 2 + (int(place) + 1) % 2}"
    if int(place) % 2 == 0:
        return f"{stage}.downsample.{rest}"
    number, part = rest.split(".", 1)
    kinds = {
        "block.0": "conv_dw",
        "block.2": "norm",
        "block.3": "mlp.fc1",
        "block.5": "mlp.fc2",
        "layer_scale": "gamma",
    }
    return f"{stage}.blocks.{number}.{kinds[part]}"
