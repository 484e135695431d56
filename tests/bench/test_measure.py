"""How measurements take turns and are compared, with processes that only count."""

import io
import json
import types

import numpy as np
import pytest
from rich.console import Console

from keras_cv_extras import bench
from keras_cv_extras.bench import (
    _contestants,
    _images,
    _input,
    _losses,
    _measure,
    _ops,
    _peers,
    _policies,
    _pooling,
    _repeated,
    _worker,
)


class Process:
    """Stands for a measured process: every measurement of it takes as long as it is told."""

    def __init__(self, asked, rates, answers=None):
        self.asked, self.rates, self.answers = asked, rates, answers or {}

    def ask(self, do, **arguments):
        if do != "measure":
            return self.answers.get((do, arguments["name"]), {"seconds": 0.5, "version": "1"})
        self.asked.append((arguments["name"], arguments["seconds"]))
        return {"images": 6, "seconds": 6 / self.rates[arguments["name"]].pop(0)}


def test_contestants_take_turns_in_both_orders():
    asked = []
    process = Process(asked, {"a": [9, 1, 2, 3], "b": [9, 10, 20, 40]})
    rates = _measure.take_turns([(process, "a"), (process, "b")], 2.0, 3)
    assert [name for name, _ in asked] == ["a", "b", "a", "b", "b", "a", "a", "b"]
    # The first measurement warms up, and does not count.
    assert [seconds for _, seconds in asked] == [0.5, 0.5] + [2.0] * 6
    assert rates["a"] == pytest.approx([1, 2, 3])
    assert rates["b"] == pytest.approx([10, 20, 40])
    assert _measure.ratio(rates["b"], rates["a"]) == pytest.approx(10)
    assert _measure.ratio([4, 1, 9], [1, 2, 3]) == 3


def test_what_is_known_is_told_before_the_end():
    said, steps = [], []
    process = Process([], {"a": [9, 1, 2], "b": [1234.4, 10, 20]})

    def tell(line=None):
        steps.append(line)
        said.extend([line] if line else [])

    _measure.take_turns([(process, "a"), (process, "b")], 2.0, 2, tell)
    assert said == ["a: 9 images/s so far", "b: 1,234 images/s so far"]
    assert steps[:2] == said, "before the first turn"
    assert len(steps) == 2 * (1 + 2)
    page = io.StringIO()
    console = Console(file=page, width=40)
    with _measure.telling(console, "32 x 32 pixels", 2) as tell:
        tell("keras: 24 images/s so far")
        tell()
        assert page.getvalue() == "keras: 24 images/s so far\n", "no bar where there is no terminal"
    terminal = io.StringIO()
    console = Console(file=terminal, width=80, force_terminal=True)
    with _measure.telling(console, "32 x 32 pixels", 2) as tell:
        tell("a line")
    assert "32 x 32 pixels" in terminal.getvalue()
    assert "a line" in terminal.getvalue()


def test_rows_of_ops():
    rates = {
        "op:invert": [0, 10, 20, 30],
        "keras:invert": [0, 5, 4, 10],
        "op:copy": [0, 50, 60, 90],
    }
    rates = {name: [value or 9 for value in values] for name, values in rates.items()}
    answers = {
        ("attempt", "torchvision:invert"): {"failed": "KeyError"},
        ("attempt", "kornia:invert"): {"missing": "kornia"},
    }
    process = Process([], rates, answers)
    names = ("op", "keras", "torchvision", "kornia")
    row = _ops._row("invert", dict.fromkeys(names, process), 32, 8, 1.0, 3)
    assert row["images_per_second"] == pytest.approx(20)
    assert row["microseconds_per_image"] == pytest.approx(50_000)
    assert row["copies"] == pytest.approx(3)  # of 5, 3 and 3 times as fast
    assert row["first_call_seconds"] == 0.5
    assert row["peers"] == {
        "keras": {"version": "1", "images_per_second": pytest.approx(5), "ratio": pytest.approx(3)},
        "torchvision": {"failed": "KeyError"},
    }


def test_what_is_said_of_a_row():
    row = {"contestant": "timm", "version": "1.0", "status": "measured", "ratio": 1.234}
    row |= {"images_per_second": 2000.0, "turns": [1900.0, 2000.0, 2300.0]}
    row |= {"first_batch_seconds": 1.25}
    cells = _policies._cells(row)
    assert cells == ("timm 1.0", "2,000", "20%", "1.2 s", "1.23 x as fast")
    failed = {**row, "contestant": "copy", "status": "failed: x"}
    assert _policies._cells(failed) == ("copy", "failed: x")

    def ask():
        raise RuntimeError("no memory")

    assert _policies._answer("timm", ask, None) == {"status": "failed: no memory"}
    with pytest.raises(RuntimeError, match="copy failed: no memory"):
        _policies._answer("copy", ask, None)


