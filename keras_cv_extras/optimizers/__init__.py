"""Optimizers, averages of weights and cyclical schedules under the names of TensorFlow Addons.

All are Keras optimizers and schedules: they compile, save and load as Keras' own do, on every
backend, in mixed precision and under distribution strategies.
"""

from keras_cv_extras.optimizers._adam import AdaBelief, RectifiedAdam, Yogi
from keras_cv_extras.optimizers._averages import (
    SWA,
    AveragedOptimizerWrapper,
    MovingAverage,
    update_batch_normalization,
)
from keras_cv_extras.optimizers._callbacks import AverageModelCheckpoint, TimeStopping
from keras_cv_extras.optimizers._cocob import COCOB
from keras_cv_extras.optimizers._cyclical import (
    CyclicalLearningRate,
    ExponentialCyclicalLearningRate,
    Triangular2CyclicalLearningRate,
    TriangularCyclicalLearningRate,
)
from keras_cv_extras.optimizers._layerwise import LAMB, NovoGrad
from keras_cv_extras.optimizers._lookahead import Lookahead
from keras_cv_extras.optimizers._wrapper import OptimizerWrapper

__all__ = [
    "AdaBelief",
    "AverageModelCheckpoint",
    "AveragedOptimizerWrapper",
    "COCOB",
    "CyclicalLearningRate",
    "ExponentialCyclicalLearningRate",
    "LAMB",
    "Lookahead",
    "MovingAverage",
    "NovoGrad",
    "OptimizerWrapper",
    "RectifiedAdam",
    "SWA",
    "TimeStopping",
    "Triangular2CyclicalLearningRate",
    "TriangularCyclicalLearningRate",
    "Yogi",
    "update_batch_normalization",
]
