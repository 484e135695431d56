"""The modules of GoogLeNet, and the network itself with its auxiliary heads."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import layers

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import Tensor
from keras_cv_extras.layers import LocalResponseNormalization
from keras_cv_extras.models.networks import _blocks
from keras_cv_extras.models.networks._auxiliary import AuxiliaryHeads

# 1x1; 1x1 before 3x3, 3x3; 1x1 before 5x5, 5x5; 1x1 after pooling. Table 1 of the paper.
_MODULES = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
_TORCHVISION_EPSILON = 1e-3


def inception_module(
    x: Tensor,
    filters: Sequence[int],
    *,
    name: str,
    convolve: Callable[..., Any] = _blocks.conv,
    third_kernel_size: int = 5,
) -> Tensor:
    """Looks at several scales beside each other, each on a reduced number of channels.

    Args:
        x: `(batch, height, width, channels)`.
        filters: six widths: of the 1x1 branch; of the reduction and the convolution of the 3x3
            branch; likewise of the 5x5 branch; of the 1x1 convolution after pooling.
        name: what the names of the layers begin with.
        convolve: what convolves and activates; normalising over the batch, for example.
        third_kernel_size: of the 5x5 branch.

    Returns:
        A tensor of the same height and width with `filters[0] + filters[2] + filters[4] +
        filters[5]` channels.

    References:
        [Going deeper with convolutions](https://arxiv.org/abs/1409.4842), figure 2b

    Example:
        >>> x = inception_module(x, (64, 96, 128, 16, 32, 32), name="inception_3a")
    """
    if len(filters) != 6:
        raise ValueError(f"filters must be six widths, received {filters!r}")
    one, reduce_3, three, reduce_5, five, pooled = filters
    first = convolve(x, one, 1, name=f"{name}_1x1")
    second = convolve(x, reduce_3, 1, name=f"{name}_3x3_reduce")
    second = convolve(second, three, 3, name=f"{name}_3x3")
    third = convolve(x, reduce_5, 1, name=f"{name}_5x5_reduce")
    third = convolve(third, five, third_kernel_size, name=f"{name}_5x5")
    fourth = layers.MaxPooling2D(3, strides=1, padding="same", name=f"{name}_pool")(x)
    fourth = convolve(fourth, pooled, 1, name=f"{name}_pool_proj")
    return layers.Concatenate(name=name)([first, second, third, fourth])


def naive_inception_module(
    x: Tensor, filters: Sequence[int], *, name: str, convolve: Callable[..., Any] = _blocks.conv
) -> Tensor:
    """Looks at several scales beside each other, each on all channels.

    Pooling keeps every channel, so that the width grows from module to module: what the
    reductions of `inception_module` are for.

    Args:
        x: `(batch, height, width, channels)`.
        filters: three widths: of the 1x1, the 3x3 and the 5x5 branch.
        name: what the names of the layers begin with.
        convolve: what convolves and activates.

    Returns:
        A tensor of the same height and width with `sum(filters) + channels` channels.

    References:
        [Going deeper with convolutions](https://arxiv.org/abs/1409.4842), figure 2a

    Example:
        >>> x = naive_inception_module(x, (64, 128, 32), name="inception")
    """
    if len(filters) != 3:
        raise ValueError(f"filters must be three widths, received {filters!r}")
    branches = [
        convolve(x, width, size, name=f"{name}_{size}x{size}")
        for width, size in zip(filters, (1, 3, 5), strict=True)
    ]
    branches.append(layers.MaxPooling2D(3, strides=1, padding="same", name=f"{name}_pool")(x))
    return layers.Concatenate(name=name)(branches)


@_blocks.network
def googlenet(
    input_shape: tuple[int, int, int],
    num_classes: int,
    *,
    auxiliary: bool = True,
    variant: str = "paper",
    dropout: float | None = None,
    global_pooling: str = "average",
    stem: str = "auto",
) -> keras.Model:
    """Builds GoogLeNet, the first Inception.

    Args:
        input_shape: `(height, width, channels)`, at least 8 pixels each way; 224 in the original.
        auxiliary: whether two further heads, after modules 4a and 4d, join the training loss
            with a weight of 0.3 each. Predictions never show them, `inference_model()` gives a
            model without them, and what `serving.export` writes has none.
        variant: "paper": 5x5 convolutions, biases, local response normalisation (6,998,552
            parameters for 1,000 classes, 13,378,280 with the heads at 224x224); "torchvision":
            batch normalisation, 3x3 in the place of 5x5 and other pooling here and there, as its
            weights need (6,624,904 and 13,004,888 that are trained).
        dropout: rate before the logits; None for 0.4, torchvision's 0.2.
        stem: "original", dividing by 32 in all; "small", dividing by 8, without the first
            stride and pooling; "auto": small below 72 pixels.

    Returns:
        A model of images `(batch, height, width, channels)`, values in [0, 255], that gives
        logits `(batch, num_classes)`; with `auxiliary` an `AuxiliaryHeads`.

    References:
        [Going deeper with convolutions](https://arxiv.org/abs/1409.4842). torchvision's 3x3 is
        its issue 906.

    Example:
        >>> model = googlenet((32, 32, 3), 10)
    """
    checks.boolean("auxiliary", auxiliary)
    checks.one_of("variant", variant, ("paper", "torchvision"))
    shape = _blocks.check_shapes(input_shape, num_classes, 8)
    small = _blocks.is_small(shape, stem)
    paper = variant == "paper"
    convolve = _blocks.conv if paper else _conv_bn
    images, x = _blocks.begin(shape)
    x = convolve(x, 64, 7, 1 if small else 2, name="conv1")
    if not small:
        x = _pool(x, "pool1")
    if paper:
        x = LocalResponseNormalization(name="norm1")(x)
    x = convolve(x, 64, 1, name="conv2")
    x = convolve(x, 192, 3, name="conv3")
    if paper:
        x = LocalResponseNormalization(name="norm2")(x)
    x = _pool(x, "pool2")
    heads = []
    for module, filters in _MODULES.items():
        if module == "4a":
            x = _pool(x, "pool3")
        if module == "5a":
            x = _pool(x, "pool4", 3 if paper else 2)
        x = inception_module(
            x,
            filters,
            name=f"inception_{module}",
            convolve=convolve,
            third_kernel_size=5 if paper else 3,
        )
        if auxiliary and module in ("4a", "4d"):
            name = f"auxiliary{len(heads) + 1}"
            heads.append(_auxiliary_head(x, num_classes, paper, convolve, name))
    if dropout is None:
        dropout = 0.4 if paper else 0.2
    logits = _blocks.head(x, num_classes, dropout=dropout, global_pooling=global_pooling)
    if auxiliary:
        return AuxiliaryHeads(images, [logits, *heads], name="googlenet")
    return keras.Model(images, logits, name="googlenet")


def _auxiliary_head(x, num_classes, paper, convolve, name):
    if paper:
        padding = "valid" if min(x.shape[1:3]) >= 5 else "same"
        x = layers.AveragePooling2D(5, strides=3, padding=padding, name=f"{name}_pool")(x)
    else:
        x = layers.AdaptiveAveragePooling2D(4, name=f"{name}_pool")(x)
    x = convolve(x, 128, 1, name=f"{name}_conv")
    x = layers.Flatten(name=f"{name}_flatten")(x)
    x = layers.Dense(1024, "relu", kernel_initializer="he_normal", name=f"{name}_fc")(x)
    x = layers.Dropout(0.7, name=f"{name}_dropout")(x)
    return layers.Dense(num_classes, name=f"{name}_logits")(x)


def _pool(x, name, size=3):
    return layers.MaxPooling2D(size, strides=2, padding="same", name=name)(x)


def _conv_bn(x, filters, kernel_size, strides=1, *, name):
    epsilon = _TORCHVISION_EPSILON
    return _blocks.conv_bn(x, filters, kernel_size, strides, name=name, epsilon=epsilon)
