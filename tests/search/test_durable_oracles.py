"""An oracle keeps what it knows of its trials, and knows which of them have to run."""

import json
import pathlib
import threading

import keras_tuner as kt
import pytest
from keras_tuner.src.engine.oracle import LOCKS, THREADS

from keras_cv_extras import search
from keras_cv_extras.search.oracles import _durable


def make(folder, trials=6, parallel=4, kind=search.RandomOracle):
    space = search.policy_space(num_sub_policies=2, ops=("invert", "rotate"))
    oracle = kind(max_trials=trials, hyperparameters=space, seed=1, parallel=parallel)
    oracle._set_project_dir(str(folder), "trials")
    return oracle


def read_again(folder, **options):
    oracle = make(folder, **options)
    oracle.reload()
    return oracle


def stored(folder, trial_id):
    return json.loads((folder / "trials" / f"trial_{trial_id}" / "trial.json").read_text())


def complete(oracle, trial_id, accuracy=0.5):
    return oracle.report(trial_id, "COMPLETED", {"val_accuracy": accuracy}, None)


def test_a_report_is_kept_with_all_that_it_says(tmp_path):
    oracle = make(tmp_path)
    for name in "ab":
        oracle.create_trial(name)
    assert oracle.report("0", "FAILED", {}, "it diverged")
    assert not complete(oracle, "0")
    assert complete(oracle, "1", 0.25)
    assert not oracle.report("1", "FAILED", {}, None)
    assert (stored(tmp_path, 0)["status"], stored(tmp_path, 0)["message"]) == (
        "FAILED",
        "it diverged",
    )
    again = read_again(tmp_path)
    assert again.trials["0"].message == "it diverged"
    assert (again.trials["1"].status, again.trials["1"].score) == ("COMPLETED", 0.25)
    assert again.end_order == ["0", "1"]


def test_a_trial_that_another_chief_has_given_is_not_run_again_once_it_is_reported(tmp_path):
    oracle = make(tmp_path)
    for name in "abc":
        oracle.create_trial(name)
    again = read_again(tmp_path)
    assert complete(again, "1")
    assert [again.create_trial(name).trial_id for name in "bde"] == ["0", "2", "3"]
    for name in ("0", "2", "3"):
        assert complete(again, name)
    assert again.ongoing_trials == {}


def test_what_a_running_trial_has_told_is_in_memory_alone(tmp_path):
    oracle = make(tmp_path)
    oracle.create_trial("a")
    oracle.update_trial("0", {"val_accuracy": 0.5}, step=3)
    (observed,) = oracle.trials["0"].metrics.get_history("val_accuracy")
    assert (observed.step, observed.value) == (3, [0.5])
    assert stored(tmp_path, 0)["status"] == "RUNNING"
    assert stored(tmp_path, 0)["metrics"] == {"metrics": {}}


def test_nothing_of_a_trial_that_did_not_end_is_read_again(tmp_path):
    oracle = make(tmp_path)
    for name in "abc":
        oracle.create_trial(name)
    for number in range(3):
        path = tmp_path / "trials" / f"trial_{number}" / "trial.json"
        metric = {"direction": "max", "observations": [{"value": [0.9], "step": 0}]}
        state = stored(tmp_path, number) | {"metrics": {"metrics": {"val_accuracy": metric}}}
        path.write_text(json.dumps(state))
    again = read_again(tmp_path)
    assert [trial.metrics.metrics for trial in again.trials.values()] == [{}] * 3


def test_whether_a_search_has_stopped_is_kept(tmp_path):
    oracle = make(tmp_path)
    oracle.create_trial("a")
    for stopped in (True, False):
        oracle.stopped = stopped
        oracle.save()
        assert json.loads((tmp_path / "trials" / "oracle.json").read_text())["stopped"] is stopped


def test_an_oracle_without_a_number_of_trials_is_never_complete(tmp_path):
    oracle = make(tmp_path, trials=1)
    oracle.create_trial("a")
    complete(oracle, "0")
    assert oracle.is_complete() is True
    oracle.max_trials = None
    assert oracle.is_complete() is False


