"""Adam's relatives: rectified Adam, AdaBelief and Yogi."""

from typing import Any, ClassVar

import keras
from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import Tensor
from keras_cv_extras.optimizers._options import (
    PACKAGE,
    Check,
    CoupledDecay,
    OptionsOptimizer,
    decay_rate,
    epsilon_or_default,
    schedule_or_number,
)


class _Rectified(CoupledDecay):
    """What rectified Adam and AdaBelief share: warm-up, rectification and decay."""

    option_checks: ClassVar[dict[str, Check]] = {
        "beta_1": decay_rate,
        "beta_2": decay_rate,
        "epsilon": epsilon_or_default,
        "weight_decay": schedule_or_number,
        "amsgrad": checks.boolean,
        "sma_threshold": checks.number,
        "total_steps": lambda name, value: checks.integer(name, value, minimum=0),
        "warmup_proportion": checks.fraction,
        "min_lr": checks.non_negative,
    }
    beta_1: float
    beta_2: float
    epsilon: float
    amsgrad: bool
    sma_threshold: float
    total_steps: int
    warmup_proportion: float
    min_lr: float

    def build(self, variables: Any) -> None:
        """Makes both moments of every variable."""
        super().build(variables)
        self._m, self._v = self.add_optimizer_variables(variables, ("m", "v"))
        self._largest = self.add_optimizer_variables(variables, "vhat") if self.amsgrad else []

    def _spread(self, gradient, mean):
        """Returns what the second moment is the average of, and what is added to it."""
        raise NotImplementedError

    def update_step(self, gradient: Tensor, variable: Tensor, learning_rate: Tensor) -> None:
        """Updates one variable."""
        dtype = variable.dtype
        gradient, rate = ops.cast(gradient, dtype), ops.cast(learning_rate, dtype)
        step = self.step(dtype)
        mean = self.average(self._m, variable, "beta_1", gradient)
        squared, extra = self._spread(gradient, mean)
        spread = self.average(self._v, variable, "beta_2", squared) + extra
        self.assign(self.slot(self._m, variable), mean)
        self.assign(self.slot(self._v, variable), spread)
        if self.amsgrad:
            largest = self.slot(self._largest, variable)
            spread = ops.maximum(largest, spread)
            self.assign(largest, spread)
        # In float32 at least: 1 - beta_2 ** step has few digits left in half precision.
        count = ops.cast(step, "float32")
        remaining = 1 - ops.power(self.beta_2, count)
        mean = mean / ops.cast(1 - ops.power(self.beta_1, count), dtype)
        adapted = mean / (ops.sqrt(spread / ops.cast(remaining, dtype)) + self.epsilon)
        update = self._rectify(count, remaining, mean, adapted)
        update = update + self.decay(variable)
        self.assign_sub(variable, self._warmed_up(rate, step) * update)

    def _rectify(self, count, remaining, mean, adapted):
        """Returns the step, adapted where the variance of the adaptation is known."""
        beta_2, complement = self.share("beta_2", "float32")
        longest = 2 / complement - 1
        length = longest - 2 * count * ops.power(beta_2, count) * (1 / remaining)
        # A threshold below 4 is one of 4: the root has no value there.
        known = ops.logical_and(length >= self.sma_threshold, length > 4)
        safe = ops.where(known, length, longest)
        factor = ops.sqrt((safe - 4) / (longest - 4) * (safe - 2) / (longest - 2) * longest / safe)
        return ops.where(known, ops.cast(factor, mean.dtype) * adapted, mean)

    def _warmed_up(self, rate, step):
        """Returns the learning rate of a step: up to `rate`, then down to `min_lr`."""
        if not self.total_steps:
            return rate
        warmup = self.total_steps * self.warmup_proportion
        fall = max(self.total_steps - warmup, 1)
        down = rate + (self.min_lr - rate) / fall * ops.minimum(step - warmup, fall)
        if not warmup:
            return down
        return ops.where(step <= warmup, rate * (step / warmup), down)


