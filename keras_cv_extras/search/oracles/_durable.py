"""Oracles whose state survives a kill at any moment, of the chief or of a worker.

keras-tuner writes its state in place, and in two files per trial, one after the other: a kill in
between leaves a file cut short, or a trial that one file knows and the other does not. Here
every file is whole, and what the files of the trials say counts.

It keeps its lock for ever when a method fails, tells workers to stop while a trial is still
running that may have to be run again, and never forgets a worker that has died. Here none of
that happens.
"""

import contextlib
import functools
import pathlib
import threading
from typing import Any

import keras_tuner as kt
from keras_tuner.engine import trial as kt_trial
from keras_tuner.src.engine.oracle import LOCKS, THREADS  # what `kt.synchronized` keeps

from keras_cv_extras._base import checks, files
from keras_cv_extras._base.owned import errors
from keras_cv_extras._base.saved.registry import Unfit
from keras_cv_extras.search.oracles._trial_files import STATUSES, read_oracle, read_trial

_FINISHED = ("COMPLETED", "FAILED")


class DurableOracle(kt.Oracle):
    """Writes an oracle's state in whole files, and repairs it when it is read again."""

    #: What stopped the suggestions, if an error did.
    failure: Exception | None = None
    #: Whether no further trial will be run.
    stopped: bool = False

    def create_trial(self, tuner_id: str) -> Any:
        """Returns a trial to run, or one whose status says to wait or to stop."""
        with _lock_released(self):
            trial = super().create_trial(tuner_id)
        if trial.status == "STOPPED" and self.ongoing_trials and self.failure is None:
            # Should another worker die, then this one runs its trial.
            self.tuner_ids.add(tuner_id)
            trial.status = "IDLE"
        return trial

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Returns what the oracle suggests, if that is what keras-tuner can read."""
        found: Any = super().populate_space(trial_id)
        sound = isinstance(found, dict) and found.get("status") in STATUSES
        if sound and found["status"] == "RUNNING":
            sound = isinstance(found.get("values"), dict)
        if not sound:
            raise Unfit(
                f"the oracle {type(self).__name__} must suggest a dictionary with a status such as "
                f"'RUNNING' and values, received {checks.shown(found)}"
            )
        return found

    def update_trial(self, trial_id: str, metrics: dict[str, Any], step: int = 0) -> Any:
        """Takes what a trial reports."""
        with _lock_released(self):
            return super().update_trial(trial_id, metrics, step)

    def end_trial(self, trial: Any) -> Any:
        """Ends a trial."""
        with _lock_released(self):
            return super().end_trial(trial)

    def report(
        self, trial_id: str, status: str, metrics: dict[str, Any], message: str | None
    ) -> bool:
        """Ends a trial that a worker has run; returns False if it had ended before.

        Unlike `update_trial` and `end_trial` of keras-tuner's workers it may be called again,
        also of another chief, when a worker does not know whether it was heard.
        """
        trial = self.trials[trial_id]
        if trial.status in _FINISHED:
            return False
        if trial_id in self._retry_queue:  # this chief did not know that it was running
            self._retry_queue.remove(trial_id)
        if metrics:
            self.update_trial(trial_id, metrics)
        ended = kt_trial.Trial(trial.hyperparameters, trial_id, status, message)
        self.end_trial(ended)
        return True

    def drop(self, tuner_id: str) -> None:
        """Forgets a worker that has died; another one will run its trial."""
        with _lock_released(self):
            self._drop(tuner_id)

    @kt.synchronized
    def _drop(self, tuner_id):
        self.tuner_ids.discard(tuner_id)
        trial = self.ongoing_trials.pop(tuner_id, None)
        if trial is not None:
            self.trials[trial.trial_id] = _blank(trial)
            # The last is taken first.
            self._retry_queue = sorted([*self._retry_queue, trial.trial_id], key=int)[::-1]

    def is_complete(self) -> bool:
        """Returns whether every trial has finished."""
        finished = [trial for trial in self.trials.values() if trial.status in _FINISHED]
        return bool(self.max_trials) and len(finished) >= self.max_trials

    def get_state(self) -> dict[str, Any]:
        """Returns the state for JSON."""
        return {**super().get_state(), "stopped": self.stopped}

    def save(self) -> None:
        """Writes the oracle's own state."""
        files.write_json(self._get_oracle_fname(), self.get_state())

    def _save_trial(self, trial):
        if trial.status == "RUNNING" and trial.metrics.metrics:
            return  # metrics of a trial that has not ended are of no use: it would run again
        with errors.explaining(self._project_dir):  # keras-tuner makes the trial's folder
            path = pathlib.Path(self._get_trial_dir(trial.trial_id), "trial.json")
            files.write_json(path, trial.get_state())

    def reload(self) -> None:
        """Reads the state of an earlier run; a trial that was running will run again.

        Raises:
            ValueError: if a file is damaged; the message names it.
        """
        folder = pathlib.Path(self._project_dir)
        self.trials: dict[str, Any] = {}
        for path in sorted(folder.glob("trial_*/trial.json")):
            with _naming(path):
                trial = read_trial(path, self.objective)
                self.trials[trial.trial_id] = trial
        path = pathlib.Path(self._get_oracle_fname())
        with _naming(path):
            self.set_state({**read_oracle(path), "ongoing_trials": {}})
        self._repair()

    def _repair(self):
        identifiers = sorted(self.trials, key=int)
        finished = [name for name in identifiers if self.trials[name].status in _FINISHED]
        unfinished = [name for name in identifiers if name not in finished]
        self.start_order: list[str] = [name for name in self.start_order if name in self.trials]
        self.start_order += [name for name in identifiers if name not in self.start_order]
        self.end_order: list[str] = [name for name in self.end_order if name in finished]
        self.end_order += [name for name in finished if name not in self.end_order]
        for name in unfinished:
            self.trials[name] = _blank(self.trials[name])
        self._retry_queue = unfinished[::-1]  # the last is taken first
        for name in identifiers:
            self._record_values(self.trials[name])
        if isinstance(self, kt.oracles.GridSearchOracle):
            self._repair_grid(identifiers)

    def _repair_grid(self, identifiers):
        """Restores what a grid search keeps in memory alone: the order of what it has tried."""

        def compare(one, other):
            pair = (self.trials[name].hyperparameters.values for name in (one, other))
            return self._compare(*pair)  # pyright: ignore[reportAttributeAccessIssue] a grid search has it

        before = None
        self._ordered_ids = type(self._ordered_ids)()
        for name in sorted(identifiers, key=functools.cmp_to_key(compare)):
            self._ordered_ids.insert(name, before)
            before = name
        self._populate_next = list(identifiers)


