"""The networks of the Visual Geometry Group: 3x3 convolutions and nothing else."""

import keras
from keras import layers

from keras_cv_extras._base import checks
from keras_cv_extras.models.networks import _blocks

# Convolutions in each of the five blocks; table 1 of the paper, columns A, B, D and E.
_DEPTHS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
_FILTERS = (64, 128, 256, 512, 512)


@_blocks.network
def vgg(
    depth: int,
    input_shape: tuple[int, int, int],
    num_classes: int,
    *,
    batch_norm: bool = False,
    dropout: float = 0.5,
    hidden_units: int | None = None,
) -> keras.Model:
    """Builds a VGG network.

    132,863,336, 133,047,848, 138,357,544 and 143,667,240 parameters for 224x224 RGB images of
    1,000 classes.

    Args:
        depth: 11, 13, 16 or 19, the number of layers with weights.
        input_shape: `(height, width, channels)`, at least 8 pixels each way. Below 32 pixels
            pooling keeps half windows, so that the five of them leave something.
        batch_norm: whether to normalise after every convolution, as later practice does.
        dropout: rate after the two hidden layers.
        hidden_units: their width; None for the original 4096, or 512 below 72 pixels.

    References:
        [Very deep convolutional networks](https://arxiv.org/abs/1409.1556)

    Example:
        >>> model = vgg(11, (32, 32, 3), 10, batch_norm=True)
    """
    checks.one_of("depth", depth, tuple(_DEPTHS))
    checks.boolean("batch_norm", batch_norm)
    shape = _blocks.check_shapes(input_shape, num_classes, 8)
    units = hidden_units or (512 if _blocks.is_small(shape, "auto") else 4096)
    padding = "valid" if min(shape[:2]) >= 32 else "same"
    # A bias before batch normalisation is idle; it is there as in torchvision.
    convolve = _conv_bn if batch_norm else _blocks.conv
    images, x = _blocks.begin(shape)
    for block, (count, filters) in enumerate(zip(_DEPTHS[depth], _FILTERS, strict=True), start=1):
        for number in range(1, count + 1):
            x = convolve(x, filters, 3, name=f"block{block}_conv{number}")
        x = layers.MaxPooling2D(padding=padding, name=f"block{block}_pool")(x)
    logits = _blocks.dense_head(x, num_classes, dropout=dropout, units=units)
    return keras.Model(images, logits, name=f"vgg{depth}{'_bn' if batch_norm else ''}")


def _conv_bn(x, filters, kernel_size, *, name):
    return _blocks.conv_bn(x, filters, kernel_size, name=name, use_bias=True)
