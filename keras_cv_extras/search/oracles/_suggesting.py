"""What the oracles of this library share: suggestions that are a function, and safe locks."""

import itertools
import zlib
from collections.abc import Sequence
from typing import Any

import keras_tuner as kt
import numpy as np

from keras_cv_extras._base import checks, random
from keras_cv_extras._base.text import caller
from keras_cv_extras.search.oracles._durable import DurableOracle
from keras_cv_extras.search.oracles._space import policy_space

_MAX_ATTEMPTS = 20  # as keras-tuner: then the space counts as exhausted


class SuggestingOracle(DurableOracle):
    """Base of oracles whose suggestion is a function of the seed, its number and what is finished.

    There is no other state: the same seed gives the same trials, interrupted or not. A subclass
    gives `ask`, and calls `super().__init__` with the arguments below.

    With several workers, which trials have finished is a matter of chance. So trial `k` of `n`
    in parallel knows those up to number `k - n` and no others, and waits for these.

    Args:
        objective: as in keras-tuner; the validation accuracy by default.
        max_trials: number of trials.
        hyperparameters: the whole space, without conditions; `policy_space()` by default.
        seed: an integer.
        first: values that are suggested first, one dictionary for each of these trials; what
            such a dictionary does not name has its default.
        parallel: how many trials may run at once; with it, too, the same seed gives the same
            trials, but not those of another `parallel`.
        **options: `max_retries_per_trial`, `max_consecutive_failed_trials` of keras-tuner's
            `Oracle`. By default no number of failed trials in a row ends the search.

    Raises:
        TypeError, ValueError: if an argument is not as above.
    """

    def __init__(
        self,
        objective: Any | None = None,
        max_trials: int = 20,
        hyperparameters: kt.HyperParameters | None = None,
        *,
        seed: int = 0,
        first: Sequence[dict[str, Any]] = (),
        parallel: int = 1,
        **options: Any,
    ) -> None:
        checks.integer("max_trials", max_trials, minimum=1)
        self._own_seed = checks.integer("seed", seed)
        self.parallel: int = checks.integer("parallel", parallel, minimum=1)
        hyperparameters = policy_space() if hyperparameters is None else hyperparameters
        self._check_unconditional(hyperparameters.space)
        self._first = [_completed(values, hyperparameters) for values in first]
        super().__init__(
            objective=objective or kt.Objective("val_accuracy", "max"),
            max_trials=max_trials,
            hyperparameters=hyperparameters,
            allow_new_entries=False,
            tune_new_entries=False,
            seed=seed + 1,  # keras-tuner takes 0 for "any seed"
            **{"max_consecutive_failed_trials": max_trials + 1, **options},
        )

    def _check_unconditional(self, hyperparameters):
        for hp in hyperparameters:
            if hp.conditions:
                raise ValueError(
                    f"the hyperparameter {hp.name!r} is conditional, which {type(self).__name__} "
                    "does not support: leave the condition out"
                )

    def update_space(self, hyperparameters: kt.HyperParameters) -> None:
        """Adds what a model asks for to the space, before the first trial.

        Args:
            hyperparameters: a space; what this oracle's has already is left as it is.

        Raises:
            ValueError: if something is new and trials have run without it, or is conditional.
        """
        known = {hp.name for hp in self.hyperparameters.space}
        new = [hp for hp in hyperparameters.space if hp.name not in known]
        if not new:
            return
        self._check_unconditional(new)
        if self.trials:
            raise ValueError(
                f"build_model asks for {new[0].name!r}, for which it did not ask when the search "
                "began: let it ask for all that it needs in every call"
            )
        self.hyperparameters.merge(new)
        self._first = [_completed(values, self.hyperparameters) for values in self._first]
        self._prepare()

    def _prepare(self):
        """Computes what a subclass needs of the space; called whenever the space is another."""

    def ask(self, trial_id: str, seed: int, attempt: int) -> dict[str, Any]:
        """Returns the values of a new trial.

        Args:
            trial_id: its number, as a string.
            seed: an integer that is the same whenever this trial is asked for.
            attempt: how many suggestions for this trial were refused as repetitions.
        """
        raise NotImplementedError

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Returns the values of the next trial; called by keras-tuner, which holds a lock."""
        known = self.known_trials()
        if int(trial_id) >= len(self._first) and len(known) < int(trial_id) + 1 - self.parallel:
            return {"status": "IDLE"}
        try:
            values = self._suggest(trial_id)
        # keras-tuner would keep its lock for ever: a tuner raises `failure` when it is released.
        except Exception as error:  # noqa: BLE001
            self.failure: Exception | None = error
            caller.warn(f"the search stops, no trial could be suggested: {error}")
            return {"status": "STOPPED"}
        return {"status": "STOPPED"} if values is None else {"status": "RUNNING", "values": values}

    def _suggest(self, trial_id):
        if int(trial_id) < len(self._first):
            return dict(self._first[int(trial_id)])
        for attempt in range(_MAX_ATTEMPTS):
            seed = zlib.crc32(f"{self._own_seed}/{int(trial_id)}/{attempt}".encode())
            values = self.ask(trial_id, seed, attempt)
            if not self._duplicate(values):
                return values
        return None

    def known_trials(self) -> list[str]:
        """Returns the trials that the next one may know of, in the order of their numbers.

        These are the first ones, up to the first that has not finished.
        """
        names = sorted(self.trials, key=int)[: max(0, len(self.trials) + 1 - self.parallel)]
        finished = set(self.end_order)
        return list(itertools.takewhile(finished.__contains__, names))

    def finished_trials(self) -> list[tuple[dict[str, Any], float]]:
        """Returns values and score of the known trials; failed ones score like the worst."""
        trials = [self.trials[name] for name in self.known_trials()]
        scores = [trial.score for trial in trials if trial.status == "COMPLETED"]
        if not scores:
            return []
        worst = (min if self.objective.direction == "max" else max)(scores)
        return [
            (trial.hyperparameters.values, trial.score if trial.status == "COMPLETED" else worst)
            for trial in trials
        ]


def at(sequence, uniform: float):
    """The element of a sequence that a number in [0, 1) points at."""
    return sequence[int(uniform * len(sequence))]


def _completed(values, space):
    """Returns values with the defaults of a space, after a check that they lie in it."""
    found = {hp.name: hp.default for hp in space.space}
    if unknown := sorted(set(values) - set(found)):
        raise ValueError(f"first names {unknown[0]!r}, which the hyperparameters do not have")
    return {**found, **values}


def host_uniform(seed, count: int) -> np.ndarray:
    """Returns numbers in [0, 1), float64 of shape `(count,)`, as a function of a seed."""
    key = (np.uint32(seed % (1 << 32)), np.uint32(0))
    with np.errstate(over="ignore"):  # the generator counts modulo 2**32
        words, _ = random.threefry(
            key, (np.arange(count, dtype=np.uint32), np.uint32(0)), library=np
        )
    return words / 2.0**32
