"""Claims, by which several processes on one folder divide their work.

A claim is a file that one process alone can make. Its time is renewed while the process lives,
so that what a dead process has claimed can be taken over. Nothing rests on claims but time: two
processes that do the same thing, because both took over from a dead one, write the same.
"""

import contextlib
import functools
import json
import os
import pathlib
import socket
import threading
import time
from typing import Any

from keras_cv_extras._base import checks
from keras_cv_extras._base.owned import errors, fields

_RENEWED = 5.0  # seconds between two renewals
_MOST = (1 << 31) - 1  # processes
_OWNER = {
    "host": fields.text,
    "pid": functools.partial(checks.integer, minimum=1, maximum=_MOST),
    "started": fields.text,
}
PATIENCE = 30.0  # seconds without a renewal after which the owner is taken for dead


class Claims:
    """Makes claims, and remembers what it has seen of those of others.

    Clocks of machines differ, and a file's time is that of its server. So a claim counts as
    given up when its time has not changed for a while of this process's own clock.
    """

    def __init__(self):
        self._seen = {}

    def take(self, path) -> "Claim | None":
        """Claims a path, which stands for something to do; None if another process has it."""
        path = pathlib.Path(path)
        claim = Claim(path)
        if claim.make():
            return claim
        if not self.is_held(path):
            path.unlink(missing_ok=True)
            if claim.make():
                return claim
        return None

    def is_held(self, path) -> bool:
        """Returns whether a living process has a claim on a path, as far as can be known."""
        path = pathlib.Path(path)
        try:
            renewed = path.stat().st_mtime_ns
            owner = read_owner(path)
        except FileNotFoundError:
            self._seen.pop(path, None)
            return False
        if owner and is_here(owner) and not _is_alive(owner["pid"], owner["started"]):
            return False
        before, since = self._seen.get(path, (None, 0.0))
        if before != renewed:
            self._seen[path] = renewed, time.monotonic()
            return True
        return time.monotonic() - since < PATIENCE


class Claim:
    """A claim of this process, given up at the end of a `with` block."""

    def __init__(self, path: pathlib.Path):
        self.path = path
        self._released = threading.Event()

    def make(self) -> bool:
        """Makes the claim's file; returns False if there is one."""
        with errors.explaining(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            try:
                file = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
            except FileExistsError:
                return False
            with open(file, "w", encoding="utf-8") as stream:
                json.dump(_myself(), stream)
        threading.Thread(target=self._renew, name=f"claim {self.path.name}", daemon=True).start()
        return True

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.release()

    def release(self):
        """Gives the claim up."""
        self._released.set()
        self.path.unlink(missing_ok=True)

    def _renew(self):
        while not self._released.wait(_RENEWED):
            try:
                os.utime(self.path)
            except FileNotFoundError:  # taken over by one who thought that this process is dead
                return


def is_here(owner: dict[str, Any]) -> bool:
    """Returns whether the owner of a claim is a process of this machine."""
    return owner["host"] == socket.gethostname()


def read_owner(path) -> dict[str, Any] | None:
    """Returns host, pid and start of the process that made a claim; None if not written yet.

    Raises:
        FileNotFoundError: if there is no claim.
    """
    try:
        return fields.read(pathlib.Path(path), _OWNER)
    except ValueError:
        return None


def _myself():
    return {"host": socket.gethostname(), "pid": os.getpid(), "started": _status(os.getpid())[1]}


def _is_alive(pid, started):
    """Returns whether a process of this machine runs; another one may have its number by now."""
    try:
        state, since = _status(pid)
    except ProcessLookupError:
        return False
    return state not in "ZX" and since == started


def _status(pid):
    """Returns a process's state and the time of its start; of other systems than Linux less."""
    try:
        # The name, in brackets, may hold blanks. What follows: proc_pid_stat(5), fields 3 and 22.
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return fields[0], fields[19]
    except FileNotFoundError:
        with contextlib.suppress(PermissionError):  # another user's
            os.kill(pid, 0)
        return "R", ""
