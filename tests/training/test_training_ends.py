"""Trainings end as they should: by signals, with datasets without an end, with rates set twice."""

import os
import signal
import threading

import keras
import keras_tuner as kt
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import search, training
from keras_cv_extras._base import supervise

IMAGES = np.arange(12 * 4, dtype="float32").reshape(12, 2, 2, 1), np.arange(12) % 3


def network(rate=1e-2):
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [keras.Input((2, 2, 1)), keras.layers.Flatten(), keras.layers.Dense(3)], name="flat"
    )
    if rate is not None:
        model.compile(
            keras.optimizers.Adam(rate), training.SmoothedCrossentropy(), metrics=["accuracy"]
        )
    return model


def batches():
    return tf.data.Dataset.from_tensor_slices(IMAGES).batch(2)


class Signal(keras.callbacks.Callback):
    """Sends this process a signal in a batch, counted from 1, of the second epoch."""

    def __init__(self, number, batch, times=1):
        super().__init__()
        self.number, self.batch, self.times = number, batch, times
        self.epoch = 0

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_begin(self, batch, logs=None):
        if (self.epoch, batch + 1) == (1, self.batch):
            for _ in range(self.times):
                os.kill(os.getpid(), self.number)


def fit(folder, *callbacks, epochs=3, train=None):
    return training.fit(
        network(),
        batches() if train is None else train,
        epochs=epochs,
        callbacks=callbacks,
        checkpoint=folder,
        progress=False,
    )


@pytest.fixture(scope="module")
def whole():
    return fit(None)


@pytest.mark.wide_but("15-Ended-4-000001-000000004")
@pytest.mark.parametrize(
    ("number", "kind", "batch", "newest"),
    [
        (signal.SIGINT, KeyboardInterrupt, 4, "000001-000000004"),
        (signal.SIGTERM, supervise.Ended, 4, "000001-000000004"),
        (signal.SIGHUP, supervise.Ended, 6, "000002-000000000"),
    ],
)
def test_a_signal_has_a_checkpoint_written(tmp_path, whole, number, kind, batch, newest):
    handlers = [signal.getsignal(item) for item in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    with pytest.raises(kind) as caught:
        fit(tmp_path, Signal(number, batch))
    if kind is supervise.Ended:
        assert caught.value.code == 128 + number
    assert handlers == [
        signal.getsignal(item) for item in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    ]
    assert max(path.name for path in tmp_path.glob("0*")) == newest
    resumed = fit(tmp_path)
    assert resumed.history == whole.history
    for one, other in zip(resumed.model.get_weights(), whole.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.wide
def test_a_second_signal_ends_at_once(tmp_path):
    with pytest.raises(supervise.Ended):
        fit(tmp_path, Signal(signal.SIGTERM, 4, times=2))
    assert max(path.name for path in tmp_path.glob("0*")) == "000001-000000000"


@pytest.mark.wide
@pytest.mark.filterwarnings("ignore:Your input ran out of data")  # Keras', of every such dataset
def test_a_dataset_of_unknown_length_begins_its_epoch_anew(tmp_path):
    unknown = batches().filter(lambda images, labels: True)
    with pytest.raises(supervise.Ended):
        fit(tmp_path, Signal(signal.SIGTERM, 4), train=unknown)
    assert max(path.name for path in tmp_path.glob("0*")) == "000001-000000000"
    assert fit(tmp_path, train=unknown).history == fit(None, train=unknown).history


@pytest.mark.wide
def test_ignored_signals_stay_ignored_and_other_threads_hear_none(tmp_path):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        fit(tmp_path, Signal(signal.SIGHUP, 4))
    finally:
        signal.signal(signal.SIGHUP, before)
    thread = threading.Thread(target=fit, args=(tmp_path,), kwargs={"epochs": 4})
    thread.start()
    thread.join()
    assert training.trained_epochs(tmp_path) == 4


@pytest.mark.parametrize("name", ["train", "validation"])
def test_a_dataset_without_an_end_is_refused(name):
    parts = {"train": batches(), "validation": batches(), name: batches().repeat()}
    with pytest.raises(ValueError, match=f"{name} repeats forever"):
        training.fit(network(), **parts, epochs=1, progress=False)
    with pytest.raises(ValueError, match=f"{name} repeats forever"):
        training.fit(network(None), **parts, epochs=1, progress=False)


@pytest.mark.wide
def test_callbacks_that_set_the_rate():
    def halved(epoch, rate):
        return rate / 2

    rules = (
        keras.callbacks.LearningRateScheduler(halved),
        keras.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=100),
    )
    for rule in rules:
        done = training.fit(
            network(None), batches(), epochs=4, callbacks=[rule], progress=False, learning_rate=0.01
        )
        assert float(done.model.optimizer.learning_rate) < 0.006
        model = network(keras.optimizers.schedules.CosineDecay(0.01, 100))
        with pytest.raises(ValueError, match="sets the learning rate, and so does the schedule"):
            training.fit(model, batches(), epochs=4, callbacks=[rule])


def own_loss(y_true, y_pred):
    return keras.losses.sparse_categorical_crossentropy(y_true, y_pred, from_logits=True)


def test_a_model_with_a_loss_of_its_own_loads_without_it(tmp_path):
    model = network()
    model.compile("sgd", own_loss)
    training.save_model(model, tmp_path / "model.keras")
    loaded = training.load_model(tmp_path / "model.keras", compile=False)
    found = training.evaluate(loaded, *IMAGES, ("a", "b", "c"))
    assert found.confusion.sum() == 12
    with pytest.raises(ValueError, match=r"model.keras: not a model that can be loaded"):
        training.load_model(tmp_path / "model.keras")


def test_an_objective_that_no_trial_reports_is_found_at_once(tmp_path):
    oracle = kt.oracles.RandomSearchOracle(
        "val_loss", max_trials=2, hyperparameters=search.policy_space()
    )
    images = np.zeros((40, 8, 8, 1), np.uint8), np.arange(40) % 2
    with pytest.raises(ValueError, match="must be one of val_accuracy, val_log_loss"):
        search.search_policy(
            images, network, directory=tmp_path / "s", oracle=oracle, train_size=10
        )
    assert list(tmp_path.iterdir()) == []


def test_the_command_line_says_how_it_was_ended(monkeypatch, capsys):
    from keras_cv_extras import cli

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        name = signal.Signals(number).name
        monkeypatch.setattr(cli, "app", lambda number=number: os.kill(os.getpid(), number))
        with pytest.raises(SystemExit) as caught:
            cli.main()
        assert caught.value.code == 128 + number
        assert capsys.readouterr().err == (
            f"ended by {name}: start the same command again to go on\n"
        )
