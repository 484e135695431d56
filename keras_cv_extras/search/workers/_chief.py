"""The chief of a search with workers: serves its oracle to them, as keras-tuner's chief does.

keras-tuner's server never ends once a worker has died, waits twenty seconds to end when none
has, hides errors of the oracle from the chief, rounds scores to 32 bits, and answers anybody.
This one answers those who have the search's token: keras-tuner's call for a trial, and two of its
own, by which a worker says that it lives, and reports a whole trial.
"""

import threading
import time
from concurrent import futures

import grpc
from keras_tuner.src import protos
from keras_tuner.src.distribute.oracle_chief import OracleServicer

from keras_cv_extras.search.workers import _reports, _token

SERVICE = "keras_cv_extras.search.Chief"
_METHODS = ("/keras_tuner.Oracle/CreateTrial", f"/{SERVICE}/Live", f"/{SERVICE}/Report")
WORKER = "kcx-worker"  # in a call's metadata: the name of a worker that gives signs of life
PATIENCE = 30.0  # seconds without a sign of life after which a worker is taken for dead
_PAUSE = 0.1
_NUM_THREADS = 8  # a worker's sign of life must not wait for a suggestion


def serve(oracle, address: str, folder, on_trial=None):
    """Serves an oracle until its trials are finished and every worker knows it, or is dead.

    Args:
        oracle: a `DurableOracle`.
        address: host and port to listen on, "HOST:PORT".
        folder: the folder of the oracle's state, from which workers read the token.
        on_trial: None, or a function that is called with every finished trial.

    Raises:
        OSError: if nothing can listen there, or the oracle's files cannot be written.
    """
    servicer = _Servicer(oracle, on_trial)
    server = grpc.server(
        futures.ThreadPoolExecutor(_NUM_THREADS),
        # By default, two chiefs could listen on one port, and would share out the workers.
        options=[("grpc.so_reuseport", 0)],
        interceptors=[_token.Guard(_token.make(folder), _METHODS)],
    )
    protos.get_service_grpc().add_OracleServicer_to_server(servicer, server)
    server.add_generic_rpc_handlers([servicer.own_calls()])
    try:
        server.add_insecure_port(address)
    except RuntimeError as error:
        raise OSError(
            f"the chief cannot listen on {address}: the port is in use, or the host is not this "
            "machine. Choose another port, or 0.0.0.0 as the host"
        ) from error
    server.start()
    try:
        while not servicer.is_over():
            time.sleep(_PAUSE)
            servicer.drop_silent()
    finally:
        server.stop(grace=1.0).wait()


class _Servicer(OracleServicer):
    """Answers one call at a time, and keeps the first error for the chief."""

    def __init__(self, oracle, on_trial):
        super().__init__(oracle)
        self._on_trial = on_trial
        self._lock = threading.Lock()
        self._heard = {}
        self._failure = None

    def own_calls(self):
        """Returns the handlers of the calls that keras-tuner does not have, from bytes to bytes."""
        calls = {
            "Live": grpc.unary_unary_rpc_method_handler(self._live),
            "Report": grpc.unary_unary_rpc_method_handler(self._report),
        }
        return grpc.method_handlers_generic_handler(SERVICE, calls)

    def is_over(self):
        """Whether nothing is left to serve.

        Raises:
            Exception: what went wrong in a call.
        """
        with self._lock:
            if self._failure is not None:
                raise self._failure
            oracle = self.oracle
            done = self.stop_triggered or oracle.is_complete()
            return done and not (oracle.ongoing_trials or oracle.tuner_ids)

    def drop_silent(self):
        """Forgets workers that have not been heard of for long."""
        now = time.monotonic()
        with self._lock:
            for tuner_id, heard in list(self._heard.items()):
                if now - heard > PATIENCE:
                    del self._heard[tuner_id]
                    self.oracle.drop(tuner_id)

    def _live(self, body, context):
        self._hear(context)
        return b""

    def _report(self, body, context):
        return self._answer(self._ended, body, context)

    def _ended(self, body, context):
        report, oracle = _reports.read_report(body), self.oracle
        if report.trial_id not in oracle.trials:
            raise _reports.BadRequestError(
                f"a worker has run trial {report.trial_id}, which this search does not have: the "
                "worker belongs to another search"
            )
        if report.status == "COMPLETED" and not oracle.objective.has_value(report.metrics):
            raise _reports.BadRequestError(
                f"trial {report.trial_id} is completed without {oracle.objective.name}"
            )
        new = oracle.report(report.trial_id, report.status, report.metrics, report.message)
        if new and self._on_trial is not None:
            self._on_trial(oracle.get_trial(report.trial_id))
        return b""

    def CreateTrial(self, request, context):
        return self._answer(self._suggested, request, context)

    def _suggested(self, request, context):
        _reports.check_name("the name of a worker", request.tuner_id)
        return super().CreateTrial(request, context)

    def _hear(self, context):
        for key, tuner_id in context.invocation_metadata():
            if key == WORKER:
                self._heard[tuner_id] = time.monotonic()

    def _answer(self, method, request, context):
        self._hear(context)
        with self._lock:
            try:
                return method(request, context)
            except _reports.BadRequestError as error:  # one worker's fault, not the search's
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
            except Exception as error:  # noqa: BLE001  raised again in the chief's own thread
                self._failure = self._failure or error
                context.abort(grpc.StatusCode.INTERNAL, str(error))
