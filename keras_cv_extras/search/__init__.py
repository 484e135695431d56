"""Policy search on keras-tuner, with controls and a confirmation on images it has not seen."""

from keras_cv_extras._base import lazy

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

__all__ = [*_PLACES]

__getattr__, __dir__ = lazy.attach(__name__, _PLACES)
