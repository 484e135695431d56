"""A search in several processes, some of which are killed: the real thing, and slow."""

import csv
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from keras_cv_extras import _search_processes
from keras_cv_extras.commands import run_search

OPTIONS = {
    "trials": 6,
    "method": "full",
    "epochs": 1,
    "train_size": 100,
    "confirm_seeds": 1,
    "workers": 2,
}
ROOT = pathlib.Path(__file__).parents[2]


def command(folder):
    options = [f"--{name.replace('_', '-')}={value}" for name, value in OPTIONS.items()]
    arguments = ["search", "digits", f"--output={folder}", "--quiet", *options]
    return [sys.executable, "-m", "keras_cv_extras.cli", *arguments]


def processes(folder):
    """Returns the processes of a search by their names: of the chief and the workers."""
    found = {}
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            environment = dict(
                item.partition("=")[::2] for item in (path / "environ").read_text().split("\0")
            )
            of_search = str(folder) in (path / "cmdline").read_text()
        except (OSError, UnicodeDecodeError):
            continue
        if of_search and "KCX_SEARCH_ROLE" in environment:
            found[environment["KCX_SEARCH_ROLE"].split()[2]] = int(path.name)
    return found


def wait_for(condition, process, seconds=240):
    deadline = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.stderr.read()[-3000:]
        assert time.monotonic() < deadline
        time.sleep(0.05)


def finished(folder):
    texts = [path.read_text() for path in folder.glob("trials/trial_*/trial.json")]
    return sum(json.loads(text)["status"] == "COMPLETED" for text in texts)


def trials(folder):
    """Returns values, metrics and scores of all trials but for the seconds they took."""
    found = {}
    for path in sorted(folder.glob("trials/trial_*/trial.json")):
        trial = json.loads(path.read_text())
        found[path.parent.name] = trial["hyperparameters"]["values"], trial["score"]
    return found


def table(folder):
    with (folder / "trials.csv").open() as file:
        return [{**row, "seconds": ""} for row in csv.DictReader(file)]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")
def test_killed_workers_chief_and_all(tmp_path, monkeypatch, request):
    """Whatever is killed, the search goes on to what one process finds, one trial at a time."""
    monkeypatch.setattr(_search_processes, "launch", lambda *arguments, **options: 0)
    alone, folder = tmp_path / "alone", tmp_path / "killed"
    options = {**OPTIONS, "progress": False, "image_size": None}
    run_search("digits", alone, **options)

    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    start = {"env": environment, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command(folder), stdout=subprocess.DEVNULL, **start)
    request.addfinalizer(process.kill)
    wait_for(lambda: finished(folder) >= 1, process)
    first = processes(folder)
    assert sorted(first) == ["chief", "worker-0", "worker-1"]
    os.kill(first["worker-0"], signal.SIGKILL)
    os.kill(first["chief"], signal.SIGKILL)
    before = finished(folder)
    wait_for(lambda: finished(folder) > before, process)  # started again, they go on
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 20
    while processes(folder):  # Linux ends them with the one that started them
        assert time.monotonic() < deadline
        time.sleep(0.05)

    kept = {path: path.read_bytes() for path in folder.glob("portfolio/*.json")}
    assert kept
    done = subprocess.run(command(folder), env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    assert all(path.read_bytes() == content for path, content in kept.items())
    assert trials(folder) == trials(alone)
    assert table(folder) == table(alone)
    one, other = (json.loads((path / "policy.json").read_text()) for path in (folder, alone))
    assert one["stages"] == other["stages"]
    assert one["provenance"]["verdict"] == other["provenance"]["verdict"]
    assert not list(folder.rglob("*.claim"))
    assert "RuntimeError" not in (folder / "logs" / "worker-1.log").read_text()
