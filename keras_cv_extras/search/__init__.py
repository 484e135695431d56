"""Policy search on keras-tuner, with controls and a confirmation on images it has not seen."""

from typing import TYPE_CHECKING

from keras_cv_extras._base import lazy

if TYPE_CHECKING:
    from keras_cv_extras.search.oracles._evolution import EvolutionOracle
    from keras_cv_extras.search.oracles._ppo import ControllerOracle
    from keras_cv_extras.search.oracles._randaugment import (
        GridOracle,
        RandAugmentTuner,
        rand_augment_space,
    )
    from keras_cv_extras.search.oracles._random import RandomOracle
    from keras_cv_extras.search.oracles._space import policy_from, policy_space, values_from
    from keras_cv_extras.search.oracles._tpe import TPEOracle
    from keras_cv_extras.search.stages._progress import describe_progress
    from keras_cv_extras.search.stages._request import versions
    from keras_cv_extras.search.stages._screen import Screen, screen
    from keras_cv_extras.search.stages._search import SearchResult, search_policy
    from keras_cv_extras.search.trials._population import PopulationTrainer
    from keras_cv_extras.search.trials._population_tuner import PopulationTuner
    from keras_cv_extras.search.trials._shared import SharedWeights, uniform_policy
    from keras_cv_extras.search.trials._trainer import DivergedError, Score, Trainer
    from keras_cv_extras.search.trials._tuner import PolicyTuner
    from keras_cv_extras.search.verdict._arms import Arm, Comparison
    from keras_cv_extras.search.verdict._insight import Insight, OpEffect

# Loaded when first used: a process that only watches others needs no TensorFlow.
_PLACES = {
    "Arm": "verdict._arms",
    "Comparison": "verdict._arms",
    "ControllerOracle": "oracles._ppo",
    "DivergedError": "trials._trainer",
    "EvolutionOracle": "oracles._evolution",
    "GridOracle": "oracles._randaugment",
    "Insight": "verdict._insight",
    "OpEffect": "verdict._insight",
    "PolicyTuner": "trials._tuner",
    "PopulationTrainer": "trials._population",
    "PopulationTuner": "trials._population_tuner",
    "RandAugmentTuner": "oracles._randaugment",
    "RandomOracle": "oracles._random",
    "Score": "trials._trainer",
    "Screen": "stages._screen",
    "SearchResult": "stages._search",
    "SharedWeights": "trials._shared",
    "TPEOracle": "oracles._tpe",
    "Trainer": "trials._trainer",
    "describe_progress": "stages._progress",
    "policy_from": "oracles._space",
    "policy_space": "oracles._space",
    "rand_augment_space": "oracles._randaugment",
    "screen": "stages._screen",
    "search_policy": "stages._search",
    "uniform_policy": "trials._shared",
    "values_from": "oracles._space",
    "versions": "stages._request",
}

__all__ = [
    "Arm",
    "Comparison",
    "ControllerOracle",
    "DivergedError",
    "EvolutionOracle",
    "GridOracle",
    "Insight",
    "OpEffect",
    "PolicyTuner",
    "PopulationTrainer",
    "PopulationTuner",
    "RandAugmentTuner",
    "RandomOracle",
    "Score",
    "Screen",
    "SearchResult",
    "SharedWeights",
    "TPEOracle",
    "Trainer",
    "describe_progress",
    "policy_from",
    "policy_space",
    "rand_augment_space",
    "screen",
    "search_policy",
    "uniform_policy",
    "values_from",
    "versions",
]

if not TYPE_CHECKING:  # which would take any name for one of the package
    __getattr__, __dir__ = lazy.attach(__name__, _PLACES)
