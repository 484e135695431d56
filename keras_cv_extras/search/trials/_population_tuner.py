"""A PolicyTuner that trains the trials of a round together, as a population."""

import os
from typing import Any

import keras_tuner as kt
import numpy as np
from keras_tuner import errors
from keras_tuner.engine import trial as kt_trial

from keras_cv_extras.search.oracles._recipes import batches_of
from keras_cv_extras.search.trials._oracle_checks import check_objective
from keras_cv_extras.search.trials._population import PopulationTrainer
from keras_cv_extras.search.trials._tuner import PolicyTuner, metrics_of, seed_of_trial

_Status = kt_trial.TrialStatus


class PopulationTuner(PolicyTuner):
    """Searches policies as `PolicyTuner` does, many trials at a time; on the JAX backend.

    An oracle suggests all trials of a round before it gets any of their scores. Random search and
    regularised evolution lose nothing by it, the others a little. A
    round ends at a multiple of `population_size` trials, also when a search is interrupted and
    goes on, so that the trials are the same.

    Args:
        oracle: as in `PolicyTuner`.
        build_model: as in `PolicyTuner`.
        train: as in `PolicyTuner`.
        validation: as in `PolicyTuner`.
        epochs: as in `PolicyTuner`.
        batch_size: as in `PolicyTuner`.
        population_size: trials of a round; None as in `PopulationTrainer`.
        trainer: None, or a `PopulationTrainer` to use instead of making one.
        **options: further arguments of `PolicyTuner`.

    Raises:
        RuntimeError: if Keras does not run on JAX, or if keras-tuner's chief and workers are set
            up: a population is trained by one process.
        TypeError, ValueError: as in `PolicyTuner`, or if recipes of the space mix images, smooth
            labels or repeat images.

    Example:
        >>> tuner = PopulationTuner(
        ...     EvolutionOracle(max_trials=320), build_model, train, validation, epochs=10,
        ...     directory="search", population_size=32,
        ... )
        >>> tuner.search()
    """

    def __init__(
        self,
        oracle: kt.Oracle,
        build_model: Any = None,
        train: Any | None = None,
        validation: Any | None = None,
        *,
        epochs: int = 10,
        batch_size: int = 128,
        population_size: int | None = None,
        trainer: PopulationTrainer | None = None,
        **options: Any,
    ) -> None:
        if "KERASTUNER_ORACLE_IP" in os.environ:
            raise RuntimeError(
                "a population is trained by one process: unset KERASTUNER_ORACLE_IP, or use "
                "PolicyTuner"
            )
        if trainer is not None and any(one is not None for one in (build_model, train)):
            raise TypeError("give a trainer, or build_model and train, not both")
        if isinstance(oracle, kt.Oracle) and (asked := batches_of(oracle.get_space())):
            raise ValueError(
                f"a population trains without settings of batches, and the space asks for "
                f"{', '.join(sorted(asked))}: use PolicyTuner, or recipe_space()"
            )
        if isinstance(oracle, kt.Oracle) and type(self).run_trial is PopulationTuner.run_trial:
            check_objective(oracle)
        own: Any = trainer or PopulationTrainer(
            build_model,
            train,
            epochs=epochs,
            batch_size=batch_size,
            population_size=population_size,
        )
        super().__init__(oracle, validation=validation, trainer=own, **options)
        self._scores = {}

    def search(self, *fit_args: Any, **fit_kwargs: Any) -> None:
        """Runs the trials that are left, a round at a time.

        Raises:
            TypeError: if arguments of `Model.fit` are given, which would reach nothing.
        """
        self._refuse(fit_args, fit_kwargs)
        self.on_search_begin()
        while (trials := self._next_round()) is not None:
            self._score(trials)
            for trial in trials:
                self._try_run_and_update_trial(trial)
                self.on_trial_end(trial)
        self.on_search_end()
        self._raise_failure()

    def run_trial(self, trial: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Returns what the round has found for a trial; called by `search`."""
        score = self._scores.pop(trial.trial_id)
        if np.isnan(score.accuracy):
            raise errors.FailedTrialError("the training loss or an output is not finite")
        return metrics_of(score)

    def _next_round(self):
        """Asks for the trials up to the end of a round; None when the oracle has no more."""
        size = self.trainer.population_size
        trials = []
        for place in range(size - len(self.oracle.end_order) % size):
            self.pre_create_trial()
            # keras-tuner gives the trial again that the same runner has not finished.
            trial = self.oracle.create_trial(f"{self.tuner_id}.{place}")
            if trial.status == _Status.STOPPED and not trials:
                return None
            if trial.status != _Status.RUNNING:
                break
            self.on_trial_begin(trial)
            trials.append(trial)
        return trials

    def _score(self, trials):
        try:
            scores = self.trainer.score_many(
                [self.policy_of(trial) for trial in trials],
                [seed_of_trial(self.seed, trial.trial_id) for trial in trials],
                *self.validation,
            )
        except Exception as error:
            # Every trial runs the same program: what breaks one would break them all.
            names = ", ".join(trial.trial_id for trial in trials)
            raise errors.FatalError(f"trials {names}: {error}") from error
        self._scores = {trial.trial_id: s for trial, s in zip(trials, scores, strict=True)}
