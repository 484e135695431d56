"""Optimizers of TensorFlow Addons that Keras does not have."""

from typing import Any

import keras
from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.saved.configs import attributes, check_written
from keras_cv_extras._base.types import Config, Tensor

_PACKAGE = "keras_cv_extras.compat"


@keras.saving.register_keras_serializable(_PACKAGE)
class ConditionalGradient(keras.optimizers.Optimizer):
    """Moves weights towards a point of a ball, so that they stay in it.

    Args:
        learning_rate: how much of the weights stays, in [0, 1]: a number, or a schedule.
        lambda_: the radius of the ball, a number or a function without arguments.
        epsilon: added to the norm of the gradient.
        ord: the norm, "fro" or "nuclear".
        name: as of every Keras optimizer.
        **kwargs: what every Keras optimizer takes.

    References:
        [Ravi et al., Constrained Deep Learning using Conditional Gradient and Applications in
        Computer Vision](https://arxiv.org/abs/1803.06453).

    Example:
        >>> optimizer = ConditionalGradient(learning_rate=0.99, lambda_=203)
    """

    def __init__(
        self,
        learning_rate: Any,
        lambda_: Any = 0.01,
        epsilon: float = 1e-7,
        ord: str = "fro",
        name: str = "ConditionalGradient",
        **kwargs: Any,
    ) -> None:
        learning_rate = kwargs.pop("lr", learning_rate)
        kwargs.pop("use_locking", None)
        checks.one_of("ord", ord, ("fro", "nuclear"))
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        self.lambda_, self.epsilon, self.ord = lambda_, epsilon, ord

    def update_step(self, gradient: Tensor, variable: Tensor, learning_rate: Tensor) -> None:
        """Goes the rest of the way to the point of the ball that lies against the gradient."""
        rate = ops.cast(learning_rate, variable.dtype)
        if self.ord == "fro":
            gradient = ops.convert_to_tensor(gradient)
            norm = ops.sqrt(ops.sum(ops.square(gradient)))
            point = gradient / (norm + self.epsilon)
        else:
            point = self._singular(gradient)
        radius = self.lambda_() if callable(self.lambda_) else self.lambda_
        moved = ops.multiply(variable, rate) - (1 - rate) * radius * point
        self.assign(variable, moved)

    def _singular(self, gradient):
        """Returns the product of the singular vectors of the largest singular value."""
        shape = gradient.shape
        matrix = ops.reshape(gradient, (-1, 1)) if len(shape) < 2 else gradient
        left, values, right = ops.svd(matrix, full_matrices=False)
        del values
        return ops.reshape(ops.matmul(left[:, :1], right[:1]), shape)

    def get_config(self) -> Config:
        """Returns the configuration."""
        check_written("lambda_", self.lambda_)
        return {**super().get_config(), **attributes(self, "lambda_", "epsilon", "ord")}


@keras.saving.register_keras_serializable(_PACKAGE)
class ProximalAdagrad(keras.optimizers.Optimizer):
    """Adagrad, whose weights are then moved towards 0 by two penalties.

    Args:
        learning_rate: a number, or a schedule.
        initial_accumulator_value: what the sums of squares begin with, at least 0.
        l1_regularization_strength: penalty of the absolute weights, at least 0.
        l2_regularization_strength: penalty of the squared weights, at least 0.
        name: as of every Keras optimizer.
        **kwargs: what every Keras optimizer takes.

    References:
        [Duchi and Singer, Efficient Online and Batch Learning Using Forward Backward
        Splitting](https://jmlr.org/papers/v10/duchi09a.html).

    Example:
        >>> optimizer = ProximalAdagrad(0.1, l1_regularization_strength=1e-3)
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        name: str = "ProximalAdagrad",
        **kwargs: Any,
    ) -> None:
        learning_rate = kwargs.pop("lr", learning_rate)
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        begin = checks.non_negative("initial_accumulator_value", initial_accumulator_value)
        self.initial_accumulator_value = begin
        self.l1_regularization_strength = checks.non_negative(
            "l1_regularization_strength", l1_regularization_strength
        )
        self.l2_regularization_strength = checks.non_negative(
            "l2_regularization_strength", l2_regularization_strength
        )

    def build(self, variables: Any) -> None:
        """Makes the sums of squares."""
        if self.built:
            return
        super().build(variables)
        begin = keras.initializers.Constant(self.initial_accumulator_value)
        self._sums = self.add_optimizer_variables(variables, "accumulator", initializer=begin)

    def update_step(self, gradient: Tensor, variable: Tensor, learning_rate: Tensor) -> None:
        """Takes the step of Adagrad, and that of the penalties."""
        slot = self._sums[self._get_variable_index(variable)]
        self.assign_add(slot, ops.square(gradient))
        rate = ops.cast(learning_rate, variable.dtype) / ops.sqrt(slot)
        ahead = variable - rate * gradient
        short = ops.maximum(ops.abs(ahead) - rate * self.l1_regularization_strength, 0.0)
        self.assign(
            variable, ops.sign(ahead) * short / (1 + rate * self.l2_regularization_strength)
        )

    def get_config(self) -> Config:
        """Returns the configuration."""
        own = (
            "initial_accumulator_value",
            "l1_regularization_strength",
            "l2_regularization_strength",
        )
        return {**super().get_config(), **attributes(self, *own)}
