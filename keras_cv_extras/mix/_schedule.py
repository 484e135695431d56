"""When a mix is on: a pure function of the epoch."""

import dataclasses
from typing import Any

import numpy as np
from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import Tensor


@dataclasses.dataclass(frozen=True)
class Schedule:
    """Switches a mix on and off in turn, between a warm-up and a last phase without mixing.

    SamplePairing needs it: half of every mixed image contradicts the label, so the network must see
    clean images in between and at the end.

    Args:
        num_epochs: how many epochs the whole training has.
        warmup: epochs at the start without mixing.
        on: epochs of a cycle with mixing.
        off: epochs of a cycle without.
        end: epochs at the end without mixing. None for a fifth of all.

    References:
        [SamplePairing](https://arxiv.org/abs/1801.02929): cycles of eight epochs on and two off,
        after one epoch on ImageNet or 100 on small sets, and none of it at the end.

    Example:
        >>> schedule = Schedule(num_epochs=20, warmup=1)
        >>> [epoch for epoch in range(20) if schedule.active(epoch)]
        [1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 14, 15]
    """

    num_epochs: int
    warmup: int = 1
    on: int = 8
    off: int = 2
    end: int | None = None

    def __post_init__(self) -> None:
        checks.integer("num_epochs", self.num_epochs, minimum=1)
        checks.integer("warmup", self.warmup, minimum=0)
        checks.integer("on", self.on, minimum=1)
        checks.integer("off", self.off, minimum=0)
        if self.end is None:
            object.__setattr__(self, "end", -(-self.num_epochs // 5))
        checks.integer("end", self.end, minimum=0)

    def active(self, epoch: Tensor) -> Any:
        """Whether an epoch mixes.

        Args:
            epoch: an integer, counted from 0, an array or a tensor of them.

        Returns:
            A boolean, or booleans of the same shape.
        """
        if not isinstance(epoch, (int, np.integer, np.ndarray)):
            epoch = ops.cast(epoch, "int32")  # unsigned numbers would not go below 0
        since = epoch - self.warmup
        cycling = since % (self.on + self.off) < self.on
        return (since >= 0) & cycling & (epoch < self.num_epochs - (self.end or 0))
