"""Residual networks for small images: He's of 20 to 110 layers, and wide ones."""

from typing import Any

import keras
from keras import layers, ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import Config, Shape, Sizes, Tensor
from keras_cv_extras.models.networks import _blocks


@keras.saving.register_keras_serializable("keras_cv_extras")
class PaddedShortcut(layers.Layer):
    """A shortcut without weights: every second place, and further channels of zeros.

    Args:
        filters: channels of the output, not fewer than those of the input; the zeros stand on
            both sides.
        strides: 1 to keep every place, 2 for every second.
        **kwargs: the arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: `(batch, height, width, channels)`.

    Returns:
        `(batch, ceil(height / strides), ceil(width / strides), filters)`.

    References:
        [Deep residual learning](https://arxiv.org/abs/1512.03385), option A of section 4.1

    Example:
        >>> shortcut = PaddedShortcut(32, strides=2)(x)
    """

    def __init__(self, filters: int, strides: Sizes = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.filters: int = checks.integer("filters", filters, minimum=1)
        self.strides: int = checks.integer("strides", strides, minimum=1)
        self.input_spec: Any = layers.InputSpec(ndim=4)

    def build(self, input_shape: Shape) -> None:
        """Checks that there are not more channels than `filters`."""
        if (input_shape[-1] or 0) > self.filters:
            raise ValueError(
                f"filters must not be below the channels of the input, received {self.filters} "
                f"for {input_shape[-1]} channels"
            )
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
        """Takes places and adds channels; see the class."""
        x = inputs[:, :: self.strides, :: self.strides]
        missing = self.filters - inputs.shape[-1]
        return ops.pad(x, [(0, 0)] * 3 + [(missing // 2, missing - missing // 2)])

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Returns the shape of the output."""
        batch, *sizes, _ = input_shape
        sizes = [size and -(-size // self.strides) for size in sizes]
        return (batch, *sizes, self.filters)

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {**super().get_config(), "filters": self.filters, "strides": self.strides}


@_blocks.network
def cifar_resnet(
    depth: int,
    input_shape: tuple[int, int, int],
    num_classes: int,
    *,
    dropout: float = 0.0,
    global_pooling: str = "average",
    stochastic_depth: float = 0.0,
) -> keras.Model:
    """Builds the residual network that its paper trains on CIFAR-10.

    Three stages of 16, 32 and 64 channels and shortcuts without weights: 269,722 trained
    parameters at depth 20, 464,154 at 32, 658,586 at 44, 853,018 at 56, 1,727,962 at 110, for
    RGB images of ten classes.

    Args:
        depth: 8 or more, two more than a multiple of six.

    References:
        [Deep residual learning](https://arxiv.org/abs/1512.03385), section 4.2

    Example:
        >>> model = cifar_resnet(20, (32, 32, 3), 10)
    """
    if checks.integer("depth", depth, minimum=8) % 6 != 2:
        raise ValueError(f"depth must be two more than a multiple of six, received {depth}")
    shape = _blocks.check_shapes(input_shape, num_classes, 8)
    count = (depth - 2) // 6
    rates = iter(_blocks.drop_rates(stochastic_depth, 3 * count))
    images, x = _blocks.begin(shape)
    x = _blocks.conv_bn(x, 16, 3, name="stem")
    for name, filters, strides in _blocks_of(count, (16, 32, 64)):
        y = _blocks.conv_bn(x, filters, 3, strides, name=f"{name}_conv1")
        y = _blocks.conv_bn(y, filters, 3, relu=False, name=f"{name}_conv2")
        if x.shape[1:] != y.shape[1:]:
            x = PaddedShortcut(filters, strides, name=f"{name}_shortcut")(x)
        x = _blocks.add(x, y, drop_rate=next(rates), name=f"{name}_add")
        x = layers.ReLU(name=f"{name}_relu")(x)
    logits = _blocks.head(x, num_classes, dropout=dropout, global_pooling=global_pooling)
    return keras.Model(images, logits, name=f"cifar_resnet{depth}")


@_blocks.network
def wide_resnet(
    depth: int,
    width: int,
    input_shape: tuple[int, int, int],
    num_classes: int,
    *,
    dropout: float = 0.0,
    block_dropout: float = 0.0,
    global_pooling: str = "average",
    stochastic_depth: float = 0.0,
) -> keras.Model:
    """Builds a wide residual network, WRN-depth-width.

    Normalisation and ReLU stand before the convolutions. 2,243,546 trained parameters for
    WRN-40-2 and 36,479,194 for WRN-28-10, for RGB images of ten classes.

    Args:
        depth: 10 or more, four more than a multiple of six.
        width: how many times 16, 32 and 64 channels the stages have.
        block_dropout: rate between the two convolutions of every block; the paper takes 0.3.

    References:
        [Wide residual networks](https://arxiv.org/abs/1605.07146)

    Example:
        >>> model = wide_resnet(28, 10, (32, 32, 3), 10)
    """
    if checks.integer("depth", depth, minimum=10) % 6 != 4:
        raise ValueError(f"depth must be four more than a multiple of six, received {depth}")
    checks.integer("width", width, minimum=1)
    shape = _blocks.check_shapes(input_shape, num_classes, 8)
    count = (depth - 4) // 6
    rates = iter(_blocks.drop_rates(stochastic_depth, 3 * count))
    bare: dict[str, Any] = {"relu": False, "use_bias": False}
    images, x = _blocks.begin(shape)
    x = _blocks.conv(x, 16, 3, name="stem", **bare)
    for name, filters, strides in _blocks_of(count, (16 * width, 32 * width, 64 * width)):
        y = _preactivate(x, f"{name}_bn1")
        if x.shape[-1] != filters or strides > 1:  # the projection sees what the branch sees
            x = _blocks.conv(y, filters, 1, strides, name=f"{name}_shortcut", **bare)
        y = _blocks.conv(y, filters, 3, strides, name=f"{name}_conv1", **bare)
        y = _preactivate(y, f"{name}_bn2")
        if block_dropout:
            y = layers.Dropout(block_dropout, name=f"{name}_dropout")(y)
        y = _blocks.conv(y, filters, 3, name=f"{name}_conv2", **bare)
        x = _blocks.add(x, y, drop_rate=next(rates), name=f"{name}_add")
    x = _preactivate(x, "last_bn")
    logits = _blocks.head(x, num_classes, dropout=dropout, global_pooling=global_pooling)
    return keras.Model(images, logits, name=f"wrn_{depth}_{width}")


def _blocks_of(count, widths):
    """Yields the name, width and strides of every block of three stages."""
    for stage, filters in enumerate(widths, start=1):
        for number in range(1, count + 1):
            strides = 2 if stage > 1 and number == 1 else 1
            yield f"stage{stage}_block{number}", filters, strides


def _preactivate(x, name):
    x = _blocks.batch_norm(x, name=name)
    return layers.ReLU(name=f"{name}_relu")(x)
