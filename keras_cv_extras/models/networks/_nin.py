"""Network in network: 1x1 convolutions as small perceptrons, and global average pooling."""

from collections.abc import Sequence

import keras
from keras import layers

from keras_cv_extras._base.types import Tensor
from keras_cv_extras.models.networks import _blocks


def mlp_conv(
    x: Tensor,
    filters: Sequence[int],
    kernel_size: int,
    strides: int = 1,
    *,
    name: str,
    padding: str = "same",
    last_relu: bool = True,
) -> Tensor:
    """Convolves with a perceptron of several layers: a convolution, then 1x1 ones.

    Args:
        x: `(batch, height, width, channels)`.
        filters: the width of each layer.
        kernel_size: of the first of them.
        strides: of the first.
        name: what the names of the layers begin with.
        padding: of the first, "same" or "valid".
        last_relu: whether ReLU follows the last layer as well.

    Returns:
        A tensor with `filters[-1]` channels.

    References:
        [Network in network](https://arxiv.org/abs/1312.4400), section 3.1

    Example:
        >>> x = mlp_conv(x, (192, 160, 96), 5, name="block1")
    """
    for number, width in enumerate(filters, start=1):
        relu = last_relu or number < len(filters)
        first = number == 1
        size, step = (kernel_size, strides) if first else (1, 1)
        options = {"padding": padding} if first else {}
        x = _blocks.conv(x, width, size, step, relu=relu, name=f"{name}_conv{number}", **options)
    return x


@_blocks.network
def nin_cifar(
    input_shape: tuple[int, int, int],
    num_classes: int,
    *,
    dropout: float = 0.5,
    global_pooling: str = "average",
) -> keras.Model:
    """Builds the network in network of CIFAR: 966,986 parameters for 32x32 RGB, ten classes.

    The last layer is linear, so that its means are logits of either sign.

    Args:
        dropout: rate between the blocks.
        global_pooling: "average", "max" or a layer, over the last maps.

    References:
        [Network in network](https://arxiv.org/abs/1312.4400), section 4

    Example:
        >>> model = nin_cifar((32, 32, 3), 10)
    """
    shape = _blocks.check_shapes(input_shape, num_classes, 8)
    images, x = _blocks.begin(shape)
    x = mlp_conv(x, (192, 160, 96), 5, name="block1")
    x = _pool_and_drop(x, 1, dropout)
    x = mlp_conv(x, (192, 192, 192), 5, name="block2")
    x = _pool_and_drop(x, 2, dropout)
    return _finish(images, x, num_classes, global_pooling, (192, 192), "nin_cifar")


@_blocks.network
def nin_imagenet(
    input_shape: tuple[int, int, int],
    num_classes: int,
    *,
    dropout: float = 0.5,
    global_pooling: str = "average",
) -> keras.Model:
    """Builds the network in network of ImageNet: 7,595,176 parameters for 1,000 classes.

    Args:
        input_shape: `(height, width, channels)`, at least 67 pixels each way; 224 in the
            original. `nin_cifar` is the form for small images.
        dropout: rate before the last block.
        global_pooling: "average", "max" or a layer, over the last maps.

    References:
        [Network in network](https://arxiv.org/abs/1312.4400); the widths are those of the
        authors' model for Caffe.

    Example:
        >>> model = nin_imagenet((224, 224, 3), 1000)
    """
    shape = _blocks.check_shapes(input_shape, num_classes, 67)
    images, x = _blocks.begin(shape)
    x = mlp_conv(x, (96, 96, 96), 11, 4, padding="valid", name="block1")
    x = _blocks.max_pool(x, padded=False, name="block1_pool")
    x = mlp_conv(x, (256, 256, 256), 5, name="block2")
    x = _blocks.max_pool(x, padded=False, name="block2_pool")
    x = mlp_conv(x, (384, 384, 384), 3, name="block3")
    x = _pool_and_drop(x, 3, dropout)
    return _finish(images, x, num_classes, global_pooling, (1024, 1024), "nin_imagenet")


def _pool_and_drop(x, block, dropout):
    x = layers.MaxPooling2D(3, strides=2, padding="same", name=f"block{block}_pool")(x)
    return layers.Dropout(dropout, name=f"block{block}_dropout")(x) if dropout else x


def _finish(images, x, num_classes, global_pooling, widths, name):
    x = mlp_conv(x, widths, 3, name="last")
    x = _blocks.conv(x, num_classes, 1, relu=False, name="logits")
    logits = _blocks.global_pool(x, global_pooling, dtype="float32")
    return keras.Model(images, logits, name=name)
