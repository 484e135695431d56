"""Speed of policies, ops and pooling layers, beside others on the same images and cores."""

from keras_cv_extras.bench._ops import run_ops
from keras_cv_extras.bench._policies import OWN, PEERS, run_policies
from keras_cv_extras.bench._pooling import run_pooling

__all__ = ["OWN", "PEERS", "run_ops", "run_policies", "run_pooling"]
