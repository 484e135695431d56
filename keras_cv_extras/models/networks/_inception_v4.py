"""Inception v4: the last Inception without residual connections."""

import keras
from keras import layers

from keras_cv_extras.models.networks import _blocks

# The original takes 299 pixels, and its unpadded stem needs 75. Smaller images are enlarged to
# 139, which leaves 3x3 places at the end.
_SMALLEST = 139
_EPSILON = 1e-3


@_blocks.network
def inception_v4(
    input_shape: tuple[int, int, int],
    num_classes: int,
    *,
    dropout: float = 0.2,
    global_pooling: str = "average",
) -> keras.Model:
    """Builds Inception v4: 42,679,816 trained parameters for 1,000 classes.

    It has no residual connections; those are in Inception-ResNet, of the same paper.

    Args:
        input_shape: `(height, width, channels)`, at least 8 pixels each way; 299 in the original.
            Below 139 pixels images are enlarged to it, inside the model.

    References:
        [Inception-v4, Inception-ResNet and the impact of residual connections](https://arxiv.org/abs/1602.07261),
        section 3.1

    Example:
        >>> model = inception_v4((299, 299, 3), 1000)
    """
    shape = _blocks.check_shapes(input_shape, num_classes, 8)
    images, x = _blocks.begin(shape, "tf")
    x = _stem(_blocks.enlarge(x, shape, _SMALLEST))
    for number in range(1, 5):
        x = _block_a(x, f"a{number}")
    x = _reduction_a(x, "reduction_a")
    for number in range(1, 8):
        x = _block_b(x, f"b{number}")
    x = _reduction_b(x, "reduction_b")
    for number in range(1, 4):
        x = _block_c(x, f"c{number}")
    logits = _blocks.head(x, num_classes, dropout=dropout, global_pooling=global_pooling)
    return keras.Model(images, logits, name="inception_v4")


def _stem(x):
    """Figure 3."""
    x = _chain(x, "stem", (32, 3, 2), (32, 3, "valid"), (64, 3))
    x = _join("stem_a", _pool(x, "stem_a"), _chain(x, "stem_a_conv", (96, 3, 2)))
    x = _join(
        "stem_b",
        _chain(x, "stem_b_short", (64, 1), (96, 3, "valid")),
        _chain(x, "stem_b_long", (64, 1), (64, (1, 7)), (64, (7, 1)), (96, 3, "valid")),
    )
    return _join("stem_c", _chain(x, "stem_c_conv", (192, 3, 2)), _pool(x, "stem_c"))


def _block_a(x, name):
    """Figure 4."""
    return _join(
        name,
        _chain(x, f"{name}_1x1", (96, 1)),
        _chain(x, f"{name}_3x3", (64, 1), (96, 3)),
        _chain(x, f"{name}_double", (64, 1), (96, 3), (96, 3)),
        _pooled(x, 96, name),
    )


def _reduction_a(x, name):
    """Figure 7, with the widths of table 1."""
    return _join(
        name,
        _chain(x, f"{name}_3x3", (384, 3, 2)),
        _chain(x, f"{name}_double", (192, 1), (224, 3), (256, 3, 2)),
        _pool(x, name),
    )


def _block_b(x, name):
    """Figure 5."""
    double = (192, 1), (192, (7, 1)), (224, (1, 7)), (224, (7, 1)), (256, (1, 7))
    return _join(
        name,
        _chain(x, f"{name}_1x1", (384, 1)),
        _chain(x, f"{name}_7x7", (192, 1), (224, (1, 7)), (256, (7, 1))),
        _chain(x, f"{name}_double", *double),
        _pooled(x, 128, name),
    )


def _reduction_b(x, name):
    """Figure 8."""
    return _join(
        name,
        _chain(x, f"{name}_3x3", (192, 1), (192, 3, 2)),
        _chain(x, f"{name}_7x7", (256, 1), (256, (1, 7)), (320, (7, 1)), (320, 3, 2)),
        _pool(x, name),
    )


def _block_c(x, name):
    """Figure 6."""
    short = _chain(x, f"{name}_short", (384, 1))
    long = _chain(x, f"{name}_long", (384, 1), (448, (3, 1)), (512, (1, 3)))
    return _join(
        name,
        _chain(x, f"{name}_1x1", (256, 1)),
        _chain(short, f"{name}_short_row", (256, (1, 3))),
        _chain(short, f"{name}_short_column", (256, (3, 1))),
        _chain(long, f"{name}_long_row", (256, (1, 3))),
        _chain(long, f"{name}_long_column", (256, (3, 1))),
        _pooled(x, 256, name),
    )


def _chain(x, name, *rows):
    """Convolves by rows of (filters, kernel size) and, unpadded, a stride of 2 or "valid"."""
    for number, (filters, size, *how) in enumerate(rows, start=1):
        x = _blocks.conv_bn(
            x,
            filters,
            size,
            2 if how == [2] else 1,
            padding="valid" if how else "same",
            epsilon=_EPSILON,
            name=f"{name}{number}",
        )
    return x


def _pool(x, name):
    return layers.MaxPooling2D(3, strides=2, name=f"{name}_pool")(x)


def _pooled(x, filters, name):
    y = layers.AveragePooling2D(3, strides=1, padding="same", name=f"{name}_pool")(x)
    return _chain(y, f"{name}_pool_proj", (filters, 1))


def _join(name, *branches):
    return layers.Concatenate(name=name)(list(branches))
