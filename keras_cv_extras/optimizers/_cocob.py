"""COCOB: no learning rate, as one bets on a coin."""

from typing import Any, ClassVar

import keras
from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import Config, Tensor
from keras_cv_extras.optimizers._options import PACKAGE, Check, OptionsOptimizer


def _alpha(name, value):
    if checks.number(name, value) < 1:
        raise ValueError(f"{name} must be at least 1, received {checks.shown(value)}")
    return float(value)


@keras.saving.register_keras_serializable(PACKAGE)
class COCOB(OptionsOptimizer):
    """Continuous coin betting, which needs no learning rate.

    Args:
        alpha: at least 1: the first steps are that many times smaller.
        use_locking: takes no part; of the interface of TensorFlow Addons.
        name: as of every Keras optimizer.
        **kwargs: what every Keras optimizer takes, such as `clipnorm`.

    References:
        [Orabona and Tommasi, Training Deep Networks without Learning Rates Through Coin
        Betting](https://arxiv.org/abs/1705.07795), algorithm 2.

    Example:
        >>> optimizer = COCOB()
    """

    option_checks: ClassVar[dict[str, Check]] = {"alpha": _alpha, "use_locking": checks.boolean}
    alpha: float

    def __init__(
        self, alpha: float = 100, use_locking: bool = False, name: str = "COCOB", **kwargs: Any
    ) -> None:
        super().__init__(1.0, {"alpha": alpha, "use_locking": use_locking}, name, **kwargs)

    def build(self, variables: Any) -> None:
        """Makes what every variable has won and lost."""
        super().build(variables)
        names = ("lr", "grad_norm_sum", "gradients_sum", "tilde_w", "reward")
        # No gradient so far was larger: divisions by it have a value from the first step on.
        starts = (keras.initializers.Constant(1e-8), *("zeros",) * 4)
        self._slots = self.add_optimizer_variables(variables, names, starts)

    def update_step(self, gradient: Tensor, variable: Tensor, learning_rate: Tensor) -> None:
        """Updates one variable."""
        gradient = ops.cast(gradient, variable.dtype)
        slots = [self.slot(slots, variable) for slots in self._slots]
        largest, lengths, total, bet, reward = slots
        new_largest = ops.maximum(largest, ops.absolute(gradient))
        new_lengths = lengths + ops.absolute(gradient)
        new_total = total + gradient
        new_reward = ops.maximum(reward - gradient * bet, 0.0)
        scale = ops.maximum(new_lengths + new_largest, self.alpha * new_largest)
        new_bet = -new_total / (new_largest * scale) * (new_reward + new_largest)
        value = variable - bet + new_bet
        news = (new_largest, new_lengths, new_total, new_bet, new_reward)
        for slot, new in zip(slots, news, strict=True):
            self.assign(slot, new)
        self.assign(variable, value)

    def get_config(self) -> Config:
        """Returns the configuration."""
        config = super().get_config()
        del config["learning_rate"]
        return config
