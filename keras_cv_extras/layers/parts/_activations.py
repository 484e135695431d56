"""Activations that Keras lacks: snake and LiSHT."""

from typing import Any

import keras
from keras import ops

from keras_cv_extras._base.saved.layers import SameShape
from keras_cv_extras._base.types import Config, Maker, Tensor

_PACKAGE = "keras_cv_extras"


@keras.saving.register_keras_serializable(_PACKAGE)
def snake(x: Tensor, frequency: Tensor = 1) -> Tensor:
    """Snake: `x + (1 - cos(2 a x)) / (2 a)` with the frequency a, for what repeats itself.

    Args:
        x: a float tensor.
        frequency: a number, or a tensor that fits the shape of `x`.

    Returns:
        A tensor of the shape of `x`.

    References:
        [Ziyin et al., Neural Networks Fail to Learn Periodic Functions and How to Fix
        It](https://arxiv.org/abs/2006.08195), equation 3.

    Example:
        >>> [round(float(value), 3) for value in snake(np.array([0.0, 1.0], "float32"))]
        [0.0, 1.708]
    """
    x = ops.convert_to_tensor(x)
    frequency = ops.cast(frequency, x.dtype)
    return x + (1 - ops.cos(2 * frequency * x)) / (2 * frequency)


@keras.saving.register_keras_serializable(_PACKAGE)
def lisht(x: Tensor) -> Tensor:
    """LiSHT: `x tanh(x)`, linearly scaled hyperbolic tangent.

    Args:
        x: a float tensor.

    Returns:
        A tensor of the shape of `x`, at least 0.

    References:
        [Roy et al., LiSHT](https://arxiv.org/abs/1901.05894)

    Example:
        >>> [round(float(value), 3) for value in lisht(np.array([0.0, -1.0], "float32"))]
        [0.0, 0.762]
    """
    x = ops.convert_to_tensor(x)
    return x * ops.tanh(x)


@keras.saving.register_keras_serializable(_PACKAGE)
class Snake(SameShape, keras.layers.Layer):
    """The activation `snake` with one learned frequency.

    Args:
        frequency_initializer: how the frequency starts.
        **kwargs: the arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: a float tensor.

    Returns:
        A tensor of the same shape.

    References:
        [Ziyin et al.](https://arxiv.org/abs/2006.08195)

    Example:
        >>> features = Snake()(features)
    """

    def __init__(self, frequency_initializer: Maker = "ones", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.frequency_initializer: Any = keras.initializers.get(frequency_initializer)
        self.frequency: Any = self.add_weight(
            name="frequency", shape=(), initializer=self.frequency_initializer
        )
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
        """Applies the activation; see the class."""
        return snake(inputs, self.frequency)

    def get_config(self) -> Config:
        """Returns the configuration."""
        initializer = keras.initializers.serialize(self.frequency_initializer)
        return {**super().get_config(), "frequency_initializer": initializer}
