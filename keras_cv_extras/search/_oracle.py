"""An oracle for keras-tuner that suggests by tree-structured Parzen estimators (TPE)."""

import itertools
import warnings
import zlib

import keras_tuner as kt
import optuna

from keras_cv_extras import _checks
from keras_cv_extras.search._durable import DurableOracle
from keras_cv_extras.search._space import place_in_policy, policy_space

_NUM_CANDIDATES = 24  # optuna's default
_MAX_ATTEMPTS = 20  # as keras-tuner: then the space counts as exhausted


class TPEOracle(DurableOracle):
    """Suggests trials by optuna's TPE sampler, for `PolicyTuner` and any keras-tuner Tuner.

    A policy stays the same when its sub-policies change places, and so, nearly, when the steps
    of a sub-policy do. The oracle tells the sampler so: every finished trial is told once for
    each place that its steps can have, and what was learnt of an op at one place counts for
    all. On simulated searches with noise this found in 16 trials what independent and
    multivariate TPE, which were close to random search, did not find in 50.

    A suggestion is a function of the seed, the number of the trial and the finished trials.
    There is no other state: the same seed gives the same trials, interrupted or not.

    Args:
        objective: as in keras-tuner; the validation accuracy by default.
        max_trials: number of trials.
        hyperparameters: the whole space, without conditions; `policy_space()` by default.
        seed: an integer.
        num_startup_trials: how many trials are drawn at random first.
        **options: `max_retries_per_trial`, `max_consecutive_failed_trials` of keras-tuner's
            `Oracle`. By default no number of failed trials in a row ends the search.

    Raises:
        TypeError, ValueError: if an argument is not as above.

    References:
        Bergstra et al., [Algorithms for hyper-parameter optimization](
        https://papers.nips.cc/paper/4443-algorithms-for-hyper-parameter-optimization)

    Example:
        >>> oracle = TPEOracle(max_trials=50, seed=1)
    """

    def __init__(
        self,
        objective=None,
        max_trials: int = 20,
        hyperparameters: kt.HyperParameters | None = None,
        *,
        seed: int = 0,
        num_startup_trials: int = 8,
        **options,
    ):
        _checks.integer("max_trials", max_trials, minimum=1)
        _checks.integer("seed", seed)
        _checks.integer("num_startup_trials", num_startup_trials, minimum=1)
        hyperparameters = policy_space() if hyperparameters is None else hyperparameters
        self._distributions = {
            hp.name: _distribution(hp)
            for hp in hyperparameters.space
            if not isinstance(hp, kt.engine.hyperparameters.Fixed)
        }
        self._places = _orders(self._distributions)
        self._num_startup_trials = num_startup_trials
        self._own_seed = seed
        #: What stopped the suggestions, if anything did.
        self.failure = None
        super().__init__(
            objective=objective or kt.Objective("val_accuracy", "max"),
            max_trials=max_trials,
            hyperparameters=hyperparameters,
            allow_new_entries=False,
            tune_new_entries=False,
            seed=seed + 1,  # keras-tuner takes 0 for "any seed"
            **{"max_consecutive_failed_trials": max_trials + 1, **options},
        )

    def populate_space(self, trial_id):
        """Returns the values of the next trial; called by keras-tuner, which holds a lock."""
        try:
            values = self._suggest(trial_id)
        # keras-tuner would keep its lock for ever: a tuner raises `failure` when it is released.
        except Exception as error:  # noqa: BLE001
            self.failure = error
            warnings.warn(f"the search stops, no trial could be suggested: {error}", stacklevel=2)
            return {"status": "STOPPED"}
        return {"status": "STOPPED"} if values is None else {"status": "RUNNING", "values": values}

    def _suggest(self, trial_id):
        for attempt in range(_MAX_ATTEMPTS):
            seed = zlib.crc32(f"{self._own_seed}/{int(trial_id)}/{attempt}".encode())
            # On a coarse grid the best of many candidates is often the same policy again. Fewer
            # candidates draw more widely; a single one comes from the density itself.
            values = self._ask(seed, num_candidates=max(1, _NUM_CANDIDATES >> attempt))
            if not self._duplicate(values):
                return values
        return None

    def _ask(self, seed, num_candidates):
        finished = self._finished_trials()
        with _quiet():
            sampler = optuna.samplers.TPESampler(
                # Random draws come from the sampler as well: all of it is seeded here.
                n_startup_trials=self._num_startup_trials * len(self._places),
                n_ei_candidates=num_candidates,
                multivariate=False,
                seed=seed,
            )
            study = optuna.create_study(
                direction="maximize" if self.objective.direction == "max" else "minimize",
                sampler=sampler,
            )
            study.add_trials(
                optuna.trial.create_trial(
                    params={name: values[origin] for name, origin in places.items()},
                    distributions=self._distributions,
                    value=score,
                )
                for values, score in finished
                for places in self._places
            )
            params = study.ask(self._distributions).params
        fixed = {hp.name: hp.default for hp in self.hyperparameters.space}
        return {**fixed, **params}

    def _finished_trials(self):
        """Returns values and score of the finished trials; failed ones score like the worst."""
        trials = [self.trials[name] for name in sorted(self.end_order)]
        scores = [trial.score for trial in trials if trial.status == "COMPLETED"]
        if not scores:
            return []
        worst = (min if self.objective.direction == "max" else max)(scores)
        return [
            (trial.hyperparameters.values, trial.score if trial.status == "COMPLETED" else worst)
            for trial in trials
        ]


def _orders(names):
    """Returns, for each cyclic order of sub-policies and steps, where each name's value is from."""
    places = {name: place for name in names if (place := place_in_policy(name))}
    if not places:
        return [{name: name for name in names}]
    by_place = {place: name for name, place in places.items()}
    num_rows, num_columns = (1 + max(place[axis] for place in by_place) for axis in (0, 1))
    orders = []
    for row, column in itertools.product(range(num_rows), range(num_columns)):
        order = {name: name for name in names}
        for (i, j, field), name in by_place.items():
            order[name] = by_place[(i + row) % num_rows, (j + column) % num_columns, field]
        orders.append(order)
    return orders


def _distribution(hp):
    if hp.conditions:
        raise ValueError(
            f"the hyperparameter {hp.name!r} is conditional, which TPEOracle does not support: "
            "leave the condition out"
        )
    kinds = kt.engine.hyperparameters
    if isinstance(hp, (kinds.Choice, kinds.Boolean)):
        return optuna.distributions.CategoricalDistribution(list(hp.values))
    linear = hp.sampling in (None, "linear")
    if not linear and (hp.sampling != "log" or hp.step is not None):
        raise ValueError(
            f"the hyperparameter {hp.name!r} must be sampled linearly, or by logarithm without "
            f"a step, received sampling={hp.sampling!r} and step={hp.step!r}"
        )
    if isinstance(hp, kinds.Int):
        return optuna.distributions.IntDistribution(
            hp.min_value, hp.max_value, step=hp.step or 1, log=not linear
        )
    return optuna.distributions.FloatDistribution(
        hp.min_value, hp.max_value, step=hp.step, log=not linear
    )


class _quiet:
    """Keeps optuna's log lines out of the user's terminal."""

    def __enter__(self):
        self.level = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.ERROR)

    def __exit__(self, *error):
        optuna.logging.set_verbosity(self.level)
