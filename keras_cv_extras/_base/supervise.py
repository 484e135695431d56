"""Runs several processes, starts failed ones again, and leaves none behind.

What a cluster's manager does for the containers of a job, for the processes of one machine: the
workers of a distributed training (`kcx launch`), of a search, of tf.data service. Nothing here
knows what they do. Light to import: no TensorFlow, no Keras.
"""

import contextlib
import dataclasses
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import BinaryIO

from keras_cv_extras._base import checks

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # passed on, and then all ends
ENDING_CODES = tuple(128 + number for number in _ENDING)
_PASSED_ON = (signal.SIGUSR1, signal.SIGUSR2)  # Slurm sends them some time before a job's end
_AGAIN = 3.0  # seconds after which an exception that was lost is raised once more
_PAUSE = 0.1  # seconds between two looks at the processes

# A process is started through this program, which asks Linux to kill it when the supervisor
# dies, however that happens. Code between fork and exec (`preexec_fn`) may deadlock in a
# process with threads; a short program of its own may not.
_STARTER = """
import ctypes, os, signal, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # 1 is PR_SET_PDEATHSIG
if os.getppid() != int(sys.argv[1]):
    sys.exit(137)  # the supervisor died before the line above
try:
    os.execvp(sys.argv[2], sys.argv[2:])
except OSError as error:
    sys.exit(f"{sys.argv[2]}: {error.strerror}")
"""


@dataclasses.dataclass(frozen=True)
class Process:
    """A process to run.

    Args:
        name: what messages call it.
        command: the program and its arguments.
        environment: variables beside, or in place of, those of this process.
        log: the file that its output is added to; None to share this process's output.
        service: whether it serves the others: it may run for ever, and is ended once all that
            are no services have ended.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)
    log: str | os.PathLike[str] | None = None
    service: bool = False


def supervise(
    processes: Sequence[Process] | Callable[[int], Sequence[Process]],
    *,
    restarts: int = 3,
    together: bool = False,
    grace: float = 10.0,
    delay: float = 1.0,
    report: Callable[[str], None] | None = None,
) -> int:
    """Runs processes until all have ended well, or one has failed too often.

    A process fails by an exit code other than 0 or by a signal. SIGINT, SIGTERM and SIGHUP are
    passed on to all processes, and end them; SIGUSR1 and SIGUSR2 are only passed on (signals are
    heard in the main thread alone). Whatever a process has started in its session ends with it.
    On Linux, all processes are killed if this one is, by SIGKILL too; keep the thread that calls
    this alive as long.

    Args:
        processes: the processes; with `together`, also a function of the number of the attempt,
            from 0, that returns them.
        restarts: how often a failed process, or with `together` all of them, is started again.
        together: whether one failure ends all and starts all again, as workers need that train
            one model; else only the failed one is started again.
        grace: seconds that processes have between being asked to end and being killed.
        delay: seconds before a failed process is started again.
        report: None, or a function that is told in one line of every failure and restart.

    Returns:
        An exit code for a script: 0 if all processes ended well; that of the process that failed
        for the last time; 128 + the number of the signal that ended it, or all.
    """
    checks.integer("restarts", restarts, minimum=0)
    report = report or (lambda line: None)
    with _heard_signals() as heard:
        for attempt in range(restarts + 1):
            chosen = processes(attempt) if callable(processes) else processes
            children = [_Child(process) for process in chosen]
            try:
                failed = _watch(children, 0 if together else restarts, delay, heard, report)
            finally:
                _end(children, grace, heard.ending)
            if heard.ending:
                return 128 + heard.ending[0]
            if failed is None:
                return 0
            last = attempt == restarts or not together
            report(f"{failed.describe()}: " + ("giving up" if last else "starting all again"))
            if last:
                return failed.exit_code
            time.sleep(delay)
    raise RuntimeError("no attempt was the last")


def free_ports(count: int) -> list[int]:
    """Returns ports on this machine that nothing listens on at present, all different."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for item in sockets:
            item.bind(("127.0.0.1", 0))
        return [item.getsockname()[1] for item in sockets]


