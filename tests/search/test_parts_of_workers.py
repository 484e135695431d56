"""How processes share out work, and how they are started: in this process, without a chief."""

import itertools
import json
import os
import signal
import subprocess
import threading
import time
import types

import pytest

from keras_cv_extras._base.host.cores import num_cores
from keras_cv_extras.search.workers import _claims, _jobs, _processes


def wait_for(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_claim_is_renewed_until_it_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(_claims, "_RENEWED", 0.005)
    path = tmp_path / "in" / "a folder" / "job.claim"
    before = {thread.ident for thread in threading.enumerate()}
    with _claims.Claims().take(path):
        (thread,) = (one for one in threading.enumerate() if one.ident not in before)
        assert thread.daemon
        os.utime(path, ns=(1, 1))
        wait_for(lambda: path.stat().st_mtime_ns > 1)
    path.touch()  # what another claims now is none of its business
    thread.join(20)
    assert not thread.is_alive()


def test_a_claim_that_another_has_taken_over_is_let_alone(tmp_path, monkeypatch):
    failures = []
    monkeypatch.setattr(threading, "excepthook", failures.append)
    monkeypatch.setattr(_claims, "_RENEWED", 0.005)
    path = tmp_path / "job.claim"
    before = {thread.ident for thread in threading.enumerate()}
    claim = _claims.Claims().take(path)
    (thread,) = (one for one in threading.enumerate() if one.ident not in before)
    path.unlink()
    thread.join(20)
    assert not thread.is_alive()
    assert failures == []
    claim.release()


def test_a_claim_is_for_all_who_share_the_folder(tmp_path):
    mask = os.umask(0)
    try:
        with _claims.Claims().take(tmp_path / "job.claim"):
            assert (tmp_path / "job.claim").stat().st_mode & 0o777 == 0o666
    finally:
        os.umask(mask)


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="of Linux")
def test_a_process_that_has_ended_and_was_not_waited_for_is_dead(tmp_path):
    path = tmp_path / "job.claim"
    with subprocess.Popen(["sleep", "60"]) as process:
        started = _claims._status(process.pid)[1]
        assert started.isdecimal()
        assert started != _claims._myself()["started"]
        owner = {**_claims._myself(), "pid": process.pid, "started": started}
        path.write_text(json.dumps(owner))
        assert _claims.Claims().is_held(path)
        process.send_signal(signal.SIGKILL)
        wait_for(lambda: _claims._status(process.pid)[0] == "Z")
        assert not _claims.Claims().is_held(path)


def test_a_system_without_proc(monkeypatch):
    def missing(path):
        raise FileNotFoundError(path)

    def kill(pid, number):
        assert number == 0
        if pid > 1:
            raise ProcessLookupError if pid == 7 else PermissionError

    monkeypatch.setattr(_claims.pathlib.Path, "read_text", missing)
    monkeypatch.setattr(_claims.os, "kill", kill)
    assert _claims._status(1) == _claims._status(8) == ("R", "")
    assert [_claims._is_alive(pid, "") for pid in (1, 7, 8)] == [True, False, True]


@pytest.mark.parametrize("pid", [0, -1, 1 << 40, "1"])
def test_an_owner_has_the_number_of_a_process(tmp_path, pid):
    path = tmp_path / "job.claim"
    path.write_text(json.dumps({**_claims._myself(), "pid": pid}))
    assert _claims.read_owner(path) is None


