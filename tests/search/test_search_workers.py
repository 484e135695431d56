"""Several workers of one search: what keras-tuner gets wrong, in this process and without training.

Chief and workers are threads here, and scores are invented; `test_search_processes.py` has the
real thing.
"""

import contextlib
import socket
import threading
import time

import keras_tuner as kt
import numpy as np
import pytest

from keras_cv_extras import search
from keras_cv_extras._base import supervise
from keras_cv_extras.search.trials import _tuner
from keras_cv_extras.search.workers import _chief, _processes, _worker

PATIENCE = 60  # seconds: what is waited for comes within one, but on a machine that is busy
SPACE = {"num_sub_policies": 2, "ops": ("invert", "rotate", "cutout")}
ORACLES = {
    "tpe": lambda **options: search.TPEOracle(num_startup_trials=3, **options),
    "evolution": lambda **options: search.EvolutionOracle(population_size=4, **options),
    "controller": lambda **options: search.ControllerOracle(
        num_units=8, learning_rate=0.1, **options
    ),
    "random": search.RandomOracle,
}


class Invented:
    """Scores a policy by how often it inverts, which no number of 32 bits can say exactly."""

    def __init__(self, action=None):
        self.action = action
        self.names = []

    def score(self, policy, seed, *validation):
        self.names.append(policy.name)
        if self.action is not None:
            self.action(policy)
        steps = [step for row in policy.sub_policies for step in row]
        share = sum(step.rate for step in steps if step.op == "invert") / 7
        return search.Score(share, 1.0, np.zeros(1, bool), 0.1)


def make_oracle(kind="tpe", trials=8, parallel=2, seed=0):
    space = search.policy_space(**SPACE)
    return ORACLES[kind](max_trials=trials, hyperparameters=space, seed=seed, parallel=parallel)


def make_tuner(folder, role=None, oracle=None, action=None, **options):
    return search.PolicyTuner(
        make_oracle() if oracle is None else oracle,
        trainer=Invented(action),
        validation=(),
        directory=folder,
        role=_processes.Role() if role is None else role,
        **options,
    )


@pytest.fixture
def address():
    return f"127.0.0.1:{supervise.free_ports(1)[0]}"


def make_client(folder, address, name="worker-0"):
    return _worker.WorkerOracle(make_oracle(), address, name, folder / "trials", lambda: False)


def listed(oracle):
    """Values and scores of all trials."""
    trials = sorted(oracle.trials.items())
    return [(name, trial.hyperparameters.values, trial.score) for name, trial in trials]


def simulated(folder, kind, delays, *, parallel=2, trials=10):
    """Runs trials that take as long as `delays` say, several at a time, without threads."""
    tuner = make_tuner(folder, oracle=make_oracle(kind, trials, parallel))
    oracle, running, most, now = tuner.oracle, {}, 0, 0.0
    while True:
        for name in range(parallel):
            if name not in running:
                trial = oracle.create_trial(str(name))
                if trial.status == "RUNNING":
                    running[name] = now + delays[int(trial.trial_id) % len(delays)], trial
        most = max(most, len(running))
        if not running:
            return listed(oracle), most
        name = min(running, key=lambda key: running[key][0])
        now, trial = running.pop(name)
        oracle.report(trial.trial_id, "COMPLETED", tuner.run_trial(trial), None)


@pytest.mark.wide_but("tpe")
@pytest.mark.parametrize("kind", ORACLES)
def test_the_trials_do_not_depend_on_which_finish_first(tmp_path, kind):
    one, most = simulated(tmp_path / "one", kind, [1.0])
    assert most == 2
    assert len(one) == 10
    for number, delays in enumerate([[1.0, 5.0], [9.0, 1.0, 1.0], [1.0, 1.0, 1.0, 30.0]]):
        other, _ = simulated(tmp_path / str(number), kind, delays)
        assert other == one
    alone, most = simulated(tmp_path / "alone", kind, [1.0], parallel=1)
    assert most == 1
    assert (alone == one) == (kind == "random")


