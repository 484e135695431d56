"""Numbers of optimizers as TensorFlow Addons and Keras 2 took them."""

import inspect
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.saved.configs import check_written
from keras_cv_extras._base.types import Config, Tensor
from keras_cv_extras.compat import _table

_PACKAGE = "keras_cv_extras.compat"


def fall(optimizer: Any, decay: float | None) -> None:
    """Divides the learning rate of an optimizer by `1 + decay * step`, as Keras 2 did.

    Args:
        optimizer: an optimizer of Keras; its learning rate becomes a schedule.
        decay: at least 0; None or 0 leaves it as it is.

    Raises:
        ValueError: `decay` is below 0, or the learning rate is a schedule already.
    """
    if not decay:
        return
    checks.non_negative("decay", decay)
    schedules = keras.optimizers.schedules
    if isinstance(optimizer._learning_rate, schedules.LearningRateSchedule):
        raise ValueError("decay needs a learning rate that is a number: give a schedule")
    rate = float(optimizer.learning_rate)
    optimizer.learning_rate = schedules.InverseTimeDecay(rate, 1, decay)


def plain(value: Any) -> Any:
    """Returns a number as a float, and a variable as a function of its value; else what is given.

    Args:
        value: a number, a tensor, a variable, or anything else.
    """
    if hasattr(value, "assign"):
        return lambda: value
    if isinstance(value, (int, np.number)) and not isinstance(value, bool):
        return float(value)
    if ops.is_tensor(value):
        return float(ops.convert_to_numpy(value))
    return value


class NumbersOrFunctions:
    """Lets the numbers of an optimizer be functions without arguments, as those of Addons are.

    Stands in front of an optimizer among the bases of a class. It also takes `lr` and `decay`, and
    what LAMB called its weight decay before.

    Args:
        *arguments: those of the optimizer.
        **options: likewise.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        base: Any = super().__init__
        options = _table.rename(options, lr="learning_rate", weight_decay_rate="weight_decay")
        decay = options.pop("decay", None)
        given = {
            # Others are whole numbers if they are given as such.
            name: value if isinstance(value, int) and name != "learning_rate" else plain(value)
            for name, value in _named(base, arguments, options).items()
        }
        called: dict[str, Any] = {
            name: value for name, value in given.items() if _is_function(name, value)
        }
        base(**{**given, **{name: plain(function()) for name, function in called.items()}})
        object.__setattr__(self, "_called", called)
        fall(self, decay)

    _called: dict[str, Callable[[], Any]]

    def update_step(self, gradient: Tensor, variable: Tensor, learning_rate: Tensor) -> None:
        """Asks the functions for their numbers, and takes the step of the optimizer."""
        for name, function in self._called.items():
            object.__setattr__(self, name, function())
        base: Any = super()
        base.update_step(gradient, variable, learning_rate)

    def get_config(self) -> Config:
        """Returns the configuration."""
        for name, function in self._called.items():
            check_written(name, function)
        base: Any = super()
        return base.get_config()


def _named(function, arguments, options):
    """Returns all arguments of a call by their names."""
    bound = inspect.signature(function).bind(*arguments, **options)
    given = dict(bound.arguments)
    for parameter in bound.signature.parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            given |= given.pop(parameter.name, {})
    return given


def _is_function(name, value):
    """Tells whether an option is a function in place of a number; rates may be schedules."""
    schedule = keras.optimizers.schedules.LearningRateSchedule
    return name != "learning_rate" and callable(value) and not isinstance(value, schedule)


def old_class(made: type[Any], name: str = "") -> type[Any]:
    """Returns the class of an optimizer that takes Addons' arguments.

    Args:
        made: a class of optimizers.
        name: of the class; "" for that of `made`.
    """
    fields = {"__doc__": made.__doc__, "__module__": __name__}
    own = type(name or made.__name__, (NumbersOrFunctions, made), fields)
    return keras.saving.register_keras_serializable(_PACKAGE)(own)
