"""Random search: the oracle that learns nothing, and that every other one has to beat."""

from typing import Any

from keras_cv_extras.search.oracles._space import choices
from keras_cv_extras.search.oracles._suggesting import SuggestingOracle, at, host_uniform


class RandomOracle(SuggestingOracle):
    """A keras-tuner Oracle that draws every value uniformly.

    keras-tuner has one too; its trials depend on which were interrupted, these do not.

    Args:
        objective: as in keras-tuner; the validation accuracy by default.
        max_trials: number of trials.
        hyperparameters: the whole space, without conditions; `policy_space()` by default.
        seed: an integer.
        **options: further arguments of `SuggestingOracle`.

    Example:
        >>> oracle = RandomOracle(max_trials=50)
    """

    def ask(self, trial_id: str, seed: int, attempt: int) -> dict[str, Any] | None:
        """Returns the values of a new trial; see `SuggestingOracle`."""
        values = choices(self.hyperparameters)
        places = host_uniform(seed, len(values))
        return {
            name: at(options, place)
            for (name, options), place in zip(values.items(), places, strict=True)
        }
