"""Batches that are filled up to one size: the training is that of the batches as they are."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import data, training
from keras_cv_extras.training import _replicas


@keras.saving.register_keras_serializable("tests")
class Sizes(keras.layers.Layer):
    """Notes the sizes of the batches that a program was made for."""

    seen: list = []

    def call(self, x):
        self.seen.append(x.shape[0])
        return x


def network(jit_compile):
    keras.utils.set_random_seed(7)
    layers = [keras.Input((8, 8, 1)), keras.layers.Rescaling(1 / 255), keras.layers.Flatten()]
    model = keras.Sequential([*layers, Sizes(), keras.layers.Dense(10)])
    # The same on every backend.
    model.set_weights([np.random.default_rng(1).normal(0, 0.1, (64, 10)), np.zeros(10)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    metrics = {"metrics": ["accuracy"], "weighted_metrics": ["accuracy"]}
    model.compile(keras.optimizers.SGD(0.1), loss, jit_compile=jit_compile, **metrics)
    return model


def trained(jit_compile, weighted=False, epochs=2, **options):
    images, labels = data.load("digits").train
    weights = np.linspace(0.5, 2, 10).astype("float32")

    def batches(count, size, epoch):
        dataset = data.pipeline((images[:count], labels[:count]), size, epoch=epoch)
        if not weighted:
            return dataset
        return dataset.map(lambda x, y: (x, y, weights_of(y)))

    def weights_of(labels):
        return tf.gather(weights, labels)

    return training.fit(
        network(jit_compile),
        lambda epoch: batches(37, 16, epoch),
        batches(21, 8, 0),
        epochs=epochs,
        strategy="none",
        progress=False,
        **options,
    )


@pytest.mark.wide
@pytest.mark.parametrize("weighted", [False, True])
def test_under_xla_a_last_batch_counts_as_it_is(weighted):
    plain, filled = trained(False, weighted), trained(True, weighted)
    assert plain.history.keys() == filled.history.keys()
    for name, values in plain.history.items():
        np.testing.assert_allclose(filled.history[name], values, rtol=1e-5, err_msg=name)
    for one, other in zip(plain.model.get_weights(), filled.model.get_weights(), strict=True):
        np.testing.assert_allclose(other, one, atol=1e-6)


@pytest.mark.wide
def test_under_xla_a_resumed_epoch_is_the_same_to_the_bit(tmp_path):
    class Stop(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if self.model.optimizer.iterations == 5:  # the last batch of the second epoch
                raise KeyboardInterrupt

    whole = trained(True)
    saving = {"checkpoint": tmp_path / "checkpoint", "save_every": 1}
    with pytest.raises(KeyboardInterrupt):
        trained(True, callbacks=[Stop()], **saving)
    resumed = trained(True, **saving)
    assert resumed.resumed_at == 1
    assert resumed.history == whole.history
    for one, other in zip(whole.model.get_weights(), resumed.model.get_weights(), strict=True):
        np.testing.assert_array_equal(other, one)


COMPILED = """
import glob, json, os, sys
sys.path.insert(0, "tests/training")
from test_training_filled import *

def programs():
    return len(glob.glob(os.environ["DUMPED"] + "/*one_step*before_optimizations.txt"))

images, labels = data.load("digits").train
ours = trained(True, epochs=3) and programs()
network(True).fit(
    images[:37], labels[:37], batch_size=16, epochs=2, verbose=0,
    validation_data=(images[:21], labels[:21]), validation_batch_size=8,
)
print(json.dumps([ours, programs() - ours]))
"""


@pytest.mark.slow
def test_under_xla_one_program_trains_and_one_validates(python, tmp_path):
    """XLA writes each program that it compiles to a folder; for Keras' own `fit` it makes four."""
    flags = f"--xla_dump_to={tmp_path} --xla_dump_hlo_as_text"
    # A program that is found in a cache is not written.
    environment = {"DUMPED": str(tmp_path), "XLA_FLAGS": flags, "TF_XLA_FLAGS": ""}
    lines = python(COMPILED, environment=environment).splitlines()
    assert json.loads(lines[-1]) == [2, 4]


