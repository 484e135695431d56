import json
import os
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import data, policy, training


@pytest.fixture(scope="module")
def digits():
    return data.load("digits")


def batches_of(digits, seed=0):
    """Two batches of one size: every program is compiled once."""
    chosen, few = policy.flip_crop(flip=False), (digits.train[0][:96], digits.train[1][:96])
    return lambda epoch: data.pipeline(few, 48, policy=chosen, seed=seed, epoch=epoch)


def new_model():
    keras.utils.set_random_seed(1)
    layers = [keras.layers.Rescaling(1 / 255), keras.layers.Flatten(), keras.layers.Dense(10)]
    return keras.Sequential([keras.Input((8, 8, 1)), *layers])


def test_small_cnn_learns_digits(digits):
    keras.utils.set_random_seed(1)
    model = training.small_cnn((8, 8, 1), 10, width=8)
    history = training.fit(model, data.pipeline(digits.train, 64), epochs=10, progress=False)
    assert history.epochs == 10
    assert len(history.history["loss"]) == 10
    scores = training.evaluate(model, *digits.test, digits.class_names)
    assert scores.accuracy > 0.9


@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1), (32, 32, 3), (224, 160, 3), (1, 1, 3)])
def test_small_cnn_takes_any_size(shape):
    model = training.small_cnn(shape, 4)
    images = np.zeros((2, *shape), "uint8")
    assert model(images).shape == (2, 4)
    assert model.count_params() < 120_000


@pytest.mark.wide
def test_resumed_training_equals_uninterrupted(digits, tmp_path):
    whole = new_model()
    training.compile_model(whole, steps=4)
    uninterrupted = training.fit(whole, batches_of(digits), epochs=2, progress=False)
    for number, epochs in enumerate((1, 2)):  # as two processes would
        part = new_model()
        training.compile_model(part, steps=4)
        resumed = training.fit(
            part, batches_of(digits), epochs=epochs, checkpoint=tmp_path, progress=False
        )
        assert resumed.resumed_at == number
    assert resumed.history == uninterrupted.history
    for one, other in zip(part.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.mark.wide
def test_a_schedule_is_computed_once_in_a_step(digits):
    class Counted(keras.optimizers.schedules.CosineDecay):
        calls = 0

        def __call__(self, step):
            type(self).calls += 1
            return super().__call__(step)

    def prepared():
        model = new_model()
        rate = Counted(0.01, 3, warmup_target=0.1, warmup_steps=2)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.AdamW(rate, weight_decay=0.1), loss, jit_compile=False)
        return model

    plain, ours = prepared(), prepared()
    plain.fit(batches_of(digits)(0), shuffle=False, verbose=0)
    by_keras, Counted.calls = Counted.calls, 0
    training.fit(ours, batches_of(digits), epochs=1, strategy="none", progress=False)
    assert Counted.calls == 1 < by_keras  # two variables, the decay of each, and the step
    for one, other in zip(ours.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert vars(ours.optimizer).keys() == vars(plain.optimizer).keys()  # as it was


@pytest.mark.wide
def test_a_torn_checkpoint_is_named(digits, tmp_path):
    training.fit(new_model(), batches_of(digits), epochs=1, checkpoint=tmp_path, progress=False)
    (arrays,) = tmp_path.glob("*/arrays.npz")
    arrays.write_bytes(arrays.read_bytes()[:1000])
    with pytest.raises(ValueError, match="no checkpoint there is whole"):
        training.fit(new_model(), batches_of(digits), epochs=2, checkpoint=tmp_path)


KILLED = """
import sys
import keras
from keras_cv_extras import data, training
digits = data.load("digits")
keras.utils.set_random_seed(1)
model = training.small_cnn((8, 8, 1), 10, width=8)
history = training.fit(model, lambda epoch: data.pipeline(digits.train, 128, epoch=epoch),
                       epochs=int(sys.argv[2]), checkpoint=sys.argv[1])
print("resumed at", history.resumed_at, len(history.history["loss"]))
"""


def epochs_in(folder):
    return [int(path.name.split("-")[0]) for path in folder.glob("[0-9]*-[0-9]*")]


@pytest.mark.slow
def test_killed_training_goes_on(tmp_path, python):
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path), "1000"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 240
    while max(epochs_in(tmp_path), default=0) < 3:
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    epoch = max(epochs_in(tmp_path))
    printed = python(KILLED, tmp_path, epoch + 2).splitlines()[-1]
    at, length = (int(word) for word in printed.split()[2:])
    assert at >= 3
    assert length == epoch + 2


