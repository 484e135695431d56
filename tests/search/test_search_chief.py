"""Strangers at a chief's port: refused, and neither the search nor its scores feel it."""

import json
import os
import stat
import threading

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras_tuner.src import protos

from keras_cv_extras import search
from keras_cv_extras._base import supervise
from keras_cv_extras.search.workers import _chief, _reports, _token, _worker

SPACE = {"num_sub_policies": 2, "ops": ("invert", "rotate", "cutout")}
GOOD = {
    "trial_id": "0",
    "status": "COMPLETED",
    "metrics": {"val_accuracy": 0.5, "val_log_loss": 1.0, "seconds": 2.0},
    "message": None,
}
WRONG = {
    "no JSON": b"{",
    "brackets": b"[" * 100_000,
    "bytes": bytes(range(256)),
    "a list": b"[]",
    "a field too many": {**GOOD, "other": 1},
    "a field too few": {"trial_id": "0", "status": "COMPLETED", "metrics": {}},
    "a number for a name": {**GOOD, "trial_id": 0},
    "a path for a name": {**GOOD, "trial_id": "../../etc"},
    "a name without end": {**GOOD, "trial_id": "0" * 100_000},
    "another trial": {**GOOD, "trial_id": "77"},
    "a status of its own": {**GOOD, "status": "RUNNING"},
    "a status that is no text": {**GOOD, "status": ["COMPLETED"]},
    "an accuracy of a billion": {**GOOD, "metrics": {"val_accuracy": 1e9}},
    "a negative accuracy": {**GOOD, "metrics": {"val_accuracy": -0.1}},
    "an accuracy that is none": {**GOOD, "metrics": {"val_accuracy": float("nan")}},
    "an infinite loss": {**GOOD, "metrics": {"val_accuracy": 1.0, "val_log_loss": float("inf")}},
    "text for a number": {**GOOD, "metrics": {"val_accuracy": "0.5"}},
    "true for a number": {**GOOD, "metrics": {"val_accuracy": True}},
    "no score": {**GOOD, "metrics": {"seconds": 1.0}},
    "metrics that are none": {**GOOD, "metrics": 3},
    "a message that is none": {**GOOD, "message": 3},
    "a message without end": {**GOOD, "message": "a" * 1_000_000},
}


class Chief:
    """A chief that serves two trials in a thread, and a stranger's channel to it."""

    def __init__(self, folder):
        space = search.policy_space(**SPACE)
        self.oracle = search.RandomOracle(max_trials=2, hyperparameters=space)
        self.folder = folder
        search.PolicyTuner(self.oracle, trainer=object(), directory=folder, project_name="trials")
        self.address = f"127.0.0.1:{supervise.free_ports(1)[0]}"
        self.failure = None
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        self.channel = grpc.insecure_channel(self.address)
        grpc.channel_ready_future(self.channel).result(60)
        self.token = _token.read(folder / "trials")

    def _serve(self):
        try:
            _chief.serve(self.oracle, self.address, self.folder / "trials")
        except Exception as error:
            self.failure = error

    def call(self, method, body, token):
        metadata = [(_token.KEY, token)] if token is not None else []
        return self.channel.unary_unary(method)(body, timeout=30, metadata=metadata)

    def report(self, fields, token):
        body = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
        return self.call(f"/{_chief.SERVICE}/Report", body, token)

    def finish(self):
        """Runs what is left as a worker does, and waits for the end."""
        worker = _worker.WorkerOracle(
            self.oracle, self.address, "worker-0", self.folder / "trials", lambda: False
        )
        while (trial := worker.create_trial("worker-0")).status == "RUNNING":
            worker.update_trial(trial.trial_id, {"val_accuracy": 0.25})
            trial.status = "COMPLETED"
            worker.end_trial(trial)
        worker.close()
        self._thread.join(60)
        assert not self._thread.is_alive()


@pytest.fixture(scope="module")
def chief(tmp_path_factory):
    found = Chief(tmp_path_factory.mktemp("search"))
    found.call(_chief._METHODS[0], _wanted("worker-0"), found.token)  # trial 0 runs
    yield found
    found.finish()
    assert found.failure is None
    assert [trial.score for trial in found.oracle.trials.values()] == [0.25, 0.25]


def _wanted(name):
    return protos.get_service().CreateTrialRequest(tuner_id=name).SerializeToString()


