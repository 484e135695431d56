"""Processes under a supervisor: started again, ended together, and none left behind."""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from keras_cv_extras._base import supervise

PYTHON = (sys.executable, "-I", "-S", "-c")


def process(name, script, *arguments, **options):
    return supervise.Process(name, [*PYTHON, script, *map(str, arguments)], **options)


def run(*processes, **options):
    lines = []
    code = supervise.supervise(
        list(processes), report=lines.append, **{"delay": 0.01, "grace": 2.0, **options}
    )
    return code, lines


def alive(pid):
    """Whether a process runs; one that has ended and waits to be noticed does not."""
    stat = pathlib.Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


PATIENCE = 60  # seconds: what is waited for comes within one, but on a machine that is busy


def wait_for(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


# Fails as often as a number says, counting its starts in a file.
FLAKY = """
import os, sys
with open(sys.argv[1], "a") as file:
    file.write("x")
sys.exit(7 if os.path.getsize(sys.argv[1]) <= int(sys.argv[2]) else 0)
"""


def test_a_failed_process_is_started_again_alone(tmp_path):
    steady, flaky = tmp_path / "steady", tmp_path / "flaky"
    code, lines = run(process("steady", FLAKY, steady, 0), process("flaky", FLAKY, flaky, 2))
    assert code == 0
    assert lines == ["flaky ended with exit code 7: starting it again"] * 2
    assert (steady.read_text(), flaky.read_text()) == ("x", "xxx")


def test_processes_are_started_again_together(tmp_path):
    steady, flaky = tmp_path / "steady", tmp_path / "flaky"
    code, lines = run(
        process("steady", FLAKY, steady, 0), process("flaky", FLAKY, flaky, 1), together=True
    )
    assert code == 0
    assert lines == ["flaky ended with exit code 7: starting all again"]
    assert (steady.read_text(), flaky.read_text()) == ("xx", "xx")


@pytest.mark.parametrize("together", [False, True])
def test_the_limit_of_restarts_and_exit_codes(tmp_path, together):
    flaky = tmp_path / "flaky"
    code, lines = run(process("flaky", FLAKY, flaky, 9), restarts=1, together=together)
    assert code == 7
    assert lines[-1] == "flaky ended with exit code 7: giving up"
    assert flaky.read_text() == "xx"
    killed = process("killed", "import os; os.kill(os.getpid(), 9)")
    assert run(killed, restarts=0) == (137, ["killed was ended by SIGKILL: giving up"])
    code, _ = run(supervise.Process("absent", ["/no/such/program"]), restarts=0)
    assert code == 1


def test_every_attempt_may_have_other_processes():
    script = "import os, sys; sys.exit(os.environ['ATTEMPT'] != '1')"

    def processes(attempt):
        return [process("one", script, environment={"ATTEMPT": str(attempt)})]

    assert supervise.supervise(processes, together=True, delay=0.01) == 0


def test_a_process_that_does_not_listen_is_killed(tmp_path):
    deaf = """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open(sys.argv[1], "w").close()
time.sleep(600)
"""
    waits = "import os, sys, time\nwhile not os.path.exists(sys.argv[1]): time.sleep(0.02)"
    began = time.monotonic()
    code, _ = run(
        process("deaf", deaf, tmp_path / "deaf", service=True),
        process("short", waits, tmp_path / "deaf"),
        grace=0.3,
    )
    assert code == 0
    assert 0.3 <= time.monotonic() - began < PATIENCE  # it would sleep ten times as long


def test_output_goes_to_a_log(tmp_path):
    log = tmp_path / "logs" / "one.log"
    for _ in range(2):
        assert run(process("one", "print('hello')", log=log))[0] == 0
    assert log.read_text().splitlines() == ["hello", "hello"]


# Starts a process of its own, writes both numbers, and ends once another file is there, if ever.
PARENT = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(600)"])
with open(sys.argv[1] + ".part", "w") as file:
    file.write(f"{os.getpid()} {child.pid}")
os.replace(sys.argv[1] + ".part", sys.argv[1])
while not os.path.exists(sys.argv[2]):
    time.sleep(0.02)
"""


def test_a_service_and_what_processes_leave_behind_end_with_the_rest(tmp_path):
    service, leaves = tmp_path / "service", tmp_path / "leaves"
    code, lines = run(
        process("service", PARENT, service, tmp_path / "never", service=True),
        process("leaves", PARENT, leaves, service),
    )
    assert (code, lines) == (0, [])
    pids = [pid for path in (service, leaves) for pid in path.read_text().split()]
    wait_for(lambda: not any(map(alive, pids)))


SUPERVISOR = """
import sys
from keras_cv_extras._base import supervise
processes = [supervise.Process(str(i), [sys.executable, "-I", "-S", "-c", sys.argv[2],
                                        f"{sys.argv[1]}/{i}", "never"]) for i in range(2)]
sys.exit(supervise.supervise(processes, grace=5))
"""


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGKILL, -9)]
)
def test_no_process_outlives_its_supervisor(tmp_path, number, code):
    supervisor = subprocess.Popen([sys.executable, "-c", SUPERVISOR, str(tmp_path), PARENT])
    files = [tmp_path / "0", tmp_path / "1"]
    wait_for(lambda: all(file.exists() for file in files))
    pairs = [file.read_text().split() for file in files]
    os.kill(supervisor.pid, number)
    assert supervisor.wait(PATIENCE) == code
    direct = [pair[0] for pair in pairs]
    started = direct if number == signal.SIGKILL else [pid for pair in pairs for pid in pair]
    wait_for(lambda: not any(map(alive, started)))
    for pid in {pid for pair in pairs for pid in pair} - set(started):
        os.kill(int(pid), signal.SIGKILL)  # what the processes started themselves


def test_a_signal_that_ends_nothing_is_passed_on(tmp_path):
    script = """
import os, signal, sys, time
signal.signal(signal.SIGUSR1, lambda number, frame: sys.exit(0))
open(sys.argv[1], "w").close()
time.sleep(600)
"""
    supervisor = subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, str(tmp_path), script],
    )
    wait_for(lambda: all((tmp_path / name).exists() for name in "01"))
    os.kill(supervisor.pid, signal.SIGUSR1)
    assert supervisor.wait(PATIENCE) == 0


def test_free_ports_differ():
    assert len(set(supervise.free_ports(20))) == 20


def test_python_does_not_speak_of_an_end_that_is_lost(monkeypatch):
    """JAX is called by the garbage collector: what is raised there goes to the error stream."""
    told = []
    monkeypatch.setattr(sys, "unraisablehook", told.append)
    monkeypatch.setattr(supervise, "_AGAIN", 0.05)

    class Loses:
        def __init__(self, action):
            self.action = action

        def __del__(self):
            self.action()

    @supervise.ending_by_signals()
    def loses():
        Loses(lambda: 1 / 0)
        Loses(lambda: os.kill(os.getpid(), signal.SIGTERM))
        time.sleep(60)

    with pytest.raises(supervise.Ended):
        loses()
    assert [lost.exc_type for lost in told] == [ZeroDivisionError]
    assert sys.unraisablehook == told.append


def test_an_end_that_is_lost_comes_again(monkeypatch):
    """C code may swallow what a signal raises; what tidies up is not disturbed."""
    monkeypatch.setattr(supervise, "_AGAIN", 0.05)
    before, tidied = signal.getsignal(signal.SIGALRM), []

    @supervise.ending_by_signals()
    def loses():
        with contextlib.suppress(supervise.Ended):
            signal.raise_signal(signal.SIGTERM)
        time.sleep(10)

    @supervise.ending_by_signals()
    def tidies():
        try:
            signal.raise_signal(signal.SIGHUP)
        finally:
            try:
                raise KeyError
            except KeyError:
                time.sleep(0.2)
            tidied.append(True)

    for function in (loses, tidies):
        with pytest.raises(supervise.Ended):
            function()
    assert tidied
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_an_alarm_of_somebody_else_is_theirs():
    """It rings as before, and goes on to run behind the block, whatever happened in it."""
    rang, mine = [], signal.getsignal(signal.SIGALRM)

    def ring(number, frame):
        rang.append(number)

    signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        with supervise.ending_by_signals():
            time.sleep(0.1)
            signal.setitimer(signal.ITIMER_REAL, 60)
        assert rang == [signal.SIGALRM]
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 30
        with pytest.raises(supervise.Ended), supervise.ending_by_signals():
            signal.raise_signal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGALRM) is ring
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 30
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, mine)
