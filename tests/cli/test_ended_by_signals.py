"""Ended by a signal, a training says how to go on, and has kept what was trained."""

import signal
import subprocess
import sys
import time

import pytest

from keras_cv_extras import training

pytestmark = pytest.mark.slow

TRAIN = ["train", "digits", "--epochs", "3", "--batch-size", "64", "--quiet"]


def start(command, output):
    return subprocess.Popen(
        [sys.executable, "-m", "keras_cv_extras.cli", *command, "--output", str(output)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def temporaries(folder):
    return [path for path in folder.rglob(".kcx-tmp-*") if path.is_dir()]


def wait_for_a_checkpoint(process, folder):
    while not list(folder.glob("checkpoint/0*")):
        assert process.poll() is None
        time.sleep(0.1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_scheduler_ends_a_training(tmp_path, number):
    command = [*TRAIN[:2], "--epochs", "200", "--quiet"]
    process = start(command, tmp_path / "run")
    wait_for_a_checkpoint(process, tmp_path / "run")
    process.send_signal(number)
    _, errors = process.communicate()
    assert process.returncode == 128 + number
    assert errors == (
        f"ended by {signal.Signals(number).name}: start the same command again to go on\n"
    )
    assert temporaries(tmp_path) == []


MIRRORED = """
import sys
import keras, tensorflow as tf
import keras_cv_extras as kcx

(cpu,) = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
images, labels = kcx.data.load("digits").train
batches = lambda epoch: kcx.data.pipeline((images, labels), 64, epoch=epoch)
build = lambda: kcx.training.small_cnn((8, 8, 1), 10, width=4)
strategy = kcx.training.make_strategy("mirrored")
assert strategy.num_replicas_in_sync == 2
done = kcx.training.fit(build, batches, epochs=int(sys.argv[1]), strategy=strategy,
                        checkpoint=sys.argv[2] + "/checkpoint", progress=False)
print("began at", done.resumed_at)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_scheduler_ends_a_training_on_two_devices(tmp_path, number):
    """What was trained is in a checkpoint, from which the same program goes on."""
    command = [sys.executable, "-c", MIRRORED, "10000", str(tmp_path)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    wait_for_a_checkpoint(process, tmp_path)
    process.send_signal(number)
    _, errors = process.communicate()
    assert process.returncode == 128 + number, errors
    done = training.trained_epochs(tmp_path / "checkpoint")
    assert done > 0
    assert temporaries(tmp_path) == []
    again = [*command[:3], str(done + 1), str(tmp_path)]
    told = subprocess.run(again, capture_output=True, text=True, check=True).stdout
    assert told.splitlines()[-1] == f"began at {done}"


def test_a_scheduler_ends_several_workers(tmp_path):
    """The launcher says in one line how to go on, and the last checkpoint is whole."""
    worker = [sys.executable, "-m", "keras_cv_extras.cli", *TRAIN[:2], "--epochs", "200", "--quiet"]
    launch = ["launch", "--workers", "2", "--logs", str(tmp_path / "logs"), "--", *worker]
    process = start(launch, tmp_path / "run")
    wait_for_a_checkpoint(process, tmp_path / "run")
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM, errors
    line = "ended by SIGTERM: start the same command again to go on"
    assert errors.splitlines()[-1] == line
    assert "Traceback" not in errors
    assert training.trained_epochs(tmp_path / "run" / "checkpoint") > 0
