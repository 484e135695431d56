"""Training on several devices: what is refused, and that the rest equals one device."""

import json
import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import data, training
from keras_cv_extras.training import _callbacks, _replicas, _strategy
from keras_cv_extras.training.devices import _keras_fault, _steps


@pytest.fixture(scope="module")
def digits():
    return data.load("digits")


def compiled(**options):
    layers = [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(10)]
    model = keras.Sequential(layers)
    loss = keras.losses.SparseCategoricalCrossentropy(
        from_logits=True, reduction=options.pop("reduction", "sum_over_batch_size")
    )
    model.compile("sgd", loss, **options)
    return model


def test_one_device_needs_no_strategy(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    assert training.make_strategy("auto") is None
    assert training.make_strategy("none") is None
    assert training.make_strategy(tf.distribute.get_strategy()) is None
    mirrored = training.make_strategy("mirrored")
    assert mirrored.num_replicas_in_sync == 1
    assert training.make_strategy("mirrored") is mirrored
    assert _strategy.place_of(mirrored) == _strategy.Place(0, 1, 0, 1, 1)


def test_strategies_that_are_not_supported(monkeypatch):
    with pytest.raises(ValueError, match="strategy must be one of 'auto', 'none', 'mirrored'"):
        training.make_strategy("parameter_server")
    with pytest.raises(ValueError, match="received OneDeviceStrategy"):
        training.make_strategy(tf.distribute.OneDeviceStrategy("cpu:0"))
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(ValueError, match="needs the environment variable TF_CONFIG"):
        training.make_strategy("multiworker")
    monkeypatch.setattr(keras.distribution, "distribution", object)
    with pytest.raises(ValueError, match="does nothing on the TensorFlow backend"):
        training.make_strategy("auto")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("{", "TF_CONFIG must be JSON"),
        ({"cluster": 3}, "TF_CONFIG must be JSON"),
        ({"cluster": {"worker": "a:1"}}, "TF_CONFIG must be JSON .*cluster.worker must be an obj"),
        ({"cluster": {"worker": [1]}, "task": {}}, "TF_CONFIG must be JSON"),
        ({"cluster": {"worker": ["a:1"]}, "task": []}, "TF_CONFIG must be JSON .*task must be an"),
        ({"cluster": {"worker": ["a:1"], "ps": ["b:1"]}}, "parameter servers"),
        ({"cluster": {"worker": ["a:1"]}, "task": {"type": "evaluator", "index": 0}}, "evaluator"),
        ({"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 2}}, "task"),
        ({"cluster": {"worker": ["a:1", "b:1"]}}, "the task of TF_CONFIG must be one of"),
    ],
)
def test_clusters_that_are_not_supported(monkeypatch, config, message):
    monkeypatch.setenv("TF_CONFIG", config if isinstance(config, str) else json.dumps(config))
    with pytest.raises(ValueError, match=message):
        training.make_strategy("auto")


def test_workers_are_connected_first_of_all(monkeypatch):
    tf.constant(0)  # TensorFlow is in use
    config = {"cluster": {"worker": ["127.0.0.1:1", "127.0.0.1:2"]}}
    config["task"] = {"type": "worker", "index": 0}
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))
    with pytest.raises(RuntimeError, match="must be connected before TensorFlow is used"):
        training.make_strategy()


@pytest.mark.wide
def test_models_that_cannot_be_distributed(digits):
    dataset = data.pipeline((digits.train[0][:32], digits.train[1][:32]), 16)
    for options, message in [
        ({"steps_per_execution": 2}, "steps_per_execution must be 1 under a strategy, received 2"),
        ({"jit_compile": True}, "jit_compile must be False under a strategy"),
        ({"reduction": "mean_with_sample_weight"}, "losses must be reduced by"),
    ]:
        with pytest.raises(ValueError, match=message):
            training.fit(lambda o=options: compiled(**o), dataset, epochs=1, strategy="mirrored")
    of_unknown_length = dataset.filter(lambda images, labels: True)
    for wrong, message in (
        (of_unknown_length, "must be tf.data.Datasets that know"),
        (dataset.repeat(), "train repeats forever"),
    ):
        with pytest.raises(ValueError, match=message):
            training.fit(compiled, wrong, epochs=1, strategy="mirrored")
    with pytest.raises(TypeError, match="model must be a Keras model or a function"):
        training.fit(lambda: 3, dataset, epochs=1)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 13, 16])
