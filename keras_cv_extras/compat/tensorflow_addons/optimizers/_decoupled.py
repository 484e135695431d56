"""Optimizers of TensorFlow Addons with a weight decay that the learning rate does not change."""

import functools
from collections.abc import Callable, Iterable
from typing import Any

import keras
from keras import ops

from keras_cv_extras._base.saved.configs import check_written
from keras_cv_extras._base.types import Config, Tensor
from keras_cv_extras.compat.tensorflow_addons.optimizers import _rates

_PACKAGE = "keras_cv_extras.compat"


class DecoupledWeightDecayExtension(_rates.NumbersOrFunctions):
    """Makes weights smaller before each step, by a share that the learning rate does not change.

    Stands in front of an optimizer among the bases of a class.

    Args:
        weight_decay: the share, at least 0: a number, a schedule, or a function without arguments.
        exclude_from_weight_decay: regular expressions of names of weights that stay.
        **kwargs: the arguments of the optimizer.

    Example:
        >>> class AdagradW(DecoupledWeightDecayExtension, keras.optimizers.Adagrad):
        ...     pass
        >>> optimizer = AdagradW(weight_decay=1e-4, learning_rate=0.1)
    """

    def __init__(
        self,
        weight_decay: Any,
        exclude_from_weight_decay: Iterable[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(weight_decay, dict):
            weight_decay = keras.saving.deserialize_keras_object(weight_decay)
        self.weight_decay = _rates.plain(weight_decay)
        self._decayed: Any = None
        self._excluded = list(exclude_from_weight_decay or [])
        if self._excluded:
            own: Any = self
            own.exclude_from_weight_decay(var_names=self._excluded)

    def _apply_weight_decay(self, variables: Any) -> None:
        """Leaves the decay to the step."""

    def update_step(self, gradient: Tensor, variable: Tensor, learning_rate: Tensor) -> None:
        """Makes a weight smaller, and lets the optimizer take its step."""
        own: Any = self
        base: Any = super()
        chosen = own._use_weight_decay(variable)
        if self._decayed is not None:
            chosen = own._var_key(variable) in self._decayed
        if chosen:
            rate = self.weight_decay
            if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
                rate = rate(own.iterations)
            elif callable(rate):
                rate = rate()
            own.assign_sub(variable, ops.multiply(ops.cast(rate, variable.dtype), variable))
        base.update_step(gradient, variable, learning_rate)

    def apply_gradients(
        self,
        grads_and_vars: Any,
        name: str | None = None,
        decay_var_list: Iterable[Any] | None = None,
        **kwargs: Any,
    ) -> Any:
        """Takes a step.

        Args:
            grads_and_vars: pairs of a gradient and a variable.
            name: takes no part.
            decay_var_list: the variables that become smaller; None for all.
            **kwargs: take no part.
        """
        del name, kwargs
        own, base = self, super()
        optimizer: Any = own
        self._decayed = (
            None if not decay_var_list else {optimizer._var_key(v) for v in decay_var_list}
        )
        return base.apply_gradients(grads_and_vars)  # type: ignore[misc]

    def get_config(self) -> Config:
        """Returns the configuration."""
        base: Any = super()
        rate = self.weight_decay
        if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
            rate = keras.saving.serialize_keras_object(rate)
        check_written("weight_decay", rate)
        return {
            **base.get_config(),
            "weight_decay": rate,
            "exclude_from_weight_decay": self._excluded,
        }


@keras.saving.register_keras_serializable(_PACKAGE)
class AdamW(DecoupledWeightDecayExtension, keras.optimizers.Adam):
    """Adam with a weight decay that the learning rate does not change.

    Args:
        weight_decay: the share that weights lose at each step: a number, a schedule, or a
            function without arguments.
        learning_rate: a number, or a schedule.
        beta_1: decay of the mean of gradients.
        beta_2: decay of the mean of their squares.
        epsilon: added to the root of that.
        amsgrad: whether the mean of squares never falls.
        name: as of every Keras optimizer.
        **kwargs: `exclude_from_weight_decay`, and what every Keras optimizer takes.

    References:
        [Loshchilov and Hutter, Decoupled Weight Decay
        Regularization](https://arxiv.org/abs/1711.05101), algorithm 2.

    Example:
        >>> optimizer = AdamW(weight_decay=1e-4, learning_rate=1e-3)
    """

    def __init__(
        self,
        weight_decay: Any,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        name: str = "AdamW",
        **kwargs: Any,
    ) -> None:
        own = {"beta_1": beta_1, "beta_2": beta_2, "epsilon": epsilon, "amsgrad": amsgrad}
        kwargs = {"learning_rate": learning_rate, **kwargs}
        super().__init__(weight_decay, **own, name=name, **kwargs)


@keras.saving.register_keras_serializable(_PACKAGE)
class SGDW(DecoupledWeightDecayExtension, keras.optimizers.SGD):
    """Gradient descent with a weight decay that the learning rate does not change.

    Args:
        weight_decay: the share that weights lose at each step: a number, a schedule, or a
            function without arguments.
        learning_rate: a number, or a schedule.
        momentum: of the steps.
        nesterov: whether gradients are taken a step ahead.
        name: as of every Keras optimizer.
        **kwargs: `exclude_from_weight_decay`, and what every Keras optimizer takes.

    References:
        [Loshchilov and Hutter, Decoupled Weight Decay
        Regularization](https://arxiv.org/abs/1711.05101), algorithm 1.

    Example:
        >>> optimizer = SGDW(weight_decay=1e-4, learning_rate=0.1, momentum=0.9)
    """

    def __init__(
        self,
        weight_decay: Any,
        learning_rate: Any = 0.001,
        momentum: float = 0.0,
        nesterov: bool = False,
        name: str = "SGDW",
        **kwargs: Any,
    ) -> None:
        own = {"momentum": momentum, "nesterov": nesterov}
        kwargs = {"learning_rate": learning_rate, **kwargs}
        super().__init__(weight_decay, **own, name=name, **kwargs)


@keras.saving.register_keras_serializable(_PACKAGE)
class OptimizerWithDecoupledWeightDecay(DecoupledWeightDecayExtension):
    """Base of the classes of `extend_with_decoupled_weight_decay`: saved with their optimizer's."""

    base_optimizer: Any = None

    def get_config(self) -> Config:
        """Returns the configuration."""
        name = keras.saving.get_registered_name(self.base_optimizer)
        return {**super().get_config(), "base_optimizer": name}

    @classmethod
    def from_config(cls, config: Config, custom_objects: Any = None) -> Any:
        """Makes the optimizer, of the class that the configuration names."""
        config = {**config}
        name = config.pop("base_optimizer")
        base = keras.saving.get_registered_object(name, custom_objects)
        base = base or getattr(keras.optimizers, name, None)
        if base is None:
            raise ValueError(
                f"there is no optimizer {name!r}: register its class, or name it in custom_objects"
            )
        made: Any = extend_with_decoupled_weight_decay(base)
        above: Any = super(OptimizerWithDecoupledWeightDecay, made)
        return above.from_config(config)


@functools.cache
def extend_with_decoupled_weight_decay(
    base_optimizer: type[keras.optimizers.Optimizer],
) -> Callable[..., keras.optimizers.Optimizer]:
    """Returns a class of an optimizer whose weight decay the learning rate does not change.

    Args:
        base_optimizer: a class of Keras.

    Example:
        >>> make = extend_with_decoupled_weight_decay(keras.optimizers.Adam)
        >>> optimizer = make(weight_decay=1e-4, learning_rate=1e-3)
    """
    name = OptimizerWithDecoupledWeightDecay.__name__
    bases = (OptimizerWithDecoupledWeightDecay, base_optimizer)
    made = type(name, bases, {"base_optimizer": base_optimizer})
    # All under one name: whichever is found there, its `from_config` makes the right one.
    return keras.saving.register_keras_serializable(_PACKAGE)(made)
