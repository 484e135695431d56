"""What a chief and its workers say to each other, without a port between them."""

import json
import threading
import time
import types

import grpc
import keras_tuner as kt
import pytest
from keras_tuner.engine import trial as kt_trial

from keras_cv_extras.search.workers import _chief, _claims, _reports, _token, _worker

CODES = grpc.StatusCode


class Oracle:
    """As much of an oracle as a servicer asks."""

    def __init__(self, complete=False, ongoing=(), tuner_ids=()):
        self.complete = complete
        self.ongoing_trials, self.tuner_ids = dict.fromkeys(ongoing), set(tuner_ids)
        self.dropped, self.trials = [], {"0": "trial 0"}
        self.objective = types.SimpleNamespace(name="score", has_value=lambda found: found)
        self.answers = [True, False]

    def is_complete(self):
        return self.complete

    def drop(self, tuner_id):
        self.dropped.append(tuner_id)

    def report(self, *report):
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def get_trial(self, trial_id):
        return self.trials[trial_id]


class Context:
    """A call of a worker."""

    def __init__(self, *metadata):
        self.metadata = metadata

    def invocation_metadata(self):
        return self.metadata

    def abort(self, code, text):
        raise RuntimeError(f"{code.name}: {text}")


@pytest.mark.parametrize("stopped", [False, True])
@pytest.mark.parametrize("complete", [False, True])
@pytest.mark.parametrize("ongoing", [(), ("a",)])
@pytest.mark.parametrize("known", [(), ("a",)])
def test_a_chief_serves_until_all_is_done_and_all_workers_know_it(
    stopped, complete, ongoing, known
):
    servicer = _chief._Servicer(Oracle(complete, ongoing, known), None)
    servicer.stop_triggered = stopped
    assert servicer.is_over() == ((stopped or complete) and not ongoing and not known)


def test_a_chief_forgets_workers_that_are_silent(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(_chief.time, "monotonic", lambda: clock[0])
    servicer = _chief._Servicer(Oracle(), None)
    assert servicer._live(b"", Context((_chief.WORKER, "a"), ("user-agent", "grpc"))) == b""
    servicer._live(b"", Context((_chief.WORKER, "b"), (_token.KEY, "secret")))
    clock[0] = _chief.PATIENCE - 1
    servicer._live(b"", Context((_chief.WORKER, "b")))
    clock[0] = _chief.PATIENCE
    servicer.drop_silent()
    assert servicer.oracle.dropped == []
    clock[0] += 0.5
    for _ in range(2):
        servicer.drop_silent()
        assert servicer.oracle.dropped == ["a"]  # once
    clock[0] += _chief.PATIENCE
    servicer.drop_silent()
    assert servicer.oracle.dropped == ["a", "b"]


def test_a_report_is_a_sign_of_life_and_is_told_of_once():
    told = []
    servicer = _chief._Servicer(Oracle(), told.append)
    report = _reports.Report("0", "COMPLETED", {"score": 1.0}, None).to_json()
    for _ in range(2):
        assert servicer._report(report, Context((_chief.WORKER, "a"))) == b""
    assert told == ["trial 0"]
    assert list(servicer._heard) == ["a"]


def test_a_chief_tells_the_first_error():
    servicer = _chief._Servicer(Oracle(complete=True), None)
    for error in (OSError("no space left"), ValueError("later")):
        servicer.oracle.answers = [error]
        with pytest.raises(RuntimeError, match=f"INTERNAL: {error}"):
            servicer._report(_reports.Report("0", "FAILED", {}, None).to_json(), Context())
    with pytest.raises(OSError, match="no space left"):
        servicer.is_over()


def test_signs_of_life_come_in_time():
    """One or two that are lost must not count as a death, and the dead not hold up the others."""
    assert 3 * _worker._LIFE < _chief.PATIENCE <= 60
    assert 3 * _claims._RENEWED < _claims.PATIENCE <= 60
    assert _worker._TIMEOUT < _worker.PATIENCE > _chief.PATIENCE


@pytest.mark.parametrize(
    ("status", "metrics"),
    [
        ("COMPLETED", {"val_accuracy": 0.0}),
        ("COMPLETED", {"val_accuracy": 1, "val_log_loss": 30.0, "seconds": 1e6}),
        ("COMPLETED", {"of its own": -7.5}),
        ("INVALID", {}),
        ("FAILED", {}),
    ],
)
def test_what_a_worker_may_report(status, metrics):
    report = _reports.Report("0", status, metrics, "a" * 100_000)
    found = _reports.read_report(report.to_json())
    assert found == report
    assert {type(value) for value in found.metrics.values()} <= {float}


@pytest.mark.parametrize(
    "metrics", [{"": 1.0}, {"val_log_loss": -1.0}, {"seconds": -1.0}, {"val_accuracy": 1.001}]
)
def test_what_no_worker_reports(metrics):
    body = json.dumps({"trial_id": "0", "status": "COMPLETED", "metrics": metrics, "message": None})
    with pytest.raises(_reports.BadRequestError):
        _reports.read_report(body.encode())


@pytest.mark.parametrize("content", ["é" * 64, "0" * 65, "0" * 63, "A" * 64, "0" * 64 + "\n"])
def test_what_is_no_token_is_made_again(tmp_path, content):
    (tmp_path / _token.NAME).write_text(content, encoding="utf-8")
    assert _token.read(tmp_path) is None
    assert _token.read(tmp_path) != _token.make(tmp_path) == _token.read(tmp_path)


class Refused(grpc.RpcError):
    def __init__(self, code):
        self._code = code

    def code(self):
        return self._code

    def details(self):
        return "so it is"


@pytest.fixture
def worker(tmp_path, monkeypatch):
    """A worker of a search without a chief."""
    monkeypatch.setattr(_worker, "_PAUSE", 0.0)
    over = []
    made = _worker.WorkerOracle(None, "127.0.0.1:1", "w", tmp_path, lambda: bool(over))
    made.over = over
    yield made
    made.close()


def answering(worker, *answers):
    """A method of a chief that fails with these codes, and then answers."""
    calls, left = [], list(answers)

    def method(request, timeout, metadata):
        calls.append(dict(metadata))
        answer = left.pop(0)
        if isinstance(answer, CODES):
            raise Refused(answer)
        return answer

    return method, calls


def test_a_call_is_repeated_while_the_chief_is_away(worker):
    away = (CODES.UNAVAILABLE, CODES.DEADLINE_EXCEEDED, CODES.CANCELLED)
    method, calls = answering(worker, *away, "answer")
    assert worker._call(method, b"") == "answer"
    assert calls == [{_chief.WORKER: "w", _token.KEY: ""}] * 4


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (CODES.INVALID_ARGUMENT, "refuses this worker: so it is"),
        (CODES.INTERNAL, "has failed: so it is"),
        (CODES.UNIMPLEMENTED, "has failed: so it is"),
    ],
)
def test_a_call_that_the_chief_answers_with_an_error(worker, code, message):
    method, _ = answering(worker, code, "answer")
    with pytest.raises(RuntimeError, match=f"the chief at 127.0.0.1:1 {message}"):
        worker._call(method, b"")


