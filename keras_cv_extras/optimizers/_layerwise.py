"""Optimizers that weigh the step of each layer by its size: LAMB and NovoGrad."""

import re
from typing import Any, ClassVar

import keras
from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import Tensor
from keras_cv_extras.optimizers._options import (
    PACKAGE,
    Check,
    CoupledDecay,
    decay_rate,
    epsilon_or_default,
)


def _patterns(name, value):
    if value is None:
        return None
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
        raise TypeError(f"{name} must be a list of patterns, received {checks.shown(value)}")
    return list(value)


def _matches(variable, patterns):
    name = getattr(variable, "path", None) or variable.name
    return any(re.search(pattern, name) for pattern in patterns or ())


@keras.saving.register_keras_serializable(PACKAGE)
class LAMB(CoupledDecay):
    """Adam whose step, weight decay included, is as long as the layer's weights.

    `keras.optimizers.Lamb` decays weights apart from the step, so that the ratio of the layer
    does not know of it; the paper's step has it inside, as this one.

    Args:
        learning_rate: a number or a schedule.
        beta_1: how much of the average gradient stays at a step, in [0, 1).
        beta_2: how much of the average squared gradient stays at a step, in [0, 1).
        epsilon: is added to the root of the average squared gradient.
        weight_decay: the share of the weights that is added to the step, at least 0.
        exclude_from_weight_decay: None, or patterns of the paths of weights without decay.
        exclude_from_layer_adaptation: None for the same, or patterns of the paths of weights
            whose step keeps its length.
        name: as of every Keras optimizer.
        **kwargs: what every Keras optimizer takes, such as `clipnorm`.

    References:
        [You et al., Large Batch Optimization for Deep
        Learning](https://arxiv.org/abs/1904.00962), algorithm 2.

    Example:
        >>> optimizer = LAMB(1e-3, weight_decay=0.01, exclude_from_weight_decay=["bias"])
    """

    option_checks: ClassVar[dict[str, Check]] = {
        "beta_1": decay_rate,
        "beta_2": decay_rate,
        "epsilon": checks.positive,
        "weight_decay": checks.non_negative,
        "exclude_from_weight_decay": _patterns,
        "exclude_from_layer_adaptation": _patterns,
    }
    beta_1: float
    beta_2: float
    epsilon: float
    exclude_from_layer_adaptation: list[str] | None

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-6,
        weight_decay: float = 0.0,
        exclude_from_weight_decay: list[str] | None = None,
        exclude_from_layer_adaptation: list[str] | None = None,
        name: str = "LAMB",
        **kwargs: Any,
    ) -> None:
        if not exclude_from_layer_adaptation:
            exclude_from_layer_adaptation = exclude_from_weight_decay
        super().__init__(learning_rate, locals(), name, **kwargs)

    def build(self, variables: Any) -> None:
        """Makes both moments of every variable, and finds which are excluded from what."""
        super().build(variables)
        self._m, self._v = self.add_optimizer_variables(variables, ("m", "v"))
        self._decayed = [not _matches(v, self.exclude_from_weight_decay) for v in variables]
        self._adapted = [not _matches(v, self.exclude_from_layer_adaptation) for v in variables]

    def _use_weight_decay(self, variable: Any) -> bool:
        return self.slot(self._decayed, variable)

    def update_step(self, gradient: Tensor, variable: Tensor, learning_rate: Tensor) -> None:
        """Updates one variable."""
        dtype = variable.dtype
        gradient, rate = ops.cast(gradient, dtype), ops.cast(learning_rate, dtype)
        count = self.step("float32")
        mean = self.average(self._m, variable, "beta_1", gradient)
        spread = self.average(self._v, variable, "beta_2", ops.square(gradient))
        self.assign(self.slot(self._m, variable), mean)
        self.assign(self.slot(self._v, variable), spread)
        mean = mean / ops.cast(1 - ops.power(self.beta_1, count), dtype)
        spread = spread / ops.cast(1 - ops.power(self.beta_2, count), dtype)
        update = mean / (ops.sqrt(spread) + self.epsilon) + self.decay(variable)
        if self.slot(self._adapted, variable):
            weights = ops.sqrt(ops.sum(ops.square(variable)))
            length = ops.sqrt(ops.sum(ops.square(update)))
            ratio = weights / ops.where(length > 0, length, 1.0)
            update = ops.where(ops.logical_and(weights > 0, length > 0), ratio, 1.0) * update
        self.assign_sub(variable, rate * update)


@keras.saving.register_keras_serializable(PACKAGE)
class NovoGrad(CoupledDecay):
    """Momentum of gradients that are divided by the average length of their layer's.

    Args:
        learning_rate: a number or a schedule.
        beta_1: momentum, in [0, 1).
        beta_2: how much of the average squared length stays at a step, in [0, 1).
        epsilon: is added to the root of the average.
        weight_decay: the share of the weights that is added to the gradient, at least 0.
        grad_averaging: whether the gradient has a weight of `1 - beta_1` beside the momentum.
        amsgrad: whether to divide by the largest average so far.
        name: as of every Keras optimizer.
        **kwargs: what every Keras optimizer takes, such as `clipnorm`.

    References:
        [Ginsburg et al., Stochastic Gradient Methods with Layer-wise Adaptive
        Moments](https://arxiv.org/abs/1905.11286), algorithm 1.

    Example:
        >>> optimizer = NovoGrad(0.01, beta_2=0.98, weight_decay=0.001)
    """

    option_checks: ClassVar[dict[str, Check]] = {
        "beta_1": decay_rate,
        "beta_2": decay_rate,
        "epsilon": epsilon_or_default,
        "weight_decay": checks.non_negative,
        "grad_averaging": checks.boolean,
        "amsgrad": checks.boolean,
    }
    beta_1: float
    beta_2: float
    epsilon: float
    grad_averaging: bool
    amsgrad: bool

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        weight_decay: float = 0.0,
        grad_averaging: bool = False,
        amsgrad: bool = False,
        name: str = "NovoGrad",
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, locals(), name, **kwargs)

    def build(self, variables: Any) -> None:
        """Makes the momentum of every variable and the squared length of its gradient."""
        super().build(variables)
        self._m = self.add_optimizer_variables(variables, "m")
        self._v = [self._length(variable, "v") for variable in variables]
        if self.amsgrad:
            self._largest = [self._length(variable, "vhat") for variable in variables]

    def _length(self, variable, name):
        path = getattr(variable, "path", variable.name).replace("/", "_")
        return self.add_variable((), dtype=variable.dtype, name=f"{path}_{name}")

    def update_step(self, gradient: Tensor, variable: Tensor, learning_rate: Tensor) -> None:
        """Updates one variable."""
        dtype = variable.dtype
        gradient, rate = ops.cast(gradient, dtype), ops.cast(learning_rate, dtype)
        first = ops.equal(self.iterations, 0)
        m, v = self.slot(self._m, variable), self.slot(self._v, variable)
        squared = ops.sum(ops.square(gradient))
        (keep_1, add_1), (keep_2, add_2) = self.share("beta_1", dtype), self.share("beta_2", dtype)
        average = ops.where(first, squared, keep_2 * v + add_2 * squared)
        self.assign(v, average)
        if self.amsgrad:
            largest = self.slot(self._largest, variable)
            average = ops.maximum(largest, average)
            self.assign(largest, average)
        update = gradient / (ops.sqrt(average) + self.epsilon) + self.decay(variable)
        if self.grad_averaging:
            update = ops.where(first, 1.0, add_1) * update
        momentum = keep_1 * m - rate * update
        self.assign(m, momentum)
        self.assign_add(variable, momentum)
