"""Every argument of a layer changes what the layer does: none is taken and left unused."""

import inspect

import keras
import numpy as np
import pytest
from keras import ops
from seeds import seed_keras

from keras_cv_extras import layers

# What an argument is changed to, wherever it stands. `data_format` has a test of its own.
OTHERS = {
    "alpha": 0.3,
    "alpha_mode": "caffe",
    "axis": 1,
    "beta": 0.6,
    "bias": 1.0,
    "bins": (1, 3),
    "block_size": 2,
    "bottleneck_filters": 3,
    "class_counts": [1, 2, 3, 4],
    "data_init": False,
    "epsilon": 0.5,
    "excite_activation": "tanh",
    "filter_size": 5,
    "gated": True,
    "keepdims": True,
    "learnable": False,
    "learned_epsilon": True,
    "layer": keras.layers.Conv2D(5, 3),
    "mixing": "fixed",
    "num_units": 4,
    "overlapping": True,
    "p": 1.5,
    "padding": "same",
    "per_channel": True,
    "pool_ratio": 2.5,
    "pool_size": 3,
    "pooling": "average",
    "pseudo_random": False,
    "r": 3.0,
    "rate": 0.3,
    "ratio": 1.0,
    "seed": 2,
    "share": 0.1,
    "size": 3,
    "squeeze_activation": "tanh",
    "strides": 1,
    "survival_probability": 0.3,
    "tau": 0.5,
    "units": 2,
    "affine": True,
}
OTHERS |= {"constraint": "non_neg", "regularizer": "l2", "initializer": "ones"}  # of any weight
# What a layer is made with before one argument is changed.
BASES = {
    "CosineDense": {"units": 3, "kernel_initializer": keras.initializers.GlorotUniform(1)},
    "DropBlock2D": {"rate": 0.2, "block_size": 3},
    "FilterResponseNormalization": {"axis": [1, 2], "learned_epsilon": True},
    "GatedPooling2D": {"initializer": keras.initializers.GlorotUniform(1)},
    "GlobalAttentionPooling2D": {"initializer": keras.initializers.GlorotUniform(1)},
    "LocalResponseNormalization": {"alpha": 0.1, "size": 5},
    "LogitAdjustment": {"class_counts": [9, 5, 2, 1]},
    "Maxout": {"num_units": 2},
    "Snake": {"frequency_initializer": keras.initializers.Constant(2.0)},
    "SqueezeExcite": {"squeeze_activation": "relu"},
    "TLU": {"affine": True},
    "WeightNormalization": {"layer": keras.layers.Conv2D(4, 3)},
}
# Where the value above would say nothing, or other arguments are needed.
EXCEPTIONS = {
    ("BlurPooling2D", "pool_size"): ({"strides": 2}, 3),
    ("FilterResponseNormalization", "axis"): ({}, [1]),
    ("FilterResponseNormalization", "beta_initializer"): ({}, "ones"),
    ("FilterResponseNormalization", "gamma_initializer"): ({}, "zeros"),
    ("FilterResponseNormalization", "learned_epsilon"): ({}, False),
    ("GlobalMixedPooling2D", "seed"): ({"mixing": "random"}, 2),
    ("MixedPooling2D", "seed"): ({"mixing": "random"}, 2),
    ("OverlappingAveragePooling2D", "pool_size"): ({}, 4),
    ("OverlappingMaxPooling2D", "pool_size"): ({}, 4),
    ("StochasticDepth", "seed"): ({}, 3),
    ("TLU", "affine"): ({}, False),
}
PARTS = ("parts", "pooling")
NAMES = [
    name
    for name in layers.__all__
    if inspect.isclass(kind := getattr(layers, name))
    and kind.__module__.split(".")[2:3][0] in PARTS
    and name[-2:] not in ("1D", "3D")  # the same code as of two axes
]
KNOWN = ("data_format", "kwargs")
# What `test_stochastic.py` compares with loops: every window is another program.
COMPARED = {("StochasticPooling2D", name) for name in ("pool_size", "strides", "padding")}
PAIRS = [
    (name, argument)
    for name in NAMES
    for argument in inspect.signature(getattr(layers, name)).parameters
    if argument not in KNOWN and (name, argument) not in COMPARED
]
# The base class holds and uses them: one layer of each is called, and the others are asked.
HELD = ("pool_size", "strides", "padding", "keepdims")
WIDE = [
    (name, argument)
    for name, argument in PAIRS
    if argument in HELD and name not in ("BlurPooling2D", "SoftPooling2D", "GlobalMixedPooling2D")
]
CASES = [
    pytest.param(
        *pair, marks=[pytest.mark.wide] * (pair in [*WIDE, ("StochasticPooling2D", "seed")])
    )
    for pair in PAIRS
]
IMAGES = np.random.default_rng(0).normal(size=(2, 8, 7, 4)).astype("float32")