def test_a_chief_that_is_gone_for_good(worker, monkeypatch):
    worker.over.append(True)
    method, _ = answering(worker, CODES.UNAVAILABLE)
    assert worker._call(method, b"") is None
    worker.over.clear()
    monkeypatch.setattr(_worker, "PATIENCE", 0.02)
    method, calls = answering(worker, *[CODES.UNAVAILABLE] * 1_000_000)
    with pytest.raises(ConnectionError, match=r"no chief at 127\.0\.0\.1:1 for 0 seconds"):
        worker._call(method, b"")
    assert len(calls) > 1


def test_a_token_is_refused_once_while_a_chief_starts(worker, tmp_path):
    refused = CODES.UNAUTHENTICATED
    method, calls = answering(worker, refused, refused, refused, "answer")
    assert worker._call(method, b"") == "answer"  # none is there yet
    token = _token.make(tmp_path)
    method, calls = answering(worker, refused, "answer")
    assert worker._call(method, b"") == "answer"
    assert calls[0][_token.KEY] == token
    method, calls = answering(worker, refused, refused, "answer")
    with pytest.raises(ConnectionError, match="serves another search than the one in"):
        worker._call(method, b"")


def test_a_worker_reports_what_its_trial_has_told(worker):
    sent = []
    worker._report = lambda body, timeout, metadata: sent.append(json.loads(body))
    trial = types.SimpleNamespace(trial_id="3", status="FAILED", message="it diverged")
    worker.update_trial("3", {"val_accuracy": 1, "seconds": 1.0})
    worker.update_trial("3", {"seconds": 2.0})
    worker.end_trial(trial)
    assert sent == [
        {
            "trial_id": "3",
            "status": "FAILED",
            "metrics": {"val_accuracy": 1.0, "seconds": 2.0},
            "message": "it diverged",
        }
    ]


def test_a_trial_begins_without_what_the_one_before_has_told(worker):
    def given(status):
        trial = kt_trial.Trial(kt.HyperParameters(), trial_id="4", status=status)
        return types.SimpleNamespace(trial=trial.to_proto())

    worker.update_trial("3", {"seconds": 1.0})
    asked, answers = [], [given("RUNNING"), given("IDLE")]

    def create(request, timeout, metadata):
        asked.append(request.tuner_id)
        return answers.pop(0)

    worker.stub = types.SimpleNamespace(CreateTrial=create)
    assert worker.create_trial("w").trial_id == "4"
    assert worker._metrics == {}
    assert worker.get_trial("4").status == "RUNNING"
    assert worker.create_trial("w").status == "IDLE"
    assert asked == ["w", "w"]


def test_signs_of_life_end_with_the_worker(worker, monkeypatch):
    monkeypatch.setattr(_worker, "_LIFE", 0.005)
    said = []

    def live(body, timeout, metadata):
        said.append(dict(metadata))
        raise Refused(CODES.UNAVAILABLE) if len(said) == 1 else ValueError("a closed channel")

    worker._live = live
    thread = threading.Thread(target=worker._live_on)
    thread.start()
    deadline = time.monotonic() + 20
    while len(said) < 3 and time.monotonic() < deadline:
        time.sleep(0.005)
    assert len(said) > 2
    worker.close()
    thread.join(20)
    assert not thread.is_alive()
    assert said[0] == {_chief.WORKER: "w", _token.KEY: ""}
