import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parent.parent
SHARED = ("study.py",)  # no script: what several of them import
SCRIPTS = sorted(
    path
    for path in [*ROOT.glob("examples/*.py"), *ROOT.glob("tuner/*.py")]
    if path.name not in SHARED
)
SLOW = (
    "distributed_equality.py",
    "gan_fashion_mnist.py",
    "imbalance.py",
    "known_answers.py",
    "population_throughput.py",
    "real_data.py",
    "search_policy.py",
)


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(path, id=path.name, marks=pytest.mark.slow if path.name in SLOW else ())
        for path in SCRIPTS
    ],
)
def test_runs(script, tmp_path):
    done = subprocess.run(
        [sys.executable, str(script), "--smoke"], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip()
