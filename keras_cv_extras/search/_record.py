"""What a search has seen, as rows, as arms and as files."""

import csv
import io
import json

import numpy as np

from keras_cv_extras import _files
from keras_cv_extras.search import _arms


def metric(trial, name):
    """Returns what a trial has reported under a name; None if it has not finished."""
    if trial.status != "COMPLETED":
        return None
    return float(trial.metrics.get_best_value(name))


def rows(seen, controls, tuner):
    """Returns what the search saw, a dictionary for each control and trial."""
    found = [
        {
            "kind": "control",
            "name": name,
            "status": "COMPLETED" if np.isfinite(score.accuracy) else "FAILED",
            "val_accuracy": score.accuracy,
            "val_log_loss": score.log_loss,
            "seconds": score.seconds,
            "policy": controls[name],
        }
        for name, score in seen.items()
    ]
    for identifier in sorted(tuner.oracle.trials, key=int):
        trial = tuner.oracle.trials[identifier]
        values = {
            name: float("nan") if (value := metric(trial, name)) is None else value
            for name in ("val_accuracy", "val_log_loss", "seconds")
        }
        policy = tuner.policy_of(trial)
        name = f"trial {int(identifier)}"
        found.append(
            {"kind": "trial", "name": name, "status": trial.status, **values, "policy": policy}
        )
    return found


def arms(entries, controls, rows, best_trial):
    """Returns the arms of confirmed scores.

    Args:
        entries: for each arm its name, policy and scores.
        controls: the names of the controls.
        rows: what `rows` returns.
        best_trial: the name of the arm whose score the search has seen as its best.
    """
    searched = [row["val_accuracy"] for row in rows if row["kind"] == "trial"]
    best = np.nanmax(searched) if np.any(np.isfinite(searched)) else float("nan")
    seen = {row["name"]: row["val_accuracy"] for row in rows if row["kind"] == "control"}
    seen[best_trial] = float(best)
    correct = {
        name: np.stack([score.correct for score in scores])
        for name, _, scores in entries
        if all(np.isfinite(score.accuracy) for score in scores)
    }
    intervals = _arms.intervals(correct) if correct else {}
    nothing = (float("nan"),) * 3
    return [
        _arms.Arm(
            name,
            "control" if name in controls else "searched",
            policy,
            *intervals.get(name, nothing),
            log_loss=float(np.mean([score.log_loss for score in scores])),
            search_accuracy=seen.get(name, float("nan")),
            correct=np.stack([score.correct for score in scores]),
        )
        for name, policy, scores in entries
    ]


def summary(arm):
    """Returns an arm's numbers for JSON, which knows no NaN."""
    numbers = {
        key: getattr(arm, key) for key in ("accuracy", "low", "high", "log_loss", "search_accuracy")
    }
    numbers = {key: round(v, 6) if np.isfinite(v) else None for key, v in numbers.items()}
    return {"name": arm.name, "kind": arm.kind, **numbers}


def write_trials(path, rows):
    """Writes rows as a table, with the policies as JSON."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows[0])
    for row in rows:
        steps = [[step.to_dict() for step in steps] for steps in row["policy"].sub_policies]
        values = [
            ""
            if isinstance(v, float) and not np.isfinite(v)
            else f"{v:.6g}"
            if isinstance(v, float)
            else v
            for v in row.values()
        ]
        writer.writerow([*values[:-1], json.dumps(steps)])
    _files.write_text(path, text.getvalue())
