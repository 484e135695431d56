"""Parts of a search that only a whole one would run, on values made by hand."""

import dataclasses
import json
import os
import signal
import types

import keras
import keras_tuner as kt
import numpy as np
import pytest
import tensorflow as tf
from test_arms import arm, rows

from keras_cv_extras import data, search
from keras_cv_extras._base import supervise
from keras_cv_extras.search.stages import _plan, _progress, _request, _search, _timing
from keras_cv_extras.search.trials import _builder, _child, _steps, _tuner
from keras_cv_extras.search.verdict import _arms, _expected, _harm, _record, _report
from keras_cv_extras.search.workers import _processes


def test_a_budget_decides_the_trials_alone():
    with pytest.raises(ValueError, match="give trials or budget, not both"):
        search.SearchSettings(trials=3, budget=3)


def test_a_small_budget_shortens_trainings_down_to_four_epochs():
    assert list(_plan._lengths(10, 3)) == [(10, 3), (10, 2), (5, 2), (4, 2)]
    assert list(_plan._lengths(3, 1)) == [(3, 1), (3, 1)]


def test_a_search_that_has_failed_is_not_finished(tmp_path):
    with pytest.raises(RuntimeError), _progress.SearchProgress(4, folder=tmp_path, shown=False):
        raise RuntimeError
    assert not _progress.is_finished(tmp_path)
    with _progress.SearchProgress(4, folder=tmp_path, shown=False) as shown:
        shown.stage("trials")
        assert not _progress.is_finished(tmp_path)
    assert _progress.is_finished(tmp_path)


def test_a_process_of_another_user_runs(monkeypatch):
    def kill(pid, number):
        raise PermissionError

    monkeypatch.setattr(os, "kill", kill)
    assert _progress._is_running(5)


def test_durations_are_said_in_two_units():
    times = {3: "3 s", 59.6: "1 min 0 s", 125: "2 min 5 s", 3725: "1 h 2 min", 90000: "25 h 0 min"}
    assert {seconds: _progress._duration(seconds) for seconds in times} == times


@pytest.mark.parametrize(
    ("code", "error", "said"),
    [
        (128 + signal.SIGINT, KeyboardInterrupt, None),
        (128 + signal.SIGTERM, supervise.Ended, None),
        (3, RuntimeError, "have ended with exit code 3"),
    ],
)
def test_how_the_processes_of_a_search_ended_is_passed_on(code, error, said, monkeypatch, tmp_path):
    monkeypatch.setattr(_processes, "this_command", lambda: ["python", "script.py"])
    monkeypatch.setattr(_processes, "launch", lambda *arguments, **options: code)
    with pytest.raises(error, match=said) as ended:
        _search._launch(tmp_path, 2)
    if error is supervise.Ended:
        assert ended.value.code == code
    monkeypatch.setattr(_processes, "launch", lambda *arguments, **options: 0)
    _search._launch(tmp_path, 2)


def test_ops_that_cost_the_same_each_time_are_beyond_chance():
    """Where nothing varies, what is below the margin is certain, and what is not is none."""
    worse, same = ((-0.011, 0.0),) * 3, ((-0.009, 0.0),) * 3
    assert _harm._chance(worse, 0.0, 4) == 0.0
    assert _harm._chance(same, 0.0, 4) == 1.0
    assert _harm.harmful_ops({"a": worse, "b": same}, 3) == ("a",)
    assert _harm.harmful_ops({"a": ((-0.1, 0.0),) * 3, "b": ((-0.2, 0.0),) * 3}, 3) == ("b", "a")


def test_a_trial_that_has_failed_has_no_score():
    metrics = types.SimpleNamespace(get_best_value=lambda name: 0.5)
    trial = types.SimpleNamespace(status="COMPLETED", metrics=metrics)
    assert _record.metric(trial, "val_accuracy") == 0.5
    trial.status = "FAILED"
    assert _record.metric(trial, "val_accuracy") is None


def test_what_a_tuned_control_may_spend_is_what_the_search_spent():
    cost = {
        name: {"trainings": count, "seconds": 10.0 * count}
        for name, count in (("portfolio", 1), ("trials", 2), ("appeal", 4), ("promoted", 8))
    }
    assert _report._spent(cost) is None
    spent = _report._spent({**cost, "rival": {}, "confirmation": {}})
    assert spent == {"trainings": 15, "seconds": 150.0}
    del cost["appeal"]
    assert _report._spent({**cost, "rival": {}})["trainings"] == 11


