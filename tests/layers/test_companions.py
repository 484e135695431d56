"""What the layers beside pooling share: models, files, half precision, XLA and JAX."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from keras_cv_extras.layers.parts._cosine import CosineDense
from keras_cv_extras.layers.parts._drop import DropBlock2D, DropPath, StochasticDepth
from keras_cv_extras.layers.parts._local_response import LocalResponseNormalization
from keras_cv_extras.layers.parts._logit_adjustment import LogitAdjustment
from keras_cv_extras.layers.parts._maxout import Maxout
from keras_cv_extras.layers.parts._normalization import TLU, FilterResponseNormalization
from keras_cv_extras.layers.parts._squeeze_excite import SqueezeExcite
from keras_cv_extras.layers.parts._weight_normalization import WeightNormalization


class Residual(StochasticDepth):
    """StochasticDepth as a layer of one input, for the tests below."""

    def build(self, input_shape):
        super().build([input_shape, input_shape])

    def call(self, inputs, training=False):
        return super().call([inputs, inputs], training=training)

    def compute_output_shape(self, input_shape):
        return input_shape


MAKE = {
    "StochasticDepth": lambda **k: Residual(0.6, seed=1, **k),
    "DropPath": lambda **k: DropPath(0.3, seed=1, **k),
    "DropBlock2D": lambda **k: DropBlock2D(0.3, 3, seed=1, **k),
    "SqueezeExcite": lambda **k: SqueezeExcite(0.5, **k),
    "FilterResponseNormalization": lambda **k: FilterResponseNormalization(
        learned_epsilon=True, **k
    ),
    "TLU": lambda **k: TLU(affine=True, **k),
    "LocalResponseNormalization": lambda **k: LocalResponseNormalization(alpha=0.1, **k),
    "Maxout": lambda **k: Maxout(2, **k),
    "CosineDense": lambda **k: CosineDense(5, **k),
    "LogitAdjustment": lambda **k: LogitAdjustment([9, 1, 4, 0], tau=0.5, **k),
    "WeightNormalization": lambda **k: WeightNormalization(
        layers.Conv2D(4, 3, activation="relu", **k), **k
    ),
}


@pytest.fixture(params=MAKE)
def make(request):
    return MAKE[request.param]


def model_with(layer):
    inputs = keras.Input((None, None, 4))
    outputs = layers.Dense(2)(layers.GlobalAveragePooling2D()(layer(inputs)))
    return keras.Model(inputs, outputs)


def images(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float64"])
def test_precision(make, policy):
    x = images(3, 6, 5, 4)
    exact, layer = make(), make(dtype=policy)
    expected = np.asarray(exact(x))
    outputs = layer(x.astype("float64"))
    layer.set_weights(exact.get_weights())
    outputs = layer(x.astype("float64"))
    assert outputs.dtype == layer.compute_dtype
    tolerance = {"mixed_float16": 4e-3, "mixed_bfloat16": 3e-2, "float64": 1e-5}[policy]
    np.testing.assert_allclose(
        np.asarray(tf.cast(outputs, "float64")), expected, rtol=tolerance, atol=tolerance
    )
    trained = np.asarray(tf.cast(layer(x, training=True), "float64"))
    assert np.all(np.isfinite(trained))


def model_of_all(policy):
    """A model with all layers side by side, each with a head of its own: one program for all."""
    inputs, heads = keras.Input((None, None, 4)), {}
    for name, make in MAKE.items():
        outputs = layers.GlobalAveragePooling2D()(make(dtype=policy, name=name)(inputs))
        heads[name] = layers.Dense(2)(outputs)
    return keras.Model(inputs, heads)


@pytest.mark.wide
@pytest.mark.parametrize(("compiled", "policy"), [(False, "float32"), (True, "mixed_float16")])
def test_a_model_of_unknown_size_trains_and_comes_back(compiled, policy, tmp_path):
    model = model_of_all(policy)
    model.compile("sgd", dict.fromkeys(MAKE, "mse"), jit_compile=compiled)
    targets = dict.fromkeys(MAKE, np.ones((6, 2)))
    for size in (5,) if compiled else (5, 8):  # XLA compiles for every size
        x = images(6, size, 7, 4)
        history = model.fit(x, targets, batch_size=3, verbose=0).history
        for name in MAKE:
            assert np.isfinite(history[f"{name}_loss"][0]), name
    model.save(tmp_path / "model.keras")
    custom = {"Residual": Residual}
    again = keras.models.load_model(tmp_path / "model.keras", custom_objects=custom)
    x = images(3, 6, 6, 4)
    found, wanted = again(x), model(x)
    for name in MAKE:
        np.testing.assert_array_equal(found[name], wanted[name], err_msg=name)
        # Through JSON, which knows no tuples.
        configs = [json.dumps(each.get_layer(name).get_config()) for each in (again, model)]
        assert configs[0] == configs[1]


@pytest.mark.wide
def test_one_program_for_all_calls():
    model = model_of_all("float32")
    call = tf.function(lambda x: model(x, training=True), jit_compile=True)
    drawn = [call(images(4, 6, 6, 4)) for _ in range(6)]
    assert call.experimental_get_tracing_count() == 1
    for name in MAKE:
        assert np.all(np.isfinite([outputs[name] for outputs in drawn])), name


JAX = """
import sys

import keras
import numpy as np

sys.path.insert(0, "tests/layers")
import test_companions as tests

x = tests.images(6, 7, 6, 4)
saved = np.load(sys.argv[1])
for name, make in tests.MAKE.items():
    layer = make()
    layer.build(x.shape)
    layer.set_weights([saved[f"{name} {i}"] for i in range(len(layer.weights))])
    np.testing.assert_allclose(layer(x), saved[name], rtol=1e-4, atol=1e-5)
    for policy in ("float32", "mixed_bfloat16"):
        model = tests.model_with(make(dtype=policy))
        model.compile("sgd", "mse")
        before = [np.asarray(v) for v in model.trainable_variables]
        targets = np.ones((6, 2))
        losses = model.fit(x, targets, epochs=2, batch_size=6, verbose=0).history["loss"]
        assert np.all(np.isfinite(losses)), name
        for old, new in zip(before, model.trainable_variables):
            assert np.any(old != np.asarray(new)), (name, new.path)
    if name == "WeightNormalization":
        fresh = make()
        fresh(x, training=True)
        assert fresh.initialized == 1
        trained = model.layers[1]
        assert trained.initialized == 1 and np.any(np.asarray(trained.length_offset) != 0)
print(keras.backend.backend())
"""


@pytest.mark.slow
def test_jax_computes_the_same_and_trains(python, tmp_path):
    x = images(6, 7, 6, 4)
    saved = {}
    for name, make in MAKE.items():
        layer = make()
        saved[name] = np.asarray(layer(x))
        saved.update({f"{name} {i}": weight for i, weight in enumerate(layer.get_weights())})
    np.savez(tmp_path / "saved.npz", **saved)
    environment = {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    printed = python(JAX, tmp_path / "saved.npz", environment=environment)
    assert printed.split()[-1] == "jax"
