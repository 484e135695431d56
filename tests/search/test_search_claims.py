"""Who of several processes does what: claims, jobs that are shared out, roles."""

import json
import os
import socket
import threading
import time

import pytest

from keras_cv_extras.search import workers
from keras_cv_extras.search.stages import _state
from keras_cv_extras.search.workers import _claims, _jobs, _processes


def test_a_claim_is_one_process_alone(tmp_path):
    path = tmp_path / "job.claim"
    with _claims.Claims().take(path):
        others = _claims.Claims()
        assert others.take(path) is None
        assert others.is_held(path)
    assert not path.exists()
    with others.take(path):
        pass


def test_what_a_dead_process_has_claimed_is_taken_over(tmp_path, python):
    path = tmp_path / "job.claim"
    pid = int(python("import os; print(os.getpid())"))
    owner = {"host": socket.gethostname(), "pid": pid, "started": "1"}
    path.write_text(json.dumps(owner))
    with _claims.Claims().take(path):
        assert _claims.read_owner(path)["pid"] == os.getpid()
    # Another process may have its number by now.
    path.write_text(json.dumps({**owner, "pid": os.getpid()}))
    assert not _claims.Claims().is_held(path)


@pytest.mark.parametrize("text", ['{"host": "elsewhere", "pid": 1, "started": "1"}', "{", "[]"])
def test_a_claim_of_another_machine_lives_while_it_is_renewed(tmp_path, monkeypatch, text):
    clock = [0.0]
    monkeypatch.setattr(_claims.time, "monotonic", lambda: clock[0])
    path, claims = tmp_path / "job.claim", _claims.Claims()
    path.write_text(text)
    for second in range(100):
        clock[0] = float(second)
        if second < 60:
            os.utime(path, ns=(second, second))  # an old time: clocks may differ
            assert claims.take(path) is None
        elif second < 59 + _claims.PATIENCE:
            assert claims.take(path) is None
        else:
            break
    claims.take(path).release()


class Folder:
    """As much of a search's folder as sharing out needs."""

    def __init__(self, path):
        self.path = path

    def load(self, stage, name):
        path = self.path / name
        return (path.read_text() or None) if path.exists() else None

    def store(self, stage, name, score):
        (self.path / name).write_text(score)

    def claim_path(self, stage, name):
        return self.path / f"{name}.claim"


def test_jobs_are_shared_out_and_each_is_done_once(tmp_path, start, monkeypatch):
    monkeypatch.setattr(_jobs, "PAUSE", 0.01)
    jobs = [_jobs.Job("stage", f"job {n}", None, "", "validation", None) for n in range(12)]
    done, seen = [], []

    def compute(job):
        time.sleep(0.01)
        done.append(job.name)
        return f"score of {job.name}"

    def share(kind, seen):
        role = _processes.Role(kind, "127.0.0.1:1", kind)
        return _jobs.do_all(jobs, Folder(tmp_path), compute, seen, role=role, check=lambda: None)

    for _ in range(3):
        start(lambda: share("worker", lambda job, score: None))
    found = share("chief", lambda job, score: seen.append(job.name))
    assert found == [f"score of {job.name}" for job in jobs]
    assert sorted(done) == sorted(seen) == sorted(job.name for job in jobs)
    assert list(tmp_path.glob("*.claim")) == []


def test_what_another_has_finished_is_not_computed_again(tmp_path):
    """Between the look at the folder and the claim, another worker may be done with a job."""

    class Late(Folder):
        looks = 0

        def load(self, stage, name):
            self.looks += 1
            return None if self.looks == 1 else "score of another"

    def refuse(job):
        raise AssertionError("it was computed again")

    role = _processes.Role("worker", "127.0.0.1:1", "worker")
    job = _jobs.Job("stage", "job", None, "", "validation", None)
    options = {"role": role, "check": lambda: None}
    found = _jobs.do_all([job], Late(tmp_path), refuse, lambda job, score: None, **options)
    assert found == ["score of another"]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_has_one_search_at_a_time(tmp_path):
    with (
        _state.hold(tmp_path),
        pytest.raises(ValueError, match=rf"a search is running here \(process {os.getpid()} on"),
    ):
        _state.hold(tmp_path)
    with _state.hold(tmp_path):
        pass


