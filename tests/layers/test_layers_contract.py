"""What holds for every layer of `keras_cv_extras.layers` that is no augmentation."""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

# Keras' own checks of a layer: configuration, build, symbolic and eager shapes, mixed precision.
from keras.src.testing import TestCase

from keras_cv_extras import layers

# They have tests of their own: test_augmentation_contract.py.
AUGMENTATIONS = ("_compose", "_crop", "_ctaugment", "_epoch", "_image_op", "_mix_layers", "_policy")
ARGUMENTS = {
    "CosineDense": {"units": 3},
    "DropBlock2D": {"rate": 0.3, "block_size": 3, "seed": 1},
    "DropPath": {"rate": 0.3, "seed": 1},
    "GatedPooling2D": {"per_channel": True, "initializer": "glorot_uniform"},
    "GeneralizedMeanPooling1D": {"padding": "same", "per_channel": True},
    "GeneralizedMeanPooling2D": {"pool_size": 3, "strides": 2, "padding": "same"},
    "GlobalAttentionPooling2D": {"units": 3, "gated": True, "keepdims": True},
    "GlobalMixedPooling2D": {"mixing": "random", "seed": 1},
    "LocalResponseNormalization": {"alpha": 0.1},
    "LogitAdjustment": {"class_counts": [9, 5, 2, 1]},
    "Maxout": {"num_units": 2},
    "MixedPooling1D": {"mixing": "channel"},
    "MixedPooling2D": {"mixing": "random", "seed": 1},
    "SpatialPyramidPooling3D": {"bins": [1, (2, 1, 3)], "pooling": "average"},
    "SqueezeExcite": {"ratio": 0.5, "squeeze_activation": "tanh"},  # a ReLU may start dead
    "StochasticDepth": {"survival_probability": 0.6, "seed": 1},
    "StochasticPooling1D": {"seed": 2},
    "StochasticPooling3D": {"seed": 3},
    "StochasticPooling2D": {"pool_size": 3, "strides": 2, "padding": "same", "seed": 1},
    "TLU": {"affine": True},
    "WeightNormalization": {"layer": keras.layers.Conv2D(4, 3)},
}
NAMES = [
    name
    for name in layers.__all__
    if inspect.isclass(getattr(layers, name))
    and getattr(layers, name).__module__.rpartition(".")[2] not in AUGMENTATIONS
]
FORMATS = [n for n in NAMES if "data_format" in inspect.signature(getattr(layers, n)).parameters]
SIZES = (7, 6, 5)


def make(name, /, **options):
    arguments = dict(ARGUMENTS.get(name, {}))
    if name == "WeightNormalization":
        arguments["layer"] = keras.layers.Conv2D(4, 3, dtype=options.get("dtype"))
    return getattr(layers, name)(**arguments, **options)


def rank_of(name):
    return int(name[-2]) if name[-1] == "D" else 2


def data(name, sizes=SIZES, seed=0):
    """A batch of inputs: float32 with negative values and without ties."""
    shape = (3, *sizes[: rank_of(name)], 4)
    x = np.random.default_rng(seed).normal(size=shape).astype("float32")
    if name == "StochasticDepth":
        return [x, x[::-1]]
    if name == "MaxUnpooling2D":
        y, positions = layers.MaxPoolingWithPositions2D()(x)
        return [np.asarray(y), np.asarray(positions), x]
    return x


def first(outputs):
    return outputs[0] if isinstance(outputs, (tuple, list)) else outputs


def shapes(inputs):
    if isinstance(inputs, list):
        return [tensor.shape for tensor in inputs]
    return inputs.shape


@pytest.mark.parametrize("name", NAMES)
def test_checks_of_keras(name):
    x = data(name)
    kind, arguments = getattr(layers, name), ARGUMENTS.get(name, {})
    case = TestCase()
    case.setUp()
    case.run_layer_test(
        kind,
        arguments,
        input_data=x,
        expected_output_shape=make(name).compute_output_shape(shapes(x)),
        run_training_check=False,  # all layers train in one model, below
    )


@pytest.mark.parametrize("name", NAMES)
def test_half_precision(name):
    exact = make(name)
    x = data(name)
    exact(x)
    for policy, tolerance in (("mixed_float16", 5e-3), ("mixed_bfloat16", 4e-2)):
        layer = make(name, dtype=policy)
        layer(x)
        layer.set_weights(exact.get_weights())
        # What rounding does to the inputs is not the layer's doing.
        half = keras.tree.map_structure(
            lambda t, layer=layer: (
                np.asarray(ops.cast(ops.cast(t, layer.compute_dtype), "float32"))
                if t.dtype == "float32"
                else t
            ),
            x,
        )
        outputs = first(layer(half))
        assert outputs.dtype == layer.compute_dtype
        np.testing.assert_allclose(
            ops.cast(outputs, "float32"), first(exact(half)), rtol=tolerance, atol=tolerance
        )


@pytest.mark.parametrize("name", FORMATS)
def test_data_formats(name):
    x, layer = data(name), make(name)
    wanted = layer(x)
    other = make(name, data_format="channels_first")
    moved = keras.tree.map_structure(lambda t: np.moveaxis(t, -1, 1), x)
    other(moved)
    other.set_weights(layer.get_weights())
    found = other(moved)
    assert keras.tree.map_structure(lambda t: tuple(t.shape), found) == (
        other.compute_output_shape(shapes(moved))
    )
    if first(wanted).ndim > 2:
        found = np.moveaxis(np.asarray(first(found)), 1, -1)
    np.testing.assert_allclose(first(found), first(wanted), rtol=1e-5, atol=1e-6)