def file_in_memory() -> BinaryIO:
    """Returns a file for what a process writes, which takes no disk where the system has such."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("keras_cv_extras"), "w+b")
    return tempfile.TemporaryFile()


class _Child:
    """A process, and what became of it."""

    def __init__(self, process):
        self.process = process
        self.failures = 0
        self.code: int | None = None  # None while it runs or is about to
        self.due = 0.0  # when to start it
        self.handle: subprocess.Popen | None = None

    def step(self):
        """Starts the process if it is time, and looks whether it has ended."""
        if self.handle is None and time.monotonic() >= self.due:
            self._start()
        if self.handle is not None and self.code is None and self._has_ended(self.handle):
            self.signal(signal.SIGKILL)  # what it has left behind in its session
            self.code = self.handle.wait()

    def start_again(self, delay):
        self.failures += 1
        self.handle, self.code, self.due = None, None, time.monotonic() + delay

    def signal(self, number):
        """Sends a signal to the process and to all in its session."""
        if self.handle is not None and self.code is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.handle.pid, number)

    @property
    def exit_code(self) -> int:
        code = self._ended_with()
        return code if code >= 0 else 128 - code

    def describe(self) -> str:
        code = self._ended_with()
        if code >= 0:
            return f"{self.process.name} ended with exit code {code}"
        return f"{self.process.name} was ended by {signal.Signals(-code).name}"

    def _ended_with(self) -> int:
        if self.code is None:
            raise RuntimeError(f"{self.process.name} has not ended")
        return self.code

    def _start(self):
        command = [sys.executable, "-I", "-S", "-c", _STARTER, str(os.getpid())]
        with contextlib.ExitStack() as stack:
            output = None
            if self.process.log is not None:
                pathlib.Path(self.process.log).parent.mkdir(parents=True, exist_ok=True)
                output = stack.enter_context(open(self.process.log, "ab"))
            self.handle = subprocess.Popen(
                [*command, *map(os.fspath, self.process.command)],
                env={**os.environ, **self.process.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def _has_ended(self, handle):
        # Not reaped yet, it keeps its number from being given to a stranger.
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, handle.pid, options) is not None


def _watch(children, restarts, delay, heard, report):
    """Returns None once all have ended well or a signal was heard, or the child that failed."""
    while True:
        if heard.ending:
            return None
        while heard.passed_on:
            number = heard.passed_on.pop(0)
            for child in children:
                child.signal(number)
        for child in children:
            child.step()
            if child.code:
                if child.failures == restarts:
                    return child
                report(f"{child.describe()}: starting it again")
                child.start_again(delay)
        if all(child.code == 0 for child in children if not child.process.service):
            return None
        time.sleep(_PAUSE)


def _end(children, grace, ending):
    """Ends what still runs: by a signal first, by SIGKILL after `grace` or a second signal."""
    first = len(ending)
    number = ending[0] if ending else signal.SIGTERM
    for child in children:
        child.signal(number)
    deadline = time.monotonic() + grace
    running = children
    while running and time.monotonic() < deadline and len(ending) == first:
        for child in running:
            if child.handle is not None:
                child.step()
        running = [item for item in running if item.handle is not None and item.code is None]
        time.sleep(_PAUSE if running else 0)
    for child in running:
        child.signal(signal.SIGKILL)
        if child.handle is not None:
            child.code = child.handle.wait()


@dataclasses.dataclass
class _Heard:
    """The numbers of signals that came, in their order."""

    ending: list[int] = dataclasses.field(default_factory=list)
    passed_on: list[int] = dataclasses.field(default_factory=list)


@contextlib.contextmanager
def _heard_signals():
    """Gives a record of the signals that come."""
    heard = _Heard()
    if threading.current_thread() is not threading.main_thread():
        yield heard
        return
    lists: dict[int, list[int]] = dict.fromkeys(_ENDING, heard.ending)
    lists.update(dict.fromkeys(_PASSED_ON, heard.passed_on))
    before = {
        number: signal.signal(number, lambda number, frame: lists[number].append(number))
        for number in lists
    }
    try:
        yield heard
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Ended(SystemExit):
    """A signal has asked this process to end: its exit code is 128 + the signal's number."""

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.number = number

    def __str__(self) -> str:
        return f"ended by {signal.Signals(self.number).name}"


@contextlib.contextmanager
def ending_by_signals():
    """Lets SIGINT, SIGTERM and SIGHUP raise `Ended` in the main thread, inside of the block.

    Code in C that is just calling Python may lose the exception: it is raised again some seconds
    later, unless it is on its way through what tidies up, and Python does not speak of it. Alarms
    of others stay theirs.
    """
    ended, theirs = [], []  # the handler and the timer that others have for alarms
    tell = sys.unraisablehook

    def tell_of_others(lost):
        if not isinstance(lost.exc_value, Ended):
            tell(lost)

    def end(number, frame):
        ended.append(number)
        handler = signal.getsignal(signal.SIGALRM)
        if handler is not again:
            theirs.append((handler, signal.getitimer(signal.ITIMER_REAL)))
            signal.signal(signal.SIGALRM, again)
        signal.setitimer(signal.ITIMER_REAL, _AGAIN)
        raise Ended(number)

    def again(number, frame):
        error = sys.exc_info()[1]
        while error is not None and not isinstance(error, Ended):
            error = error.__context__
        signal.setitimer(signal.ITIMER_REAL, _AGAIN)
        if error is None:
            raise Ended(ended[0])

    with _handling(end):
        sys.unraisablehook = tell_of_others
        try:
            yield
        finally:
            sys.unraisablehook = tell
            if theirs:
                handler, timer = theirs[0]
                signal.setitimer(signal.ITIMER_REAL, 0)
                signal.signal(signal.SIGALRM, handler)
                signal.setitimer(signal.ITIMER_REAL, *timer)


class Postponed:
    """A signal that ends this process, heard and not yet obeyed."""

    def __init__(self) -> None:
        self.number = None
        self.before = {}  # signal -> the handler that was there

    def hear(self, number: int, frame: object) -> None:
        """Notes a signal; a second one ends the process at once."""
        again, self.number = self.number is not None, number
        if again:
            self.obey()

    def obey(self) -> None:
        """Ends the process if a signal has asked for it, as it would have ended without us.

        Raises:
            KeyboardInterrupt, Ended: unless there was no signal.
        """
        if self.number is None:
            return
        handler = self.before[self.number]
        if callable(handler):
            handler(self.number, None)
        raise Ended(self.number)


@contextlib.contextmanager
def postponed_end():
    """Gives a `Postponed`: signals that end this process wait until its `obey` is called.

    At the end of the block it is called anyway. In other threads than the main one no signal
    is heard.
    """
    postponed = Postponed()
    with _handling(postponed.hear) as postponed.before:
        yield postponed
    postponed.obey()


@contextlib.contextmanager
def _handling(function):
    """Has a function called by the signals that end a process; gives the handlers before.

    A signal that is ignored, as `nohup` has it, stays ignored.
    """
    before = {}
    if threading.current_thread() is threading.main_thread():
        for number in _ENDING:
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                before[number] = signal.signal(number, function)
    try:
        yield before
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