ON_JAX = """
import json, sys
sys.path.insert(0, "tests/training")
import test_training_filled
from test_training_filled import *

plain = trained("auto", True)
sizes = sorted({size for size in Sizes.seen if isinstance(size, int)})
keras.distribution.set_distribution(keras.distribution.DataParallel())
shared = trained("auto", True)
print(json.dumps([sizes, plain.history, shared.history]))
"""


@pytest.mark.slow
def test_on_jax_one_program_trains_and_one_validates(python):
    environment = {
        "KERAS_BACKEND": "jax",
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
    }
    lines = python(ON_JAX, environment=environment).splitlines()
    sizes, plain, shared = json.loads(lines[-1])
    assert sizes == [8, 16]
    wanted = trained(False, True).history
    for name, values in wanted.items():
        np.testing.assert_allclose(plain[name], values, rtol=1e-4, err_msg=name)
        np.testing.assert_allclose(shared[name], values, rtol=1e-4, err_msg=name)


OWN_STEPS = """
import json, sys
sys.path.insert(0, "tests/training")
from test_training_filled import *

class Own(keras.Model):
    def train_step(self, state, batch):
        x, y = batch  # and no weights
        return super().train_step(state, (x, y))

def run(size, other=None):
    images, labels = data.load("digits").train
    keras.utils.set_random_seed(1)
    layers = [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(10)]
    plain = keras.Sequential(layers)
    model = Own(plain.inputs, plain.outputs)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(1e-5), loss)
    def batches(size):
        return data.pipeline((images[:20], labels[:20]), size, shuffle=False, epoch=0)

    train, validation = batches(size), batches(other or size)
    return training.fit(model, lambda epoch: train, validation, epochs=1, progress=False).history

one = run(10)
keras.distribution.set_distribution(keras.distribution.DataParallel())
two, three = run(10), run(10, 9)  # Keras validates, and takes weights
try:
    run(9)
except ValueError as error:
    print(json.dumps([one, two, three, str(error)]))
"""


@pytest.mark.slow
def test_on_jax_steps_of_ones_own_count_no_row_that_fills_up(python):
    environment = {
        "KERAS_BACKEND": "jax",
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
    }
    *runs, error = json.loads(python(OWN_STEPS, environment=environment).splitlines()[-1])
    assert error == _replicas.OWN_STEPS
    for name, values in runs[0].items():
        for other in runs[1:]:
            np.testing.assert_allclose(other[name], values, rtol=1e-5, err_msg=name)


class OwnTrain(keras.Model):
    def train_step(self, batch):
        x, y = batch  # and no weights
        return super().train_step((x, y))


class OwnTest(keras.Model):
    def test_step(self, batch):
        x, y = batch
        return super().test_step((x, y))


@pytest.mark.parametrize(
    ("kind", "sizes"), [(OwnTrain, (4, 5)), pytest.param(OwnTest, (5, 4), marks=pytest.mark.wide)]
)
def test_on_several_devices_the_steps_of_keras_fill_batches_up(kind, sizes, monkeypatch):
    """As far as a step is the model's own, its batches must divide."""
    x = np.random.default_rng(0).normal(size=(12, 4)).astype("float32")
    whole = tf.data.Dataset.from_tensor_slices((x, x[:, :1]))

    def run(sizes):
        keras.utils.set_random_seed(0)
        inputs = keras.Input((4,))
        model = kind(inputs, keras.layers.Dense(1)(inputs))
        model.compile("sgd", "mse")
        train, validation = (whole.batch(size) for size in sizes)
        return training.fit(model, train, validation, epochs=1, progress=False).history

    expected = run(sizes)
    monkeypatch.setattr(_replicas, "num_shards", lambda: 2)
    for name, values in run(sizes).items():
        np.testing.assert_allclose(values, expected[name], rtol=1e-5, err_msg=name)
    with pytest.raises(ValueError, match="train_step or test_step of its own"):
        run(sizes[::-1])
