"""An optimizer around another: the inner one steps, the outer one looks at the weights then."""

from typing import Any, ClassVar

import keras
from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import Config, Tensor


class OptimizerWrapper(keras.optimizers.Optimizer):
    """Base of optimizers that keep a second copy of the weights beside an inner optimizer.

    A subclass gives `after`, which is called for each weight when the inner optimizer has taken
    its step, and returns the new weight and its new copy. The learning rate is that of the inner
    optimizer, also to callbacks that set it.

    Args:
        optimizer: a Keras optimizer, or its name.
        name: as of every Keras optimizer.
        **kwargs: what every Keras optimizer takes, such as `clipnorm`.

    Example:
        >>> class Slower(OptimizerWrapper):
        ...     def after(self, weight, copy):
        ...         value = (weight + copy) / 2
        ...         return value, value
        >>> optimizer = Slower("sgd")
    """

    copy_name: ClassVar[str] = "copy"

    def __init__(self, optimizer: Any, name: str | None = None, **kwargs: Any) -> None:
        inner = keras.optimizers.get(optimizer)
        if not isinstance(inner, keras.optimizers.Optimizer):
            raise TypeError(
                f"optimizer must be a Keras optimizer or its name, received "
                f"{checks.shown(optimizer)}"
            )
        super().__init__(learning_rate=0.0, name=name, **kwargs)
        self.inner = inner
        self._is_before = False

    def build(self, variables: Any) -> None:
        """Builds the inner optimizer, and makes the copies."""
        self.inner.build(variables)
        self._copies = self.add_optimizer_variables(variables, self.copy_name)
        super().build(variables)

    @property
    def variables(self) -> list[Any]:
        """The variables of this optimizer and of the inner one."""
        return [*super().variables, *self.inner.variables]

    def after(self, weight: Tensor, copy: Tensor) -> tuple[Tensor, Tensor]:
        """Returns a weight and its copy as they are to be when the inner optimizer has stepped."""
        raise NotImplementedError

    def update_step(self, gradient: Tensor, variable: Tensor, learning_rate: Tensor) -> None:
        """Makes the copy at the very first step, and calls `after` behind every step."""
        slot = self._copies[self._get_variable_index(variable)]
        weight, copy = ops.convert_to_tensor(variable), ops.convert_to_tensor(slot)
        if self._is_before:
            self.assign(slot, ops.where(ops.equal(self.iterations, 0), weight, copy))
            return
        new_weight, new_copy = self.after(weight, copy)
        self.assign(slot, new_copy)
        if new_weight is not weight:
            self.assign(variable, new_weight)

    def _backend_update_step(self, grads, trainable_variables, learning_rate):
        # Keras runs `update_step` for every weight on each replica that has it. The gradients are
        # the inner optimizer's: in the two passes around it nothing is summed over replicas.
        nothing = [ops.zeros((), dtype=variable.dtype) for variable in trainable_variables]
        self._is_before = True
        super()._backend_update_step(nothing, trainable_variables, learning_rate)
        self.inner.apply(grads, trainable_variables)
        self._is_before = False
        super()._backend_update_step(nothing, trainable_variables, learning_rate)

    def _all_reduce_sum_gradients(self, grads_and_vars):
        return grads_and_vars

    @property
    def learning_rate(self) -> Any:
        """The learning rate of the inner optimizer."""
        return self.inner.learning_rate

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        self.inner.learning_rate = learning_rate

    def finalize_variable_values(self, var_list: Any) -> None:
        """Lets the inner optimizer set the weights that training ends with."""
        self.inner.finalize_variable_values(var_list)
        super().finalize_variable_values(var_list)

    def get_config(self) -> Config:
        """Returns the configuration."""
        config = super().get_config()
        del config["learning_rate"]
        return {**config, "optimizer": keras.saving.serialize_keras_object(self.inner)}

    @classmethod
    def from_config(cls, config: Config, custom_objects: Any = None) -> "OptimizerWrapper":
        """Returns the optimizer of a configuration."""
        inner = keras.saving.deserialize_keras_object(config["optimizer"], custom_objects)
        return cls(**{**config, "optimizer": inner})
