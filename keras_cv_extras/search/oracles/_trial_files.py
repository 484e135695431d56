"""The files of keras-tuner's trials, read with care: a wrong number in one would be believed."""

import math
import pathlib
from typing import Any

import keras_tuner as kt
import numpy as np
from keras_tuner.engine import hyperparameters as kt_hp
from keras_tuner.engine import trial as kt_trial

from keras_cv_extras._base import checks
from keras_cv_extras._base.owned import fields
from keras_cv_extras._base.text import escapes

STATUSES = ("RUNNING", "IDLE", "INVALID", "STOPPED", "COMPLETED", "FAILED")
_SLACK = 1e-6  # of the width of an interval, which a rounded number may be outside of it

_SPACE = {
    "space": [{"class_name": fields.text, "config": {"name": fields.text}}],
    "values": {str: (None, fields.text, checks.boolean, checks.number)},
}
_NUMBER = (None, fields.no_number, checks.number)  # none where a training diverged
_OBSERVATION = {"value": [_NUMBER], "step": (None, checks.integer)}
_TRIAL = {
    "trial_id": fields.text,
    "hyperparameters": _SPACE,
    "metrics": {"metrics": {str: {"direction": fields.text, "observations": [_OBSERVATION]}}},
    "score": _NUMBER,
    "best_step": (None, checks.integer),
    "status": checks.choice(*STATUSES),
    "message": (None, fields.text),
}
_ORACLE = {
    "hyperparameters": _SPACE,
    "start_order": [fields.text],
    "end_order": [fields.text],
    "run_times": {str: checks.integer},
    "retry_queue": [fields.text],
    "seed": (None, checks.integer),
    "seed_state": (None, checks.integer),
    "tried_so_far": [fields.text],
    "id_to_hash": {str: (None, fields.text)},
    "display": {},
    "stopped?": checks.boolean,
}


def read_oracle(path: pathlib.Path) -> dict[str, Any]:
    """Returns the state of an oracle.

    Raises:
        ValueError: if a field is missing or wrong; the message names the file.
    """
    return fields.read(path, _ORACLE)


def read_trial(path: pathlib.Path, objective: Any) -> Any:
    """Returns a trial of keras-tuner; one whose score is no number has failed, as there.

    Args:
        path: of its file, in the folder of its name.
        objective: the oracle's, which its score is of.

    Raises:
        ValueError: if a field is missing or wrong, a value is none that its hyperparameter has, or
            the score another than its metric; the message names the file.
    """
    state = fields.read(path, _TRIAL)
    for metric in state["metrics"]["metrics"].values():
        for observation in metric["observations"]:
            observation["value"] = [_number(value) for value in observation["value"]]
    name = path.parent.name.removeprefix("trial_")
    try:
        if state["trial_id"] != name or not name.isdecimal():
            received = checks.shown(state["trial_id"])
            raise ValueError(f"trial_id must be {name!r}, received {received}")
        trial = kt_trial.Trial.from_state(state)
        values = trial.hyperparameters.values
        for hp in trial.hyperparameters.space:
            if hp.name in values:
                _check_value(hp, values[hp.name])
        if state["status"] == "COMPLETED":
            trial.score = _number(trial.score)
            _check_score(trial, objective)
            trial.status = "FAILED" if math.isnan(trial.score) else "COMPLETED"
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ValueError(f"{path}: {escapes.one_line(error)}") from error
    return trial


def _number(value):
    return math.nan if value is None else value


def _check_value(hp, value):
    if isinstance(hp, kt_hp.Choice):
        checks.one_of(hp.name, value, list(hp.values))
    elif isinstance(hp, kt_hp.Boolean):
        checks.boolean(hp.name, value)
    elif isinstance(hp, kt_hp.Int | kt_hp.Float):
        check = checks.integer if isinstance(hp, kt_hp.Int) else checks.number
        number, slack = check(hp.name, value), _SLACK * (hp.max_value - hp.min_value)
        if not hp.min_value - slack <= number <= hp.max_value + slack:
            raise ValueError(
                f"{hp.name} must lie in [{hp.min_value}, {hp.max_value}], received {value}"
            )


def _check_score(trial, objective):
    """Raises unless a finished trial has the score that its metric tells."""
    score = trial.score
    if isinstance(objective, kt.Objective) and trial.metrics.exists(objective.name):
        best = _best(trial.metrics, objective.name)
        if not np.array_equal(best, score, equal_nan=True):
            raise ValueError(f"score must be {best}, as {objective.name} has it, received {score}")
    if trial.metrics.exists("val_accuracy"):
        accuracy = _best(trial.metrics, "val_accuracy")
        if not math.isnan(accuracy):
            checks.fraction("val_accuracy", accuracy)


def _best(metrics, name):
    """Returns the best value of a metric; NaN if it has none."""
    known = any(not math.isnan(one.mean()) for one in metrics.get_history(name))
    return metrics.get_best_value(name) if known else math.nan