def test_files_of_more_trials_than_the_oracle_names(tmp_path):
    """Names of trials that its own file has and that have no file are forgotten."""
    oracle = make(tmp_path)
    for name in "abc":
        oracle.create_trial(name)
    path = tmp_path / "trials" / "oracle.json"
    state = json.loads(path.read_text())
    state |= {"start_order": ["2", "5", "0"], "end_order": ["5", "0"], "ongoing_trials": {"x": 1}}
    path.write_text(json.dumps(state))
    again = read_again(tmp_path)
    assert again.start_order == ["2", "0", "1"]
    assert again.end_order == []
    assert again.ongoing_trials == {}


def test_trials_are_read_in_the_order_of_their_numbers(tmp_path, monkeypatch):
    """Of equal ones the first is the best, in whatever order a file system names them."""
    oracle = make(tmp_path)
    for number in range(3):
        oracle.create_trial("a")
        complete(oracle, str(number))
    listed = pathlib.Path.glob
    monkeypatch.setattr(pathlib.Path, "glob", lambda *given: sorted(listed(*given))[::-1])
    again = read_again(tmp_path)
    assert list(again.trials) == ["0", "1", "2"]
    assert again.get_best_trials(1)[0].trial_id == "0"


def test_a_search_that_cannot_go_on_stops_its_workers(tmp_path, recwarn):
    class Failing(search.RandomOracle):
        def ask(self, trial_id, seed, attempt):
            if trial_id == "1":
                raise ValueError("no idea")
            return super().ask(trial_id, seed, attempt)

    oracle = make(tmp_path, kind=Failing)
    assert oracle.create_trial("a").status == "RUNNING"
    assert oracle.create_trial("b").status == "STOPPED"
    assert str(oracle.failure) == "no idea"
    assert oracle.tuner_ids == {"a"}


def test_a_worker_that_waits_is_known(tmp_path):
    oracle = make(tmp_path, trials=1)
    oracle.create_trial("a")
    assert oracle.create_trial("b").status == "IDLE"
    assert oracle.tuner_ids == {"a", "b"}
    oracle.drop("b")
    assert oracle.tuner_ids == {"a"}
    assert list(oracle.ongoing_trials) == ["a"]


def test_a_lock_that_was_held_before_a_failure_stays_held(tmp_path):
    oracle = make(tmp_path)
    name = threading.current_thread().name

    def fail(acquire):
        with _durable._lock_released(oracle):
            if acquire:
                LOCKS[oracle].acquire()
                THREADS[oracle] = name
            raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        fail(acquire=True)
    assert LOCKS[oracle].acquire(blocking=False)
    assert THREADS[oracle] is None
    THREADS[oracle] = name
    with pytest.raises(OSError, match="disk"):
        fail(acquire=False)
    assert THREADS[oracle] == name
    assert not LOCKS[oracle].acquire(blocking=False)
    _durable.forget_lock(oracle)
    assert oracle not in LOCKS
    assert oracle not in THREADS


def test_any_oracle_is_made_durable_once():
    oracle = kt.oracles.RandomSearchOracle(objective="val_accuracy")
    assert _durable.make_durable(oracle) is oracle
    kind = type(oracle)
    assert (kind.__name__, kind.__mro__[1]) == ("RandomSearchOracle", _durable.DurableOracle)
    assert type(_durable.make_durable(oracle)) is kind
    own = search.RandomOracle()
    assert type(_durable.make_durable(own)) is search.RandomOracle


@pytest.mark.parametrize("error", [KeyError("a"), TypeError("b"), AttributeError("c")])
def test_what_cannot_be_read_is_named_once(error):
    with (
        pytest.raises(ValueError, match=r"^file\.json: the state of the search cannot be read \("),
        _durable._naming("file.json"),
    ):
        raise error
    with pytest.raises(ValueError, match=r"cannot be read \(it is torn\)"), _durable._naming("f"):
        raise ValueError("f: it is torn")
    with pytest.raises(OSError, match="^gone$"), _durable._naming("f"):
        raise OSError("gone")
