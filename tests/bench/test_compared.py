"""What is measured against each other is the same work, and all of it is counted."""

import inspect
import io
import itertools
import json
import types

import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import bench, layers, mix, policy
from keras_cv_extras.bench import (
    _contestants,
    _input,
    _input_peers,
    _losses,
    _measure,
    _mixes,
    _ops,
    _peers,
    _policies,
    _pooling,
)


@pytest.mark.parametrize(
    "name", ["log, one-hot", "log, integer", "focal, softmax", "hinge", "Huber"]
)
def test_losses_that_are_compared_have_one_value(name):
    ours, of_keras, kind = _losses.cases()[name]
    predictions, labels = _losses._data(tf, kind)
    found, wanted = ours()(labels, predictions), of_keras()(labels, predictions)
    np.testing.assert_allclose(found, wanted, rtol=1e-4)


def test_labels_are_of_the_kind_that_a_loss_takes():
    _, some = _losses._data(tf, "multi-label")
    assert set(np.unique(some)) == {0, 1}
    assert 0.05 < np.mean(some) < 0.15, "a few labels for each sample"
    assert set(np.unique(_losses._data(tf, "sign")[1])) == {-1, 1}
    cosines, _ = _losses._data(tf, "cosines")
    assert np.abs(cosines).max() < 1


@pytest.mark.parametrize(("window", "step"), _pooling.WINDOWS)
def test_plain_expressions_are_what_the_layers_give(window, step):
    maps = np.random.default_rng(0).uniform(0.1, 2, (1, 7, 7, 2)).astype("float32")
    for name, plain in _pooling._plain_pooling(window, step).items():
        layer = getattr(layers, name)(window, step)
        np.testing.assert_allclose(plain(maps), layer(maps), rtol=1e-4, err_msg=name)


def test_policies_are_those_that_their_names_say():
    def chosen(name):
        return inspect.getclosurevars(_contestants._policy_function(name)).nonlocals["chosen"]

    assert chosen("rand_augment") == policy.rand_augment(2, 0.5)
    cutout = policy.Policy([[policy.Step("cutout", 1.0, 0.5)]])
    wanted = policy.flip_crop() + policy.rand_augment(2, 0.5) + cutout
    assert chosen("flip_crop_rand_cutout") == wanted
    function = _contestants._op_function("posterize")()
    one = inspect.getclosurevars(function).nonlocals["chosen"]
    assert one == policy.Policy([[policy.Step("posterize", 1.0, 0.5)]])


def test_mixes_are_those_that_their_names_say():
    def chosen(name):
        return type(inspect.getclosurevars(_mixes.own(name)).nonlocals["chosen"])

    assert {name: chosen(name) for name in _mixes.MIXES} == {
        "mixup": mix.MixUp,
        "cutmix": mix.CutMix,
        "fmix": mix.FMix,
        "mosaic": mix.Mosaic,
    }


