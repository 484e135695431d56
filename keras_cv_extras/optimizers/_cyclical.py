"""Learning rates that go up and down."""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.saved.configs import attributes
from keras_cv_extras._base.types import Config, Tensor
from keras_cv_extras.optimizers._options import PACKAGE


@keras.saving.register_keras_serializable(PACKAGE)
class CyclicalLearningRate(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that rises and falls evenly, by a height that a function gives.

    Args:
        initial_learning_rate: where every cycle begins and ends, at least 0.
        maximal_learning_rate: the middle of a cycle, where the height is 1, at least 0.
        step_size: half of a cycle, in steps.
        scale_fn: the height: a function of the number of the cycle, from 1 on, or of the step.
            Register it with Keras to save the schedule.
        scale_mode: what `scale_fn` is given: "cycle" for the number of the cycle, "iterations"
            for the step.
        name: of the schedule.

    References:
        [Smith, Cyclical Learning Rates for Training Neural
        Networks](https://arxiv.org/abs/1506.01186), section 3.1.

    Example:
        >>> schedule = CyclicalLearningRate(0.1, 1.0, 10, scale_fn=lambda cycle: 1 / cycle)
        >>> [round(float(schedule(step)), 3) for step in (0, 10, 20, 30)]
        [0.1, 1.0, 0.1, 0.55]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        maximal_learning_rate: float,
        step_size: float,
        scale_fn: Callable[[Tensor], Tensor],
        scale_mode: str = "cycle",
        name: str = "CyclicalLearningRate",
    ) -> None:
        super().__init__()
        low = checks.non_negative("initial_learning_rate", initial_learning_rate)
        self.initial_learning_rate = low
        high = checks.non_negative("maximal_learning_rate", maximal_learning_rate)
        self.maximal_learning_rate = high
        self.step_size: float = checks.positive("step_size", step_size)
        if not callable(scale_fn):
            raise TypeError(f"scale_fn must be a function, received {checks.shown(scale_fn)}")
        self.scale_fn = scale_fn
        self.scale_mode: Any = checks.one_of("scale_mode", scale_mode, ("cycle", "iterations"))
        self.name = name

    def __call__(self, step: Tensor) -> Tensor:
        """Returns the learning rate of a step, from 0 on."""
        step = ops.cast(step, keras.config.floatx())
        cycle = ops.floor(1 + step / (2 * self.step_size))
        away = ops.absolute(step / self.step_size - 2 * cycle + 1)
        height = self.scale_fn(cycle if self.scale_mode == "cycle" else step)
        rise = self.maximal_learning_rate - self.initial_learning_rate
        return self.initial_learning_rate + rise * ops.maximum(0.0, 1 - away) * height

    def get_config(self) -> Config:
        """Returns the configuration."""
        rates = ("initial_learning_rate", "maximal_learning_rate")
        config = attributes(self, *rates, "step_size", "scale_mode", "name")
        if type(self) is CyclicalLearningRate:
            config["scale_fn"] = keras.saving.serialize_keras_object(self.scale_fn)
        return config

    @classmethod
    def from_config(cls, config: Config) -> "CyclicalLearningRate":
        """Returns the schedule of a configuration."""
        if isinstance(config.get("scale_fn"), dict):
            function: Any = keras.saving.deserialize_keras_object(config["scale_fn"])
            config = {**config, "scale_fn": function}
        return cls(**config)


def _whole(cycle):
    return ops.ones_like(cycle)


def _halved(cycle):
    return 1 / 2.0 ** (cycle - 1)


@keras.saving.register_keras_serializable(PACKAGE)
class TriangularCyclicalLearningRate(CyclicalLearningRate):
    """A learning rate that rises and falls evenly, to the same height in every cycle.

    Args:
        initial_learning_rate: where every cycle begins and ends, at least 0.
        maximal_learning_rate: the middle of every cycle, at least 0.
        step_size: half of a cycle, in steps.
        scale_mode: takes no part; of the interface of TensorFlow Addons.
        name: of the schedule.

    References:
        [Smith](https://arxiv.org/abs/1506.01186), policy "triangular".

    Example:
        >>> schedule = TriangularCyclicalLearningRate(0.1, 1.0, step_size=10)
        >>> [round(float(schedule(step)), 3) for step in (0, 5, 10, 30)]
        [0.1, 0.55, 1.0, 1.0]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        maximal_learning_rate: float,
        step_size: float,
        scale_mode: str = "cycle",
        name: str = "TriangularCyclicalLearningRate",
    ) -> None:
        super().__init__(
            initial_learning_rate, maximal_learning_rate, step_size, _whole, scale_mode, name
        )


@keras.saving.register_keras_serializable(PACKAGE)
class Triangular2CyclicalLearningRate(CyclicalLearningRate):
    """A learning rate that rises and falls evenly, half as high in every next cycle.

    Args:
        initial_learning_rate: where every cycle begins and ends, at least 0.
        maximal_learning_rate: the middle of the first cycle, at least 0.
        step_size: half of a cycle, in steps.
        scale_mode: "cycle", or "iterations" to halve the height at every step.
        name: of the schedule.

    References:
        [Smith](https://arxiv.org/abs/1506.01186), policy "triangular2".

    Example:
        >>> schedule = Triangular2CyclicalLearningRate(0.1, 1.0, step_size=10)
        >>> [round(float(schedule(step)), 3) for step in (10, 30, 50)]
        [1.0, 0.55, 0.325]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        maximal_learning_rate: float,
        step_size: float,
        scale_mode: str = "cycle",
        name: str = "Triangular2CyclicalLearningRate",
    ) -> None:
        super().__init__(
            initial_learning_rate, maximal_learning_rate, step_size, _halved, scale_mode, name
        )


@keras.saving.register_keras_serializable(PACKAGE)
class ExponentialCyclicalLearningRate(CyclicalLearningRate):
    """A learning rate that rises and falls evenly, to a height that falls exponentially.

    Args:
        initial_learning_rate: where every cycle begins and ends, at least 0.
        maximal_learning_rate: the middle of a cycle, where the height is 1, at least 0.
        step_size: half of a cycle, in steps.
        scale_mode: "iterations" for a height that falls at every step, "cycle" at every cycle.
        gamma: what the height is multiplied by, above 0.
        name: of the schedule.

    References:
        [Smith](https://arxiv.org/abs/1506.01186), policy "exp_range".

    Example:
        >>> schedule = ExponentialCyclicalLearningRate(0.1, 1.0, step_size=10, gamma=0.9)
        >>> [round(float(schedule(step)), 3) for step in (0, 10, 30)]
        [0.1, 0.414, 0.138]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        maximal_learning_rate: float,
        step_size: float,
        scale_mode: str = "iterations",
        gamma: float = 1.0,
        name: str = "ExponentialCyclicalLearningRate",
    ) -> None:
        self.gamma: float = checks.positive("gamma", gamma)
        super().__init__(
            initial_learning_rate,
            maximal_learning_rate,
            step_size,
            lambda count: self.gamma**count,
            scale_mode,
            name,
        )

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {**super().get_config(), "gamma": self.gamma}
