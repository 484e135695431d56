"""A search in several processes, some of which are killed: the real thing, but for the training."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).parents[2]

# What every process runs: the trials, and then jobs that are shared out. A score takes a moment.
PROGRAM = """
import contextlib, pathlib, sys, time
import numpy as np
from keras_cv_extras import search
from keras_cv_extras._base.owned import folders, kinds, marks
from keras_cv_extras.search.stages import _state
from keras_cv_extras.search.workers import _jobs, _processes

folder = pathlib.Path(sys.argv[1])
role = _processes.role_in(folder)

class Invented:
    def score(self, policy, seed, *validation):
        time.sleep(float(sys.argv[2]))
        steps = [step for row in policy.sub_policies for step in row]
        share = sum(step.rate for step in steps if step.op == "invert") / 7
        return search.Score(share, 1.0, np.zeros(1, bool), 0.0)

space = search.policy_space(num_sub_policies=2, ops=("invert", "rotate"))
oracle = search.TPEOracle(max_trials=12, hyperparameters=space, parallel=2, num_startup_trials=3)
held = contextlib.ExitStack()
if role.decides:
    held.enter_context(folders.owned(folder, kinds.SEARCH))
    held.enter_context(_state.hold(folder))
else:
    _state.ChiefWatch(folder).wait_for(marks.MARK)
tuner = search.PolicyTuner(
    oracle, trainer=Invented(), validation=(), directory=folder, role=role
)
tuner.search()
jobs = [
    _jobs.Job("again", policy.name, policy, "", "validation", tuner.trainer)
    for policy in tuner.best_policies(8)
]
keeper = _state.SearchFolder(folder, {})
compute = lambda job: job.scorer.score(job.policy, 0)
_jobs.do_all(jobs, keeper, compute, lambda *seen: None, role=role, check=lambda: None)
"""

# Nothing here computes: the backend that is imported soonest will do.
QUICK = {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}

# Starts them, without TensorFlow.
LAUNCHER = """
import sys
from keras_cv_extras.search.workers import _processes
command = [sys.executable, "-c", *sys.argv[1:]]
report = lambda line: print(line, flush=True)
sys.exit(
    _processes.launch(command, sys.argv[2], 2, end_with_search=False, report=report)
)
"""


def processes(folder):
    """Returns the processes of a search by their names: of the chief and the workers."""
    found = {}
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            environment = dict(
                item.partition("=")[::2] for item in (path / "environ").read_text().split("\0")
            )
            of_search = str(folder) in (path / "cmdline").read_text().split("\0")
        except (OSError, UnicodeDecodeError):
            continue
        if of_search and "KCX_SEARCH_ROLE" in environment:
            found[environment["KCX_SEARCH_ROLE"].split()[2]] = int(path.name)
    return found


def trials(folder):
    """Returns status, values and score of every trial."""
    found = {}
    for path in sorted(folder.glob("trials/trial_*/trial.json")):
        trial = json.loads(path.read_text())
        values = trial["hyperparameters"]["values"]
        found[path.parent.name] = trial["status"], values, trial["score"]
    return found


def num_finished(folder):
    return sum(status == "COMPLETED" for status, _, _ in trials(folder).values())


def scores(folder):
    return {path.name: json.loads(path.read_text()) for path in folder.glob("again/*.json")}


def wait_for(condition, process=None, seconds=240):
    deadline = time.monotonic() + seconds
    while not condition():
        assert process is None or process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")
def test_killed_workers_chief_and_all(tmp_path, python, request):
    """Whatever is killed, the search goes on to what one process finds, one trial at a time."""
    alone, folder = tmp_path / "alone", tmp_path / "killed"
    python(PROGRAM, alone, 0, environment=QUICK)

    def start(seconds):
        process = subprocess.Popen(
            [sys.executable, "-c", LAUNCHER, PROGRAM, str(folder), str(seconds)],
            cwd=ROOT,
            env={**os.environ, **QUICK},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        request.addfinalizer(process.kill)
        return process

    process = start(1.0)
    wait_for(lambda: num_finished(folder) >= 1, process)
    first = processes(folder)
    assert sorted(first) == ["chief", "worker-0", "worker-1"]
    os.kill(first["worker-0"], signal.SIGKILL)
    os.kill(first["chief"], signal.SIGKILL)
    before = num_finished(folder)
    wait_for(lambda: num_finished(folder) > before + 1, process)  # started again, they go on
    process.kill()
    said = process.communicate()[0]
    assert "the chief was ended by SIGKILL: starting it again" in said
    wait_for(lambda: not processes(folder))  # Linux ends them with the one that started them

    kept = {name: trial for name, trial in trials(folder).items() if trial[0] == "COMPLETED"}
    assert 2 < len(kept) < 12
    process = start(0.1)
    said = process.communicate(timeout=240)[0]
    assert process.returncode == 0, said
    assert kept.items() <= trials(folder).items()
    assert trials(folder) == trials(alone)
    assert scores(folder) == scores(alone)
    assert len(scores(folder)) == 8
    assert not list(folder.glob("again/*.claim"))