def test_cores(monkeypatch):
    monkeypatch.setattr(_measure, "available_cpus", lambda: [3, 5, 8])
    assert _measure.chosen_cpus("all") == [3, 5, 8]
    assert _measure.chosen_cpus(2) == [3, 5]
    assert _measure.chosen_cpus(3) == [3, 5, 8]
    with pytest.raises(ValueError, match="cores must be at most 3 on this machine, received 4"):
        _measure.chosen_cpus(4)


def test_sizes():
    assert _measure.batches_of([427, 32], {427: 1, 32: 8}) == {427: 1, 32: 8}
    with pytest.raises(ValueError, match="size must be at most 427"):
        _measure.batches_of([428], {428: 1})
    with pytest.raises(ValueError, match="batch size must be at least 1"):
        _measure.batches_of([32], {32: 0})


def test_the_report(tmp_path):
    _measure.write_report(tmp_path / "x.json", "ops", [{"op": "copy"}], seconds=2, repeats=3)
    report = json.loads((tmp_path / "x.json").read_text())
    assert (report["benchmark"], report["rows"]) == ("ops", [{"op": "copy"}])
    assert (report["seconds"], report["repeats"]) == (2, 3)
    assert report["cores"] == len(_measure.available_cpus())
    assert report["processor"]


def test_a_function_in_a_loop_counts_its_images(monkeypatch):
    now, called = [0.0], []
    monkeypatch.setattr(_repeated.time, "perf_counter", lambda: now[0])

    def function(item):
        called.append(item)
        now[0] += 0.25

    loop = _repeated.Repeated(function, ["a", "b"], 8, "1.0")
    loop.start()
    assert called == ["a"]
    # Whole passes of half a second, until the time is over.
    assert loop.measure(1.2) == (24, 1.5)


