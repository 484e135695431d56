"""Lookahead: slow weights that follow fast ones."""

from typing import Any

import keras
from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import Config, Tensor
from keras_cv_extras.optimizers._options import PACKAGE
from keras_cv_extras.optimizers._wrapper import OptimizerWrapper


@keras.saving.register_keras_serializable(PACKAGE)
class Lookahead(OptimizerWrapper):
    """Lets an optimizer run ahead for some steps, then goes a part of the way.

    Args:
        optimizer: a Keras optimizer, or its name, that runs ahead.
        sync_period: after how many steps the weights go back to the slow ones.
        slow_step_size: which part of the way the slow weights go then, in [0, 1].
        name: as of every Keras optimizer.
        **kwargs: what every Keras optimizer takes, such as `clipnorm`.

    References:
        [Zhang et al., Lookahead Optimizer: k steps forward, 1 step
        back](https://arxiv.org/abs/1907.08610), algorithm 1. With `RectifiedAdam` inside, it is
        known as Ranger.

    Example:
        >>> optimizer = Lookahead(RectifiedAdam(1e-3), sync_period=6, slow_step_size=0.5)
    """

    copy_name = "slow"

    def __init__(
        self,
        optimizer: Any,
        sync_period: int = 6,
        slow_step_size: float = 0.5,
        name: str = "Lookahead",
        **kwargs: Any,
    ) -> None:
        super().__init__(optimizer, name, **kwargs)
        self.sync_period: int = checks.integer("sync_period", sync_period, minimum=1)
        self.slow_step_size: float = checks.fraction("slow_step_size", slow_step_size)

    def after(self, weight: Tensor, copy: Tensor) -> tuple[Tensor, Tensor]:
        """Brings both together at the end of a period."""
        ends = ops.equal(ops.mod(ops.add(self.iterations, 1), self.sync_period), 0)
        reached = copy + self.slow_step_size * (weight - copy)
        return ops.where(ends, reached, weight), ops.where(ends, reached, copy)

    def get_config(self) -> Config:
        """Returns the configuration."""
        own = {"sync_period": self.sync_period, "slow_step_size": self.slow_step_size}
        return {**super().get_config(), **own}
