"""Options of optimizers: checked, and saved as their configuration."""

from collections.abc import Callable
from typing import Any, ClassVar, TypeAlias

import keras
from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.saved.configs import attributes
from keras_cv_extras._base.types import Config, Tensor

PACKAGE = "keras_cv_extras"


def decay_rate(name: str, value: Any) -> float:
    """Returns `value` as a float, or raises if it is not a number in [0, 1)."""
    if not 0 <= checks.number(name, value) < 1:
        raise ValueError(f"{name} must be in [0, 1), received {checks.shown(value)}")
    return float(value)


def epsilon_or_default(name: str, value: Any) -> float:
    """Returns a number of at least zero; Keras' own small one in place of zero."""
    return checks.non_negative(name, value) or keras.config.epsilon()


def schedule_or_number(name: str, value: Any) -> Any:
    """Returns a schedule, also from its configuration, or a number of at least zero."""
    if isinstance(value, dict):
        value = keras.saving.deserialize_keras_object(value)
    if isinstance(value, keras.optimizers.schedules.LearningRateSchedule):
        return value
    return checks.non_negative(name, value)


Check: TypeAlias = Callable[[str, Any], Any]


class OptionsOptimizer(keras.optimizers.Optimizer):
    """Base of optimizers whose options are checked, kept as attributes, and saved.

    A subclass lists its `option_checks`: option -> `check(name, value)`, which returns what to
    keep. `values` may hold more than these: a constructor gives its `locals()`.
    """

    option_checks: ClassVar[dict[str, Check]] = {}

    def __init__(
        self, learning_rate: Tensor, values: dict[str, Any], name: str | None, **kwargs: Any
    ) -> None:
        if isinstance(learning_rate, int) and not isinstance(learning_rate, bool):
            learning_rate = float(learning_rate)
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        for option, check in self.option_checks.items():
            setattr(self, option, check(option, values[option]))

    def step(self, dtype: Any) -> Tensor:
        """Returns the number of the step that is being taken, from 1 on."""
        return ops.cast(ops.add(self.iterations, 1), dtype)

    def share(self, option: str, dtype: Any) -> tuple[Tensor, Tensor]:
        """Returns an option and what it lacks to 1, rounded to a type as TensorFlow Addons did."""
        value = ops.cast(getattr(self, option), dtype)
        return value, 1 - value

    def slot(self, slots: Any, variable: Tensor) -> Tensor:
        """Returns a variable's own among those of a kind."""
        return slots[self._get_variable_index(variable)]

    def average(self, slots: Any, variable: Tensor, option: str, value: Tensor) -> Tensor:
        """Returns a variable's moving average with a value added; `option` is what stays of it."""
        keep, add = self.share(option, variable.dtype)
        return keep * self.slot(slots, variable) + add * value

    def get_config(self) -> Config:
        """Returns the configuration."""
        options = attributes(self, *self.option_checks)
        for name, value in options.items():
            if isinstance(value, keras.optimizers.schedules.LearningRateSchedule):
                options[name] = keras.saving.serialize_keras_object(value)
        return {**super().get_config(), **options}


class CoupledDecay(OptionsOptimizer):
    """An optimizer that adds its weight decay to the step itself, before the learning rate.

    Keras shrinks weights before the step, at the learning rate of the optimizer; here the decay
    is part of the step, and goes by the learning rate after warm-up, or by its layer's ratio.
    """

    def _apply_weight_decay(self, variables: Any) -> None:
        """Leaves the decay to `decay`."""

    def decay(self, variable: Tensor) -> Tensor | float:
        """Returns what weight decay adds to the step of a variable."""
        rate = self.weight_decay
        if callable(rate):
            rate = ops.cast(rate(self.iterations), variable.dtype)
        elif not rate:
            return 0.0
        return ops.multiply(rate, variable) if self._use_weight_decay(variable) else 0.0
