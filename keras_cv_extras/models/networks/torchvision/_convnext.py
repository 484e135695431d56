"""ConvNeXt as torchvision has it."""

import keras
from keras import layers

from keras_cv_extras._base import checks
from keras_cv_extras.models.networks import _blocks

# Filters and blocks of the four stages; section 3 of the paper.
_SIZES = {
    "tiny": ((96, 192, 384, 768), (3, 3, 9, 3)),
    "small": ((96, 192, 384, 768), (3, 3, 27, 3)),
    "base": ((128, 256, 512, 1024), (3, 3, 27, 3)),
    "large": ((192, 384, 768, 1536), (3, 3, 27, 3)),
}
_EPSILON = 1e-6
# What residual branches are multiplied by at first.
_SCALE = 1e-6


@_blocks.network
def convnext(
    input_shape: tuple[int, int, int],
    num_classes: int,
    *,
    version: str = "tiny",
    dropout: float = 0.0,
    global_pooling: str = "average",
    stem: str = "auto",
    stochastic_depth: float = 0.0,
) -> keras.Model:
    """Builds ConvNeXt as torchvision has it: pooled first, then normalised.

    28,589,128 trained parameters for "tiny" and RGB images of 1,000 classes.

    Args:
        version: "tiny", "small", "base" or "large".
        stem: "original", 4x4 at every fourth pixel, dividing by 32 in all; "small", 4x4 at every
            pixel, dividing by 8; "auto": small below 72 pixels.

    References:
        [A ConvNet for the 2020s](https://arxiv.org/abs/2201.03545)

    Example:
        >>> model = convnext((32, 32, 3), 10)
    """
    checks.one_of("version", version, tuple(_SIZES))
    widths, counts = _SIZES[version]
    shape = _blocks.check_shapes(input_shape, num_classes, 8)
    small = _blocks.is_small(shape, stem)
    images, x = _blocks.begin(shape)
    padding = "same" if small else "valid"
    x = layers.Conv2D(widths[0], 4, 1 if small else 4, padding, name="features.0.0")(x)
    x = layers.LayerNormalization(epsilon=_EPSILON, name="features.0.1")(x)
    rates = iter(_blocks.drop_rates(stochastic_depth, sum(counts)))
    for stage, (filters, count) in enumerate(zip(widths, counts, strict=True)):
        if stage:
            name = f"features.{2 * stage}"
            x = layers.LayerNormalization(epsilon=_EPSILON, name=f"{name}.0")(x)
            x = layers.Conv2D(filters, 2, 2, name=f"{name}.1")(x)
        for number in range(count):
            x = _block(x, filters, next(rates), f"features.{2 * stage + 1}.{number}")
    x = _blocks.global_pool(x, global_pooling)
    x = layers.LayerNormalization(epsilon=_EPSILON, name="classifier.0")(x)
    if dropout:
        x = layers.Dropout(dropout, name="dropout")(x)
    logits = layers.Dense(num_classes, dtype="float32", name="logits")(x)
    return keras.Model(images, logits, name=f"convnext_{version}")


def _block(x, filters, drop_rate, name):
    y = layers.DepthwiseConv2D(7, padding="same", name=f"{name}.block.0")(x)
    y = layers.LayerNormalization(epsilon=_EPSILON, name=f"{name}.block.2")(y)
    y = layers.Dense(4 * filters, "gelu", name=f"{name}.block.3")(y)
    y = layers.Dense(filters, name=f"{name}.block.5")(y)
    # A factor for each channel: what a convolution of one pixel does.
    y = layers.DepthwiseConv2D(
        1, use_bias=False, name=f"{name}.layer_scale",
        depthwise_initializer=keras.initializers.Constant(_SCALE),
    )(y)  # fmt: skip
    return _blocks.add(x, y, drop_rate=drop_rate, name=f"{name}.add")
