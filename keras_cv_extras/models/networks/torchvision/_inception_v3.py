"""Inception v3 as torchvision has it."""

import functools

import keras
from keras import layers

from keras_cv_extras.models.networks import _blocks

# What networks with unpadded stems are given at least: it leaves them some places at the end.
_ENLARGED = 128
# The stem: name, filters, kernel size, stride, padding; None for pooling.
_STEM = (
    ("Conv2d_1a_3x3", 32, 3, 2, "valid"),
    ("Conv2d_2a_3x3", 32, 3, 1, "valid"),
    ("Conv2d_2b_3x3", 64, 3, 1, "same"),
    None,
    ("Conv2d_3b_1x1", 80, 1, 1, "valid"),
    ("Conv2d_4a_3x3", 192, 3, 1, "valid"),
    None,
)
_WIDE, _HIGH = (1, 7), (7, 1)


@_blocks.network
def inception_v3(
    input_shape: tuple[int, int, int],
    num_classes: int,
    *,
    dropout: float = 0.5,
    global_pooling: str = "average",
    stem: str = "auto",
) -> keras.Model:
    """Builds Inception v3 as torchvision has it: means over zeros too, and factors of channels.

    23,834,568 trained parameters for RGB images of 1,000 classes; torchvision's auxiliary head is
    not there. Values are scaled to [-1, 1], as torchvision's `transform_input` does for its
    published weights.

    Args:
        stem: "original", for 75 pixels or more each way; "small" or "auto": images below 128
            pixels are enlarged to them.

    References:
        [Rethinking the Inception architecture](https://arxiv.org/abs/1512.00567)

    Example:
        >>> model = inception_v3((32, 32, 3), 10)
    """
    shape = _blocks.check_shapes(input_shape, num_classes, 75 if stem == "original" else 8)
    _blocks.is_small(shape, stem)
    images = x = keras.Input(shape, name="images")
    if stem != "original":
        x = _blocks.enlarge(x, shape, _ENLARGED)
    x = _blocks.ImagePreprocessing("tf", name="preprocessing")(x)
    for place, unit in enumerate(_STEM):
        if unit is None:
            x = layers.MaxPooling2D(3, 2, name=f"stem_pool{place}")(x)
        else:
            name, filters, size, strides, padding = unit
            x = _conv(x, filters, size, name, strides, padding)
    for module, pooled in (("5b", 32), ("5c", 64), ("5d", 64)):
        x = _module_a(x, pooled, f"Mixed_{module}")
    x = _module_b(x, "Mixed_6a")
    for module, filters in (("6b", 128), ("6c", 160), ("6d", 160), ("6e", 192)):
        x = _module_c(x, filters, f"Mixed_{module}")
    x = _module_d(x, "Mixed_7a")
    for module in ("7b", "7c"):
        x = _module_e(x, f"Mixed_{module}")
    logits = _blocks.head(x, num_classes, dropout=dropout, global_pooling=global_pooling)
    return keras.Model(images, logits, name="inception_v3")


def _conv(x, filters, size, name, strides=1, padding="same"):
    x = layers.Conv2D(
        filters, size, strides, padding, use_bias=False, kernel_initializer="he_normal",
        name=f"{name}.conv",
    )(x)  # fmt: skip
    x = _blocks.batch_norm(x, name=f"{name}.bn", epsilon=1e-3)
    return layers.ReLU(name=f"{name}.relu")(x)


def _chain(x, name, *units):
    """Convolves several times: name, filters, kernel size and whether with a stride."""
    for part, filters, size, *strided in units:
        how = (2, "valid") if strided else (1, "same")
        x = _conv(x, filters, size, f"{name}.{part}", *how)
    return x


def _pooled(x, filters, name):
    y = layers.ZeroPadding2D(1, name=f"{name}.pad")(x)
    y = layers.AveragePooling2D(3, 1, name=f"{name}.pool")(y)
    return _conv(y, filters, 1, f"{name}.branch_pool")


def _joined(name, *branches):
    return layers.Concatenate(name=name)(list(branches))


def _module_a(x, pooled, name):
    chain = functools.partial(_chain, x, name)
    return _joined(
        name,
        chain(("branch1x1", 64, 1)),
        chain(("branch5x5_1", 48, 1), ("branch5x5_2", 64, 5)),
        chain(("branch3x3dbl_1", 64, 1), ("branch3x3dbl_2", 96, 3), ("branch3x3dbl_3", 96, 3)),
        _pooled(x, pooled, name),
    )


def _module_b(x, name):
    chain = functools.partial(_chain, x, name)
    return _joined(
        name,
        chain(("branch3x3", 384, 3, True)),
        chain(
            ("branch3x3dbl_1", 64, 1), ("branch3x3dbl_2", 96, 3), ("branch3x3dbl_3", 96, 3, True)
        ),
        layers.MaxPooling2D(3, 2, name=f"{name}.pool")(x),
    )


def _module_c(x, filters, name):
    chain = functools.partial(_chain, x, name)
    return _joined(
        name,
        chain(("branch1x1", 192, 1)),
        chain(
            ("branch7x7_1", filters, 1),
            ("branch7x7_2", filters, _WIDE),
            ("branch7x7_3", 192, _HIGH),
        ),
        chain(
            ("branch7x7dbl_1", filters, 1),
            ("branch7x7dbl_2", filters, _HIGH),
            ("branch7x7dbl_3", filters, _WIDE),
            ("branch7x7dbl_4", filters, _HIGH),
            ("branch7x7dbl_5", 192, _WIDE),
        ),
        _pooled(x, 192, name),
    )


def _module_d(x, name):
    chain = functools.partial(_chain, x, name)
    return _joined(
        name,
        chain(("branch3x3_1", 192, 1), ("branch3x3_2", 320, 3, True)),
        chain(
            ("branch7x7x3_1", 192, 1),
            ("branch7x7x3_2", 192, _WIDE),
            ("branch7x7x3_3", 192, _HIGH),
            ("branch7x7x3_4", 192, 3, True),
        ),
        layers.MaxPooling2D(3, 2, name=f"{name}.pool")(x),
    )


def _module_e(x, name):
    chain = functools.partial(_chain, x, name)
    single = chain(("branch3x3_1", 384, 1))
    double = chain(("branch3x3dbl_1", 448, 1), ("branch3x3dbl_2", 384, 3))
    sides = [
        _conv(part, 384, size, f"{name}.{branch}{letter}")
        for part, branch in ((single, "branch3x3_2"), (double, "branch3x3dbl_3"))
        for letter, size in (("a", (1, 3)), ("b", (3, 1)))
    ]
    return _joined(name, chain(("branch1x1", 320, 1)), *sides, _pooled(x, 192, name))
