"""Residual networks for large images: basic blocks of two convolutions, bottlenecks of three."""

import keras

from keras_cv_extras._base import checks
from keras_cv_extras.models.networks import _blocks

# Blocks in each of four stages; table 1 of the paper. From 50 layers on they are bottlenecks.
_DEPTHS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}
_DEPTHS[152] = (3, 8, 36, 3)
_EXPANSION = 4


@_blocks.network
def resnet(
    depth: int,
    input_shape: tuple[int, int, int],
    num_classes: int,
    *,
    variant: str = "v1.5",
    dropout: float = 0.0,
    global_pooling: str = "average",
    stem: str = "auto",
    stochastic_depth: float = 0.0,
) -> keras.Model:
    """Builds a residual network.

    11,689,512, 21,797,672, 25,557,032, 44,549,160 and 60,192,808 trained parameters for RGB
    images of 1,000 classes.

    Args:
        depth: 18, 34, 50, 101 or 152.
        variant: where a bottleneck takes its stride: "v1.5" at the 3x3 convolution, as
            torchvision does; "v1" at the first 1x1, as the paper and `keras.applications` do.
        stem: "original", 7x7 at every second pixel and pooling, dividing by 32 in all; "small",
            3x3 at every pixel, dividing by 8; "auto": small below 72 pixels.

    References:
        [Deep residual learning](https://arxiv.org/abs/1512.03385)

    Example:
        >>> model = resnet(18, (32, 32, 3), 10)
    """
    checks.one_of("depth", depth, tuple(_DEPTHS))
    checks.one_of("variant", variant, ("v1.5", "v1"))
    shape = _blocks.check_shapes(input_shape, num_classes, 8)
    images, x = _blocks.begin(shape)
    if _blocks.is_small(shape, stem):
        x = _blocks.conv_bn(x, 64, 3, name="stem")
    else:
        x = _blocks.conv_bn(x, 64, 7, 2, name="stem")
        x = _blocks.max_pool(x, name="stem_pool")
    counts = _DEPTHS[depth]
    rates = iter(_blocks.drop_rates(stochastic_depth, sum(counts)))
    for stage, count in enumerate(counts, start=1):
        filters = 64 * 2 ** (stage - 1)
        for number in range(1, count + 1):
            strides = 2 if stage > 1 and number == 1 else 1
            name = f"stage{stage}_block{number}"
            if depth < 50:
                x = _basic(x, filters, strides, next(rates), name)
            else:
                x = _bottleneck(x, filters, strides, next(rates), name, variant)
    logits = _blocks.head(x, num_classes, dropout=dropout, global_pooling=global_pooling)
    return keras.Model(images, logits, name=f"resnet{depth}")


def _basic(x, filters, strides, drop_rate, name):
    y = _blocks.conv_bn(x, filters, 3, strides, name=f"{name}_conv1")
    y = _blocks.conv_bn(y, filters, 3, relu=False, name=f"{name}_conv2")
    return _sum(x, y, strides, drop_rate, name)


def _bottleneck(x, filters, strides, drop_rate, name, variant):
    first, second = (1, strides) if variant == "v1.5" else (strides, 1)
    y = _blocks.conv_bn(x, filters, 1, first, name=f"{name}_conv1")
    y = _blocks.conv_bn(y, filters, 3, second, name=f"{name}_conv2")
    y = _blocks.conv_bn(y, _EXPANSION * filters, 1, relu=False, name=f"{name}_conv3")
    return _sum(x, y, strides, drop_rate, name)


def _sum(x, y, strides, drop_rate, name):
    """Adds the shortcut, projected where the shape changes (option B)."""
    if x.shape[1:] != y.shape[1:]:
        x = _blocks.conv_bn(x, y.shape[-1], 1, strides, relu=False, name=f"{name}_shortcut")
    x = _blocks.add(x, y, drop_rate=drop_rate, name=f"{name}_add")
    return keras.layers.ReLU(name=f"{name}_relu")(x)
