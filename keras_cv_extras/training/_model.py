"""A small network for small images, and whether XLA helps to train one."""

from typing import Any

import keras

from keras_cv_extras._base import checks
from keras_cv_extras.losses import LogLoss


def small_cnn(
    input_shape: tuple[int, int, int], num_classes: int, *, width: int = 16
) -> keras.Model:
    """Builds a small convolutional classifier for images of about 8 to 64 pixels.

    Args:
        input_shape: `(height, width, channels)`.
        num_classes: how many classes.
        width: channels of the first block; the others have two and three times as many.

    Returns:
        A Keras model that is not compiled. Images, `(batch, height, width, channels)` with
        values in [0, 255], go in and are rescaled inside; logits `(batch, num_classes)` come out.

    Example:
        >>> model = small_cnn((28, 28, 1), 10)
    """
    checks.integer("num_classes", num_classes, minimum=2)
    images = keras.Input(input_shape, name="images")
    x = keras.layers.Rescaling(1 / 127.5, offset=-1.0)(images)
    side = min(input_shape[:2])
    if side > 96:  # bring large images to a size that a small network is quick on
        x = keras.layers.AveragePooling2D(side // 48)(x)
    for block, factor in enumerate((1, 2, 3)):
        for _ in range(1 if block == 0 else 2):
            x = keras.layers.Conv2D(width * factor, 3, padding="same", use_bias=False)(x)
            x = keras.layers.BatchNormalization(momentum=0.9)(x)
            x = keras.layers.ReLU()(x)
        if block < 2 and min(x.shape[1:3]) >= 4:
            x = keras.layers.MaxPooling2D()(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(
        images, keras.layers.Dense(num_classes, dtype="float32", name="logits")(x), name="small_cnn"
    )


class SmoothedCrossentropy(LogLoss):
    """`losses.LogLoss` of logits, under the name that earlier versions compiled models with.

    Args:
        label_smoothing: share of the probability that is spread over all classes, in [0, 1).
        **kwargs: the other arguments of `losses.LogLoss`.

    References:
        [Rethinking the Inception Architecture](https://arxiv.org/abs/1512.00567), section 7.
    """

    def __init__(self, label_smoothing: float = 0.0, **kwargs: Any) -> None:
        checks.below_one("label_smoothing", label_smoothing)
        kwargs = {"name": "smoothed_crossentropy", **kwargs, "from_logits": True}
        kwargs.pop("dtype", None)  # earlier versions kept it
        super().__init__(label_smoothing=label_smoothing, **kwargs)
        self.label_smoothing = label_smoothing


def jit_compile() -> Any:
    """Returns the `jit_compile` to compile a model with: "auto", or False if XLA would not help.

    On a CPU, XLA trains a small network at half the speed. It cannot reach the variables of the
    other devices of a strategy. JAX is fast only with it.

    Example:
        >>> model.compile("adam", "mse", jit_compile=jit_compile())
    """
    if keras.backend.backend() != "tensorflow":
        return "auto"
    import tensorflow as tf

    accelerated = any("cpu" not in name.lower() for name in keras.distribution.list_devices())
    return "auto" if accelerated and not tf.distribute.has_strategy() else False
