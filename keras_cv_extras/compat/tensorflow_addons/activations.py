"""Activations of TensorFlow Addons."""

from typing import Any

import keras
from keras import ops

from keras_cv_extras import losses
from keras_cv_extras.compat import _draws, _table

_PACKAGE = "keras_cv_extras.compat"


@keras.saving.register_keras_serializable(_PACKAGE)
def _gelu(x: Any, approximate: bool = True) -> Any:
    """Gaussian error linear unit, by its approximation unless it is said otherwise."""
    return keras.activations.gelu(ops.convert_to_tensor(x), approximate=approximate)


def _in_order(lower, upper):
    if lower > upper:
        raise ValueError(f"lower must be at most upper, received {lower} and {upper}")


@keras.saving.register_keras_serializable(_PACKAGE)
def _hardshrink(x: Any, lower: float = -0.5, upper: float = 0.5) -> Any:
    """Zero from lower to upper, the input elsewhere."""
    _in_order(lower, upper)
    x = ops.convert_to_tensor(x)
    return ops.where(ops.logical_or(x < lower, x > upper), x, 0)


@keras.saving.register_keras_serializable(_PACKAGE)
def _softshrink(x: Any, lower: float = -0.5, upper: float = 0.5) -> Any:
    """How far the input is below lower or above upper."""
    _in_order(lower, upper)
    x = ops.convert_to_tensor(x)
    return ops.minimum(x - lower, 0) + ops.maximum(x - upper, 0)


@keras.saving.register_keras_serializable(_PACKAGE)
def _rrelu(
    x: Any,
    lower: float = 0.125,
    upper: float = 1 / 3,
    training: bool | None = None,
    seed: int | None = None,
    rng: Any = None,
) -> Any:
    """The input above zero, times a slope below: drawn in training, else the mean."""
    x = ops.convert_to_tensor(x)
    slope = (lower + upper) / 2
    if training:
        if rng is not None:  # a tf.random.Generator
            slope = rng.uniform(ops.shape(x), minval=lower, maxval=upper, dtype=x.dtype)
        else:
            state = _draws.shared(seed)
            slope = keras.random.uniform(ops.shape(x), lower, upper, dtype=x.dtype, seed=state)
    return ops.where(x >= 0, x, slope * x)


@keras.saving.register_keras_serializable(_PACKAGE)
def _sparsemax(logits: Any, axis: int = -1) -> Any:
    """Projects logits onto the simplex along an axis."""
    moved = ops.moveaxis(ops.convert_to_tensor(logits), axis, -1)
    return ops.moveaxis(losses.sparsemax(moved), -1, axis)


__getattr__: _table.Load
__dir__: _table.Listed
__getattr__, __dir__, TABLE = _table.attach(
    __name__,
    "tensorflow_addons.activations",
    [
        _table.Name("gelu", "keras.activations.gelu", "exact by default", _gelu),
        _table.Name("hardshrink", "keras.activations.hard_shrink", "one threshold", _hardshrink),
        _table.Name("lisht", "keras_cv_extras.layers.lisht"),
        _table.Name("mish", "keras.activations.mish"),
        _table.Name(
            "rrelu",
            "keras.layers.LeakyReLU",
            "one slope; keras.layers.PReLU learns it",
            _rrelu,
            "keras.layers.LeakyReLU((lower + upper) / 2)",
        ),
        _table.Name("snake", "keras_cv_extras.layers.snake"),
        _table.Name("softshrink", "keras.activations.soft_shrink", "one threshold", _softshrink),
        _table.Name("sparsemax", "keras_cv_extras.losses.sparsemax", "last axis", _sparsemax),
        _table.Name("tanhshrink", "keras.activations.tanh_shrink"),
    ],
    "gelu hardshrink lisht mish rrelu snake softshrink sparsemax tanhshrink",
)
