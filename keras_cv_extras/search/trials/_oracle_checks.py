"""Checks of an oracle, before any trial is trained."""

from collections.abc import Callable
from typing import Any

import keras_tuner as kt

from keras_cv_extras._base import checks

METRICS = {"val_accuracy": "max", "val_log_loss": "min", "seconds": "min"}  # what a trial gives
_OF_A_TRAINER = "the model of a trainer takes none: give PolicyTuner a build_model that takes hp"


def check_objective(oracle: kt.Oracle, names=tuple(METRICS)) -> None:
    """Raises if trials will not give what an oracle goes by, or if it would want the worst.

    Raises:
        ValueError: if its objective is not one of `names`, in the direction that is better.
    """
    objective: Any = oracle.objective
    if hasattr(objective, "objectives"):
        raise ValueError(
            "the oracle must have one objective, such as keras_tuner.Objective('val_accuracy', "
            f"'max'), received {len(objective.objectives)}"
        )
    if objective.name not in names:
        raise ValueError(
            f"the oracle's objective must be one of {', '.join(names)}, received {objective.name!r}"
        )
    wanted = METRICS[objective.name]
    if objective.direction != wanted:
        raise ValueError(
            f"the oracle's objective must be Objective({objective.name!r}, {wanted!r}), received "
            f"{objective.direction!r}"
        )


def check_no_others(
    oracle: kt.Oracle, is_read: Callable[[str], bool], otherwise: str = _OF_A_TRAINER
) -> None:
    """Raises if a space has hyperparameters that nothing reads.

    Args:
        oracle: whose space it is.
        is_read: whether a name is the policy's or the tuner's.
        otherwise: why no model reads the others, and what to do.

    Raises:
        ValueError: if it does.
    """
    for hp in oracle.get_space().space:
        if not is_read(hp.name):
            raise ValueError(f"the hyperparameter {hp.name!r} is not the policy's, and {otherwise}")


def check_trials(oracle: kt.Oracle) -> int:
    """Returns how many trials an oracle has.

    Raises:
        ValueError: if it does not say so, or says how long a trial trains, too.
    """
    if hasattr(oracle, "max_epochs"):
        raise ValueError(
            f"oracle: {type(oracle).__name__} says how long a trial trains, and here all train "
            "the same epochs: give it to PolicyTuner"
        )
    if oracle.max_trials is None:
        raise ValueError(f"oracle: give {type(oracle).__name__} max_trials, received None")
    return checks.integer("oracle: max_trials", oracle.max_trials, minimum=1)
