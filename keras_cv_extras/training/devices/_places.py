"""The variables of a model, on every device of a strategy while it is trained there.

Keras makes variables where a model is built. Here those of a model that was built elsewhere get
their places for the time of a training, and lose them afterwards: the model that trains is the
model that was given, and so are its layers, its losses and its optimizer, which callbacks and
metrics may hold.
"""

import contextlib

import keras
import tensorflow as tf

# What Keras' optimizers keep by the keys of the variables that they train.
_BY_KEY = (
    "_trainable_variables_indices",
    "_exclude_from_weight_decay",
    "_exclude_from_weight_decay_cache",
    "_var_to_optimizer_idx",
)


@contextlib.contextmanager
def on_all_devices(model, strategy):
    """Puts the variables of a model on all devices of a strategy, within the block.

    Afterwards the model is on one device, with the values that it has then.

    Args:
        model: a compiled Keras model, built anywhere.
        strategy: what trains it.
    """
    former, jit_compile = {}, model._jit_compile
    try:
        with strategy.scope():
            for variable in _variables(model):
                if not _is_distributed(variable.value):
                    former[id(variable)] = variable.value
            _give(model, dict.fromkeys(former))
        _train_by(model, strategy)
        model._jit_compile = False  # XLA cannot reach the variables of other devices
        yield
    finally:
        there = [variable for variable in _variables(model) if _is_distributed(variable.value)]
        _give(model, {id(variable): former.get(id(variable)) for variable in there})
        _train_by(model, None)
        model._jit_compile = jit_compile


def _give(model, values):
    """Gives variables other TensorFlow variables to keep their numbers in.

    Args:
        model: the model.
        values: the variables' ids -> a variable of TensorFlow, None to make one.
    """
    keys = {}  # what the optimizers know variables by, before -> afterwards
    owners = optimizers(model)
    for variable in _variables(model):
        if id(variable) not in values:
            continue
        number, value = keras.ops.convert_to_numpy(variable), values[id(variable)]
        before = [optimizer._var_key(variable) for optimizer in owners]
        if value is None:
            variable._initialize(number)
        else:
            variable._value = value
            variable.assign(number)
        keys.update(zip(before, [item._var_key(variable) for item in owners], strict=True))
    for optimizer in owners:
        for name in _BY_KEY:
            known = getattr(optimizer, name, None)
            if isinstance(known, dict):
                setattr(optimizer, name, {keys.get(key, key): known[key] for key in known})
            elif known:
                setattr(optimizer, name, {keys.get(key, key) for key in known})


def _train_by(model, strategy):
    """Tells a model and its optimizers the strategy, None for one device."""
    model._distribute_strategy = strategy
    for optimizer in optimizers(model):
        optimizer._distribution_strategy = strategy or tf.distribute.get_strategy()
    model.train_function = model.test_function = model.predict_function = None


def optimizers(model):
    """Returns the optimizers of a model, and those that they are made of."""
    found = [
        value for value in vars(model).values() if isinstance(value, keras.optimizers.Optimizer)
    ]
    for optimizer in found:
        inner = getattr(optimizer, "inner_optimizer", None)
        if inner is not None and inner not in found:
            found.append(inner)
    return found


def _variables(model):
    """All variables of a model, each once: of layers, metrics, optimizers and losses."""
    found = [*model.variables]
    for optimizer in optimizers(model):
        found += optimizer.variables
    for metric in [*model.metrics, *_given_metrics(model)]:
        found += metric.variables
    for loss in tf.nest.flatten(model.loss):
        found += _held(loss)
    return list(
        {id(variable): variable for variable in found if variable._value is not None}.values()
    )


def _given_metrics(model):
    """The metrics that a model was compiled with, which it names once it has seen a batch."""
    compiled = model._compile_metrics
    given = [compiled._user_metrics, compiled._user_weighted_metrics] if compiled else []
    return [item for item in tf.nest.flatten(given) if isinstance(item, keras.metrics.Metric)]


def _held(loss):
    """The variables that a loss has, or a loss within it."""
    if not isinstance(loss, keras.losses.Loss):
        return []
    found = []
    for value in vars(loss).values():
        found += [value] if isinstance(value, keras.Variable) else _held(value)
    return found


def _is_distributed(value):
    return isinstance(value, tf.distribute.DistributedValues)