def test_a_short_function_is_called_several_times_at_once(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(_contestants.time, "perf_counter", lambda: now[0])

    def runs(seconds):
        calls = object.__new__(_contestants.Calls)
        calls._make = lambda: None
        calls._call = lambda runs: now.__setitem__(0, now[0] + seconds)
        calls.start()
        return calls._runs

    assert [runs(0.01), runs(1.0)] == [16, 1]


def test_batches_that_were_made_ahead_do_not_count(monkeypatch):
    now, taken = [0.0], []
    for module in (_peers, _input_peers):
        monkeypatch.setattr(module.time, "perf_counter", lambda: now[0])

    def batches():
        for number in itertools.count():
            taken.append(number)
            now[0] += 0.25
            yield np.zeros((4, 1)), None

    stream = object.__new__(_peers.Stream)
    stream._iterator, stream._cores, stream._images = batches(), 2, np.zeros((4, 1))
    assert stream.measure(1.0) == (16, 1.0)
    assert len(taken) == 4 + (2 + 2), "calls in flight, and those of the prefetch"
    files = object.__new__(_input_peers.Batches)
    files._batches = batches()
    files.start()
    assert files.measure(1.0) == (16, 1.0)


def test_processes_of_a_loop_are_added_up(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(_peers.time, "perf_counter", lambda: now[0])
    loop = object.__new__(_peers.Loop)
    loop._cores = 3

    def work(function, seconds, chunksize):
        now[0] += 2
        return [10, 20, 30][: len(seconds)]

    loop._pool = types.SimpleNamespace(map=work)
    assert loop.measure(2.0) == (60, 2.0)


def test_the_slowest_op_stands_first_and_a_failure_is_said():
    row = {"size": 32, "copies": 2.0, "first_call_seconds": 0.5}
    rows = [
        {**row, "op": "fast", "microseconds_per_image": 1.0, "peers": {"keras": {"ratio": 3.0}}},
        {**row, "op": "slow", "microseconds_per_image": 9.0, "peers": {"keras": {"failed": "x"}}},
    ]
    table = _ops._table(rows)
    assert list(table.columns[1].cells) == ["slow", "fast"]
    assert list(table.columns[-1].cells) == ["failed", "3 x"]


def test_tables_of_policies_hold_rows_of_their_own_cores():
    row = {"version": "1", "size": 32, "status": "failed: x", "contestant": "keras"}
    tables = list(_policies._tables([{**row, "cores": cores} for cores in (1, 2)]))
    assert [table.row_count for table in tables] == [1, 1]


class Started:
    """Stands for a process that is measured; notes which were started, and for how many turns."""

    made: list[list[int]] = []

    def __init__(self, size, batch_size, cpus):
        self.made.append(cpus)
        self.rates = iter([9.0, 10.0, 30.0, 20.0])

    def ask(self, do, name, **options):
        if do != "measure":
            return {"version": "1", "seconds": 0.5}
        return {"images": 6, "seconds": 6 / next(self.rates)}

    def close(self):
        pass


def test_input_is_compared_once_for_the_same_cores(monkeypatch, capsys):
    monkeypatch.setattr(_measure, "Measured", Started)
    monkeypatch.setattr(Started, "made", [])
    monkeypatch.setattr(_measure, "available_cpus", lambda: [3])
    rows = bench.run_input(32, 8, (1, "all"), ("keras",), 0.1, repeats=3)
    assert Started.made == [[3]] * 2
    assert [row["images_per_second"] for row in rows] == pytest.approx([20, 20])
    rows[1]["ratio"] = 4.0
    assert list(_input._table(rows).columns[-1].cells)[1] == "4 x as fast"
    monkeypatch.setattr(Started, "ask", lambda *_, **__: {"failed": "no memory"})
    with pytest.raises(RuntimeError, match="this library failed: no memory"):
        bench.run_input(32, 8, (1,), (), 0.1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seconds": 0}, "seconds must be above 0"),
        ({"repeats": 0}, "repeats must be at least 1"),
        ({"crop": "middle"}, "crop must be one of"),
        ({"side": 8}, "side must be at least 16"),
    ],
)
def test_wrong_arguments_of_the_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        bench.run_input(**arguments)


def test_a_short_measurement_warms_up_shortly():
    asked = []

    def ask(do, name, seconds):
        asked.append(seconds)
        return {"images": 1, "seconds": 1.0}

    _measure.take_turns([(types.SimpleNamespace(ask=ask), "a")], 0.1, 1)
    assert asked == [0.1, 0.1]


def test_a_process_that_ended_is_quoted_with_its_last_words(monkeypatch):
    said = io.BytesIO(b"warning: x\nKeyError: 'op'\n\n")

    def popen(command, **_):
        given = {"stdin": io.StringIO(), "stdout": io.StringIO(), "poll": lambda: 1}
        return types.SimpleNamespace(**given, wait=lambda: 1)

    monkeypatch.setattr(_measure.subprocess, "Popen", popen)
    monkeypatch.setattr(_measure.supervise, "file_in_memory", lambda: said)
    process = _measure.Measured(32, 4, [0])
    with pytest.raises(RuntimeError, match="^KeyError: 'op'$"):
        process.receive()


def test_a_report_does_not_replace_what_is_not_its_own(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text("{}")
    with pytest.raises(FileExistsError):
        _measure.write_report(path, "ops", [])
    assert path.read_text() == "{}"
    path.unlink()
    _measure.write_report(path, "ops", [])
    assert "\t" not in json.loads(path.read_text())["processor"]