def test_the_verdict_compares_with_the_best_of_the_others():
    weak = arm("crop", "control", rows(100, (0, 40)))
    strong = arm("RandAugment", "control", rows(100, (0, 60)))
    won = arm("best trial", "searched", rows(100, (0, 90)))
    assert "the best known policy, RandAugment. The difference is 30.0 points" in _arms.verdict(
        [weak, strong, won]
    )


def test_what_is_expected_is_as_uncertain_as_the_choice():
    rng = np.random.default_rng(3)
    arms = [
        arm(name, "control", *(rng.random((3, 400)) < share))
        for name, share in (("weak", 0.3), ("strong", 0.6))
    ]
    _, low, high = _expected.expected_of_choice(arms)
    _, least, most = _arms.intervals({one.name: one.correct for one in arms})["strong"]
    assert high - low == pytest.approx(most - least)


def test_a_trial_trains_as_long_as_its_oracle_says():
    def trial(**values):
        return types.SimpleNamespace(hyperparameters=types.SimpleNamespace(values=values))

    assert _builder.num_epochs(trial(**{"tuner/epochs": 3}), 10) == 3
    assert _builder.num_epochs(trial(), 10) == 10


def test_only_what_was_completed_has_a_model():
    trials = [types.SimpleNamespace(status=status) for status in ("COMPLETED", "FAILED")]
    tuner = object.__new__(_tuner.PolicyTuner)
    tuner.oracle = types.SimpleNamespace(get_best_trials=lambda count: trials[:count])
    tuner.load_model = lambda trial: trial
    assert tuner.get_best_models(2) == trials[:1]


class Counted(keras.Model):
    """Counts the batches and rows that it is given, and takes their last label for its loss."""

    def __init__(self):
        super().__init__()
        self.rows, self.steps = tf.Variable(0), tf.Variable(0)

    def train_step(self, batch):
        images, labels = batch
        self.steps.assign_add(1)
        self.rows.assign_add(tf.shape(images)[0])
        return {"loss": labels[-1]}


@pytest.mark.parametrize(("count", "steps"), [(10, 3), (8, 2), (3, 1)])
def test_an_epoch_takes_every_row_once(count, steps):
    model = Counted()
    model.compile("sgd", "mse")
    loss = _steps.Steps(model, 4)(np.zeros((count, 1), "float32"), np.arange(float(count)))
    assert (int(model.rows), int(model.steps), loss) == (count, steps, count - 1)


class Mine(search.RandomOracle):
    """An oracle of a plugin."""


@pytest.fixture
def asked(monkeypatch):
    """Makes a request of twenty digits without a network."""
    whole = data.load("digits")
    digits = dataclasses.replace(whole, train=tuple(array[:300] for array in whole.train))

    def trainer(build_model, train, settings, **options):
        options["epochs"] = settings.epochs
        return types.SimpleNamespace(build_model=build_model, describe=dict, **options)

    monkeypatch.setattr(_request, "_trainer", trainer)

    def make(images=digits, **changes):
        settings = {"trials": 4, "train_size": 100, "space": "policy", **changes}
        return _request.make_request(images, lambda: None, search.SearchSettings(**settings))

    return make


def test_an_oracle_of_a_plugin_knows_its_seed_and_its_workers(asked, monkeypatch):
    monkeypatch.setattr(_request.ORACLES, "_added", {"mine": Mine})
    for seed, own in ((0, 1), (5, 5)):  # keras-tuner takes 0 for any
        made = asked(oracle="mine", seed=seed, workers=3).make_oracle(("rotate",))
        assert isinstance(made, Mine)
        assert (made._own_seed, made.parallel, made.max_trials) == (own, 3, 4)


def test_a_lowered_request_trains_as_long_as_it_says(asked):
    request = asked(epochs=8, confirm_seeds=3)
    lowered = request.lowered(epochs=4, confirm_seeds=2)
    assert (lowered.epochs, lowered.confirm_seeds, lowered.trainer.epochs) == (4, 2, 4)
    assert request.lowered(epochs=8, confirm_seeds=1).trainer is request.trainer


