"""A worker's side of a search: an oracle that asks the chief, and outlives it."""

import contextlib
import threading
import time
from typing import Any

import grpc
from keras_tuner.engine import trial as kt_trial
from keras_tuner.src import protos
from keras_tuner.src.distribute.oracle_client import OracleClient

from keras_cv_extras.search.workers import _chief, _reports, _token

PATIENCE = 600.0  # seconds without a chief after which a worker gives up
_LIFE = 3.0  # seconds between two signs of life
_TIMEOUT = 60.0  # of a call
_PAUSE = 0.3  # before a call is repeated, or a worker without work asks again
_OPTIONS = [
    # The chief is in this network, whatever proxy leads out of it.
    ("grpc.enable_http_proxy", 0),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 1000),
]


class WorkerOracle(OracleClient):
    """Takes the place of an oracle in a worker; call `close` in the end.

    keras-tuner's own one fails when the chief is gone for a moment, asks without a pause while
    there is nothing to do, and loses the messages of failed trials.

    Args:
        oracle: the oracle as the worker made it; its objective and its space are used.
        address: of the chief, "HOST:PORT".
        tuner_id: the worker's name. A worker that was started again asks by its old name, and
            gets the trial that it was at.
        folder: the folder of the oracle's state, in which the chief keeps the search's token.
        is_over: a function that tells, when the chief is gone, whether its trials were finished.
    """

    def __init__(self, oracle, address: str, tuner_id: str, folder, is_over):
        self._oracle = oracle
        self.tuner_id = tuner_id
        self.multi_worker, self.should_report = False, True  # as in keras-tuner's own
        self._address = address
        self._folder = folder
        self._is_over = is_over
        self._trial = None
        self._metrics = {}
        self._closed = threading.Event()
        self._channel = grpc.insecure_channel(address, options=_OPTIONS)
        self.stub = protos.get_service_grpc().OracleStub(self._channel)
        self._live, self._report = (
            self._channel.unary_unary(f"/{_chief.SERVICE}/{name}") for name in ("Live", "Report")
        )
        threading.Thread(target=self._live_on, name="signs of life", daemon=True).start()

    def create_trial(self, tuner_id):
        """Returns a trial to run, or one whose status says to wait, after a pause, or to stop."""
        service: Any = protos.get_service()
        request = service.CreateTrialRequest(tuner_id=tuner_id)
        response = self._call(self.stub.CreateTrial, request)
        if response is None:
            return kt_trial.Trial(self._oracle.get_space(), status="STOPPED")
        self._trial, self._metrics = kt_trial.Trial.from_proto(response.trial), {}
        if self._trial.status == "IDLE":
            time.sleep(_PAUSE)
        return self._trial

    def get_space(self):
        """Returns the space, which does not change in a search."""
        return self._oracle.get_space()

    def update_space(self, hyperparameters):
        """Does nothing: the space is complete from the start."""

    def get_trial(self, trial_id):
        """Returns the trial that this worker is running."""
        return self._trial

    def update_trial(self, trial_id, metrics, step=0):
        """Keeps what a trial reports, until it has ended."""
        self._metrics.update(metrics)
        return self._trial

    def end_trial(self, trial):
        """Reports a trial that has ended, with all that is known of it."""
        metrics = {name: float(value) for name, value in self._metrics.items()}
        report = _reports.Report(trial.trial_id, trial.status, metrics, trial.message)
        self._call(self._report, report.to_json())

    def wait_for_end(self):
        """Returns when the chief has written that all trials are finished.

        Raises:
            ConnectionError: if it has not for long: then it has failed, and what this worker
                would take for all trials are not all.
        """
        deadline = time.monotonic() + PATIENCE
        while not self._is_over():
            if time.monotonic() > deadline:
                raise ConnectionError(
                    f"the chief at {self._address} has ended, and not all trials are finished: "
                    "see what it says, then start it and this worker again"
                )
            time.sleep(_PAUSE)

    def close(self):
        """Ends the connection."""
        self._closed.set()
        self._channel.close()

    def _live_on(self):
        while not self._closed.is_set():
            # A chief that is gone is the concern of the next call. ValueError: closed meanwhile.
            with contextlib.suppress(grpc.RpcError, ValueError):
                self._live(b"", timeout=_LIFE, metadata=self._metadata(_token.read(self._folder)))
            self._closed.wait(_LIFE)

    def _metadata(self, token):
        return ((_chief.WORKER, self.tuner_id), (_token.KEY, token or ""))

    def _call(self, method, request):
        """Returns the chief's answer, or None if the chief has ended with all trials finished."""
        lost = refused = None
        while True:
            token = _token.read(self._folder)  # a chief that starts may have written it just now
            try:
                return method(request, timeout=_TIMEOUT, metadata=self._metadata(token))
            except grpc.RpcError as error:
                if error.code() == grpc.StatusCode.UNAUTHENTICATED:
                    self._check_refusal(token, refused)
                    refused = token
                elif error.code() == grpc.StatusCode.INVALID_ARGUMENT:
                    raise RuntimeError(
                        f"the chief at {self._address} refuses this worker: {error.details()}"
                    ) from None
                elif error.code() not in (
                    grpc.StatusCode.UNAVAILABLE,
                    grpc.StatusCode.DEADLINE_EXCEEDED,
                    grpc.StatusCode.CANCELLED,  # by a chief that ends
                ):
                    raise RuntimeError(
                        f"the chief at {self._address} has failed: {error.details()}"
                    ) from None
            if self._is_over():
                return None
            lost = lost or time.monotonic()
            if time.monotonic() - lost > PATIENCE:
                raise ConnectionError(
                    f"no chief at {self._address} for {PATIENCE:.0f} seconds: start the chief "
                    "with the same arguments, then this worker again"
                )
            time.sleep(_PAUSE)

    def _check_refusal(self, token, before):
        """Raises if a token is refused that is there, and has not changed since the last call."""
        if token is not None and token == before:
            raise ConnectionError(
                f"the chief at {self._address} serves another search than the one in "
                f"{self._folder}: give the chief and this worker the same folder and address"
            )
