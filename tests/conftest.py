"""What every test shares."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import pathlib
import subprocess
import sys

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).parent.parent


@pytest.fixture(scope="session")
def photographs():
    """Three RGB photographs, uint8, of different sizes."""
    from skimage import data

    return [data.astronaut(), data.chelsea(), data.coffee()]


@pytest.fixture(scope="session")
def batch(photographs):
    """Twelve different parts of a photograph: uint8, (12, 24, 20, 3)."""
    image = photographs[0]
    return np.stack([image[20 * i : 20 * i + 24, 15 * i : 15 * i + 20] for i in range(12)])


@pytest.fixture
def python():
    """Runs a script in a process of its own and returns what it printed."""

    def run(script, *arguments, environment=None, timeout=300):
        done = subprocess.run(
            [sys.executable, "-c", script, *map(str, arguments)],
            env={**os.environ, **(environment or {})},
            capture_output=True,
            text=True,
            timeout=timeout,
            cwd=ROOT,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    return run