def test_a_trial_waits_for_those_that_it_may_know_of(tmp_path):
    oracle = make_tuner(tmp_path).oracle
    oracle.create_trial("a")
    second = oracle.create_trial("b")
    oracle.report(second.trial_id, "COMPLETED", {"val_accuracy": 0.5}, None)
    assert oracle.known_trials() == []
    assert oracle.create_trial("b").status == "IDLE"
    oracle.report("0", "COMPLETED", {"val_accuracy": 0.25}, None)
    assert oracle.known_trials() == ["0"]  # trial 1 has finished too, but need not have
    assert oracle.create_trial("b").trial_id == "2"


def test_workers_finish_the_trials_and_all_know_of_it(tmp_path, address, start):
    def may_fail(policy):
        if policy.name == "trial 5":
            raise search.DivergedError("the training loss became nan")

    seen = []
    chief = make_tuner(
        tmp_path,
        _processes.Role("chief", address, "chief"),
        on_trial=lambda trial: seen.append(trial.trial_id),
    )
    workers = [
        make_tuner(tmp_path, _processes.Role("worker", address, f"worker-{n}"), action=may_fail)
        for n in range(2)
    ]
    for worker in workers:
        start(worker.search)
    started = time.monotonic()
    chief.search()
    assert time.monotonic() - started < 20  # keras-tuner's looks first then whether to end
    assert sorted(seen) == sorted(chief.oracle.trials)
    assert len(seen) == 8
    ran = [name for worker in workers for name in worker.trainer.names]
    assert sorted(ran) == [f"trial {n}" for n in range(8)]  # each once
    # keras-tuner's message has no place for that of a failed trial, and 32 bits for a score.
    failed = chief.oracle.trials["5"]
    assert failed.status == "FAILED"
    assert "the training loss became nan" in failed.message
    alone = make_tuner(tmp_path / "alone", action=may_fail)
    alone.search()
    assert listed(alone.oracle) == listed(chief.oracle)
    for worker in workers:
        deadline = time.monotonic() + PATIENCE
        while len(getattr(worker.oracle, "trials", ())) < 8 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert listed(worker.oracle) == listed(chief.oracle)
        assert worker.remaining_trials == 0
        assert worker.best_policies(3) == chief.best_policies(3)


def test_the_trial_of_a_dead_worker_is_run_by_another(tmp_path, address, start, monkeypatch):
    monkeypatch.setattr(_chief, "PATIENCE", 1.0)
    chief = make_tuner(tmp_path, _processes.Role("chief", address, "chief"))
    thread = start(chief.search)
    oracle = make_client(tmp_path, address, "worker-dead")
    lost = oracle.create_trial("worker-dead")
    assert lost.status == "RUNNING"
    oracle.close()  # as a killed process does
    worker = make_tuner(tmp_path, _processes.Role("worker", address, "worker-1"))
    worker.search()
    assert f"trial {lost.trial_id}" in worker.trainer.names
    thread.join(PATIENCE)
    alone = make_tuner(tmp_path / "alone")
    alone.search()
    assert listed(chief.oracle) == listed(alone.oracle)


def test_a_worker_outlives_its_chief(tmp_path, address, start):
    """The chief is gone while a trial runs; another one takes its report, and goes on."""
    oracle = make_tuner(tmp_path).oracle
    first = threading.Thread(target=_chief_for_a_while, args=(oracle, address, 3), daemon=True)
    first.start()
    gone = threading.Event()

    def wait(policy):
        if policy.name == "trial 2":
            first.join()
            gone.set()

    role = _processes.Role("worker", address, "worker-0")
    worker = make_tuner(tmp_path, role, action=wait)
    start(worker.search)
    assert gone.wait(PATIENCE)
    chief = make_tuner(tmp_path, _processes.Role("chief", address, "chief"))
    chief.search()
    assert worker.trainer.names == [f"trial {n}" for n in range(8)]  # none again
    alone = make_tuner(tmp_path / "alone")
    alone.search()
    assert listed(chief.oracle) == listed(alone.oracle)


def _chief_for_a_while(oracle, address, num_trials):
    """Serves an oracle until it has given some trials, then is gone, like a killed process."""

    class Killed(BaseException):
        pass

    servicer_over = _chief._Servicer.is_over

    def over(self):
        if len(self.oracle.trials) >= num_trials:
            raise Killed
        return servicer_over(self)

    kind = type("Servicer", (_chief._Servicer,), {"is_over": over})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_chief, "_Servicer", kind)
        with contextlib.suppress(Killed):
            _chief.serve(oracle, address, oracle._project_dir)


