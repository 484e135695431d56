"""LeNet-5, the first convolutional network in wide use."""

import keras
from keras import layers

from keras_cv_extras.models.networks import _blocks

_SIDE = 32


@_blocks.network
def lenet5(
    input_shape: tuple[int, int, int], num_classes: int, *, dropout: float = 0.0
) -> keras.Model:
    """Builds LeNet-5.

    Two 5x5 convolutions, tanh and average pooling, then 120 and 84 units: 61,706 parameters for
    32x32 greyscale images of ten classes. Every map of the second convolution sees all of the
    first, and pooling has no weights, as in today's implementations; the paper's table of
    connections and its Euclidean output layer were concessions to the computers of 1998.

    Args:
        input_shape: `(height, width, channels)`, at least 8 pixels each way. Smaller images
            than 32x32 get a margin, as the paper gave to 28x28 digits.
        dropout: rate before the logits, in [0, 1).

    References:
        [Gradient-based learning applied to document recognition](https://doi.org/10.1109/5.726791),
        section II.B

    Example:
        >>> model = lenet5((28, 28, 1), 10)
    """
    shape = _blocks.check_shapes(input_shape, num_classes, 8)
    images, x = _blocks.begin(shape, "tf")
    missing = [max(0, _SIDE - size) for size in shape[:2]]
    if any(missing):
        margins = [(size // 2, size - size // 2) for size in missing]
        x = layers.ZeroPadding2D(margins, name="margin")(x)
    for number, filters in enumerate((6, 16), start=1):
        x = layers.Conv2D(filters, 5, activation="tanh", name=f"conv{number}")(x)
        x = layers.AveragePooling2D(2, name=f"pool{number}")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(120, "tanh", name="fc1")(x)
    x = layers.Dense(84, "tanh", name="fc2")(x)
    if dropout:
        x = layers.Dropout(dropout, name="dropout")(x)
    return keras.Model(
        images, layers.Dense(num_classes, dtype="float32", name="logits")(x), name="lenet5"
    )
