"""What a training keeps of its callbacks and checkpoints, and how it goes on from there."""

import json
import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import training
from keras_cv_extras.training import _callbacks, _checkpoint, _clock


class Kept(keras.callbacks.Callback):
    """Has attributes of every kind, and counts what it is told."""

    def __init__(self):
        super().__init__()
        self.count, self.rate, self.name = 0, 0.5, "start"
        self.best, self.flag, self.none = np.float32(2.0), False, None
        self.weights, self.empty = [np.zeros(2)], []
        self.mixed, self.texts = [np.zeros(1), 3], [np.array(["a"])]
        self.min_delta = 1.0
        self.seen = []

    def on_train_begin(self, logs=None):
        self.seen.append("begin")

    def on_train_end(self, logs=None):
        self.seen.append("end")

    def on_train_batch_begin(self, batch, logs=None):
        self.seen.append(batch)

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append(-batch)


def throughout(*callbacks):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    return _callbacks.Throughout(callbacks, model)


def test_what_changed_in_a_callback_is_kept_and_nothing_else():
    one, other = Kept(), Kept()
    every = throughout(one, other)
    every.begin()
    assert every.state()[0].get("Kept0", {}) == {}
    one.count, one.name, one.flag, one.best = 3, "later", True, np.float32(1.5)
    one.none, one.rate, one.min_delta = 2, None, -1.0
    one.weights = [np.ones(2), np.arange(3)]
    one.mixed.append(4)
    one.texts = [np.array(["b"])]
    one.empty = []
    other.weights[0] += 1  # the same list as at the start
    values, arrays = every.state()
    assert values["Kept0"] == {
        "count": {"value": 3},
        "rate": {"value": None},
        "name": {"value": "later"},
        "best": {"value": 1.5},
        "flag": {"value": True},
        "none": {"value": 2},
        "weights": {"arrays": 2},
    }
    assert "Kept1" not in values
    assert sorted(arrays) == ["Kept0.weights.0", "Kept0.weights.1"]

    again = [Kept(), Kept()]
    resumed = throughout(*again)
    resumed.begin()
    resumed.restore(json.loads(json.dumps(values)), arrays)
    assert (again[0].count, again[0].rate, again[0].name) == (3, None, "later")
    assert (again[0].best, again[0].flag, again[0].none) == (1.5, True, 2)
    assert [item.tolist() for item in again[0].weights] == [[1, 1], [0, 1, 2]]
    assert (again[0].min_delta, again[1].count) == (1.0, 0)
    assert resumed.state()[0]["Kept0"] == values["Kept0"]  # it is kept once more
    fewer = throughout(keras.callbacks.TerminateOnNaN(), Kept())
    fewer.begin()
    fewer.restore(values, arrays)
    assert fewer.callbacks[1].count == 3


def test_a_number_that_is_none_is_the_same_as_before():
    callback = Kept()
    callback.rate = float("nan")
    every = throughout(callback)
    every.begin()
    assert "Kept0" not in every.state()[0]
    callback.count = True  # no 1
    assert every.state()[0]["Kept0"] == {"count": {"value": True}}


def test_a_training_begins_and_ends_once_and_counts_on():
    callback = Kept()
    every = throughout(callback)
    every.begin()
    for _ in range(2):
        every.on_train_begin()
        every.on_train_batch_begin(1)
        every.on_train_batch_end(1)
        every.on_train_end()
        every.first_batch = 5
    every.end()
    assert callback.seen == ["begin", 1, -1, 6, -6, "end"]


def diverged(model=None, loss=float("nan"), samples=None, labels=None):
    stop = _callbacks.StopWhenDiverged(lambda *place: samples, lambda *place: labels)
    stop.set_model(model or types.SimpleNamespace(output_shape=(None, 3)))
    stop.on_epoch_begin(4)
    stop.on_train_batch_end(0, {"loss": 1.0})
    with pytest.raises(training.DivergedError) as caught:
        stop.on_train_batch_end(6, {"loss": loss})
    assert caught.value.samples is samples
    return str(caught.value)


def test_what_is_said_of_a_loss_that_is_no_number():
    said = diverged(samples=list(range(25)))
    assert said.startswith("the training loss became nan in epoch 5, batch 7: lower the learning")
    listed = ", ".join(map(str, range(20)))
    assert said.endswith(f"Samples of the batch: {listed} and 5 more")
    assert diverged(samples=list(range(20))).endswith(f"batch: {listed}")
    assert "Samples" not in diverged(loss=float("-inf"))


