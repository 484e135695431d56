"""kcx launch: workers, their addresses, their output and their exit codes."""

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from keras_cv_extras import cli
from keras_cv_extras._base import supervise as watchdog
from keras_cv_extras._base.owned import folders, kinds
from keras_cv_extras.cli import _launch

SHOW = "import os; print(os.environ['TF_CONFIG'], flush=True)"


def launched(*command, options=()):
    return subprocess.run(
        [sys.executable, "-m", "keras_cv_extras.cli", "launch", *map(str, options), "--", *command],
        capture_output=True,
        text=True,
    )


def test_every_worker_knows_the_others_and_itself(tmp_path):
    done = launched(
        sys.executable, "-c", SHOW, options=["--workers", 3, "--logs", tmp_path / "logs"]
    )
    assert done.returncode == 0, done.stderr
    texts = [done.stdout, *((tmp_path / "logs" / f"worker-{i}.log").read_text() for i in (1, 2))]
    configs = [json.loads(text) for text in texts]
    assert [config["task"] for config in configs] == [
        {"type": "worker", "index": index} for index in range(3)
    ]
    assert all(config["cluster"] == configs[0]["cluster"] for config in configs)
    assert len(set(configs[0]["cluster"]["worker"])) == 3
    assert sorted(path.name for path in (tmp_path / "logs").glob("[!.]*")) == [
        "worker-1.log",
        "worker-2.log",
    ]


def test_a_worker_that_fails_is_shown(tmp_path):
    script = """
import os, sys, time
if '"index": 1' in os.environ["TF_CONFIG"]:
    print("attempt", os.environ["KCX_ATTEMPT"])
    sys.exit("it is broken")
time.sleep(60)
"""
    options = ["--restarts", 1, "--logs", tmp_path]
    done = launched(sys.executable, "-I", "-S", "-c", script, options=options)
    assert done.returncode == 1
    assert "worker 1 ended with exit code 1: starting all again" in done.stderr
    assert "worker 1 ended with exit code 1: giving up" in done.stderr
    end = done.stderr.partition("the end of")[2].splitlines()[1:]
    assert end == ["it is broken", "attempt 0", "it is broken", "attempt 1"] or (
        end == ["attempt 0", "it is broken", "attempt 1", "it is broken"]
    )


def test_options_are_checked(tmp_path):
    with pytest.raises(ValueError, match="workers must be at least 1"):
        _launch.run_launch(["true"], workers=0, restarts=0, logs=tmp_path)
    done = launched("/no/such/program", options=["--restarts", 0, "--logs", tmp_path])
    assert done.returncode == 1
    assert "/no/such/program: No such file" in done.stderr


def test_options(tmp_path, monkeypatch):
    """What is asked of the watchdog, and its answer, which is the exit code."""
    calls = []

    def supervise(processes, *, restarts, together, report):
        calls.append((processes(2), restarts, together))
        return 7

    monkeypatch.setattr(watchdog, "supervise", supervise)
    options = ["--workers", "3", "--restarts", "5", "--logs", str(tmp_path / "logs")]
    result = CliRunner().invoke(cli.app, ["launch", *options, "--", "train", "--workers", "9"])
    assert result.exit_code == 7, result.output
    ((processes, restarts, together),) = calls
    assert (restarts, together) == (5, True)
    assert [process.log for process in processes] == [
        None,
        tmp_path / "logs" / "worker-1.log",
        tmp_path / "logs" / "worker-2.log",
    ]
    for index, process in enumerate(processes):
        assert process.command == ["train", "--workers", "9"]
        assert process.environment["KCX_ATTEMPT"] == "2"
        task = json.loads(process.environment["TF_CONFIG"])["task"]
        assert task == {"type": "worker", "index": index}


def test_a_worker_of_a_training_starts_again_while_another_writes(tmp_path, monkeypatch):
    arguments = ["train", str(tmp_path / "none"), "--output", str(tmp_path / "run")]
    with folders.owned(tmp_path / "run", kinds.TRAINING), monkeypatch.context() as others:
        others.setattr(folders, "_held", set())  # as in another process
        found = CliRunner().invoke(cli.app, arguments)
        assert "a training is running here" in str(found.exception)
        others.setenv("TF_CONFIG", "{}")
        found = CliRunner().invoke(cli.app, arguments)
        assert "a training is running here" not in str(found.exception)
        assert str(tmp_path / "none") in str(found.exception)
