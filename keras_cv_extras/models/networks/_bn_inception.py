"""BN-Inception: GoogLeNet's modules with batch normalisation and two 3x3 in place of 5x5."""

import keras
from keras import layers

from keras_cv_extras.models.networks import _blocks

# 1x1; 1x1 before 3x3, 3x3; 1x1 before two 3x3, each of them; pooling and the 1x1 after it.
# Figure 5 of the paper. Modules without a first branch halve height and width.
_MODULES = {
    "3a": (64, 64, 64, 64, 96, "average", 32),
    "3b": (64, 64, 96, 64, 96, "average", 64),
    "3c": (0, 128, 160, 64, 96, "max", 0),
    "4a": (224, 64, 96, 96, 128, "average", 128),
    "4b": (192, 96, 128, 96, 128, "average", 128),
    "4c": (160, 128, 160, 128, 160, "average", 128),
    "4d": (96, 128, 192, 160, 192, "average", 128),
    "4e": (0, 128, 192, 192, 256, "max", 0),
    "5a": (352, 192, 320, 160, 224, "average", 128),
    "5b": (352, 192, 320, 192, 224, "max", 128),
}


@_blocks.network
def bn_inception(
    input_shape: tuple[int, int, int],
    num_classes: int,
    *,
    dropout: float = 0.0,
    global_pooling: str = "average",
    stem: str = "auto",
) -> keras.Model:
    """Builds BN-Inception, often called Inception v2.

    11,285,224 trained parameters for 1,000 classes; 11,295,240 with the idle biases that its
    authors' convolutions have.

    Args:
        input_shape: `(height, width, channels)`, at least 8 pixels each way; 224 in the original.
        stem: "original", dividing by 32 in all; "small", dividing by 8, without the first
            stride and pooling; "auto": small below 72 pixels.

    References:
        [Batch normalization](https://arxiv.org/abs/1502.03167), appendix

    Example:
        >>> model = bn_inception((32, 32, 3), 10)
    """
    shape = _blocks.check_shapes(input_shape, num_classes, 8)
    small = _blocks.is_small(shape, stem)
    images, x = _blocks.begin(shape)
    x = _blocks.conv_bn(x, 64, 7, 1 if small else 2, name="conv1")
    if not small:
        x = _pool(x, "max", 2, "pool1")
    x = _blocks.conv_bn(x, 64, 1, name="conv2_reduce")
    x = _blocks.conv_bn(x, 192, 3, name="conv2")
    x = _pool(x, "max", 2, "pool2")
    for module, row in _MODULES.items():
        x = _module(x, row, f"inception_{module}")
    logits = _blocks.head(x, num_classes, dropout=dropout, global_pooling=global_pooling)
    return keras.Model(images, logits, name="bn_inception")


def _module(x, row, name):
    one, reduce_3, three, reduce_double, double, pooling, pooled = row
    strides = 1 if one else 2
    branches = [_blocks.conv_bn(x, one, 1, name=f"{name}_1x1")] if one else []
    y = _blocks.conv_bn(x, reduce_3, 1, name=f"{name}_3x3_reduce")
    branches.append(_blocks.conv_bn(y, three, 3, strides, name=f"{name}_3x3"))
    y = _blocks.conv_bn(x, reduce_double, 1, name=f"{name}_double_reduce")
    y = _blocks.conv_bn(y, double, 3, name=f"{name}_double1")
    branches.append(_blocks.conv_bn(y, double, 3, strides, name=f"{name}_double2"))
    y = _pool(x, pooling, strides, f"{name}_pool")
    if pooled:
        y = _blocks.conv_bn(y, pooled, 1, name=f"{name}_pool_proj")
    return layers.Concatenate(name=name)([*branches, y])


def _pool(x, pooling, strides, name):
    layer = layers.MaxPooling2D if pooling == "max" else layers.AveragePooling2D
    return layer(3, strides=strides, padding="same", name=name)(x)