def test_a_request_knows_its_images(asked):
    request = asked()
    assert request.class_names == tuple("0123456789")
    assert not request.of_files
    assert "color" not in request.ops  # grey images have none
    assert asked(ops=("color",)).ops == ("color",)  # as it was asked for
    loss = kt.Objective("val_log_loss", "min")
    space = search.policy_space()
    assert asked(oracle=search.RandomOracle(loss, 3, space), trials=None).trials == 3
    wrong = search.RandomOracle(kt.Objective("seconds", "min"), 3, space)
    with pytest.raises(ValueError, match="objective must be one of val_accuracy, val_log_loss"):
        asked(oracle=wrong, trials=None)
    with pytest.raises(ValueError, match="give an oracle or a budget, not both"):
        asked(oracle=search.RandomOracle(loss, 3, space), trials=None, budget=5)


def test_a_program_of_an_op_is_compiled_once(monkeypatch):
    """What a first call takes longer than a second one is what compiling takes."""
    now = [0.0]

    def taking(seconds):
        def function(*arguments, **options):
            now[0] += seconds

        return function

    monkeypatch.setattr(_timing.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(_timing, "time_op", lambda trainer, op: (7.0, 2.0))
    labels = np.zeros(10, int)
    trainer = types.SimpleNamespace(
        train=lambda *_, epochs, **__: taking(1 + 3 * epochs[1])(),
        evaluate=taking(5.0),
        new_model=taking(4.0),
        state=lambda: None,
        epochs=4,
        train_labels=labels,
    )
    request = types.SimpleNamespace(
        trainer=trainer, seed=0, staged=True, parts={"validation": (labels, labels)}
    )
    for ops, compiling in (("rotate", "cutout"), 0.0), (("rotate", "elastic"), 5.0):
        request.ops = ops
        found = _timing.measure(request)
        assert found.ops == compiling
        assert (found.starts, found.resumes, found.epochs, found.images) == (4.0, 1.0, 3.0, 0.5)
        assert found.screened == pytest.approx(2.0 / _timing.screened_images(["rotate"], 5))
    assert _timing.own_programs(("rotate", "elastic")) == ["elastic"]


def test_numbers_of_progress_are_of_this_run(tmp_path, monkeypatch):
    """What was done before the search went on took no time of it."""
    now = [100.0]
    monkeypatch.setattr(_progress.time, "time", lambda: now[0])
    shown = _progress.SearchProgress(10, folder=tmp_path, shown=False)
    shown.skip(4)
    now[0] = 120.0
    shown.advance("none", 0.5)
    shown.advance("none", 0.4)
    state = json.loads((tmp_path / "progress.json").read_text())
    assert (state["done"], state["seconds_left"]) == (6, 10.0 * 4)
    assert state["best"]["accuracy"] == 0.5


def test_one_trainer_serves_all_trials_of_one_model(monkeypatch):
    made = []

    def trainer(build_model, train, **options):
        made.append(build_model)
        return len(made)

    monkeypatch.setattr(_builder, "Trainer", trainer)
    builder = _builder.ModelBuilder(lambda hp: hp.values["units"], lambda name: name == "op")

    def of(**values):
        hp = kt.HyperParameters()
        hp.values = values
        found = builder.trainer(hp, None)
        hp.values["units"] = 9  # of which the trainer has a copy
        return found

    assert of(units=2, op="a") == of(units=2, op="b") == of(**{"units": 2, "tuner/epochs": 3}) == 1
    assert of(units=3, op="a") == 2
    assert [build() for build in made] == [2, 3]


def test_what_builds_a_model_takes_hyperparameters_alone():
    with pytest.raises(TypeError, match="received one that takes 2"):
        _builder.ModelBuilder(lambda hp, size: None, lambda name: True)

    class Fitting(kt.HyperModel):
        def fit(self, hp, model, *arguments, **options):
            return None

    with pytest.raises(ValueError, match=r"Fitting\.fit would not be called"):
        _builder.ModelBuilder(Fitting(), lambda name: True)


def test_a_chance_of_a_millionth_counts_as_such():
    outputs = np.array([[1e-6, 1 - 1e-6], [0.5, 0.5]])
    found = _child.score_of(outputs, np.array([0, 0]), 1.0)
    assert found.log_loss == pytest.approx(-np.log([1e-6, 0.5]).mean())
    assert found.correct.tolist() == [False, True]
