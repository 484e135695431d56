"""AlexNet, the winner of ILSVRC 2012, and its two later forms."""

from typing import Any

import keras

from keras_cv_extras._base import checks
from keras_cv_extras.layers import LocalResponseNormalization
from keras_cv_extras.models.networks import _blocks


@_blocks.network
def alexnet(
    input_shape: tuple[int, int, int],
    num_classes: int,
    *,
    variant: str = "grouped",
    dropout: float = 0.5,
    hidden_units: int | None = None,
    stem: str = "auto",
) -> keras.Model:
    """Builds AlexNet.

    Args:
        input_shape: `(height, width, channels)`; the original takes 227x227. At least 67 pixels
            each way, or 16 with the small stem.
        variant: "grouped" as in the paper, whose second, fourth and fifth convolutions see half
            of the channels each (60,965,224 parameters for 1,000 classes); "ungrouped"
            (62,378,344); or "owt", narrower and without local response normalisation, which
            torchvision has (61,100,840 at 224x224).
        dropout: rate at the two hidden layers.
        hidden_units: their width; None for the original 4096, or 512 with the small stem.
        stem: "original": 11x11 at every fourth pixel; "small": 5x5 at every pixel; "auto":
            small below 72 pixels.

    References:
        [ImageNet classification with deep convolutional neural networks](https://papers.nips.cc/paper/4824),
        [One weird trick for parallelizing convolutional neural networks](https://arxiv.org/abs/1404.5997)

    Example:
        >>> model = alexnet((227, 227, 3), 1000)
    """
    checks.one_of("variant", variant, ("grouped", "ungrouped", "owt"))
    small = _blocks.is_small(input_shape, stem)
    shape = _blocks.check_shapes(input_shape, num_classes, 16 if small else 67)
    units = hidden_units or (512 if small else 4096)
    owt = variant == "owt"
    filters = (64, 192, 384, 256, 256) if owt else (96, 256, 384, 384, 256)
    groups: dict[str, Any] = {"groups": 2} if variant == "grouped" else {}
    images, x = _blocks.begin(shape)
    if small:
        x = _blocks.conv(x, filters[0], 5, name="conv1")
    else:
        # One-weird-trick form at 224 pixels: two of margin, not half of the kernel's five.
        if owt:
            x = keras.layers.ZeroPadding2D(2, name="conv1_pad")(x)
        x = _blocks.conv(x, filters[0], 11, 4, padding="valid", name="conv1")
    x = _normalise_and_pool(x, 1, normalise=not owt)
    x = _blocks.conv(x, filters[1], 5, name="conv2", **groups)
    x = _normalise_and_pool(x, 2, normalise=not owt)
    x = _blocks.conv(x, filters[2], 3, name="conv3")
    x = _blocks.conv(x, filters[3], 3, name="conv4", **groups)
    x = _blocks.conv(x, filters[4], 3, name="conv5", **groups)
    x = _blocks.max_pool(x, padded=False, name="pool5")
    logits = _blocks.dense_head(x, num_classes, dropout=dropout, units=units, dropout_first=owt)
    name = "alexnet" if variant == "grouped" else f"alexnet_{variant}"
    return keras.Model(images, logits, name=name)


def _normalise_and_pool(x, number, *, normalise):
    if normalise:
        x = LocalResponseNormalization(name=f"norm{number}")(x)
    return _blocks.max_pool(x, padded=False, name=f"pool{number}")
