"""Speed of input, policies, ops, losses, pooling layers, beside others on the same data."""

from keras_cv_extras.bench._input import run_input
from keras_cv_extras.bench._losses import run_losses
from keras_cv_extras.bench._ops import OP_PEERS, run_ops
from keras_cv_extras.bench._policies import OWN, PEERS, run_policies
from keras_cv_extras.bench._pooling import run_pooling

__all__ = [
    "OP_PEERS",
    "OWN",
    "PEERS",
    "run_input",
    "run_losses",
    "run_ops",
    "run_policies",
    "run_pooling",
]
