"""Policy search on keras-tuner, with controls and a confirmation on images it has not seen."""

from keras_cv_extras.search._arms import Arm, Comparison
from keras_cv_extras.search._evolution import EvolutionOracle
from keras_cv_extras.search._insight import Insight, OpEffect
from keras_cv_extras.search._population import PopulationTrainer
from keras_cv_extras.search._population_tuner import PopulationTuner
from keras_cv_extras.search._ppo import ControllerOracle
from keras_cv_extras.search._randaugment import (
    GridOracle,
    RandAugmentTuner,
    rand_augment_space,
)
from keras_cv_extras.search._random import RandomOracle
from keras_cv_extras.search._request import versions
from keras_cv_extras.search._screen import Screen, screen
from keras_cv_extras.search._search import SearchResult, search_policy
from keras_cv_extras.search._shared import SharedWeights, uniform_policy
from keras_cv_extras.search._space import policy_from, policy_space, values_from
from keras_cv_extras.search._tpe import TPEOracle
from keras_cv_extras.search._trainer import DivergedError, Score, Trainer
from keras_cv_extras.search._tuner import PolicyTuner

__all__ = [
    "Arm",
    "Comparison",
    "ControllerOracle",
    "DivergedError",
    "EvolutionOracle",
    "GridOracle",
    "PolicyTuner",
    "RandAugmentTuner",
    "Insight",
    "OpEffect",
    "PolicyTuner",
    "PopulationTrainer",
    "PopulationTuner",
    "RandomOracle",
    "Screen",
    "SharedWeights",
    "screen",
    "uniform_policy",
    "SearchResult",
    "Score",
    "TPEOracle",
    "Trainer",
    "policy_from",
    "policy_space",
    "rand_augment_space",
    "search_policy",
    "values_from",
    "versions",
]
