"""Optimizers and schedules of TensorFlow Addons."""

import numbers
from typing import Any

import keras

from keras_cv_extras import optimizers
from keras_cv_extras.compat import _table

_HERE = "keras_cv_extras.optimizers."


def _with_lr(made):
    """Returns what takes `lr` too, and what LAMB called its decay before."""

    def make(*arguments: Any, **options: Any) -> Any:
        options = _table.rename(options, lr="learning_rate", weight_decay_rate="weight_decay")
        return made(*arguments, **options)

    make.__name__, make.__doc__ = made.__name__, made.__doc__
    return make


def _decoupled(made, name):
    """Returns an optimizer whose decay does not go by the learning rate, as Keras' does."""

    def make(weight_decay: Any, learning_rate: Any, **options: Any) -> Any:
        if not isinstance(weight_decay, numbers.Real) or not isinstance(
            learning_rate, numbers.Real
        ):
            raise TypeError(
                f"{name} takes numbers here: Keras multiplies weight_decay by the learning rate; "
                f"give {made.__module__.split('.')[0]}.optimizers.{made.__name__} the schedule and "
                "weight_decay divided by its first learning rate"
            )
        decay = float(weight_decay) / float(learning_rate)
        return made(learning_rate=float(learning_rate), weight_decay=decay, **options)

    return make


def _adamw(
    weight_decay: Any,
    learning_rate: Any = 0.001,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
    amsgrad: bool = False,
    name: str = "AdamW",
    **options: Any,
) -> Any:
    """Adam with decoupled weight decay."""
    own = {"beta_1": beta_1, "beta_2": beta_2, "epsilon": epsilon, "amsgrad": amsgrad}
    make = _decoupled(keras.optimizers.AdamW, "AdamW")
    return make(weight_decay, learning_rate, **own, name=name, **options)


def _sgdw(
    weight_decay: Any,
    learning_rate: Any = 0.01,
    momentum: float = 0.0,
    nesterov: bool = False,
    name: str = "SGDW",
    **options: Any,
) -> Any:
    """Gradient descent with decoupled weight decay."""
    make = _decoupled(keras.optimizers.SGD, "SGDW")
    own = {"momentum": momentum, "nesterov": nesterov}
    return make(weight_decay, learning_rate, **own, name=name, **options)


def _extended(base_optimizer: type) -> Any:
    """Returns an optimizer that takes weight_decay first, as Addons' AdamW does."""
    name = base_optimizer.__name__

    def make(weight_decay: Any, learning_rate: Any = 0.001, **options: Any) -> Any:
        return _decoupled(base_optimizer, name)(weight_decay, learning_rate, **options)

    return make


def _multi(optimizers_and_layers: Any, name: str = "MultiOptimizer") -> Any:
    """Gives the weights of each layer to its optimizer; those of no layer stay."""
    pairs = [
        (optimizer, leaf)
        for optimizer, given in optimizers_and_layers
        for leaf in (given if isinstance(given, (list, tuple)) else [given])
    ]
    for place, (_, leaf) in enumerate(pairs):
        if any(leaf is other for _, other in pairs[:place]):
            raise ValueError(f"{leaf.name} is given to two optimizers: give it to one")
    still = keras.optimizers.SGD(0.0)

    def chosen(variable: Any) -> Any:
        for optimizer, leaf in pairs:
            if any(variable is weight for weight in leaf.trainable_weights):
                return optimizer
        return still

    return keras.optimizers.MultiOptimizer(chosen, name=name)


_DECAY = "weight_decay is multiplied by the learning rate: divide the old one by it"


def _class(name):
    return _table.Name(name, _HERE + name, "", _with_lr(getattr(optimizers, name)))


def _same(name):
    return _table.Name(name, _HERE + name)


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
            _adamw,
            "keras.optimizers.AdamW(learning_rate, weight_decay=weight_decay / learning_rate)",
        ),
        _same("AveragedOptimizerWrapper"),
        _class("COCOB"),
        _table.Name("ConditionalGradient", note="use a constraint of keras.constraints"),
        _same("CyclicalLearningRate"),
        _table.Name(
            "DecoupledWeightDecayExtension", note="give weight_decay to the Keras optimizer"
        ),
        _same("ExponentialCyclicalLearningRate"),
        _class("LAMB"),
        _table.Name(
            "LazyAdam",
            "keras.optimizers.Adam",
            "the same for dense gradients; moments of rows that a batch lacks go on",
            _with_lr(keras.optimizers.Adam),
        ),
        _same("Lookahead"),
        _same("MovingAverage"),
        _table.Name(
            "MultiOptimizer",
            "keras.optimizers.MultiOptimizer",
            "a map, or a function of a variable, instead of layers; compile again after loading",
            _multi,
            "keras.optimizers.MultiOptimizer(optimizer_map)",
        ),
        _class("NovoGrad"),
        _table.Name("ProximalAdagrad", note="use keras.optimizers.Ftrl"),
        _class("RectifiedAdam"),
        _table.Name(
            "SGDW",
            "keras.optimizers.SGD",
            _DECAY,
            _sgdw,
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
            _extended,
            "Optimizer(learning_rate, weight_decay=weight_decay / learning_rate)",
        ),
    ],
)