def test_a_report_that_is_repeated_counts_once(tmp_path):
    oracle = make_tuner(tmp_path).oracle
    trial = oracle.create_trial("a")
    assert oracle.report(trial.trial_id, "COMPLETED", {"val_accuracy": 0.5}, None)
    assert not oracle.report(trial.trial_id, "COMPLETED", {"val_accuracy": 0.9}, None)
    assert oracle.end_order == [trial.trial_id]
    assert oracle.trials[trial.trial_id].score == 0.5


def test_nobody_stops_while_a_trial_may_have_to_be_run_again(tmp_path):
    oracle = make_tuner(tmp_path, oracle=make_oracle(trials=1)).oracle
    lost = oracle.create_trial("a")
    assert oracle.create_trial("b").status == "IDLE"
    oracle.drop("a")
    again = oracle.create_trial("b")
    assert again.trial_id == lost.trial_id
    assert again.hyperparameters.values == lost.hyperparameters.values
    oracle.report(again.trial_id, "COMPLETED", {"val_accuracy": 0.5}, None)
    assert oracle.create_trial("b").status == "STOPPED"
    assert oracle.tuner_ids == set()


def test_trials_of_dead_workers_come_first_and_in_their_order(tmp_path):
    oracle = make_tuner(tmp_path, oracle=make_oracle("random", 6, parallel=4)).oracle
    for name in "abc":
        oracle.create_trial(name)
    oracle.update_trial("0", {"val_accuracy": 0.9})
    oracle.drop("a")
    oracle.drop("b")
    oracle.drop("nobody")
    assert oracle.trials["0"].metrics.metrics == {}  # what it had reported was not the end
    assert [oracle.create_trial(name).trial_id for name in "def"] == ["0", "1", "3"]
    assert not oracle.is_complete()
    # A chief that is started again knows of the five that were running, and of one that ended.
    oracle.report("1", "FAILED", {}, "it diverged")
    again = make_tuner(tmp_path, oracle=make_oracle("random", 6, parallel=4)).oracle
    assert again.trials["1"].status == "FAILED"
    assert [again.create_trial(name).trial_id for name in "ghi"] == ["0", "2", "3"]
    assert again.end_order == ["1"]


def test_the_seed_of_a_trial_goes_by_the_search_and_the_number():
    seeds = {_tuner.seed_of_trial(seed, name) for seed in (0, 1) for name in ("1", "2", "screen")}
    assert len(seeds) == 6
    assert _tuner.seed_of_trial(3, "07") == _tuner.seed_of_trial(3, 7)
    assert _tuner.seed_of_trial(3, "²") != _tuner.seed_of_trial(3, "2")  # a digit, and no number
    score = search.Score(0.5, 0.25, np.zeros(1, bool), 2.0)
    assert _tuner.metrics_of(score) == {"val_accuracy": 0.5, "val_log_loss": 0.25, "seconds": 2.0}


def test_a_worker_that_is_started_again_gets_its_trial_back(tmp_path):
    oracle = make_tuner(tmp_path).oracle
    trial = oracle.create_trial("worker-0")
    assert oracle.create_trial("worker-0").trial_id == trial.trial_id


def test_a_worker_without_work_asks_seldom(tmp_path, address, start):
    asked = []

    class Counting(search.RandomOracle):
        def create_trial(self, tuner_id):
            asked.append(tuner_id)
            return super().create_trial(tuner_id)

    oracle = Counting(max_trials=2, hyperparameters=search.policy_space(**SPACE), parallel=1)
    chief = make_tuner(tmp_path, _processes.Role("chief", address, "chief"), oracle)
    thread = start(chief.search)
    for n in range(2):
        role = _processes.Role("worker", address, f"worker-{n}")
        worker = make_tuner(tmp_path, role, make_oracle(), action=lambda policy: time.sleep(1))
        start(worker.search)
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert len(asked) < 30  # keras-tuner's would ask some thousand times