@pytest.mark.parametrize(
    ("labels", "shape", "wrong"),
    [
        (np.array([0, 2]), (None, 3), None),
        (np.array([0, 3]), (None, 3), 3),
        (np.array([-1, 0]), (None, 3), -1),
        (np.array([2, 0]), (None, 2), 2),
        (np.array([5]), (None, 1), None),
        (np.array([5]), [(None, 3)], None),
        (np.eye(3) * 7, (None, 3), None),  # rows, of shares
    ],
)
def test_a_label_that_is_no_class_is_named(labels, shape, wrong):
    said = diverged(types.SimpleNamespace(output_shape=shape), labels=labels)
    assert (f"the label {wrong} is none of the model's classes" in said) == (wrong is not None)


def test_a_recorder_calls_what_waits_for_an_epoch_once():
    called, recorder = [], _callbacks.Recorder()
    recorder.at_begin(lambda: called.append(recorder.logs))
    for epoch in range(2):
        recorder.on_epoch_begin(epoch)
        assert called == [None]
        logs = {"loss": 1.0}
        recorder.on_epoch_end(epoch, logs)
        logs["loss"] = 2.0
        assert recorder.logs == {"loss": 1.0}


# Checkpoints

STATE = {"stopped": False, "history": {"loss": [1.0, float("inf")]}, "callbacks": {}}


def write(folder, *places):
    saved = _checkpoint.Checkpoints(folder)
    folder.mkdir(exist_ok=True)
    for epoch, step in places:
        saved.write({**STATE, "epoch": epoch, "step": step}, {"a": np.full(3, epoch)})
    return saved


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_last_two_checkpoints_are_kept(tmp_path):
    folder = tmp_path / "checkpoints"
    saved = write(folder, (0, 5), (1, 0), (2, 7))
    assert names(folder) == ["000001-000000000", "000002-000000007"]
    assert saved.newest() == "000002-000000007"
    assert training.trained_epochs(folder) == 2
    state, arrays = _checkpoint.Checkpoints(folder).read("000001-000000000")
    assert (state["epoch"], state["step"], state["history"]) == (1, 0, STATE["history"])
    assert arrays["a"].tolist() == [1, 1, 1]
    # One that goes on from an older one keeps that until there are two.
    resumed = _checkpoint.Checkpoints(folder)
    resumed.read("000001-000000000")
    resumed.write({**STATE, "epoch": 1, "step": 3}, {"a": np.ones(3)})
    assert names(folder) == ["000001-000000000", "000001-000000003"]


def test_no_checkpoint_at_all(tmp_path):
    assert _checkpoint.Checkpoints(tmp_path / "none").newest() is None
    assert training.trained_epochs(tmp_path / "none") == 0


def test_a_checkpoint_belongs_to_its_name_and_its_arrays(tmp_path):
    folder = tmp_path / "checkpoints"
    write(folder, (1, 0), (2, 0))
    digests = {_checkpoint.Checkpoints(folder).digest(name) for name in names(folder)}
    assert {len(digest) for digest in digests} == {32}
    assert len(digests) == 2
    (folder / "000002-000000000").rename(folder / "000003-000000000")
    with pytest.warns(UserWarning, match="of another checkpoint than its folder's name"):
        assert _checkpoint.Checkpoints(folder).newest() == "000001-000000000"


@pytest.mark.parametrize("name", ["epoch", "step", "stopped", "history", "callbacks", "sha256"])
def test_a_state_without_one_of_its_fields_is_damaged(tmp_path, name):
    folder = tmp_path / "checkpoints"
    write(folder, (2, 0))
    path = folder / "000002-000000000" / "state.json"
    state = json.loads(path.read_text())
    del state[name]
    path.write_text(json.dumps(state))
    with pytest.raises(ValueError, match=f"no checkpoint there is whole.*{name}"):
        training.trained_epochs(folder)
    with pytest.raises(ValueError, match=f"^a damaged checkpoint, .*{name}"):
        _checkpoint.Checkpoints(folder).read("000002-000000000")


def test_a_checkpoint_that_cannot_be_written_says_what_is_there(tmp_path):
    folder = tmp_path / "checkpoints"
    saved = _checkpoint.Checkpoints(folder)
    folder.write_text("a file in the way")
    state = {**STATE, "epoch": 1, "step": 0}
    with pytest.raises(OSError, match=r"could not be written \(.+\); none is there"):
        saved.write(state, {})
    folder.unlink()
    saved = write(folder, (0, 1))
    (folder / "000001-000000000").write_text("another file")
    with pytest.raises(OSError, match=r"could not be written \(.+\); 000000-000000001 is still t"):
        saved.write(state, {})