def make_durable(oracle: kt.Oracle) -> kt.Oracle:
    """Gives any oracle the files of `DurableOracle`, in place; returns it."""
    if not isinstance(oracle, DurableOracle):
        base = type(oracle)
        oracle.__class__ = type(base.__name__, (DurableOracle, base), {})
    return oracle


def _blank(trial):
    # Metrics without a finished trial would be taken for reported by the trial itself.
    return kt_trial.Trial(trial.hyperparameters, trial_id=trial.trial_id)


@contextlib.contextmanager
def _lock_released(oracle):
    """Gives keras-tuner's lock of an oracle back if the block fails while holding it."""
    name = threading.current_thread().name
    held = THREADS[oracle] == name
    try:
        yield
    except BaseException:
        if not held and THREADS[oracle] == name:
            THREADS[oracle] = None
            LOCKS[oracle].release()
        raise


def forget_lock(oracle: kt.Oracle):
    """Lets go of an oracle that keras-tuner's table of locks would keep for ever."""
    LOCKS.pop(oracle, None)
    THREADS.pop(oracle, None)


class _naming:
    """Turns what a damaged state file raises into one line that names the file."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        if isinstance(error, (KeyError, TypeError, ValueError, AttributeError)):
            text = str(error).removeprefix(f"{self.path}: ")
            raise ValueError(
                f"{self.path}: the state of the search cannot be read ({text}): restore the "
                "file, or delete the search's folder to start again"
            ) from error
