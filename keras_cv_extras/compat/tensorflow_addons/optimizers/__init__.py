"""Optimizers and schedules of TensorFlow Addons."""

import keras

from keras_cv_extras import optimizers
from keras_cv_extras.compat import _table
from keras_cv_extras.compat.tensorflow_addons.optimizers import _decoupled, _others, _rates, utils

_HERE = "keras_cv_extras.optimizers."


_DECAY = "weight_decay is multiplied by the learning rate: divide the old one by it"


def _class(name):
    return _table.Name(name, _HERE + name, "", _rates.old_class(getattr(optimizers, name)))


def _same(name):
    return _table.Name(name, _HERE + name)


__all__ = ["utils"]

__getattr__: _table.Load
__dir__: _table.Listed
__getattr__, __dir__, TABLE = _table.attach(
    __name__,
    "tensorflow_addons.optimizers",
    [
        _class("AdaBelief"),
        _table.Name(
            "AdamW",
            "keras.optimizers.AdamW",
            _DECAY,
            _decoupled.AdamW,
            "keras.optimizers.AdamW(learning_rate, weight_decay=weight_decay / learning_rate)",
        ),
        _same("AveragedOptimizerWrapper"),
        _class("COCOB"),
        _table.Name("constants", note="use keras.optimizers.Optimizer"),
        _table.Name(
            "ConditionalGradient",
            "keras.constraints.MaxNorm",
            "a constraint beside any optimizer, not a step within the ball",
            _others.ConditionalGradient,
            "keras.constraints.MaxNorm(lambda_)",
        ),
        _same("CyclicalLearningRate"),
        _table.Name(
            "DecoupledWeightDecayExtension",
            "keras.optimizers.Optimizer",
            "every optimizer of Keras takes weight_decay",
            _decoupled.DecoupledWeightDecayExtension,
            "Optimizer(learning_rate, weight_decay=weight_decay / learning_rate)",
        ),
        _same("ExponentialCyclicalLearningRate"),
        _table.Name("KerasLegacyOptimizer", note="use keras.optimizers.Optimizer"),
        _class("LAMB"),
        _table.Name(
            "LazyAdam",
            "keras.optimizers.Adam",
            "the same for dense gradients; moments of rows that a batch lacks go on",
            _rates.old_class(keras.optimizers.Adam, "LazyAdam"),
        ),
        _same("Lookahead"),
        _same("MovingAverage"),
        _table.Name(
            "MultiOptimizer",
            "keras.optimizers.MultiOptimizer",
            "a map, or a function of a variable, instead of layers",
            _others.MultiOptimizer,
            "keras.optimizers.MultiOptimizer(optimizer_map)",
        ),
        _class("NovoGrad"),
        _table.Name(
            "ProximalAdagrad",
            "keras.optimizers.Ftrl",
            "the penalties are of all steps so far, not of one",
            _others.ProximalAdagrad,
            "keras.optimizers.Ftrl(learning_rate, l1_regularization_strength=..., ...)",
        ),
        _class("RectifiedAdam"),
        _table.Name(
            "SGDW",
            "keras.optimizers.SGD",
            _DECAY,
            _decoupled.SGDW,
            "keras.optimizers.SGD(learning_rate, weight_decay=weight_decay / learning_rate)",
        ),
        _same("SWA"),
        _same("Triangular2CyclicalLearningRate"),
        _same("TriangularCyclicalLearningRate"),
        _class("Yogi"),
        _table.Name(
            "extend_with_decoupled_weight_decay",
            "keras.optimizers.Optimizer",
            "every optimizer of Keras takes weight_decay",
            _decoupled.extend_with_decoupled_weight_decay,
            "Optimizer(learning_rate, weight_decay=weight_decay / learning_rate)",
        ),
    ],
    "adabelief average_wrapper cocob conditional_gradient cyclical_learning_rate "
    "discriminative_layer_training lamb lazy_adam lookahead moving_average novograd "
    "proximal_adagrad rectified_adam stochastic_weight_averaging "
    "weight_decay_optimizers yogi",
)
