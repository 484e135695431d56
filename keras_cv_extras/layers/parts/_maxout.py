"""Maxout: the largest of several linear responses."""

from typing import Any

import keras
from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import Config, Shape, Tensor


@keras.saving.register_keras_serializable("keras_cv_extras")
class Maxout(keras.layers.Layer):
    """Takes the maximum of groups of channels, `num_units` of them.

    Unit `j` is the maximum of the channels `j, j + num_units, j + 2 * num_units, ...`, the order
    of TensorFlow Addons.

    Args:
        num_units: the number of channels that come out; it divides those that come in.
        axis: the axis of the channels; not the batch's.
        **kwargs: the arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: a tensor of at least two axes.

    Returns:
        A tensor of the same shape but for `axis`, which has `num_units` entries.

    Raises:
        ValueError: if `num_units` does not divide the number of channels.

    References:
        [Maxout networks](https://arxiv.org/abs/1302.4389)

    Example:
        >>> features = Maxout(16)(keras.layers.Conv2D(64, 3)(images))
    """

    def __init__(self, num_units: int, axis: float = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.num_units: int = checks.integer("num_units", num_units, minimum=1)
        self.axis: int = checks.integer("axis", axis)
        if self.axis == 0:
            raise ValueError("axis must be an axis of channels, received 0, the batch's")
        self.input_spec: Any = keras.layers.InputSpec(min_ndim=2)

    def build(self, input_shape: Shape) -> None:
        """Checks that the units divide the channels."""
        self.compute_output_shape(input_shape)
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
        """Takes the maxima; see the class."""
        axis = checks.behind_batch(self.axis, inputs.shape)
        shape = list(ops.shape(inputs))
        shape[axis : axis + 1] = [shape[axis] // self.num_units, self.num_units]
        return ops.max(ops.reshape(inputs, shape), axis=axis)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Returns the shape of the units."""
        axis = checks.behind_batch(self.axis, input_shape)
        channels = input_shape[axis]
        if channels is not None and channels % self.num_units:
            raise ValueError(
                f"num_units must divide the number of channels, received num_units="
                f"{self.num_units} for {channels} channels on axis {self.axis}"
            )
        return (*input_shape[:axis], self.num_units, *input_shape[axis + 1 :])

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {**super().get_config(), "num_units": self.num_units, "axis": self.axis}
