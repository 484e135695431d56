"""Training by several processes: two workers on this machine, and a tf.data service."""

import importlib.util
import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from keras_cv_extras import training
from keras_cv_extras._base import supervise

SCRIPT = pathlib.Path(__file__).parent.parent.parent / "tuner" / "distributed_equality.py"


@pytest.fixture(scope="module")
def proofs():
    """The script of the proofs, as a module."""
    spec = importlib.util.spec_from_file_location("distributed_equality", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["13 rows left", pytest.param("a loss that compares samples", marks=pytest.mark.rare)]
)
def test_two_workers_equal_one_device(name, proofs, tmp_path):
    proofs.launch(tmp_path, "equal", KCX_CASES=name)
    alone = proofs.weights_of("none", *proofs.CASES[name])
    for index in range(2):
        with np.load(tmp_path / f"equal.{index}.0.npz") as arrays:
            assert proofs.difference(alone, [arrays[key] for key in arrays.files]) <= 1e-6


@pytest.mark.slow
def test_a_killed_worker_costs_nothing(proofs, tmp_path):
    proofs.launch(tmp_path / "whole", "train")
    output = proofs.launch(tmp_path / "killed", "train", restarts=1, KCX_KILL="1,1,3")
    assert "worker 1 was ended by SIGKILL: starting all again" in output
    whole, killed = proofs.trained(tmp_path / "whole"), proofs.trained(tmp_path / "killed")
    assert proofs.difference(whole, killed) == 0


@pytest.mark.slow
@pytest.mark.rare
def test_two_workers_of_the_command(tmp_path):
    """`kcx train` by two processes: one writes, and the scores are those of one process."""

    def train(output, *launch):
        command = [sys.executable, "-m", "keras_cv_extras.cli"]
        options = ["digits", "--epochs", "3", "--batch-size", "50", "--output", str(output)]
        done = subprocess.run(
            [*command, *launch, *(command if launch else ()), "train", *options],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout, json.loads((output / "scores.json").read_text())

    logs = tmp_path / "logs"
    launch = ["launch", "--workers", "2", "--restarts", "0", "--logs", str(logs), "--"]
    printed, together = train(tmp_path / "two", *launch)
    alone = train(tmp_path / "one")[1]
    assert together["accuracy"] == pytest.approx(alone["accuracy"], abs=0.01)
    assert "report.html" in printed
    assert "report.html" not in (logs / "worker-1.log").read_text()
    assert len(training.read_log(tmp_path / "two" / "log.csv")) == 3


SERVER = """
import sys
import tensorflow as tf

service = tf.data.experimental.service
dispatcher, worker = sys.argv[1:3]
if sys.argv[3] == "dispatcher":
    service.DispatchServer(service.DispatcherConfig(port=int(dispatcher))).join()
else:
    address = f"localhost:{dispatcher}"
    service.WorkerServer(service.WorkerConfig(dispatcher_address=address, port=int(worker))).join()
"""
CLIENT = """
import json
import sys
import keras
import numpy as np
import tensorflow as tf
from keras_cv_extras import data, policy, training

service = tf.data.experimental.service
digits = data.load("digits")
images = digits.train[0][:150], digits.train[1][:150]

steps = policy.Step("rotate", rate=0.7, strength=(0.2, 0.8)), policy.Step("flip_vertical", rate=0.5)
few = policy.Policy([steps])

def local(epoch):
    return data.pipeline(images, 32, few, seed=1, epoch=epoch)

def remote(epoch):
    dataset = local(epoch)
    steps = dataset.cardinality()
    address = f"grpc://localhost:{sys.argv[1]}"
    dataset = dataset.apply(service.distribute(service.ShardingPolicy.OFF, address))
    return dataset.apply(tf.data.experimental.assert_cardinality(steps))

def trained(batches):
    keras.utils.set_random_seed(0)
    model = training.small_cnn((8, 8, 1), 10, width=4)
    return training.fit(model, batches, epochs=2, progress=False)

pairs = zip(local(3).as_numpy_iterator(), remote(3).as_numpy_iterator(), strict=True)
same = all(np.array_equal(a[0], b[0]) and np.array_equal(a[1], b[1]) for a, b in pairs)
one, other = trained(local), trained(remote)
same_weights = all(map(np.array_equal, one.model.get_weights(), other.model.get_weights()))
print(json.dumps({"batches": same, "weights": same_weights}))
"""


@pytest.mark.slow
@pytest.mark.rare
def test_batches_of_a_tf_data_service_are_the_same(tmp_path):
    ports = list(map(str, supervise.free_ports(2)))
    python = [sys.executable, "-c"]
    lines = []
    code = supervise.supervise(
        [
            supervise.Process(
                name,
                [*python, SERVER, *ports, name],
                log=tmp_path / f"{name}.log",
                service=True,
            )
            for name in ("dispatcher", "worker")
        ]
        + [supervise.Process("client", [*python, CLIENT, *ports], log=tmp_path / "client.log")],
        restarts=0,
        report=lines.append,
    )
    text = (tmp_path / "client.log").read_text()
    assert code == 0, (lines, text[-2000:])
    assert json.loads(text.splitlines()[-1]) == {"batches": True, "weights": True}
