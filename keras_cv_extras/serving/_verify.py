"""Shows that an export answers, in a process that has TensorFlow and nothing of ours."""

import base64
import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import time

import numpy as np
import tensorflow as tf

from keras_cv_extras.serving._export import read_spec

_TOLERANCE = 1e-4  # of a probability: other machines add in another order


@dataclasses.dataclass(frozen=True)
class Verification:
    """What an export answered.

    Args:
        path: the folder of the export.
        num_images: how many images it was asked about.
        differences: signature -> the greatest difference of a probability from what was
            expected.
        seconds: of the process, loading included.
    """

    path: str
    num_images: int
    differences: dict[str, float]
    seconds: float

    def __str__(self):
        worst = ", ".join(f"{name} {value:.1e}" for name, value in self.differences.items())
        return (
            f"verified on {self.num_images} images in {self.seconds:.1f} s, greatest difference "
            f"of a probability: {worst}"
        )


def verify(path, images=None, expected=None, *, timeout: float = 300.0) -> Verification:
    """Runs an export in a process with TensorFlow alone, and compares what it says.

    Args:
        path: the folder of the export.
        images: `(count, height, width, channels)`, uint8; None for those that were remembered
            at the export.
        expected: `(count, classes)`, the probabilities that the model gave for `images`.
        timeout: seconds that the process may take.

    Returns:
        The differences.

    Raises:
        FileNotFoundError: if there is no export.
        ValueError: if it is damaged, fails, or says something else; the message tells which
            signature.
    """
    path = pathlib.Path(path)
    spec = read_spec(path)
    if (images is None) != (expected is None):
        raise ValueError("images and expected go together: give both, or none")
    if images is None:
        requests, expected = spec["golden"]["png"], spec["golden"]["probabilities"]
    else:
        encoded = [tf.io.encode_png(image).numpy() for image in np.asarray(images, "uint8")]
        requests = [base64.b64encode(one).decode("ascii") for one in encoded]
    start = time.monotonic()
    client = pathlib.Path(__file__).with_name("_client.py")
    done = subprocess.run(
        [sys.executable, str(client), str(path)],
        input=json.dumps(requests),
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    seconds = time.monotonic() - start
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise ValueError(f"{path}: the SavedModel could not be served: {last[0]}")
    answers = json.loads(done.stdout.splitlines()[-1])
    expected = np.asarray(expected)
    labels = [spec["class_names"][index] for index in expected.argmax(axis=-1)]
    differences = {}
    for name, answer in answers.items():
        difference = float(np.abs(np.asarray(answer["probabilities"]) - expected).max())
        if difference > _TOLERANCE:
            raise ValueError(
                f"{path}: {name} gives other probabilities than the model did, by up to "
                f"{difference:.2g}: export it again"
            )
        if answer["label"] != labels and difference == 0:
            raise ValueError(f"{path}: {name} gives other labels than the model did")
        differences[name] = difference
    return Verification(str(path), len(requests), differences, seconds)
