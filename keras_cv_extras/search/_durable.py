"""Oracles whose state survives a kill at any moment.

keras-tuner writes its state in place, and in two files per trial, one after the other: a kill in
between leaves a file cut short, or a trial that one file knows and the other does not. Here
every file is whole, and what the files of the trials say counts.
"""

import pathlib

import keras_tuner as kt
from keras_tuner.engine import trial as kt_trial

from keras_cv_extras import _files

_FINISHED = ("COMPLETED", "FAILED")


class DurableOracle(kt.Oracle):
    """Writes an oracle's state in whole files, and repairs it when it is read again."""

    def save(self):
        """Writes the oracle's own state."""
        _files.write_json(self._get_oracle_fname(), self.get_state())

    def _save_trial(self, trial):
        path = pathlib.Path(self._get_trial_dir(trial.trial_id), "trial.json")
        _files.write_json(path, trial.get_state())

    def reload(self):
        """Reads the state of an earlier run; a trial that was running will run again.

        Raises:
            ValueError: if a file is damaged; the message names it.
        """
        folder = pathlib.Path(self._project_dir)
        self.trials = {}
        for path in sorted(folder.glob("trial_*/trial.json")):
            with _naming(path):
                trial = kt_trial.Trial.from_state(_files.read_json(path))
                self.trials[trial.trial_id] = trial
        path = pathlib.Path(self._get_oracle_fname())
        with _naming(path):
            self.set_state({**_files.read_json(path), "ongoing_trials": {}})
        self._repair()

    def _repair(self):
        identifiers = sorted(self.trials, key=lambda name: (name not in self.start_order, name))
        finished = [name for name in identifiers if self.trials[name].status in _FINISHED]
        unfinished = [name for name in identifiers if name not in finished]
        self.start_order = [name for name in self.start_order if name in self.trials]
        self.start_order += [name for name in identifiers if name not in self.start_order]
        self.end_order = [name for name in self.end_order if name in finished]
        self.end_order += [name for name in finished if name not in self.end_order]
        for name in unfinished:
            trial = self.trials[name]
            # Metrics without a finished trial would be taken for reported by the trial itself.
            blank = kt_trial.Trial(trial.hyperparameters, trial_id=name)
            self.trials[name] = blank
        self._retry_queue = unfinished[::-1]  # the last is taken first
        for name in identifiers:
            self._record_values(self.trials[name])


def make_durable(oracle: kt.Oracle) -> kt.Oracle:
    """Gives any oracle the files of `DurableOracle`, in place; returns it."""
    if not isinstance(oracle, DurableOracle):
        base = type(oracle)
        oracle.__class__ = type(base.__name__, (DurableOracle, base), {})
    return oracle


class _naming:
    """Turns what a damaged state file raises into one line that names the file."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        if isinstance(error, (KeyError, TypeError, ValueError, AttributeError)):
            raise ValueError(
                f"{self.path}: the state of the search cannot be read ({error}): restore the "
                "file, or delete the search's folder to start again"
            ) from error
