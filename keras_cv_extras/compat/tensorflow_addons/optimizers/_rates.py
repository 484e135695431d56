"""Learning rates that fall as those of Keras 2 did."""

from typing import Any

import keras

from keras_cv_extras._base import checks


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