def test_a_worker_waits_for_a_chief_but_not_for_ever(tmp_path, monkeypatch, start):
    monkeypatch.setattr(_state, "_CHIEF_PATIENCE", 0.5)
    with pytest.raises(TimeoutError, match="no chief has been running"):
        _state.ChiefWatch(tmp_path).wait_for("shared.npz")
    with _state.hold(tmp_path):
        timer = threading.Timer(1.0, (tmp_path / "shared.npz").touch)
        timer.start()
        _state.ChiefWatch(tmp_path).wait_for("shared.npz")


def test_roles(tmp_path, monkeypatch):
    role_in = workers.role_in
    assert role_in(tmp_path, {}).kind == "alone"
    cluster = {"KERASTUNER_ORACLE_IP": "10.0.0.1", "KERASTUNER_ORACLE_PORT": "8000"}
    worker = role_in(tmp_path, {**cluster, "KERASTUNER_TUNER_ID": "tuner1"})
    assert (worker.kind, worker.address, worker.tuner_id) == ("worker", "10.0.0.1:8000", "tuner1")
    assert not worker.decides
    chief = role_in(tmp_path, {**cluster, "KERASTUNER_TUNER_ID": "chief"})
    assert (chief.kind, chief.trains, chief.decides) == ("chief", False, True)
    with pytest.raises(ValueError, match="KERASTUNER_TUNER_ID is not: set all three"):
        role_in(tmp_path, cluster)
    assert role_in(tmp_path, worker.environment()) == worker
    only = {**worker.environment(), "KCX_SEARCH_DIRECTORY": str(tmp_path)}
    assert role_in(tmp_path, only) == worker
    assert role_in(tmp_path / "other", only).kind == "alone"


def test_role_options():
    options = workers.role_of_options
    assert options(False, False, None) is None
    assert options(True, False, "0.0.0.0:80").kind == "chief"
    one, other = (options(False, True, "chief-host:80") for _ in range(2))
    assert one.kind == other.kind == "worker"
    assert one.tuner_id != other.tuner_id
    for wrong, message in [
        ((True, True, "a:1"), "not both"),
        ((True, False, None), "give --address"),
        ((False, False, "a:1"), "of no use"),
        ((False, True, "nowhere"), "must be HOST:PORT, received 'nowhere'"),
    ]:
        with pytest.raises(ValueError, match=message):
            options(*wrong)


def test_a_notebook_cannot_be_started_again(monkeypatch):
    for command in (["python"], ["python", "-"]):
        monkeypatch.setattr(_processes.sys, "orig_argv", command)
        with pytest.raises(ValueError, match="needs a script"):
            workers.this_command()
    monkeypatch.setattr(_processes.sys, "orig_argv", ["python", "script.py", "a b"])
    assert workers.this_command()[1:] == ["script.py", "a b"]


def test_a_folder_that_another_machine_has_left_is_taken_after_a_while(tmp_path, monkeypatch):
    """Only time tells: a claim that is not renewed is given up."""
    monkeypatch.setattr(_claims, "PATIENCE", 0.2)
    monkeypatch.setattr(_state, "_PAUSE", 0.01)
    path = _state.folder_path(tmp_path) / _state._HELD
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('{"host": "elsewhere", "pid": 7, "started": "1"}')
    begun = time.monotonic()
    with _state.hold(tmp_path):
        assert time.monotonic() - begun >= 0.2
        assert _claims.read_owner(path)["pid"] == os.getpid()
    path.write_text('{"host": "elsewhere", "pid": 7, "started": "1"}')
    monkeypatch.setattr(_claims.Claims, "take", lambda *given: None)  # it is renewed
    with pytest.raises(ValueError, match=r"a search is running here \(process 7 on elsewhere\)"):
        _state.hold(tmp_path)
