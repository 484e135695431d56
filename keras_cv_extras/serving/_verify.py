"""Verifies an export in a process that has its engine, but not this package."""

import base64
import dataclasses
import io
import json
import os
import pathlib
import subprocess
import sys
import time

import numpy as np
from PIL import Image

from keras_cv_extras._base.owned import json_text
from keras_cv_extras._base.types import ArrayLike, Path
from keras_cv_extras.serving import _ops
from keras_cv_extras.serving._card import read_card
from keras_cv_extras.serving._convert import MODEL_FILES
from keras_cv_extras.serving._golden import GOLDEN_FILE

_TOLERANCE = 1e-4  # of a probability: other machines and engines add in another order


@dataclasses.dataclass(frozen=True)
class Verification:
    """The result of verifying an export.

    Args:
        path: the folder of the export.
        format: "saved_model", "litert" or "onnx".
        num_images: how many images it was asked about.
        differences: signature, or file, -> the greatest difference of a probability from what
            was expected; of features, as a share of the largest.
        num_operations: how many kinds of operations the graph has, all of them allowed; None for
            other formats, which cannot hold others.
        seconds: of the process, loading included.
    """

    path: str
    format: str
    num_images: int
    differences: dict[str, float]
    num_operations: int | None
    seconds: float

    def __str__(self) -> str:
        worst = ", ".join(f"{name} {value:.1e}" for name, value in self.differences.items())
        kinds = f", {self.num_operations} kinds of operations" if self.num_operations else ""
        return (
            f"verified on {self.num_images} images in {self.seconds:.1f} s{kinds}; greatest "
            f"differences: {worst}"
        )


def verify(
    path: Path,
    images: ArrayLike | None = None,
    expected: ArrayLike | None = None,
    *,
    timeout: float = 300.0,
) -> Verification:
    """Runs an export in a process without Keras and this package, and compares its answers.

    First the graph of a SavedModel, or a LiteRT model, is inspected. It fails if it has an
    operation that reads or writes files, calls Python, or has a state other than variables. Then
    the model is loaded, and sent images through every signature, an empty request, and malformed
    requests.

    Args:
        path: the folder of the export.
        images: `(count, height, width, channels)`, uint8; None for those of `golden.json`.
        expected: `(count, classes)`, the probabilities that the model gave for `images`.
        timeout: seconds that the process may take.

    Returns:
        The differences.

    Raises:
        FileNotFoundError: if there is no export.
        ValueError: if it is damaged, fails, or gives other answers; the message names the
            signature.

    Example:
        >>> print(verify("digits/1"))
    """
    path = pathlib.Path(path)
    card = read_card(path)
    if (images is None) != (expected is None):
        raise ValueError("images and expected go together: give both, or none")
    if images is None:
        golden = _golden(path / GOLDEN_FILE)
        requests = golden["encoded"]
        wanted = {name: golden[name] for name in ("probabilities", "features")}
    else:
        requests = [_encoded(image) for image in _bytes_of(np.asarray(images))]
        wanted = {"probabilities": expected, "features": None}
    if not (path / MODEL_FILES[card["file_format"]]).is_file():
        raise FileNotFoundError(f"{path}: {MODEL_FILES[card['file_format']]} is missing")
    num_operations = None
    if card["file_format"] == "saved_model":
        num_operations = _ops.check_graph(path / MODEL_FILES["saved_model"])
    elif card["file_format"] == "litert":
        _ops.check_litert(path / MODEL_FILES["litert"])
    start = time.monotonic()
    asked = {"path": str(path), "file_format": card["file_format"], "shape": card["input_shape"]}
    answers, problems = _ask({**asked, "files": requests}, path, timeout)
    seconds = time.monotonic() - start
    if problems:
        raise ValueError(f"{path}: {problems[0]}")
    differences = {
        name: _compare(path, name, rows, answer, wanted, card)
        for name, (rows, answer) in answers.items()
    }
    return Verification(
        str(path), card["file_format"], len(requests), differences, num_operations, seconds
    )


def _bytes_of(images):
    """Returns images as uint8; raises if their values are others."""
    with np.errstate(invalid="ignore"):
        found = images.astype("uint8")
    if images.dtype.kind == "b" or not np.array_equal(found, images):
        raise ValueError(
            "images must be whole numbers from 0 to 255, as files hold them, received "
            f"{images.dtype} from {images.min()} to {images.max()}"
        )
    return found


def _golden(path):
    """Reads requests and the model's answers to them; raises if there is nothing to compare."""
    golden = json_text.read_json(path)
    try:
        requests, count = golden["encoded"], len(golden["encoded"])
        if not count or not all(base64.b64decode(text, validate=True) for text in requests):
            raise ValueError("no images")
        for name in ("probabilities", "features"):
            answers = golden[name]
            if name == "features" and answers is None:
                continue
            if np.asarray(answers, "float64").ndim < 2 or len(answers) != count:
                raise ValueError(f"{name} for other than {count} images")
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{path}: not the requests and answers of an export: {error}") from error
    return golden


def _ask(asked, path, timeout):
    client = pathlib.Path(__file__).with_name("_client.py")
    try:
        done = subprocess.run(
            [sys.executable, str(client)],
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            timeout=timeout,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )
    except subprocess.TimeoutExpired as error:
        raise ValueError(f"{path}: gave no answer in {timeout:g} seconds") from error
    if done.returncode < 0:
        raise ValueError(f"{path}: ended the process by signal {-done.returncode}")
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise ValueError(f"{path}: the {asked['file_format']} could not be served: {last[0]}")
    return json.loads(done.stdout.splitlines()[-1])


def _compare(path, name, rows, answer, wanted, card):
    """Returns the greatest difference of an answer; raises if it is too great."""
    worst = 0.0
    for key, values in wanted.items():
        if values is None or key not in answer:
            continue
        values, given = np.asarray(values)[rows], np.asarray(answer[key])
        if given.shape != values.shape:
            raise ValueError(f"{path}: {name} gives {key} of shape {given.shape}")
        scale = max(1.0, float(np.abs(values).max(initial=0)))
        difference = float(np.abs(given - values).max(initial=0)) / scale
        if not difference <= _tolerance(card, key):  # NaN too
            raise ValueError(
                f"{path}: {name} gives other {key} than the model did, by up to {difference:.2g}: "
                "export it again"
            )
        worst = max(worst, difference)
    if "top_labels" in answer:
        names = np.asarray([*card["class_names"], ""])  # the last for -1: below the threshold
        indices, labels = np.asarray(answer["top_indices"]), np.asarray(answer["top_labels"])
        if indices.max(initial=-1) >= len(names) - 1 or (names[indices] != labels).any():
            raise ValueError(f"{path}: {name} names other classes than the card")
    return worst


def _tolerance(card, key):
    """Returns how far answers may be from the model's; of a quantised file as far as they were."""
    quantized = card.get("quantization")
    if quantized is None:
        return _TOLERANCE
    return quantized["tolerance"] if key == "probabilities" else float("inf")


def _encoded(image):
    file = io.BytesIO()
    Image.fromarray(image if image.shape[-1] == 3 else image[..., 0]).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode("ascii")
