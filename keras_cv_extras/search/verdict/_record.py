"""The records of a search: rows, arms and files."""

import csv
import io
import json

import numpy as np

from keras_cv_extras._base import files
from keras_cv_extras.search.verdict import _arms


def metric(trial, name):
    """Returns what a trial has reported under a name; None if it has not finished."""
    if trial.status != "COMPLETED":
        return None
    return float(trial.metrics.get_best_value(name))


def rows(portfolio, tuner):
    """Returns what the search saw, a dictionary for each policy.

    Args:
        portfolio: `(candidate, score)` pairs of the policies that need no search.
        tuner: the tuner of the trials.
    """
    found = [
        {
            "kind": one.kind,
            "name": one.name,
            "status": "COMPLETED" if np.isfinite(score.accuracy) else "FAILED",
            "val_accuracy": score.accuracy,
            "val_log_loss": score.log_loss,
            "seconds": score.seconds,
            "message": "",
            "policy": one.policy,
        }
        for one, score in portfolio
    ]
    for identifier in sorted(tuner.oracle.trials, key=int):
        trial = tuner.oracle.trials[identifier]
        values = {
            name: float("nan") if (value := metric(trial, name)) is None else value
            for name in ("val_accuracy", "val_log_loss", "seconds")
        }
        found.append(
            {
                "kind": "trial",
                "name": f"trial {int(identifier)}",
                "status": trial.status,
                **values,
                "message": _last_line(trial.message),
                "policy": tuner.policy_of(trial),
            }
        )
    return found


def arms(confirmed):
    """Returns the arms of confirmed scores.

    Args:
        confirmed: `(candidate, scores)` for each arm.
    """
    correct = {
        one.name: np.stack([score.correct for score in scores])
        for one, scores in confirmed
        if all(np.isfinite(score.accuracy) for score in scores)
    }
    intervals = _arms.intervals(correct) if correct else {}
    nothing = (float("nan"),) * 3
    return [
        _arms.Arm(
            one.name,
            one.kind,
            one.policy,
            *intervals.get(one.name, nothing),
            log_loss=float(np.mean([score.log_loss for score in scores])),
            search_accuracy=one.accuracy,
            correct=np.stack([score.correct for score in scores]),
        )
        for one, scores in confirmed
    ]


def cost(folder, rows, screened):
    """Returns what the stages took: a dictionary for each with its seconds and trainings.

    Args:
        folder: the search's folder.
        rows: what `rows` returns.
        screened: what the screen found, or None.
    """
    trials = [row["seconds"] for row in rows if row["kind"] == "trial"]
    stages = {} if screened is None else {"screen": [sum(screened.seconds)]}
    stages |= {"portfolio": folder.seconds("portfolio"), "trials": trials}
    further = ("appeal", "harm", "promoted", "rival", "confirmation")
    stages |= {name: folder.seconds(name) for name in further}
    found = {}
    for name, seconds in stages.items():
        seconds = [value for value in seconds if np.isfinite(value)]
        if seconds:
            each = round(float(np.median(seconds)), 3)
            found[name] = {
                "trainings": len(seconds),
                "seconds": round(float(np.sum(seconds)), 3),
                "seconds_each": each,
            }
    return found


def _last_line(message):
    lines = (message or "").strip().splitlines()
    return lines[-1] if lines else ""


def summary(arm):
    """Returns an arm's numbers for JSON, which knows no NaN."""
    numbers = {
        key: getattr(arm, key) for key in ("accuracy", "low", "high", "log_loss", "search_accuracy")
    }
    numbers = {key: round(v, 6) if np.isfinite(v) else None for key, v in numbers.items()}
    return {"name": arm.name, "kind": arm.kind, **numbers}


def _steps(policy):
    """Returns a policy's steps for JSON; where they do not tell it all, the whole policy."""
    stages, fields = policy.stages, policy.to_dict()
    if len(stages) > 1 or stages[0].weights or stages[0].num_draws > 1 or "batch" in fields:
        return {key: value for key, value in fields.items() if key != "provenance"}
    return [[step.to_dict() for step in steps] for steps in policy.sub_policies]


def write_trials(path, rows):
    """Writes rows as a table, with the policies as JSON."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows[0])
    for row in rows:
        steps = _steps(row["policy"])
        values = [
            ""
            if isinstance(v, float) and not np.isfinite(v)
            else f"{v:.6g}"
            if isinstance(v, float)
            else v
            for v in row.values()
        ]
        writer.writerow([*values[:-1], json.dumps(steps)])
    files.write_text(path, text.getvalue())
