"""What ends a process or hangs in it costs `tuner/accelerators.py` a row, not the others."""

import argparse
import importlib.util
import json
import pathlib
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).parent.parent


@pytest.fixture
def accelerators():
    path = ROOT / "tuner" / "accelerators.py"
    spec = importlib.util.spec_from_file_location("accelerators", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def process(command, **options):
    """Stands for a process of a backend: one row ends it, another hangs."""
    file = pathlib.Path(command[command.index("--rows") + 1])
    there = file.read_text("utf-8").splitlines() if file.exists() else []
    begun = [json.loads(line).get("begins") for line in there]

    def write(**line):
        with file.open("a", encoding="utf-8") as output:
            output.write(json.dumps(line) + "\n")

    write(device="a card")
    for name in ("first", "ends", "hangs", "last"):
        row = {"name": name}
        if row in begun:
            continue
        write(begins=row)
        if name == "ends":
            return subprocess.CompletedProcess(command, -6)
        if name == "hangs":
            raise subprocess.TimeoutExpired(command, options["timeout"])
        write(row={**row, "images_per_second": 1.0})
    return subprocess.CompletedProcess(command, 0)


def test_the_rest_goes_on(accelerators, tmp_path, monkeypatch):
    monkeypatch.setattr(subprocess, "run", process)
    options = argparse.Namespace(
        output=tmp_path / "found.json", seconds=0.1, repeats=1, only=["ops"], smoke=False
    )
    found = accelerators._run("jax", options, time.monotonic() + 3600)
    assert found["device"] == "a card"
    assert found["processes_ended_with"] == [-6, "no time was left", 0]
    errors = {row["name"]: row.get("error") for row in found["rows"]}
    failed = "ended its process, or hung in it"
    assert errors == {"first": None, "ends": failed, "hangs": failed, "last": None}