def test_nonsense_stops_with_one_clear_error(digits):
    model = new_model()
    images = np.full((64, 8, 8, 1), np.inf, "float32")
    dataset = tf.data.Dataset.from_tensor_slices((images, np.zeros(64, "int32"))).batch(32)
    with pytest.raises(training.DivergedError, match="the training loss became nan in epoch 1"):
        training.fit(model, dataset, epochs=2, progress=False)
    with pytest.raises(ValueError, match="at least one batch, received an empty dataset"):
        training.fit(new_model(), dataset.take(0), epochs=1)


def test_smoothed_crossentropy_equals_keras():
    logits = np.linspace(-3, 3, 24).reshape(6, 4).astype("float32")
    labels = np.array([0, 1, 2, 3, 0, 1])
    wanted = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)(
        np.eye(4)[labels], logits
    )
    loss = training.SmoothedCrossentropy(0.1)
    np.testing.assert_allclose(loss(labels, logits), wanted, rtol=1e-6)
    np.testing.assert_allclose(loss(labels[:, None], logits), wanted, rtol=1e-6)
    again = training.SmoothedCrossentropy.from_config(loss.get_config())
    assert again.label_smoothing == 0.1
    with pytest.raises(ValueError, match="label_smoothing must be in"):
        training.SmoothedCrossentropy(1.0)


def test_evaluation_equals_scikit_learn(digits):
    from sklearn import metrics

    model = new_model()
    images, labels = digits.test
    scores = training.evaluate(model, images, labels, digits.class_names)
    logits = model.predict(images, verbose=0)
    probabilities = np.asarray(keras.ops.softmax(logits))
    assert scores.accuracy == pytest.approx(metrics.accuracy_score(labels, logits.argmax(-1)))
    assert scores.log_loss == pytest.approx(metrics.log_loss(labels, probabilities), rel=1e-4)
    assert scores.low < scores.accuracy < scores.high
    assert scores.confusion.sum() == len(labels)
    assert scores.table().row_count == 10


def test_wilson_interval():
    # Newcombe 1998, Statistics in Medicine 17:857, table I: 81 of 263.
    low, high = training.wilson_interval(81 / 263, 263)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)


def test_evaluation_is_saved_and_checked(digits, tmp_path):
    model = new_model()
    images, labels = digits.test
    training.evaluate(model, images, labels, digits.class_names).save(tmp_path / "scores.json")
    assert 0 <= json.loads((tmp_path / "scores.json").read_text())["accuracy"] <= 1
    with pytest.raises(ValueError, match="class_names 3"):
        training.evaluate(model, images, labels % 3, ["a", "b", "c"])
    with pytest.raises(ValueError, match=r"labels must lie in \[0, 10\)"):
        training.evaluate(model, images, labels + 5, digits.class_names)
    with pytest.raises(ValueError, match="at least one"):
        training.evaluate(model, images[:0], labels[:0], digits.class_names)


def test_models_are_saved_and_loaded(tmp_path):
    model = new_model()
    training.save_model(model, tmp_path / "model.keras")
    images = np.arange(128, dtype="uint8").reshape(2, 8, 8, 1)
    np.testing.assert_array_equal(
        training.load_model(tmp_path / "model.keras")(images), model(images)
    )
    with pytest.raises(ValueError, match="must end in .keras"):
        training.save_model(model, tmp_path / "model.h5")
    with pytest.raises(FileNotFoundError, match="other.keras: no such file"):
        training.load_model(tmp_path / "other.keras")
    (tmp_path / "torn.keras").write_bytes(b"PK")
    with pytest.raises(ValueError, match="torn.keras: not a model"):
        training.load_model(tmp_path / "torn.keras")


class Traced(keras.layers.Layer):
    """Counts the programs that train with it."""

    count = 0

    def call(self, x, training=None):
        Traced.count += bool(training)
        return x


def test_a_training_is_traced_once():
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), Traced()])
    model.add(keras.layers.Dense(10))
    training.compile_model(model)
    images, labels = data.load("digits").train
    train = data.pipeline((images[:32], labels[:32]), 16)
    training.fit(model, train, train, epochs=2, progress=False)
    assert Traced.count == 1