@pytest.mark.parametrize("replicas", [1, 2, 3, 4])
def test_pieces_of_a_batch_have_the_weights_of_the_whole(size, replicas):
    x, y = np.arange(size, dtype="float32"), np.arange(size)
    own = np.linspace(0.5, 2, size).astype("float32")
    for weights in (None, own):
        batch = (x, y) if weights is None else (x, y, weights)
        batch = tf.nest.map_structure(tf.constant, batch)
        numbers = tf.range(replicas, dtype=tf.int64)
        pieces = [_replicas._piece(batch, number, replicas, True) for number in numbers]
        # What Keras computes: the mean of the means of every replica.
        mean = np.mean([np.mean(a.numpy() * w.loss.numpy()) for a, _, w in pieces])
        assert mean == pytest.approx(np.mean(x * (1 if weights is None else own)), rel=1e-5)
        sizes = [len(a) for a, _, _ in pieces]
        assert min(sizes) >= 1
        assert max(sizes) - min(sizes) <= 1
        if size >= replicas:
            np.testing.assert_array_equal(np.concatenate([a for a, _, _ in pieces]), x)


def test_what_changed_in_callbacks_comes_back():
    def new():
        stop = keras.callbacks.EarlyStopping("loss", patience=2, restore_best_weights=True)
        every = [stop, keras.callbacks.LambdaCallback(), keras.callbacks.EarlyStopping("loss")]
        every = _callbacks.Throughout(every, None)
        every.begin()
        return stop, every

    stop, every = new()
    every.callbacks[2].wait = 7
    stop.wait, stop.best, stop.best_epoch = 2, np.float32(0.5), 3
    stop.min_delta = -0.1  # as Keras turns the sign of what is a setting
    stop.best_weights = [np.arange(3.0), np.ones((2, 2), "float32")]
    values, arrays = every.state()
    values = json.loads(json.dumps(values))
    assert not {"patience", "min_delta"} & values["EarlyStopping0"].keys()
    other, every = new()
    every.restore(values, arrays)
    assert (other.wait, other.best, other.best_epoch) == (2, 0.5, 3)
    assert every.callbacks[2].wait == 7
    np.testing.assert_array_equal(other.best_weights[0], np.arange(3.0))


def test_the_way_around_the_fault_of_keras_makes_vectors_of_one_number(monkeypatch):
    monkeypatch.setattr(_keras_fault, "_is_present", lambda strategy: True)
    model = compiled()
    model.train_step = lambda data: {"loss": data, "accuracy": 2 * data}
    steps = _keras_fault.steps(model, None)
    assert sorted(steps) == ["test_step", "train_step"]
    logs = steps["train_step"](tf.constant(3.0))
    assert {name: value.numpy().tolist() for name, value in logs.items()} == {
        "loss": [3.0],
        "accuracy": [6.0],
    }


def test_changes_within_changes_come_back_one_by_one():
    thing = types.SimpleNamespace(step=1)
    with _steps.changed_for_now(thing, {"step": 2, "other": 3}):
        with _steps.changed_for_now(thing, {"step": 4}):
            assert vars(thing) == {"step": 4, "other": 3}
        assert vars(thing) == {"step": 2, "other": 3}
    assert vars(thing) == {"step": 1}


def test_the_way_around_the_fault_of_keras_is_for_several_workers_alone():
    assert _keras_fault.steps(compiled(), training.make_strategy("mirrored")) == {}


