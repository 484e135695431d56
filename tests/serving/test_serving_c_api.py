"""A program in C, with the runtime of TensorFlow's wheel, answers what Keras answers."""

import json
import pathlib
import shutil
import subprocess

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from keras_cv_extras import serving

INVALID_ARGUMENT = 3


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """The compiled program; without a compiler, or the library, its tests are skipped."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("no C compiler on this machine")
    folder = pathlib.Path(tf.sysconfig.get_lib())
    libraries = [folder / f"libtensorflow_{part}.so.2" for part in ("cc", "framework")]
    if not all(library.is_file() for library in libraries):
        pytest.skip(f"this wheel of TensorFlow has no {libraries[0].name}")
    quick = ["-fuse-ld=gold"] if shutil.which("ld.gold") else []  # the library has a gigabyte
    target = tmp_path_factory.mktemp("program") / "serve"
    subprocess.run(
        [compiler, "-O1", "-Wall", "-Werror", str(pathlib.Path(__file__).with_name("serve.c"))]
        + ["-isystem", tf.sysconfig.get_include(), "-o", str(target)]
        + [*quick, *map(str, libraries), f"-Wl,-rpath,{folder}"],
        check=True,
    )
    return target


class Requests:
    """Collects requests, and sends all of them to one process."""

    def __init__(self, program, export, folder):
        self.program, self.export, self.folder = program, export, folder
        self.lines = []
        saved = saved_model_pb2.SavedModel()
        saved.ParseFromString((export / "saved_model.pb").read_bytes())
        self.signatures = saved.meta_graphs[0].signature_def

    def file(self, content):
        path = self.folder / f"{len(list(self.folder.iterdir()))}"
        path.write_bytes(content)
        return str(path)

    def add(self, signature, output, value):
        """Adds a request of a list of files, or of an array."""
        signature = self.signatures[signature]
        (argument,) = signature.inputs.values()
        names = [argument.name, signature.outputs[output].name]
        if isinstance(value, list):
            words = ["string", *names, len(value), *map(self.file, value)]
        else:
            kind = {"float32": "float", "uint8": "uint8"}[value.dtype.name]
            words = [kind, *names, value.ndim, *value.shape, self.file(value.tobytes())]
        self.lines.append(" ".join(map(str, words)))

    def send(self):
        done = subprocess.run(
            [str(self.program), str(self.export)],
            input="\n".join(self.lines) + "\n",
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(answers) == len(self.lines)
        return answers


@pytest.fixture
def requests(program, exported, tmp_path):
    return Requests(program, exported, tmp_path)


def values(answer):
    return np.reshape(answer["values"], answer["shape"])


@pytest.mark.wide
def test_signatures(requests, batch, photographs, probabilities_of):
    files = [tf.io.encode_png(image).numpy() for image in batch]
    requests.add("serving_default", "probabilities", files)
    requests.add("predict_images", "probabilities", batch.astype("float32"))
    requests.add("predict_images_uint8", "probabilities", batch)
    requests.add("serving_default", "top_labels", files[:2])
    requests.add("features", "features", batch.astype("float32"))
    requests.add("serving_default", "probabilities", [tf.io.encode_jpeg(photographs[0]).numpy()])
    *answers, labels, features, photograph = requests.send()
    wanted = probabilities_of(batch)
    for answer in answers:
        np.testing.assert_allclose(values(answer), wanted, atol=1e-6)
    names = serving.read_card(requests.export)["class_names"]
    best = [names[row[0]] for row in np.argsort(-wanted[:2], axis=-1)]
    assert values(labels)[:, 0].tolist() == best
    assert values(features).shape == (12, 24)
    assert values(photograph).shape == (1, 7)


@pytest.mark.slow
def test_malformed_requests_leave_it_alive(requests, batch, photographs):
    good = tf.io.encode_jpeg(photographs[0]).numpy()
    floats = batch.astype("float32")
    for bad in (b"", b"nonsense", good[:200], good[:5000], b"\xff\xd8\xff", b"\x89PNG", b"GIF89a"):
        requests.add("serving_default", "probabilities", [good, bad])
    for wrong in (floats[:, 1:], floats[:, :, 1:], floats[..., :1], floats[0], floats[0, 0, 0]):
        requests.add("predict_images", "probabilities", wrong)
        requests.add("features", "features", wrong)
    requests.add("predict_images", "probabilities", batch)  # of another type
    requests.add("predict_images", "probabilities", floats[:0].reshape(1, 0, 20, 3))
    requests.add("predict_images", "probabilities", np.float32(1).reshape(()))
    requests.add("predict_images", "probabilities", floats[:0])
    requests.add("serving_default", "top_labels", [])
    requests.add("predict_images", "probabilities", floats[:1])
    *refused, nothing, no_labels, last = requests.send()
    assert [answer.get("code") for answer in refused] == [INVALID_ARGUMENT] * len(refused)
    assert nothing == {"shape": [0, 7], "values": []}
    assert no_labels["shape"] == [0, 5]
    assert last["shape"] == [1, 7]


@pytest.mark.slow
def test_bad_images_are_reported(program, reporting, photographs, tmp_path):
    requests = Requests(program, reporting, tmp_path)
    good = tf.io.encode_jpeg(photographs[0]).numpy()
    for output in ("error", "top_indices"):
        requests.add("serving_default", output, [good, good[:300], b""])
    errors, places = requests.send()
    assert errors["values"][0] == ""
    assert errors["values"][1].startswith("damaged")
    assert errors["values"][2] == "neither JPEG, PNG, BMP, GIF nor WEBP"
    assert (values(places)[1:] == -1).all()
