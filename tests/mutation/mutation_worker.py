"""A process that has imported what is slow to import, and forks a child for each run of pytest.

It works in a copy of the tree, reads orders as lines of JSON and answers each with a line of JSON.
The package under test is never imported here: each child reads it anew, as it then is.
"""

import contextlib
import gc
import importlib
import json
import os
import pathlib
import signal
import sys
import tempfile
import time
import traceback

import pytest

_POLL_SECONDS = 0.02


class _Outcomes:
    """Plugin of pytest: which tests passed, which failed, which files could not be collected."""

    def __init__(self):
        self.passed, self.failed, self.uncollected = [], [], []

    def pytest_collectreport(self, report):
        if report.failed:
            self.uncollected.append(report.nodeid)

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.failed.append(report.nodeid)
        elif report.when == "call" and report.passed:
            self.passed.append(report.nodeid)


def _child(arguments, log, answer):
    """Runs pytest and writes what became of it; the child's whole life."""
    with open(log, "wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    outcomes = _Outcomes()
    code = int(pytest.main(arguments, plugins=[outcomes]))
    answer.write_text(json.dumps({"code": code, **vars(outcomes)}))


def run_pytest(arguments, timeout, folder):
    """Runs pytest in a forked child with a process group of its own.

    Args:
        arguments: pytest's.
        timeout: seconds after which the child and its children are killed.
        folder: where the child leaves its answer and its log.

    Returns:
        A dict with "code" (None after a timeout or a death), "timeout", "passed", "failed",
        "uncollected", "seconds" of the processor and "log", the last lines that were printed.
    """
    log, answer = pathlib.Path(folder, "log"), pathlib.Path(folder, "answer")
    answer.unlink(missing_ok=True)
    sys.stdout.flush()
    begin = time.monotonic()
    child = os.fork()
    if child == 0:
        try:
            os.setsid()
            _child(arguments, log, answer)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(0)
    late = False
    while (ended := os.wait4(child, os.WNOHANG))[0] == 0:
        if time.monotonic() - begin > timeout:
            late = True
            os.killpg(child, signal.SIGKILL)
            ended = os.wait4(child, 0)
            break
        time.sleep(_POLL_SECONDS)
    seconds = round(ended[2].ru_utime + ended[2].ru_stime, 1)
    # Servers and workers that a failed test left behind end with it.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    result = {"code": None, "passed": [], "failed": [], "uncollected": []}
    if answer.exists():
        result.update(json.loads(answer.read_text()))
    tail = log.read_text(errors="replace").splitlines()[-40:] if log.exists() else []
    return {**result, "timeout": late, "seconds": seconds, "log": "\n".join(tail)}


@contextlib.contextmanager
def _changed(change, stamp):
    """The file with the change in it; its time tells Python that compiled code is out of date."""
    if change is None:
        yield
        return
    path = pathlib.Path(change["file"])
    text, was = path.read_text(encoding="utf-8"), path.stat()
    try:
        path.write_text(text.replace(change["before"], change["after"]), encoding="utf-8")
        os.utime(path, (stamp, stamp))
        yield
    finally:
        path.write_text(text, encoding="utf-8")
        os.utime(path, (was.st_atime, was.st_mtime))


def main(modules):
    """Answers orders until standard input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no answer
    for name in modules:
        importlib.import_module(name)
    # What is loaded by now stays for ever: children need not search it for garbage.
    gc.collect()
    gc.freeze()
    stamp = int(time.time()) + 1000
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        for line in sys.stdin:
            order = json.loads(line)
            stamp += 10
            with _changed(order["change"], stamp):
                result = run_pytest(order["arguments"], order["timeout"], folder)
            answers.write(json.dumps(result) + "\n")
            answers.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
