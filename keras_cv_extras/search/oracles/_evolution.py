"""Regularised evolution: the best of a few is changed a little, the oldest die."""

from typing import Any

import keras_tuner as kt
import numpy as np

from keras_cv_extras._base import checks
from keras_cv_extras.search.oracles._space import choices
from keras_cv_extras.search.oracles._suggesting import SuggestingOracle, at, host_uniform


class EvolutionOracle(SuggestingOracle):
    """Suggests trials by regularised evolution, for `PolicyTuner` and any keras-tuner Tuner.

    The population is the last trials that have finished. The best of a random few is the parent:
    its values, with one of them changed, are the suggestion.

    Args:
        objective: as in keras-tuner; the validation accuracy by default.
        max_trials: number of trials.
        hyperparameters: the whole space, without conditions; `policy_space()` by default.
        seed: an integer.
        population_size: size of the population; as many trials are drawn at random first.
        tournament_size: how many are drawn, of which the best is the parent.
        num_mutations: how many values are changed.
        **options: as in `SuggestingOracle`.

    Raises:
        TypeError, ValueError: if an argument is not as above.

    References:
        Real et al., [Regularized evolution for image classifier architecture search](
        https://arxiv.org/abs/1802.01548), algorithm 1

    Example:
        >>> oracle = EvolutionOracle(max_trials=100, population_size=16, seed=1)
    """

    def __init__(
        self,
        objective: Any | None = None,
        max_trials: int = 20,
        hyperparameters: kt.HyperParameters | None = None,
        *,
        seed: int = 0,
        population_size: int = 16,
        tournament_size: int = 4,
        num_mutations: int = 2,
        **options: Any,
    ) -> None:
        super().__init__(objective, max_trials, hyperparameters, seed=seed, **options)
        self._prepare()
        self._population_size = checks.integer("population_size", population_size, minimum=1)
        self._tournament_size = checks.integer("tournament_size", tournament_size, minimum=1)
        self._num_mutations = checks.integer("num_mutations", num_mutations, minimum=1)

    def _prepare(self):
        self._choices = choices(self.hyperparameters)

    def ask(self, trial_id: str, seed: int, attempt: int) -> dict[str, Any] | None:
        """Returns the values of a new trial; see `SuggestingOracle`."""
        finished = self.finished_trials()
        names = list(self._choices)
        draws = host_uniform(seed, max(len(names), self._tournament_size + 2 * len(names)))
        if len(finished) < self._population_size:
            return {name: at(self._choices[name], u) for name, u in zip(names, draws, strict=False)}
        population = finished[-self._population_size :]
        sign = 1 if self.objective.direction == "max" else -1
        drawn = [at(population, u) for u in draws[: self._tournament_size]]
        values = dict(max(drawn, key=lambda one: sign * one[1])[0])
        draws = draws[self._tournament_size :]
        order = np.argsort(draws[: len(names)], kind="stable")
        # A suggestion that was refused as a repetition changes more and more values.
        for place in order[: self._num_mutations + attempt]:
            name = names[place]
            others = [value for value in self._choices[name] if value != values[name]]
            if others:
                values[name] = at(others, float(draws[len(names) + place]))
        return values