def model_of_all():
    """A model with all layers side by side, whose sizes are unknown; an input for each rank."""
    inputs = [keras.Input((*(None,) * rank, 4)) for rank in (1, 2, 3)]
    outputs = {}
    for name in NAMES:
        x = inputs[rank_of(name) - 1]
        given = x
        if name == "StochasticDepth":
            given = [x, -x]
        if name == "MaxUnpooling2D":
            given = [*layers.MaxPoolingWithPositions2D(name="positions")(x), x]
        y = first(make(name, name=name)(given))
        outputs[name] = ops.mean(y * (y + 1), axis=list(range(1, len(y.shape))))
    return keras.Model(inputs, outputs)


@pytest.fixture(scope="module")
def trained():
    """A model of all layers after two steps of training, and images of two sizes."""
    model = model_of_all()
    before = [np.asarray(weight) for weight in model.trainable_weights]
    images = [[data(name, sizes) for name in ("1D", "2D", "3D")] for sizes in (SIZES, (10, 9, 8))]
    # The step of a graph takes far longer to trace than two of them; another is compiled below.
    model.compile("sgd", dict.fromkeys(model.output, "mse"), run_eagerly=True)
    targets = dict.fromkeys(model.output, np.full(3, 5.0, "float32"))
    for _ in range(2):  # V and U of attention wait for w, which starts at zero
        assert np.all(np.isfinite(model.train_on_batch(images[0], targets)))
    stuck = [
        weight.path
        for weight, old in zip(model.trainable_weights, before, strict=True)
        if np.all(np.asarray(weight) == old)
    ]
    assert stuck == []
    return model, images


def test_saved_models_give_the_same(trained, tmp_path):
    model, images = trained
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    found = again(images[0])
    for name, wanted in model(images[0]).items():
        np.testing.assert_array_equal(found[name], wanted, err_msg=name)


@pytest.mark.slow
def test_exported_models_give_the_same(trained, tmp_path):
    model, images = trained
    model.export(tmp_path / "served", verbose=False)
    served = tf.saved_model.load(str(tmp_path / "served"))
    for x in images:
        found = served.serve(x)
        for name, wanted in model(x).items():
            np.testing.assert_allclose(found[name], wanted, rtol=1e-5, atol=1e-6, err_msg=name)


@pytest.mark.wide
@pytest.mark.parametrize("ranks", [[2], pytest.param([1, 3], marks=pytest.mark.slow)])
def test_compiled_models_give_the_same_and_train(ranks, trained):
    """A rank stands for the others: programs take long to compile."""
    model, images = trained
    chosen = {name: y for name, y in model.output.items() if rank_of(name) in ranks}
    model = keras.Model(model.inputs, chosen)

    @tf.function(jit_compile=True)
    def run(x):
        with tf.GradientTape() as tape:
            drawn = model(x, training=True)
            loss = sum(map(tf.reduce_sum, drawn.values()))
        return model(x), tape.gradient(loss, model.trainable_weights)

    found, gradients = run(list(map(tf.constant, images[0])))
    for name, wanted in model(images[0]).items():
        np.testing.assert_allclose(found[name], wanted, rtol=1e-4, atol=1e-5, err_msg=name)
    for weight, gradient in zip(model.trainable_weights, gradients, strict=True):
        assert np.all(np.isfinite(gradient)), weight.path


JAX = """
import sys

import jax
import keras
import numpy as np

sys.path.insert(0, "tests/layers")
import test_layers_contract as tests

saved = np.load(sys.argv[1])
for name in tests.NAMES:
    layer, x = tests.make(name), tests.data(name)
    layer.build(tests.shapes(x))
    layer.set_weights([saved[f"{name} {i}"] for i in range(len(layer.weights))])
    found = tests.first(layer(x))
    np.testing.assert_allclose(found, saved[name], rtol=1e-4, atol=1e-5, err_msg=name)
    if name.startswith("StochasticPooling"):
        # The layer's draws do not depend on the backend.
        np.testing.assert_array_equal(layer(x, training=True), saved[f"{name} drawn"])
    # A rank stands for the others: programs take long to compile.
    if name == "MaxUnpooling2D" or tests.rank_of(name) != 2:
        continue

    def total(x, trainable, fixed):
        outputs, fixed = layer.stateless_call(
            trainable, fixed, x, **tests.training_of(layer)
        )
        return tests.first(outputs).sum()

    state = [[v.value for v in part] for part in (layer.trainable_variables,
                                                  layer.non_trainable_variables)]
    slope = jax.jit(jax.grad(total))(x, *state)
    for part in jax.tree.leaves(slope):
        assert np.all(np.isfinite(part)), name
print(keras.backend.backend(), len(tests.NAMES))
"""


def training_of(layer):
    takes = "training" in inspect.signature(layer.call).parameters
    return {"training": True} if takes else {}


@pytest.mark.slow
def test_jax_computes_the_same_and_trains(python, tmp_path):
    saved = {}
    for name in NAMES:
        layer = make(name)
        saved[name] = np.asarray(first(layer(data(name))))
        if name.startswith("StochasticPooling"):
            saved[f"{name} drawn"] = np.asarray(layer(data(name), training=True))
        saved.update({f"{name} {i}": weight for i, weight in enumerate(layer.get_weights())})
    np.savez(tmp_path / "saved.npz", **saved)
    environment = {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    printed = python(JAX, tmp_path / "saved.npz", environment=environment)
    assert printed.split()[-2:] == ["jax", str(len(NAMES))]
