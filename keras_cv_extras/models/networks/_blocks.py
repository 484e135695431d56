"""What the networks share: their input, convolutions, residual sums and their head."""

import inspect
from collections.abc import Callable
from typing import TypeVar

import keras
from keras import layers

from keras_cv_extras._base import checks
from keras_cv_extras._base.text import docstrings
from keras_cv_extras.layers import StochasticDepth
from keras_cv_extras.models.networks._preprocessing import ImagePreprocessing

# Networks for 224 pixels divide them by 32. Below so many pixels nothing would be left to see,
# so that stem="auto" leaves out the first reductions.
SMALL = 72

# PyTorch's, which later networks are published with; Keras' 0.99 follows a short training late.
_MOMENTUM = 0.9
EPSILON = 1e-5

_DESCRIBED = {
    "input_shape": "`(height, width, channels)`, at least 8 pixels each way.",
    "num_classes": "how many classes.",
    "dropout": "rate before the logits.",
    "global_pooling": '"average", "max" or a layer, before the logits.',
    "stochastic_depth": "how often training leaves out the last block, in [0, 1]; earlier ones in "
    "proportion.",
}
_RETURNS = (
    "A model of images `(batch, height, width, channels)`, values in [0, 255], that gives logits "
    "`(batch, num_classes)`."
)

Function = TypeVar("Function", bound=Callable)


def network(function: Function) -> Function:
    """Describes what many networks have, in the docstring of a function that builds one."""
    function.__doc__ = docstrings.completed(
        function.__doc__, inspect.signature(function).parameters, _DESCRIBED, _RETURNS
    )
    return function


def check_shapes(input_shape, num_classes, minimum):
    """Checks what every network is given, and that images have `minimum` pixels each way."""
    shape = tuple(input_shape) if isinstance(input_shape, (tuple, list)) else input_shape
    if not isinstance(shape, tuple) or len(shape) != 3:
        raise ValueError(f"input_shape must be (height, width, channels), received {input_shape!r}")
    for name, size in zip(("height", "width"), shape, strict=False):
        size = checks.integer(f"the {name} of input_shape", size)
        if size < minimum:
            raise ValueError(
                f"input_shape must have at least {minimum} pixels each way for this network, "
                f"received {shape}: enlarge the images, or take another network"
            )
    checks.integer("the channels of input_shape", shape[2], minimum=1)
    checks.integer("num_classes", num_classes, minimum=2)
    return shape


def is_small(input_shape, stem):
    """Returns whether a network takes its stem for small images."""
    checks.one_of("stem", stem, ("auto", "original", "small"))
    return stem == "small" or (stem == "auto" and min(input_shape[:2]) < SMALL)


def begin(input_shape, mode="torch"):
    """Returns the input for images with values in [0, 255], and what it is scaled to."""
    images = keras.Input(input_shape, name="images")
    return images, ImagePreprocessing(mode, name="preprocessing")(images)


def conv(x, filters, kernel_size, strides=1, *, name, relu=True, padding="same", **options):
    """Convolves, padding both sides alike; then ReLU.

    Keras' "same" pads strided convolutions unevenly, unlike Caffe and PyTorch.
    """
    if padding == "same" and strides > 1 and kernel_size > 1:
        x = layers.ZeroPadding2D(kernel_size // 2, name=f"{name}_pad")(x)
        padding = "valid"
    options = {"kernel_initializer": "he_normal", **options}
    x = layers.Conv2D(filters, kernel_size, strides, padding=padding, name=name, **options)(x)
    return layers.ReLU(name=f"{name}_relu")(x) if relu else x


def batch_norm(x, *, name, epsilon=EPSILON):
    """Normalises over the batch."""
    return layers.BatchNormalization(momentum=_MOMENTUM, epsilon=epsilon, name=name)(x)


def conv_bn(x, filters, kernel_size, strides=1, *, name, relu=True, epsilon=EPSILON, **options):
    """Convolves, normalises over the batch; then ReLU."""
    options = {"use_bias": False, **options}
    x = conv(x, filters, kernel_size, strides, name=name, relu=False, **options)
    x = batch_norm(x, name=f"{name}_bn", epsilon=epsilon)
    return layers.ReLU(name=f"{name}_relu")(x) if relu else x


def max_pool(x, *, name, padded=True):
    """Max pooling of 3x3 windows with stride 2, for responses that are not negative."""
    if padded:
        x = layers.ZeroPadding2D(1, name=f"{name}_pad")(x)
    return layers.MaxPooling2D(3, strides=2, name=name)(x)


def add(shortcut, residual, *, name, drop_rate=0.0):
    """Adds a residual branch, or with `drop_rate` leaves it out in training."""
    if drop_rate == 0:
        return layers.Add(name=name)([shortcut, residual])
    return StochasticDepth(1 - drop_rate, name=name)([shortcut, residual])


def drop_rates(last, count):
    """Returns the drop rate of each of `count` blocks, growing linearly up to `last`.

    The rule is that of [Deep networks with stochastic depth](https://arxiv.org/abs/1603.09382),
    section 3, which takes 0.5 for the last block.
    """
    checks.fraction("stochastic_depth", last)
    return [last * (block + 1) / count for block in range(count)]


def head(x, num_classes, *, dropout, global_pooling="average"):
    """Pools over all places, drops, and gives one logit per class."""
    x = global_pool(x, global_pooling)
    if dropout:
        x = layers.Dropout(dropout, name="dropout")(x)
    return layers.Dense(num_classes, dtype="float32", name="logits")(x)


def global_pool(x, pooling, **options):
    """Pools over all places: "average", "max", or a layer that does, whose options are its own."""
    if isinstance(pooling, layers.Layer):
        return pooling(x)
    checks.one_of("global_pooling", pooling, ("average", "max"))
    average = pooling == "average"
    layer = layers.GlobalAveragePooling2D if average else layers.GlobalMaxPooling2D
    return layer(name="global_pooling", **options)(x)


def dense_head(x, num_classes, *, dropout, units, dropout_first=False):
    """Flattens into two hidden layers and the logits.

    Dropout follows the hidden layers or, `dropout_first`, stands before each of them.
    """
    x = layers.Flatten(name="flatten")(x)
    for number in (1, 2):
        if dropout_first:
            x = layers.Dropout(dropout, name=f"dropout{number}")(x)
        x = layers.Dense(units, "relu", kernel_initializer="he_normal", name=f"fc{number}")(x)
        if not dropout_first:
            x = layers.Dropout(dropout, name=f"dropout{number}")(x)
    return layers.Dense(num_classes, dtype="float32", name="logits")(x)


def enlarge(x, input_shape, minimum):
    """Resizes images whose shorter side is below `minimum` to it, bilinearly."""
    height, width = input_shape[:2]
    side = min(height, width)
    if side >= minimum:
        return x
    size = [round(pixels * minimum / side) for pixels in (height, width)]
    return layers.Resizing(*size, name="enlarge")(x)