def test_an_oracle_that_fails_keeps_no_lock_and_ends_the_search(tmp_path, address, start):
    class Failing(search.RandomOracle):
        def score_trial(self, trial):
            raise OSError("no space left")

    oracle = Failing(max_trials=2, hyperparameters=search.policy_space(**SPACE))
    chief = make_tuner(tmp_path, _processes.Role("chief", address, "chief"), oracle)
    role = _processes.Role("worker", address, "worker-0")
    worker = make_tuner(tmp_path, role)

    def work():
        with pytest.raises(RuntimeError, match="has failed: no space left"):
            worker.search()

    start(work)
    with pytest.raises(OSError, match="no space left"):
        chief.search()
    answers = []
    thread = threading.Thread(target=lambda: answers.append(oracle.create_trial("b")), daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert len(answers) == 1


def test_a_suggestion_that_fails_ends_the_search(tmp_path, address, start, recwarn, monkeypatch):
    class Failing(search.RandomOracle):
        def ask(self, trial_id, seed, attempt):
            monkeypatch.setattr(_worker, "PATIENCE", 0.5)  # the worker has found the chief by now
            raise ValueError("no idea")

    oracle = Failing(max_trials=2, hyperparameters=search.policy_space(**SPACE))
    chief = make_tuner(tmp_path, _processes.Role("chief", address, "chief"), oracle)
    worker = make_tuner(tmp_path, _processes.Role("worker", address, "worker-0"))

    def work():  # nor does it go on to what comes after the trials
        with pytest.raises(ConnectionError, match="not all trials are finished"):
            worker.search()

    start(work)
    with pytest.raises(ValueError, match="no idea"):
        chief.search()


def test_a_worker_deletes_nothing(tmp_path):
    tuner = make_tuner(tmp_path)
    tuner.search()
    role = _processes.Role("worker", "127.0.0.1:1", "worker-0")
    worker = make_tuner(tmp_path, role, overwrite=True)
    assert listed(worker.oracle) == listed(tuner.oracle)
    assert len(list(tmp_path.glob("trials/trial_*/trial.json"))) == 8


def test_a_worker_without_a_chief_says_so(tmp_path, address, monkeypatch):
    monkeypatch.setattr(_worker, "PATIENCE", 0.5)
    worker = make_tuner(tmp_path, _processes.Role("worker", address, "worker-0"))
    with pytest.raises(ConnectionError, match=f"no chief at {address} for 0 seconds: start"):
        worker.search()


def test_a_worker_that_comes_late_needs_no_chief(tmp_path):
    chief = make_tuner(tmp_path)
    chief.search()
    chief.oracle.stopped = True
    chief.oracle.save()
    worker = make_tuner(tmp_path, _processes.Role("worker", "127.0.0.1:1", "worker-0"))
    worker.search()
    assert worker.trainer.names == []
    assert listed(worker.oracle) == listed(chief.oracle)


def test_two_chiefs_at_one_address(tmp_path, address, start):
    with socket.create_server(("127.0.0.1", int(address.partition(":")[2]))):
        chief = make_tuner(tmp_path, _processes.Role("chief", address, "chief"))
        with pytest.raises(OSError, match=f"cannot listen on {address}: the port is in use"):
            chief.search()


def test_seed_0_is_a_seed():
    """keras-tuner's own oracles take it for any seed."""
    assert kt.oracles.RandomSearchOracle(seed=0, objective="val_accuracy").seed != 0
    assert search.RandomOracle(seed=0).seed == search.RandomOracle(seed=0).seed == 1


def test_conditions_are_refused_since_workers_would_lose_them():
    space = kt.HyperParameters()
    space.Choice("op", ["a", "b"])
    with space.conditional_scope("op", ["a"]):
        space.Float("strength", 0.0, 1.0)
    with pytest.raises(ValueError, match="'strength' is conditional"):
        search.RandomOracle(hyperparameters=space)


def test_oracles_are_not_kept_for_ever(tmp_path):
    from keras_tuner.src.engine.oracle import LOCKS, THREADS

    tuner = make_tuner(tmp_path)
    tuner.search()
    assert tuner.oracle not in LOCKS
    assert tuner.oracle not in THREADS