def test_a_claim_that_was_away_is_a_new_one(tmp_path, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(_claims.time, "monotonic", lambda: clock[0])
    path, claims = tmp_path / "job.claim", _claims.Claims()
    for second in (0.0, 2 * _claims.PATIENCE):
        clock[0] = second
        assert not claims.is_held(path)
        path.write_text("{")
        os.utime(path, ns=(1, 1))
        assert claims.is_held(path)
        path.unlink()


class Folder:
    """A folder's scores, in memory."""

    def __init__(self, path, scores=()):
        self.path, self.scores = path, dict(scores)

    def load(self, stage, name):
        return self.scores.get((stage, name))

    def store(self, stage, name, score):
        self.scores[stage, name] = score

    def claim_path(self, stage, name):
        return self.path / f"{name}.claim"


def jobs(*names):
    return [_jobs.Job("stage", name, None, "", "validation", None) for name in names]


@pytest.mark.parametrize("kind", ["alone", "worker"])
def test_what_the_folder_has_is_not_computed(tmp_path, kind):
    folder, computed, seen = Folder(tmp_path, {("stage", "b"): 2}), [], []

    def compute(job):
        computed.append(job.name)
        return 1

    found = _jobs.do_all(
        jobs("a", "b", "c"),
        folder,
        compute,
        lambda job, score: seen.append((job.name, score)),
        role=_processes.Role(kind),
        check=None,
    )
    assert (found, computed) == ([1, 2, 1], ["a", "c"])
    assert seen == [("a", 1), ("b", 2), ("c", 1)]
    assert folder.scores == {("stage", name): score for name, score in seen}


def test_a_chief_waits_and_looks_whether_it_should(tmp_path, monkeypatch):
    folder, looks = Folder(tmp_path), itertools.count()
    monkeypatch.setattr(_jobs, "PAUSE", 0.0)

    def check():
        if next(looks) == 3:
            raise ConnectionError("nobody works")

    def compute(job):
        raise AssertionError("a chief trains nothing")

    with pytest.raises(ConnectionError, match="nobody works"):
        _jobs.do_all(jobs("a"), folder, compute, None, role=_processes.Role("chief"), check=check)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def launched(monkeypatch):
    """Launches processes that end with a code at once; returns them."""
    monkeypatch.setattr(_processes, "num_cores", lambda: 7)

    def launch(directory, workers=2, code=0, end_with_search=False, meanwhile=lambda: None):
        found = []

        def supervise(processes, *, report):
            found.extend(processes)
            for process in processes:
                if process.log is not None:
                    process.log.write_text("it began\n")
            meanwhile()
            return code

        monkeypatch.setattr(_processes, "supervise", supervise)
        options = {"end_with_search": end_with_search, "report": None}
        assert _processes.launch(["a"], directory, workers, **options) == code
        return found

    return launch


def test_processes_know_what_they_are(tmp_path, launched, monkeypatch):
    for name in _processes._THREADS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    chief, *workers = launched(tmp_path, 2)
    assert [one.log for one in (chief, *workers)] == [
        None,
        tmp_path / "logs" / "worker-0.log",
        tmp_path / "logs" / "worker-1.log",
    ]
    assert chief.name == "the chief"
    assert workers[1].name == f"worker 1 ({workers[1].log})"
    roles = [_processes.role_in(tmp_path, one.environment) for one in (chief, *workers)]
    assert [role.tuner_id for role in roles] == ["chief", "worker-0", "worker-1"]
    assert {role.address.rpartition(":")[0] for role in roles} == {"127.0.0.1"}
    threads = {"TF_NUM_INTRAOP_THREADS": "3", "TF_NUM_INTEROP_THREADS": "3"}
    assert [one.environment for one in workers] == [
        {**role.environment(), **threads} for role in roles[1:]
    ]
    assert chief.environment == roles[0].environment()  # it computes nothing that takes long


def test_no_worker_is_without_a_thread(tmp_path, launched, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert launched(tmp_path, 9)[-1].environment["OMP_NUM_THREADS"] == "1"


def test_the_cores_are_those_that_this_process_may_use(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {4, 5, 9}, raising=False)
    assert num_cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    assert num_cores() == 1
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert num_cores() == 8


@pytest.mark.parametrize("ends", [False, True])
def test_processes_may_end_with_the_search(tmp_path, launched, monkeypatch, ends):
    monkeypatch.chdir(tmp_path)
    wanted = str(tmp_path / "search") if ends else None
    for process in launched("search", end_with_search=ends):
        assert process.environment.get("KCX_SEARCH_DIRECTORY") == wanted
    monkeypatch.delenv("KCX_SEARCH_DIRECTORY", raising=False)
    assert not _processes.ends_with_search()
    monkeypatch.setenv("KCX_SEARCH_DIRECTORY", "search")
    assert _processes.ends_with_search()


def test_a_launch_that_fails_at_once_leaves_nothing(tmp_path, launched):
    launched(tmp_path / "new" / "search", code=3)
    assert list(tmp_path.iterdir()) == []
    launched(tmp_path / "good", code=0)
    assert len(list(tmp_path.glob("good/logs/*"))) == 2


def test_what_a_failed_launch_has_begun_stays(tmp_path, launched):
    folder = tmp_path / "search"
    launched(folder, code=3, meanwhile=(folder / "trials").mkdir)
    assert sorted(path.name for path in folder.iterdir()) == ["logs", "trials"]
    (tmp_path / "theirs" / "logs").mkdir(parents=True)
    launched(tmp_path / "theirs", code=3)
    assert len(list(tmp_path.glob("theirs/logs/*"))) == 2


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("host:1", ("host", "1")),
        ("10.0.0.1:65535", ("10.0.0.1", "65535")),
        ("[::1]:80", ("[::1]", "80")),
    ],
)
def test_parts_of_an_address(address, parts):
    assert _processes.address_parts(address) == parts


