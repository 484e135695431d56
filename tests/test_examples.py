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
# Proofs that take long for their smallest form, too: pytest -m proof runs them.
PROOFS = (
    "distributed_equality.py",
    "epochs.py",
    "fashion_mnist_accelerator.py",
    "fashion_mnist_training.py",
    "gan_fashion_mnist.py",
    "harmful_ops.py",
    "input_scale.py",
    "known_answers.py",
    "oracle_cost.py",
    "policy_throughput.py",
    "population_throughput.py",
    "quantized.py",
    "real_data.py",
    "search_cost.py",
    "search_memory.py",
    "search_plan.py",
    "search_workers.py",
    "strategies.py",
    "training_memory.py",
)


def _marks(name):
    return pytest.mark.proof if name in PROOFS else pytest.mark.slow


@pytest.mark.parametrize(
    "script",
    [pytest.param(path, id=path.name, marks=_marks(path.name)) for path in SCRIPTS],
)
def test_runs(script, tmp_path, forked):
    if "os.environ" in script.read_text(encoding="utf-8"):  # it begins before its imports do
        done = subprocess.run(
            [sys.executable, str(script), "--smoke"], capture_output=True, text=True, cwd=tmp_path
        )
        code, output, errors = done.returncode, done.stdout, done.stderr
    else:
        order = {"script": str(script), "arguments": ["--smoke"], "folder": str(tmp_path)}
        done = forked({**order, "root": str(tmp_path)})
        code, output, errors = done["code"], done["output"], done["errors"]
    assert code == 0, errors[-2000:]
    assert output.strip()