@pytest.mark.parametrize("token", [None, "", "0" * 64])
@pytest.mark.parametrize("method", [*_chief._METHODS, "/keras_tuner.Oracle/EndTrial", "/a/b"])
def test_who_has_no_token_is_refused_before_anything_is_read(chief, method, token):
    with pytest.raises(grpc.RpcError) as caught:
        chief.call(method, b"\xff" * 10_000, token)
    assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED
    assert chief.token not in caught.value.details()


@pytest.mark.parametrize("method", ["EndTrial", "UpdateTrial", "UpdateSpace", "GetBestTrials"])
def test_what_no_worker_calls_is_not_answered(chief, method):
    with pytest.raises(grpc.RpcError) as caught:
        chief.call(f"/keras_tuner.Oracle/{method}", b"", chief.token)
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_a_sign_of_life_does_not_wait_for_a_suggestion(chief, monkeypatch):
    asked, answer = threading.Event(), threading.Event()
    suggest = chief.oracle.create_trial

    def slowly(tuner_id):
        asked.set()
        assert answer.wait(60)
        return suggest(tuner_id)

    monkeypatch.setattr(chief.oracle, "create_trial", slowly)
    call = (_chief._METHODS[0], _wanted("worker-0"), chief.token)
    thread = threading.Thread(target=chief.call, args=call, daemon=True)
    thread.start()
    try:
        assert asked.wait(60)
        assert chief.call(f"/{_chief.SERVICE}/Live", b"", chief.token) == b""
        assert thread.is_alive()
    finally:
        answer.set()
    thread.join(60)
    assert not thread.is_alive()


@pytest.mark.parametrize("fields", WRONG.values(), ids=WRONG)
def test_a_wrong_report_is_answered_and_changes_nothing(chief, fields):
    with pytest.raises(grpc.RpcError) as caught:
        chief.report(fields, chief.token)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert 0 < len(caught.value.details()) < 300
    assert chief.oracle.trials["0"].status == "RUNNING"


@pytest.mark.parametrize("name", ["", "a" * 1000, "a\nb"])
def test_a_worker_has_a_name(chief, name):
    with pytest.raises(grpc.RpcError, match="the name of a worker must be a name"):
        chief.call(_chief._METHODS[0], _wanted(name), chief.token)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(st.binary(max_size=200) | st.builds(lambda value: json.dumps(value).encode(), JSON))
def test_no_body_makes_the_reader_stumble(body):
    with pytest.raises(_reports.BadRequestError):
        _reports.read_report(body)


@given(field=st.sampled_from(sorted(GOOD)), value=JSON)
def test_no_value_of_a_field_makes_the_reader_stumble(field, value):
    try:
        report = _reports.read_report(json.dumps({**GOOD, field: value}).encode())
    except _reports.BadRequestError:
        pass
    else:
        assert _reports.read_report(report.to_json()) == report


def test_the_token_is_the_owners_alone_and_stays(tmp_path):
    token = _token.make(tmp_path)
    assert len(token) == 64
    assert _token.read(tmp_path) == _token.make(tmp_path) == token
    assert stat.S_IMODE(os.stat(tmp_path / _token.NAME).st_mode) == 0o600
    (tmp_path / _token.NAME).write_text("cut sh")  # by a kill
    assert _token.read(tmp_path) is None
    assert _token.make(tmp_path) not in (token, "cut sh")
    assert _token.read(tmp_path / "elsewhere") is None


def test_a_worker_of_another_search_is_told_so(chief, tmp_path):
    _token.make(tmp_path)
    worker = _worker.WorkerOracle(chief.oracle, chief.address, "worker-9", tmp_path, lambda: False)
    with pytest.raises(ConnectionError, match="serves another search than the one in"):
        worker.create_trial("worker-9")
    worker.close()


def test_a_proxy_is_not_asked_for_the_chief(chief, monkeypatch):
    monkeypatch.setattr(_worker, "PATIENCE", 2.0)
    for name in ("no_proxy", "no_grpc_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("grpc_proxy", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    worker = _worker.WorkerOracle(
        chief.oracle, chief.address, "worker-0", chief.folder / "trials", lambda: False
    )
    assert worker.create_trial("worker-0").trial_id == "0"
    worker.close()


def test_a_port_has_one_chief(chief, tmp_path):
    with pytest.raises(OSError, match=f"cannot listen on {chief.address}: the port is in use"):
        _chief.serve(chief.oracle, chief.address, tmp_path)
