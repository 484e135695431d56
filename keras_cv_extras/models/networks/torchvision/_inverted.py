"""EfficientNet, MobileNetV2 and MobileNetV3 as torchvision has them: inverted residuals."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import keras
from keras import layers

from keras_cv_extras._base import checks
from keras_cv_extras.models.networks import _blocks

# Expansion, kernel, stride, filters and number of blocks of each stage; table 1 of the papers.
_STAGES = ((1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3))
_STAGES += ((6, 5, 1, 112, 3), (6, 5, 2, 192, 4), (6, 3, 1, 320, 1))
# Width, depth, dropout and what is added to variances. torchvision takes another epsilon from B5.
_SCALES = {
    "b0": (1.0, 1.0, 0.2, 1e-5),
    "b1": (1.0, 1.1, 0.2, 1e-5),
    "b2": (1.1, 1.2, 0.3, 1e-5),
    "b3": (1.2, 1.4, 0.3, 1e-5),
    "b4": (1.4, 1.8, 0.4, 1e-5),
    "b5": (1.6, 2.2, 0.4, 1e-3),
    "b6": (1.8, 2.6, 0.5, 1e-3),
    "b7": (2.0, 3.1, 0.5, 1e-3),
}
# Of version 2: the first width, dropout, and the stages, the first three of them fused.
_V2 = {
    "v2-s": (24, 0.2, ((1, 1, 24, 2), (4, 2, 48, 4), (4, 2, 64, 4), (4, 2, 128, 6))
             + ((6, 1, 160, 9), (6, 2, 256, 15))),
    "v2-m": (24, 0.3, ((1, 1, 24, 3), (4, 2, 48, 5), (4, 2, 80, 5), (4, 2, 160, 7))
             + ((6, 1, 176, 14), (6, 2, 304, 18), (6, 1, 512, 5))),
    "v2-l": (32, 0.4, ((1, 1, 32, 4), (4, 2, 64, 7), (4, 2, 96, 7), (4, 2, 192, 10))
             + ((6, 1, 224, 19), (6, 2, 384, 25), (6, 1, 640, 7))),
}  # fmt: skip
_MOBILE_V2 = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2))
_MOBILE_V2 += ((6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
# Kernel, expanded channels, filters, squeezed, "hard" activation, stride of each block; the last
# hidden layer; tables 1 and 2 of the paper.
_MOBILE_V3 = {
    "large": (
        ((3, 16, 16, 0, 0, 1), (3, 64, 24, 0, 0, 2), (3, 72, 24, 0, 0, 1), (5, 72, 40, 1, 0, 2))
        + ((5, 120, 40, 1, 0, 1),) * 2
        + ((3, 240, 80, 0, 1, 2), (3, 200, 80, 0, 1, 1), (3, 184, 80, 0, 1, 1))
        + ((3, 184, 80, 0, 1, 1), (3, 480, 112, 1, 1, 1), (3, 672, 112, 1, 1, 1))
        + ((5, 672, 160, 1, 1, 2), *((5, 960, 160, 1, 1, 1),) * 2),
        1280,
    ),
    "small": (
        ((3, 16, 16, 1, 0, 2), (3, 72, 24, 0, 0, 2), (3, 88, 24, 0, 0, 1), (5, 96, 40, 1, 1, 2))
        + ((5, 240, 40, 1, 1, 1),) * 2
        + ((5, 120, 48, 1, 1, 1), (5, 144, 48, 1, 1, 1), (5, 288, 96, 1, 1, 2))
        + ((5, 576, 96, 1, 1, 1),) * 2,
        1024,
    ),
}


class _Block(NamedTuple):
    """A block: it widens, looks at places, weighs channels, and narrows."""

    name: str
    expanded: int
    kernel: int
    strides: int
    filters: int
    squeezed: int = 0
    activation: str = "silu"
    gates: tuple[str, str] = ("silu", "sigmoid")
    fused: bool = False
    nested: bool = True  # whether the last convolution is one level deeper, as the others are


class _Units:
    """Adds convolutions, under the names that torchvision gives them."""

    def __init__(self, epsilon, removed):
        self.epsilon = epsilon
        self.removed = removed  # how many strides are still to be left out

    def stride(self, strides):
        """Returns the stride, 1 for the first ones of small images."""
        if strides > 1 and self.removed:
            self.removed -= 1
            return 1
        return strides

    def conv(self, x, filters, kernel, strides, activation, name, names=None):
        """Convolves, normalises and activates; each channel by itself where filters is None."""
        first, second = names or (f"{name}.0", f"{name}.1")
        if filters is None:
            padding = "same"
            if strides > 1:
                x, padding = layers.ZeroPadding2D(kernel // 2, name=f"{name}.pad")(x), "valid"
            x = layers.DepthwiseConv2D(
                kernel, strides, padding, use_bias=False, name=first,
                depthwise_initializer="he_normal",
            )(x)  # fmt: skip
        else:
            x = _blocks.conv(x, filters, kernel, strides, name=first, relu=False, use_bias=False)
        x = _blocks.batch_norm(x, name=second, epsilon=self.epsilon)
        return layers.Activation(activation, name=f"{name}.act")(x) if activation else x

    def block(self, x, block, drop_rate):
        """Adds a block, and its input where both have one shape."""
        inputs, channels, place = x, x.shape[-1], 0
        strides, name = self.stride(block.strides), block.name
        shape = block.activation, f"{name}.0"
        if block.expanded != channels:
            size = (block.kernel, strides) if block.fused else (1, 1)
            x, place = self.conv(x, block.expanded, *size, *shape), 1
        if block.fused and not place:
            x = self.conv(x, block.filters, block.kernel, strides, *shape)
        elif not block.fused:
            x = self.conv(x, None, block.kernel, strides, block.activation, f"{name}.{place}")
            place += 1
            if block.squeezed:
                x = _weighed(x, block.squeezed, block.gates, f"{name}.{place}")
                place += 1
        if not block.fused or place:
            last = f"{name}.{place}"
            names = None if block.nested else (last, f"{name}.{place + 1}")
            x = self.conv(x, block.filters, 1, 1, None, last, names)
        if block.strides == 1 and channels == block.filters:
            return _blocks.add(inputs, x, drop_rate=drop_rate, name=f"{name}.add")
        return x


def _weighed(x, squeezed, gates, name):
    """Scales channels by what the whole map shows."""
    gate = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}.avgpool")(x)
    gate = layers.Conv2D(squeezed, 1, activation=gates[0], name=f"{name}.fc1")(gate)
    gate = layers.Conv2D(x.shape[-1], 1, activation=gates[1], name=f"{name}.fc2")(gate)
    return layers.Multiply(name=f"{name}.scale")([x, gate])


def _rounded(channels):
    """Returns the multiple of 8 that is nearest, at most a tenth below."""
    made = max(8, int(channels + 4) // 8 * 8)
    return made + 8 if made < 0.9 * channels else made


def _efficient_blocks(version) -> Iterator[_Block]:
    if version in _SCALES:
        width, depth, *_ = _SCALES[version]
        channels = _rounded(32 * width)
        stages = [
            (False, expansion, kernel, strides, _rounded(filters * width), math.ceil(count * depth))
            for expansion, kernel, strides, filters, count in _STAGES
        ]
    else:
        channels, _, table = _V2[version]
        stages = [
            (place < 3, expansion, 3, strides, filters, count)
            for place, (expansion, strides, filters, count) in enumerate(table)
        ]
    for stage, (fused, expansion, kernel, strides, filters, count) in enumerate(stages, start=1):
        for number in range(count):
            yield _Block(
                f"features.{stage}.{number}.block",
                _rounded(channels * expansion),
                kernel,
                1 if number else strides,
                filters,
                0 if fused else max(1, channels // 4),
                fused=fused,
            )
            channels = filters


def _mobile_blocks(version) -> Iterator[_Block]:
    if version == "v2":
        channels, place = 32, 1
        for expansion, filters, count, strides in _MOBILE_V2:
            for number in range(count):
                yield _Block(
                    f"features.{place}.conv",
                    channels * expansion,
                    3,
                    1 if number else strides,
                    filters,
                    activation="relu6",
                    nested=False,
                )
                channels, place = filters, place + 1
        return
    for place, row in enumerate(_MOBILE_V3[version.removeprefix("v3-")][0], start=1):
        kernel, expanded, filters, squeezed, hard, strides = row
        yield _Block(
            f"features.{place}.block",
            expanded,
            kernel,
            strides,
            filters,
            _rounded(expanded // 4) if squeezed else 0,
            "hard_silu" if hard else "relu",
            ("relu", "hard_sigmoid"),
        )


@_blocks.network
def efficientnet(
    input_shape: tuple[int, int, int],
    num_classes: int,
    *,
    version: str = "b0",
    dropout: float | None = None,
    global_pooling: str = "average",
    stem: str = "auto",
    stochastic_depth: float = 0.0,
) -> keras.Model:
    """Builds EfficientNet as torchvision has it: strided convolutions are padded on both sides.

    5,288,548 trained parameters for "b0" and RGB images of 1,000 classes.

    Args:
        version: "b0" to "b7", "v2-s", "v2-m" or "v2-l".
        dropout: rate before the logits; None for torchvision's, 0.2 to 0.5.
        stem: "original", dividing by 32 in all; "small", dividing by 8, without the first two
            strides; "auto": small below 72 pixels.

    References:
        [EfficientNet](https://arxiv.org/abs/1905.11946),
        [EfficientNetV2](https://arxiv.org/abs/2104.00298)

    Example:
        >>> model = efficientnet((32, 32, 3), 10)
    """
    checks.one_of("version", version, (*_SCALES, *_V2))
    blocks = list(_efficient_blocks(version))
    if version in _SCALES:
        width, _, rate, epsilon = _SCALES[version]
        first, last = _rounded(32 * width), 4 * blocks[-1].filters
    else:
        (first, rate, _), last, epsilon = _V2[version], 1280, 1e-3
    shape = _blocks.check_shapes(input_shape, num_classes, 8)
    # The weights of "v2-l" alone were trained on values in [-1, 1].
    images, x = _blocks.begin(shape, "tf" if version == "v2-l" else "torch")
    units = _Units(epsilon, 2 if _blocks.is_small(shape, stem) else 0)
    x = _body(x, units, blocks, first, last, "silu", stochastic_depth)
    rate = rate if dropout is None else dropout
    logits = _blocks.head(x, num_classes, dropout=rate, global_pooling=global_pooling)
    return keras.Model(images, logits, name=f"efficientnet_{version.replace('-', '_')}")


@_blocks.network
def mobilenet(
    input_shape: tuple[int, int, int],
    num_classes: int,
    *,
    version: str = "v2",
    dropout: float = 0.2,
    global_pooling: str = "average",
    stem: str = "auto",
) -> keras.Model:
    """Builds MobileNetV2 or V3 as torchvision has it: strides are padded on both sides.

    3,504,872, 5,483,032 and 2,542,856 trained parameters for RGB images of 1,000 classes.

    Args:
        version: "v2", "v3-large" or "v3-small".
        stem: "original", dividing by 32 in all; "small", dividing by 8, without the first two
            strides; "auto": small below 72 pixels.

    References:
        [MobileNetV2](https://arxiv.org/abs/1801.04381),
        [Searching for MobileNetV3](https://arxiv.org/abs/1905.02244)

    Example:
        >>> model = mobilenet((32, 32, 3), 10)
    """
    checks.one_of("version", version, ("v2", "v3-large", "v3-small"))
    blocks = list(_mobile_blocks(version))
    shape = _blocks.check_shapes(input_shape, num_classes, 8)
    images, x = _blocks.begin(shape)
    second = version == "v2"
    units = _Units(1e-5 if second else 1e-3, 2 if _blocks.is_small(shape, stem) else 0)
    first, last = (32, 1280) if second else (16, 6 * blocks[-1].filters)
    x = _body(x, units, blocks, first, last, "relu6" if second else "hard_silu")
    if second:
        logits = _blocks.head(x, num_classes, dropout=dropout, global_pooling=global_pooling)
    else:
        x = _blocks.global_pool(x, global_pooling)
        hidden = _MOBILE_V3[version.removeprefix("v3-")][1]
        x = layers.Dense(hidden, "hard_silu", name="classifier.0")(x)
        x = layers.Dropout(dropout, name="dropout")(x)
        logits = layers.Dense(num_classes, dtype="float32", name="logits")(x)
    return keras.Model(images, logits, name=f"mobilenet_{version.replace('-', '_')}")


def _body(x, units, blocks, first, last, activation, stochastic_depth=0.0):
    """Adds the stem, the blocks, and the convolution that widens at the end."""
    x = units.conv(x, first, 3, units.stride(2), activation, "features.0")
    for block, rate in zip(blocks, _blocks.drop_rates(stochastic_depth, len(blocks)), strict=True):
        x = units.block(x, block, rate)
    end = int(blocks[-1].name.split(".")[1]) + 1
    return units.conv(x, last, 1, 1, activation, f"features.{end}")
