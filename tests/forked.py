"""A process that has imported what is slow to import, and forks a child for each order.

It reads orders as lines of JSON: a command's arguments and the moment at which the child is killed,
if it is, or a script. It answers each with a line of JSON. The imports start no threads, so that a
child is a process like one that has just been started.
"""

import contextlib
import importlib
import json
import os
import pathlib
import runpy
import signal
import subprocess
import sys
import tempfile
import time

_MODULES = (
    "tensorflow keras h5py keras_tuner matplotlib.figure optuna rich.table scipy.special "
    "sklearn.metrics keras_cv_extras.cli keras_cv_extras.data._pipeline "
    "keras_cv_extras.generative.gan._training keras_cv_extras.training.job._train "
    "keras_cv_extras.training.evaluation._report keras_cv_extras.search.stages._stages "
    "keras_cv_extras.search.verdict._report keras_cv_extras.serving._export "
    "keras_cv_extras.serving._trained"
)
_CHANGES = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate", "os.link")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_POLL = 0.005  # seconds


class Changes:
    """Counts what Python changes below a folder, and ends the process before one of them."""

    def __init__(self, root, last, number):
        self.root, self.last, self.count = os.path.abspath(root), last, 0
        self.number = number

    def __call__(self, event, arguments):
        """Hears an audit event, which Python tells before it does what the event says."""
        if event == "open":
            if not isinstance(arguments[2], int) or not arguments[2] & _WRITES:
                return
        elif event not in _CHANGES:
            return
        path = arguments[0]
        if isinstance(path, int):  # a file that is open
            return
        path = os.path.abspath(os.fsdecode(path))
        inside = event in ("os.remove", "os.rmdir") and arguments[1] != -1  # below an open folder
        if not inside and os.path.commonpath([path, self.root]) != self.root:
            return
        self.count += 1
        if self.count == self.last:
            os.kill(os.getpid(), self.number)


def _script(order):
    """Runs a script as Python does, in a folder."""
    os.chdir(order["folder"])
    sys.argv = [order["script"], *order["arguments"]]
    sys.path.insert(0, os.path.dirname(order["script"]))
    runpy.run_path(order["script"], run_name="__main__")


def _command(order):
    """Runs a command of `kcx`."""
    sys.argv = ["kcx", *order["arguments"]]
    from keras_cv_extras import cli

    return cli.main()


def _child(order, output, errors, answer):
    """Does what an order says; the child's whole life."""
    os.dup2(output.fileno(), 1)
    os.dup2(errors.fileno(), 2)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    changes = Changes(order["root"], order.get("change"), order.get("signal", signal.SIGKILL))
    sys.addaudithook(changes)
    try:
        code = (_script if "script" in order else _command)(order)
    except SystemExit as ended:
        code = ended.code
    if isinstance(code, str):
        print(code, file=sys.stderr)
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    pathlib.Path(answer).write_text(str(changes.count))
    os._exit(code or 0)


def run(order):
    """Does what an order says in a child.

    Args:
        order: a dictionary. "arguments" are those of `kcx`, or of "script", the path of a script
            that runs in "folder"; "root" is the folder whose changes count; "change" the number
            of the change before which the child is killed, "seconds" the time after which it is,
            or which is sent another "signal" then; without them it runs to its end.

    Returns:
        A dictionary: "code" is the child's exit code, the negative number of the signal that
        ended it; "changes", "seconds", "output" and "errors" are what it counted, took and printed.
    """
    assert len(os.listdir("/proc/self/task")) == 1
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryFile() as output,
        tempfile.TemporaryFile() as errors,
    ):
        answer, began = pathlib.Path(folder, "changes"), time.monotonic()
        child = os.fork()
        if child == 0:
            try:
                _child(order, output, errors, answer)
            finally:
                import traceback

                traceback.print_exc()
                sys.stderr.flush()
                os._exit(70)
        limit = order.get("seconds")
        while (ended := os.waitpid(child, os.WNOHANG))[0] == 0:
            if limit is not None and time.monotonic() - began > limit:
                os.kill(child, order.get("signal", signal.SIGKILL))
                ended = os.waitpid(child, 0)
                break
            time.sleep(_POLL)
        output.seek(0)
        errors.seek(0)
        return {
            "code": os.waitstatus_to_exitcode(ended[1]),
            "changes": int(answer.read_text()) if answer.exists() else None,
            "seconds": time.monotonic() - began,
            "output": output.read().decode(errors="replace"),
            "errors": errors.read().decode(errors="replace"),
        }


@contextlib.contextmanager
def server():
    """Starts such a process; gives a function of an order that returns the answer."""
    process = subprocess.Popen(
        [sys.executable, __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"},
    )

    def ask(order):
        print(json.dumps(order), file=process.stdin, flush=True)
        return json.loads(process.stdout.readline())

    yield ask
    process.stdin.close()
    assert process.wait(60) == 0
    process.stdout.close()


def main():
    """Answers orders until the input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no answer
    for name in _MODULES.split():
        importlib.import_module(name)
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