@keras.saving.register_keras_serializable(PACKAGE)
class RectifiedAdam(_Rectified):
    """Adam whose first steps are not adapted until the variance of the adaptation is known.

    Args:
        learning_rate: a number or a schedule.
        beta_1: how much of the average gradient stays at a step, in [0, 1).
        beta_2: how much of the average squared gradient stays at a step, in [0, 1).
        epsilon: is added to the root of the average squared gradient.
        weight_decay: a number or a schedule: this share of a weight, times the learning rate, is
            taken from it at a step.
        amsgrad: whether to divide by the largest average so far.
        sma_threshold: from which length of the average on a step is adapted.
        total_steps: how many steps there will be, for warm-up; 0 for none.
        warmup_proportion: the share of the steps in which the learning rate grows from zero.
        min_lr: the learning rate at the last step, if `total_steps` is given.
        name: as of every Keras optimizer.
        **kwargs: what every Keras optimizer takes, such as `clipnorm`.

    References:
        [Liu et al., On the Variance of the Adaptive Learning Rate and
        Beyond](https://arxiv.org/abs/1908.03265), algorithm 2.

    Example:
        >>> optimizer = RectifiedAdam(1e-3, total_steps=10_000, min_lr=1e-5)
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        weight_decay: Any = 0.0,
        amsgrad: bool = False,
        sma_threshold: float = 5.0,
        total_steps: int = 0,
        warmup_proportion: float = 0.1,
        min_lr: float = 0.0,
        name: str = "RectifiedAdam",
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, locals(), name, **kwargs)

    def _spread(self, gradient, mean):
        return ops.square(gradient), 0.0


@keras.saving.register_keras_serializable(PACKAGE)
class AdaBelief(_Rectified):
    """Adam that divides by how far gradients are from their average, rectified or not.

    Args:
        learning_rate: a number or a schedule.
        beta_1: how much of the average gradient stays at a step, in [0, 1).
        beta_2: how much of the average squared distance stays at a step, in [0, 1).
        epsilon: is added to the average squared distance, and to its root.
        weight_decay: a number or a schedule: this share of a weight, times the learning rate, is
            taken from it at a step.
        amsgrad: whether to divide by the largest average so far.
        rectify: whether to rectify as `RectifiedAdam` does.
        sma_threshold: from which length of the average on a step is adapted.
        total_steps: how many steps there will be, for warm-up; 0 for none.
        warmup_proportion: the share of the steps in which the learning rate grows from zero.
        min_lr: the learning rate at the last step, if `total_steps` is given.
        name: as of every Keras optimizer.
        **kwargs: what every Keras optimizer takes, such as `clipnorm`.

    References:
        [Zhuang et al., AdaBelief Optimizer](https://arxiv.org/abs/2010.07468), algorithm 2.

    Example:
        >>> optimizer = AdaBelief(1e-3, rectify=False)
    """

    option_checks: ClassVar[dict[str, Check]] = {
        **_Rectified.option_checks,
        "rectify": checks.boolean,
    }
    rectify: bool

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-14,
        weight_decay: Any = 0.0,
        amsgrad: bool = False,
        rectify: bool = True,
        sma_threshold: float = 5.0,
        total_steps: int = 0,
        warmup_proportion: float = 0.1,
        min_lr: float = 0.0,
        name: str = "AdaBelief",
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, locals(), name, **kwargs)

    def _spread(self, gradient, mean):
        return ops.square(gradient - mean), self.epsilon

    def _rectify(self, count, remaining, mean, adapted):
        if not self.rectify:
            return adapted
        return super()._rectify(count, remaining, mean, adapted)


@keras.saving.register_keras_serializable(PACKAGE)
class Yogi(OptionsOptimizer):
    """Adam whose second moment moves by the squared gradient alone, and so never jumps.

    Args:
        learning_rate: a number or a schedule.
        beta1: how much of the average gradient stays at a step, in [0, 1); 0 for none.
        beta2: how slowly the second moment follows, in [0, 1).
        epsilon: is added to the root of the second moment.
        l1_regularization_strength: of a proximal step towards zero, at least 0.
        l2_regularization_strength: of a proximal step towards zero, at least 0.
        initial_accumulator_value: what the second moment begins with, at least 0.
        activation: "sign", or "tanh" for a smooth one.
        name: as of every Keras optimizer.
        **kwargs: what every Keras optimizer takes, such as `clipnorm`.

    References:
        [Zaheer et al., Adaptive Methods for Nonconvex
        Optimization](https://papers.nips.cc/paper/8186), algorithm 2.

    Example:
        >>> optimizer = Yogi(0.01)
    """

    option_checks: ClassVar[dict[str, Check]] = {
        "beta1": decay_rate,
        "beta2": decay_rate,
        "epsilon": checks.non_negative,
        "l1_regularization_strength": checks.non_negative,
        "l2_regularization_strength": checks.non_negative,
        "initial_accumulator_value": checks.non_negative,
        "activation": checks.choice("sign", "tanh"),
    }
    beta1: float
    beta2: float
    epsilon: float
    l1_regularization_strength: float
    l2_regularization_strength: float
    initial_accumulator_value: float
    activation: str

    def __init__(
        self,
        learning_rate: Any = 0.01,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-3,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        initial_accumulator_value: float = 1e-6,
        activation: str = "sign",
        name: str = "Yogi",
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, locals(), name, **kwargs)

    def build(self, variables: Any) -> None:
        """Makes both moments of every variable."""
        super().build(variables)
        start = keras.initializers.Constant(self.initial_accumulator_value)
        self._v = self.add_optimizer_variables(variables, "v", initializer=start)
        self._m = self.add_optimizer_variables(variables, "m") if self.beta1 else []

    def update_step(self, gradient: Tensor, variable: Tensor, learning_rate: Tensor) -> None:
        """Updates one variable."""
        dtype = variable.dtype
        gradient = ops.cast(gradient, dtype)
        count = self.step("float32")
        unbiased = ops.sqrt(1 - ops.power(self.beta2, count)) / (1 - ops.power(self.beta1, count))
        rate = ops.cast(ops.cast(learning_rate, "float32") * unbiased, dtype)
        mean = gradient
        if self.beta1:
            mean = self.average(self._m, variable, "beta1", gradient)
            self.assign(self.slot(self._m, variable), mean)
        v = self.slot(self._v, variable)
        squared = ops.square(gradient)
        gap = squared - v
        direction = ops.sign(gap) if self.activation == "sign" else ops.tanh(10 * gap)
        second = v + self.share("beta2", dtype)[1] * direction * squared
        self.assign(v, second)
        rate = rate / (ops.sqrt(second) + self.epsilon)
        value = variable - rate * mean
        l1, l2 = self.l1_regularization_strength, self.l2_regularization_strength
        if l1:
            value = ops.sign(value) * ops.maximum(ops.absolute(value) - l1 * rate, 0.0)
        if l2:
            value = value / (1 + l2 * rate)
        self.assign(variable, value)