# All that needs two devices, in one process: they must be made before TensorFlow is used.
TWO_DEVICES = """
import json
import sys
import keras
import numpy as np
import tensorflow as tf

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)

from keras_cv_extras import data, training
from keras_cv_extras.training import _replicas, _strategy

digits = data.load("digits")
x, y = digits.train[0][:49], digits.train[1][:49]  # batches of 16, 16, 16 and 1
batches = lambda epoch: data.pipeline((x, y), 16, epoch=epoch)
validation = data.pipeline((x[:21], y[:21]), 8, shuffle=False, epoch=0)

def build(dropout=0.0):
    keras.utils.set_random_seed(7)
    images = keras.Input((8, 8, 1))
    z = keras.layers.Rescaling(1 / 255)(images)
    z = keras.layers.Conv2D(4, 3, kernel_regularizer="l2")(z)
    z = keras.layers.BatchNormalization(synchronized=True)(z)
    z = keras.layers.Dropout(dropout, seed=3)(z)
    z = keras.layers.GlobalAveragePooling2D()(z)
    model = keras.Model(images, keras.layers.Dense(10, dtype="float32")(z))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), loss, metrics=["accuracy"])
    return model

def run(strategy, model=build, **options):
    return training.fit(model, batches, epochs=2, strategy=strategy, progress=False,
                        **{"validation": validation, **options})

def worst(one, other):
    pairs = zip(one.model.get_weights(), other.model.get_weights(), strict=True)
    return max(float(np.abs(a - b).max()) for a, b in pairs)

found = {}
single, mirrored = run("none"), run("mirrored")
found["replicas"] = training.make_strategy("mirrored").num_replicas_in_sync
found["left"] = type(mirrored.model.distribute_strategy).__name__
found["built in the scope"] = worst(single, mirrored)
scores = zip(single.history["val_loss"], mirrored.history["val_loss"])
found["validation"] = max(abs(a - b) for a, b in scores)

given, file = build(), sys.argv[1] + "/best.keras"
done = run("mirrored", given, callbacks=[keras.callbacks.ModelCheckpoint(file)])
found["the model that was given"] = done.model is given
found["built before"] = worst(single, done)
found["saved meanwhile"] = worst(single, training.History({}, 0, 0, training.load_model(file)))

class Interrupt(keras.callbacks.Callback):
    def on_train_batch_begin(self, batch, logs=None):
        if self.model.optimizer.iterations == 7:
            raise KeyboardInterrupt

random = lambda: build(dropout=0.3)
saving = {"checkpoint": sys.argv[1] + "/checkpoint", "save_every": 2}
whole = run("mirrored", random)
try:
    run("mirrored", random, callbacks=[Interrupt()], **saving)
except KeyboardInterrupt:
    resumed = run("mirrored", random, **saving)
found["resumed at"] = resumed.resumed_at
found["resumed"] = worst(whole, resumed)
found["resumed history"] = resumed.history == whole.history

strategy = training.make_strategy("mirrored")
noise = lambda: keras.Sequential([keras.layers.Dropout(0.5, seed=1),
                                  keras.layers.GaussianNoise(1.0, seed=2)])
draw = lambda layers: layers(tf.ones((4, 100)), training=True)
with strategy.scope():
    layers = noise()
    layers.build((4, 100))
_replicas.part_random_numbers(layers, strategy, _strategy.place_of(strategy))
drawn = strategy.experimental_local_results(strategy.run(draw, args=(layers,)))
found["replica 0 draws as one device"] = bool(np.all(drawn[0] == draw(noise())))
found["same numbers on replica 1"] = float(np.mean(drawn[0] == drawn[1]))

keras.config.set_dtype_policy("mixed_float16")
mirrored = run("mirrored")
found["loss is scaled"] = isinstance(mirrored.model.optimizer, keras.optimizers.LossScaleOptimizer)
found["mixed precision"] = worst(run("none"), mirrored)
print(json.dumps(found))
"""


@pytest.mark.slow
def test_two_devices_equal_one(python, tmp_path):
    found = json.loads(python(TWO_DEVICES, tmp_path, timeout=900).splitlines()[-1])
    assert found["replicas"] == 2
    assert "Mirrored" not in found["left"]
    for name in ("built in the scope", "built before", "saved meanwhile", "validation"):
        assert found[name] <= 1e-6, name
    assert found["the model that was given"]
    assert found["resumed at"] == 1
    assert found["resumed"] == 0
    assert found["resumed history"]
    assert found["replica 0 draws as one device"]
    assert found["same numbers on replica 1"] < 0.01
    assert found["loss is scaled"]
    assert found["mixed precision"] <= 1e-2  # numbers of 11 bits


DATA_PARALLEL = """
import json
import keras
import numpy as np
from keras_cv_extras import data, training

digits = data.load("digits")
x, y = digits.train[0][:61], digits.train[1][:61]

def run():
    keras.utils.set_random_seed(7)
    images = keras.Input((8, 8, 1))
    z = keras.layers.Conv2D(4, 3, kernel_regularizer="l2")(keras.layers.Rescaling(1 / 255)(images))
    model = keras.Model(images, keras.layers.Dense(10)(keras.layers.GlobalAveragePooling2D()(z)))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), loss, metrics=["accuracy"])
    batches = lambda epoch: data.pipeline((x, y), 16, epoch=epoch)
    validation = data.pipeline((x[:21], y[:21]), 8, shuffle=False, epoch=0)
    return training.fit(model, batches, validation, epochs=2, progress=False)

one = run()
keras.distribution.set_distribution(keras.distribution.DataParallel())
two = run()
pairs = zip(one.model.get_weights(), two.model.get_weights(), strict=True)
print(json.dumps([len(keras.distribution.list_devices()),
                  max(float(np.abs(a - b).max()) for a, b in pairs)]))
"""


@pytest.mark.slow
def test_data_parallel_on_jax_equals_one_device(python):
    environment = {
        "KERAS_BACKEND": "jax",
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
    }
    lines = python(DATA_PARALLEL, environment=environment, timeout=900).splitlines()
    devices, difference = json.loads(lines[-1])
    assert devices == 2
    assert difference <= 1e-6