@pytest.mark.parametrize("address", ["", "host", "host:", ":1", "host:1x", "a b:1", "host:123456"])
def test_what_is_no_address(address):
    with pytest.raises(ValueError, match="must be HOST:PORT, received"):
        _processes.address_parts(address)


def test_a_name_without_a_chief():
    role = _processes.role_of_keras_tuner
    assert role({}) == _processes.Role("alone", "", "tuner0")
    assert role({"KERASTUNER_TUNER_ID": "chief"}) == _processes.Role("alone", "", "chief")
    assert _processes.role_of_options(True, False, "host:1").tuner_id == "chief"


def test_what_runs_this_program_again(monkeypatch):
    monkeypatch.setattr(_processes.sys, "orig_argv", ["py", "-m", "program"])
    assert _processes.this_command() == [_processes.sys.executable, "-m", "program"]
    monkeypatch.setitem(_processes.sys.modules, "ipykernel", types.ModuleType("ipykernel"))
    with pytest.raises(ValueError, match="a notebook cannot be started again"):
        _processes.this_command()
    monkeypatch.delitem(_processes.sys.modules, "ipykernel")
    monkeypatch.setattr(_processes.sys, "ps1", ">>>", raising=False)
    with pytest.raises(ValueError, match="needs a script"):
        _processes.this_command()


@pytest.mark.parametrize("changes", [{"flags": types.SimpleNamespace(interactive=1)}, {"ps1": ">"}])
def test_what_is_typed_cannot_be_started_again(monkeypatch, changes):
    own = {"orig_argv": ["py", "x.py"], "modules": {}, "executable": "/bin/py"}
    own["flags"] = types.SimpleNamespace(interactive=0)
    monkeypatch.setattr(_processes, "sys", types.SimpleNamespace(**own))
    assert _processes.this_command() == ["/bin/py", "x.py"]
    monkeypatch.setattr(_processes, "sys", types.SimpleNamespace(**(own | changes)))
    with pytest.raises(ValueError, match="needs a script"):
        _processes.this_command()


@pytest.mark.parametrize("workers", [0, 1.5, True])
def test_how_many_workers(tmp_path, workers):
    with pytest.raises((TypeError, ValueError), match="workers must be"):
        _processes.launch(["a"], tmp_path, workers, end_with_search=False, report=None)
    assert list(tmp_path.iterdir()) == []