def test_variables_are_those_of_the_model():
    variables = [keras.Variable([1.0, 2.0]), keras.Variable([[3.0]])]
    groups = {"model": variables, "optimizer": [keras.Variable(7.0)]}
    arrays = _checkpoint.read_variables(groups)
    assert sorted(arrays) == ["model.0", "model.1", "optimizer.0"]
    zeros = {name: np.zeros_like(value) for name, value in arrays.items()}
    _checkpoint.write_variables(groups, zeros, "x")
    assert not any(np.any(value) for value in _checkpoint.read_variables(groups).values())
    for changes, number, first in (
        ({"model.0": np.zeros(3)}, 1, "model.0"),
        ({"model.0": np.zeros((1, 2)), "model.1": np.zeros((2, 1))}, 2, "model.0"),
        ({"model.2": np.zeros(1)}, 1, "model.2"),
    ):
        message = rf"x: a checkpoint of another model .*\({number} of 3 .* first is {first}\)"
        with pytest.raises(ValueError, match=message):
            _checkpoint.write_variables(groups, {**arrays, **changes}, "x")
    with pytest.raises(ValueError, match=r"\(1 of 3 variables differ, the first is model\.1\)"):
        _checkpoint.write_variables(groups, {k: arrays[k] for k in ("model.0", "optimizer.0")}, "x")
    assert not any(np.any(value) for value in _checkpoint.read_variables(groups).values())
    _checkpoint.write_variables(groups, arrays, "x")
    np.testing.assert_array_equal(groups["model"][0], [1.0, 2.0])


def test_half_floats_come_back_from_their_bytes():
    groups = {"model": [keras.Variable([1.5, -2.0], dtype="bfloat16")]}
    arrays = {k: v.view("V2") for k, v in _checkpoint.read_variables(groups).items()}
    groups["model"][0].assign([0.0, 0.0])
    _checkpoint.write_variables(groups, arrays, "x")
    np.testing.assert_array_equal(keras.ops.cast(groups["model"][0], "float32"), [1.5, -2.0])


def test_a_fingerprint_of_arrays_goes_by_names_and_values():
    one = {"a": np.arange(3), "b": np.ones(2)}
    found = _checkpoint.sha256_of(one)
    assert found == _checkpoint.sha256_of(dict(reversed(one.items())))
    assert found == _checkpoint.sha256_of({**one, "a": np.arange(6)[::2] // 2})
    others = [{"b": one["b"]}, {"c": one["a"], "b": one["b"]}, {**one, "b": np.zeros(2)}]
    assert found not in [_checkpoint.sha256_of(other) for other in others]


# The clock


@pytest.fixture
def clock(monkeypatch):
    """An input clock, and a function that moves the time on."""
    now = [100.0]
    monkeypatch.setattr(_clock.time, "perf_counter", lambda: now[0])

    def wait(seconds):
        now[0] += seconds

    return _clock.InputClock({"input": "Buy more."}), wait


def test_validation_does_not_count(clock):
    measured, wait = clock
    for epoch, (waited, validations) in enumerate([(1.0, [2.0]), (2.0, [5.0, 1.0]), (50.0, [])]):
        measured.on_epoch_begin(epoch)
        measured._sums.assign(tf.constant([waited, 80.0], tf.float64))
        wait(4.0)
        for seconds in validations:
            measured.on_test_begin()
            wait(seconds)
            measured.on_test_end()
        logs = {}
        measured.on_epoch_end(epoch, logs)
        assert logs == {"images_per_second": 20.0, "input_wait": min(waited / 4.0, 1.0)}
    assert measured.waits == [0.25, 0.5, 1.0]
    assert measured.verdict().startswith("20 images/s, input-bound: 75% of the time is spent")
    assert measured.verdict().endswith("Buy more.")


def test_an_epoch_without_images_is_not_measured(clock):
    measured, wait = clock
    measured.on_epoch_begin(0)
    wait(1.0)
    logs = {}
    measured.on_epoch_end(0, logs)
    assert logs == {}
    assert measured.verdict() == "No epoch was measured."
    measured._sums.assign(tf.constant([1.0, 8.0], tf.float64))
    measured.on_epoch_begin(1)
    assert measured._sums.numpy().tolist() == [0, 0]


@pytest.mark.parametrize(
    ("waits", "said"),
    [
        ([0.9], "input-bound: 90%"),
        ([0.9, 0.15], "compute-bound: the input is waited for 15.0%"),
        ([0.0, 0.1, 0.3], "input-bound: 20%"),
    ],
)
def test_the_first_epoch_counts_if_it_is_the_only_one(clock, waits, said):
    measured, _ = clock
    measured.waits, measured.rates = waits, [1000.0 * (1 + place) for place in range(len(waits))]
    rate = np.mean(measured.rates[1:] or measured.rates)
    assert measured.verdict().startswith(f"{rate:,.0f} images/s, {said}")
    if "compute" in said:
        assert "A smaller network or image size" in measured.verdict()


def test_every_batch_is_timed():
    measured = _clock.InputClock()
    batches = tf.data.Dataset.from_tensors((tf.zeros((4, 2)), tf.zeros(4))).repeat(3)
    watched = measured.watch(batches)
    assert watched.element_spec == batches.element_spec
    assert len(list(watched)) == 3
    waited, images = measured._sums.numpy()
    assert images == 12
    assert 0 < waited < 5
