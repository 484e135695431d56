"""Cosines between features and class vectors: the last layer of angular-margin losses."""

from typing import Any

import keras
from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.numbers import floats, unit_rows
from keras_cv_extras._base.types import Config, Maker, Shape, Tensor


@keras.saving.register_keras_serializable("keras_cv_extras")
class CosineDense(keras.layers.Layer):
    """Dense layer of cosines: features and weight columns have length one, and there is no bias.

    The last layer for `losses.ArcFace`, `losses.CosFace` and `losses.LDAM`, which scale the
    cosines themselves. Those of a half-precision layer are steps of 0.0005 (float16) or 0.004
    (bfloat16) apart near 1: give the layer `dtype="float32"` in a mixed-precision model.

    Args:
        units: the number of classes.
        kernel_initializer: of the weights `(features, units)`, of which only the direction of a
            column counts.
        kernel_regularizer: None or a regularizer of the weights.
        kernel_constraint: None or a constraint of the weights.
        **kwargs: the arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: features `(batch, ..., features)`.

    Returns:
        Cosines `(batch, ..., units)` in [-1, 1]; 0 for features of zeros.

    References:
        [Wang et al., NormFace](https://arxiv.org/abs/1704.06369)

    Example:
        >>> cosines = CosineDense(10, dtype="float32")(features)
        >>> model = keras.Model(images, cosines)
        >>> model.compile("sgd", loss=ArcFace(scale=30.0))
    """

    def __init__(
        self,
        units: int,
        kernel_initializer: Maker = "glorot_uniform",
        kernel_regularizer: Maker | None = None,
        kernel_constraint: Maker | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units: int = checks.integer("units", units, minimum=1)
        self.kernel_initializer: Any = keras.initializers.get(kernel_initializer)
        self.kernel_regularizer: Any = keras.regularizers.get(kernel_regularizer)
        self.kernel_constraint: Any = keras.constraints.get(kernel_constraint)
        self.input_spec = keras.layers.InputSpec(min_ndim=2)

    def build(self, input_shape: Shape) -> None:
        """Creates the weights."""
        if input_shape[-1] is None:
            raise ValueError(
                f"inputs must have a known number of features, received shape {tuple(input_shape)}"
            )
        self.kernel: Any = self.add_weight(
            name="kernel",
            shape=(input_shape[-1], self.units),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.input_spec: Any = keras.layers.InputSpec(min_ndim=2, axes={-1: input_shape[-1]})
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
        """Returns the cosines; see the class."""
        # Squares of float16 above 255 are infinite.
        directions = unit_rows(ops.transpose(floats(self.kernel)))
        cosines = ops.matmul(unit_rows(floats(inputs)), ops.transpose(directions))
        return ops.cast(ops.clip(cosines, -1.0, 1.0), self.compute_dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Returns the shape of the cosines."""
        return (*input_shape[:-1], self.units)

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {
            **super().get_config(),
            "units": self.units,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
            "kernel_constraint": keras.constraints.serialize(self.kernel_constraint),
        }
