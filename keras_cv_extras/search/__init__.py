"""Policy search on keras-tuner, with controls and a confirmation on images it has not seen."""

from keras_cv_extras.search._arms import Arm, Comparison
from keras_cv_extras.search._oracle import TPEOracle
from keras_cv_extras.search._search import SearchResult, search_policy
from keras_cv_extras.search._space import policy_from, policy_space, values_from
from keras_cv_extras.search._trainer import DivergedError, Score, Trainer
from keras_cv_extras.search._tuner import PolicyTuner

__all__ = [
    "Arm",
    "Comparison",
    "DivergedError",
    "PolicyTuner",
    "SearchResult",
    "Score",
    "TPEOracle",
    "Trainer",
    "policy_from",
    "policy_space",
    "search_policy",
    "values_from",
]