def test_work_ahead_has_ended_before_the_next_turn(monkeypatch):
    now, busy = [0.0], [0.0, 1.0, 2.0, 2.001]
    monkeypatch.setattr(_worker.time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    monkeypatch.setattr(_worker.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(_worker.time, "process_time", lambda: busy.pop(0))
    _worker.settle(interval=0.02)
    assert now[0] == pytest.approx(0.06)
    assert busy == []


def test_a_measured_process_answers_when_its_work_has_ended(monkeypatch):
    """What it began ahead would slow the contestant whose turn is next."""
    done, answers = [], io.StringIO()
    contestant = types.SimpleNamespace(
        version="1.0",
        start=lambda: done.append("start"),
        measure=lambda seconds: done.append("measure") or (8, seconds),
    )
    monkeypatch.setattr(
        _contestants, "load", lambda name, images, cores: done.append(cores) or contestant
    )
    monkeypatch.setattr(_images, "photographs", lambda size, count: None)
    monkeypatch.setattr(_worker, "settle", lambda: done.append("settle"))
    channels = {"dup": int, "dup2": lambda *_: None, "fdopen": lambda *_, **__: answers}
    channels["sched_setaffinity"] = lambda process, cpus: done.append(cpus)
    monkeypatch.setattr(_worker, "os", types.SimpleNamespace(**channels))
    job = {"cpus": [0, 3], "size": 4, "batch_size": 8}
    monkeypatch.setattr(_worker.sys, "argv", ["worker", json.dumps(job)])
    orders = [{"do": "attempt", "name": "own"}, {"do": "measure", "name": "own", "seconds": 2.0}]
    monkeypatch.setattr(_worker.sys, "stdin", map(json.dumps, orders))
    _worker.main()
    first, second = map(json.loads, answers.getvalue().splitlines())
    assert first["version"] == "1.0"
    assert second == {"images": 8, "seconds": 2.0}
    assert done == [[0, 3], 2, "start", "measure", "settle"]


def test_images_are_parts_of_the_photographs():
    from sklearn.datasets import load_sample_images

    images = _images.photographs(100, 8)
    whole = load_sample_images().images
    for number, image in enumerate(images):
        top, left = number * 37 % 328, number * 61 % 541
        part = whole[number % 2][top : top + 100, left : left + 100]
        np.testing.assert_array_equal(image, part)


def test_the_first_contestant_is_what_others_are_compared_with(monkeypatch):
    recipe = ":center:500"
    rates = {f"input:own{recipe}": [40, 40, 20, 40], f"input:keras{recipe}": [9, 10, 10, 5]}
    answers = {("attempt", f"input:torch{recipe}"): {"missing": "torch"}}

    def start(*arguments):
        process = Process([], rates, answers)
        process.close = lambda: None
        return process

    monkeypatch.setattr(_measure, "Measured", start)
    names = ("own", "keras", "torch")
    own, keras, torch = _input._run(names, "center", 500, 32, 8, [0, 1], 1.0, 3, _measure.silent)
    assert own["ratio"] == 1
    assert (own["crop"], own["side"]) == ("center", 500)
    assert own["per_core"] == pytest.approx(20)
    assert keras["images_per_second"] == pytest.approx(10)
    assert keras["ratio"] == pytest.approx(4)  # of 4, 2 and 8
    assert torch["status"] == "not installed"
    assert bench.OWN[0] == "rand_augment"


def test_rows_of_losses():
    rates = {"loss:ours:Poly-1": [9, 512, 256, 128], "loss:keras:Poly-1": [9, 128, 128, 128]}
    row = _losses._row("Poly-1", Process([], {k: list(v) for k, v in rates.items()}), 1.0, 3)
    assert row["microseconds"] == pytest.approx(1e6)  # 256 samples at 256 a second
    assert row["ratio"] == pytest.approx(2)  # of 4, 2 and 1
    answers = {("load", "loss:keras:Poly-1"): {"missing": "keras"}}
    row = _losses._row("Poly-1", Process([], rates, answers), 1.0, 3)
    assert row["ratio"] is None


def test_rows_of_pooling_layers(monkeypatch):
    rates = {"pooling:MaxPooling2D:3:2": [9, 320, 320, 320], "pooling:S:3:2": [9, 80, 160, 320]}
    process = Process([], rates)
    process.close = lambda: None
    monkeypatch.setattr(_measure, "Measured", lambda *arguments: process)
    base, row = _pooling._run(("MaxPooling2D", "S"), 3, 2, [0], 1.0, 3)
    assert base["milliseconds"] == pytest.approx(100)  # 32 maps at 320 a second
    assert row["milliseconds"] == pytest.approx(200)
    assert row["ratio"] == pytest.approx(2)  # of 4, 2 and 1
    assert (row["pool_size"], row["strides"], row["first_call_seconds"]) == (3, 2, 0.5)


def test_a_call_runs_the_function_several_times(monkeypatch):
    now = [0.0]
    calls = object.__new__(_contestants.Calls)
    calls._count, calls._runs, calls._number = 8, 16, 5
    monkeypatch.setattr(_contestants.time, "perf_counter", lambda: now[0])
    given = []

    def run(images, first, runs):
        given.append((int(first), int(runs)))
        now[0] += 0.4

    calls._run, calls._images = run, None
    assert calls.measure(1.0) == (3 * 8 * 16, pytest.approx(1.2))
    assert given == [(5, 16), (21, 16), (37, 16)]  # every run has a number of its own


def test_a_loop_of_single_images_counts_them(monkeypatch):
    now, called = [0.0], []
    monkeypatch.setattr(_peers.time, "perf_counter", lambda: now[0])

    def function(image):
        called.append(image)
        now[0] += 0.3

    loop = _peers.Loop(function, ["a", "b"], 1, "1.0")
    loop.start()
    assert loop.measure(1.0) == (4, pytest.approx(1.2))
    assert called == ["a", "b"] * 3


class Started(Process):
    """Stands for a measured process that is started by itself; notes its cores."""

    made: list[list[int]] = []

    def __init__(self, size, batch_size, cpus):
        super().__init__([], {name: [100.0] * 9 for name in ("copy", "keras")})
        self.rates["rand_augment"] = self.rates["flip_crop_rand_cutout"] = [200.0] * 9
        self.made.append(cpus)

    def send(self, do, **arguments):
        assert do == "load"

    def receive(self):
        return {"version": "1"}

    def close(self):
        pass


def test_policies_are_compared_once_for_the_same_cores(monkeypatch, capsys):
    monkeypatch.setattr(_measure, "Measured", Started)
    monkeypatch.setattr(Started, "made", [])
    monkeypatch.setattr(_measure, "available_cpus", lambda: [3])
    rows = bench.run_policies((32,), cores=(1, "all"), peers=["keras"], seconds=0.1, repeats=2)
    assert [row["contestant"] for row in rows] == [*_policies.OWN, "keras"]
    assert Started.made == [[3]] * 4
    assert {row["contestant"]: row["ratio"] for row in rows} == {
        **dict.fromkeys(_policies.OWN, 1.0),
        **dict.fromkeys(["copy", "keras"], 2.0),
    }
    assert "keras" in capsys.readouterr().out


def test_a_measured_process_sees_no_accelerator_and_has_as_many_threads_as_cores(monkeypatch):
    started = []

    def popen(command, env, **_):
        started.append(env)
        return types.SimpleNamespace(stdin=io.StringIO(), stdout=io.StringIO(), poll=lambda: 0)

    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    monkeypatch.setattr(_measure.subprocess, "Popen", popen)
    _measure.Measured(32, 4, [0, 1, 2]).close()
    (environment,) = started
    assert environment["CUDA_VISIBLE_DEVICES"] == "-1"
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    assert [environment[name] for name in names] == ["3"] * 3