def inputs(name, **options):
    if name == "StochasticDepth":
        return [IMAGES, IMAGES[::-1]]
    if name == "MaxUnpooling2D":
        y, positions = layers.MaxPoolingWithPositions2D(**options)(IMAGES)
        return [y, positions, IMAGES]
    return IMAGES


_seen = {}  # of what is made before an argument is changed, often the same


def seen(name, **options):
    key = name, str(sorted(options.items()))
    if key not in _seen:
        _seen[key] = look(name, **options)
    return _seen[key]


def look(name, **options):
    """All that a layer shows: outputs, weights, which of them train, constraints, penalties."""
    seed_keras()  # two looks at the same layer show the same
    layer, x = getattr(layers, name)(**options), inputs(name, **options)
    found = []
    # Only what draws is another in training.
    for training in (True, True, False) if "seed" in options else (None,):
        said = {} if training is None else {"training": training}
        found += keras.tree.flatten(layer(x, **said))
    found += [*layer.weights, len(layer.trainable_weights)]
    for weight in layer.weights:
        if weight.constraint is not None:
            found.append(weight.constraint(weight - 3.0))
        if weight.regularizer is not None:
            found.append(weight.regularizer(weight - 3.0))
    return [ops.convert_to_numpy(one) for one in found]


def other(name, argument):
    """Returns the options that a layer is made with, and the other value of an argument."""
    base, kind = dict(BASES.get(name, {})), argument.rpartition("_")[2]
    parameters = inspect.signature(getattr(layers, name)).parameters
    base |= {"seed": 1} if "seed" in parameters else {}
    value = OTHERS[argument] if argument in OTHERS else OTHERS[kind]
    more, value = EXCEPTIONS.get((name, argument), ({}, value))
    return {**base, **more}, value


@pytest.mark.parametrize(("name", "argument"), CASES)
def test_an_argument_changes_what_a_layer_does(name, argument):
    base, value = other(name, argument)
    before, after = seen(name, **base), seen(name, **{**base, argument: value})
    assert len(before) != len(after) or any(
        one.shape != another.shape or (one != another).any()
        for one, another in zip(before, after, strict=True)
    )


@pytest.mark.parametrize("name", ["Maxout", "SqueezeExcite", "StochasticDepth"])
def test_two_looks_at_a_layer_show_the_same(name):
    base, _ = other(name, next(iter(inspect.signature(getattr(layers, name)).parameters)))
    for one, another in zip(look(name, **base), look(name, **base), strict=True):
        np.testing.assert_array_equal(one, another)


def test_windows_and_axes_are_held():
    for name, argument in WIDE:
        base, value = other(name, argument)
        before, after = (
            getattr(getattr(layers, name)(**options), argument)
            for options in (base, {**base, argument: value})
        )
        assert before != after, (name, argument)


@pytest.mark.parametrize("name", ["GatedPooling2D", "GlobalAttentionPooling2D"])
def test_a_regularizer_is_of_all_weights(name):
    layer = getattr(layers, name)(regularizer="l2", **({"gated": True} if "Global" in name else {}))
    layer.build(IMAGES.shape)
    assert len(layer.weights) == (3 if "Global" in name else 1)
    assert all(weight.regularizer is not None for weight in layer.weights)
