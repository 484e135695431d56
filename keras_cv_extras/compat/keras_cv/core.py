"""Factor samplers of KerasCV: what a number of an augmentation is drawn from."""

import dataclasses
import math
from typing import Any

import keras

from keras_cv_extras._base import checks
from keras_cv_extras.compat import _draws, _table

_PACKAGE = "keras_cv_extras.compat.keras_cv"


class FactorSampler:
    """Base of the samplers. Layers read the interval that a sampler stands for.

    Example:
        >>> isinstance(ConstantFactorSampler(0.5), FactorSampler)
        True
    """

    def interval(self) -> tuple[float, float]:
        """Returns the ends of the uniform distribution that stands for the sampler."""
        raise NotImplementedError(
            f"{type(self).__name__} must have interval(), which returns the least and the greatest "
            "factor: layers draw uniformly between them"
        )

    def __call__(self, shape: Any = (), dtype: Any = "float32") -> Any:
        """Draws from that distribution.

        Args:
            shape: of the result.
            dtype: of the result.
        """
        low, high = self.interval()
        if not hasattr(self, "_state"):
            self._state = _draws.generator(getattr(self, "seed", None))
        return keras.random.uniform(tuple(shape), low, high, dtype=dtype, seed=self._state)

    def get_config(self) -> dict[str, Any]:
        """Returns the configuration."""
        return dataclasses.asdict(self)  # type: ignore[call-overload]

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "FactorSampler":
        """Returns the sampler of a configuration."""
        return cls(**config)


@keras.saving.register_keras_serializable(_PACKAGE)
@dataclasses.dataclass
class ConstantFactorSampler(FactorSampler):
    """Always one value.

    Args:
        value: the value.

    Example:
        >>> ConstantFactorSampler(0.5).interval()
        (0.5, 0.5)
    """

    value: float

    def interval(self) -> tuple[float, float]:
        """Returns the value twice."""
        return float(self.value), float(self.value)


@keras.saving.register_keras_serializable(_PACKAGE)
@dataclasses.dataclass
class UniformFactorSampler(FactorSampler):
    """Uniform between two values.

    Args:
        lower: the smallest.
        upper: the largest.
        seed: takes no part: the layer has the seed.

    Example:
        >>> UniformFactorSampler(0.2, 0.4).interval()
        (0.2, 0.4)
    """

    lower: float
    upper: float
    seed: int | None = None

    def interval(self) -> tuple[float, float]:
        """Returns both ends."""
        return float(self.lower), float(self.upper)


@keras.saving.register_keras_serializable(_PACKAGE)
@dataclasses.dataclass
class NormalFactorSampler(FactorSampler):
    """Normal, cut at two values: drawn uniformly here, with the same mean and deviation.

    Args:
        mean: the mean.
        stddev: the standard deviation.
        min_value: the smallest value.
        max_value: the largest value.
        seed: takes no part: the layer has the seed.

    Example:
        >>> NormalFactorSampler(0.5, 0.0, 0.0, 1.0).interval()
        (0.5, 0.5)
    """

    mean: float
    stddev: float
    min_value: float
    max_value: float
    seed: int | None = None

    def interval(self) -> tuple[float, float]:
        """Returns the ends of the uniform distribution of that mean and deviation, cut."""
        half = math.sqrt(3) * self.stddev
        low, high = (
            min(max(end, self.min_value), self.max_value)
            for end in (self.mean - half, self.mean + half)
        )
        return float(low), float(high)


def sampler_of(factor: Any, lowest: float | None = 0.0, seed: int | None = None) -> FactorSampler:
    """Returns the sampler that a factor stands for, as layers of KerasCV keep it.

    Args:
        factor: a sampler, its configuration, a pair, or a number for (lowest, number).
        lowest: the smallest value; None for the number's negative.
        seed: of the sampler.
    """
    if isinstance(factor, dict):
        factor = keras.saving.deserialize_keras_object(factor)
    if isinstance(factor, FactorSampler):
        return factor
    if isinstance(factor, (int, float)):
        factor = -factor if lowest is None else lowest, factor
    low, high = factor
    return ConstantFactorSampler(low) if low == high else UniformFactorSampler(low, high, seed)


def interval_of(
    name: str, factor: Any, lowest: float = 0.0, highest: float = math.inf
) -> tuple[float, float]:
    """Returns the interval of a factor: a sampler, a pair, or a number for (lowest, number)."""
    if isinstance(factor, dict):
        factor = keras.saving.deserialize_keras_object(factor)
    if isinstance(factor, FactorSampler):
        return factor.interval()
    if isinstance(factor, (int, float)):
        factor = min(lowest, float(factor)), float(factor)
    low, high = checks.interval(name, tuple(factor))
    if low > high:
        raise ValueError(f"{name} must be (low, high), received {checks.shown(factor)}")
    if high > highest:
        raise ValueError(f"{name} must be at most {highest:g}, received {checks.shown(factor)}")
    return low, high


__getattr__: _table.Load = _table.gone(
    __name__,
    "keras_cv.core",
    {},
    "factor_sampler factor_sampler/factor_sampler factor_sampler/constant_factor_sampler "
    "factor_sampler/normal_factor_sampler factor_sampler/uniform_factor_sampler",
)
