"""Sends requests to an export by its own engine alone; this file runs in a process of its own.

It must not import anything of this package, nor Keras: that is what it shows.
"""

# Other engines are extras.
# pyright: reportMissingImports=false

import base64
import importlib.abc
import importlib.machinery
import importlib.util
import io
import json
import pathlib
import sys
import warnings

import numpy as np


class _Forbidden(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds Keras and this package, and refuses to load them.

    TensorFlow looks for Keras when it is imported, and works without it.
    """

    def find_spec(self, name, path=None, target=None):
        """Takes charge of what a server would not have; leaves all else to Python."""
        if name.partition(".")[0] in ("keras", "tf_keras", "keras_cv_extras"):
            return importlib.machinery.ModuleSpec(name, self)
        return None

    def create_module(self, spec):
        """Refuses."""
        raise ImportError(f"{spec.name} must not be needed to serve the model")

    def exec_module(self, module):
        """Is not reached."""


def run(path, file_format, shape, files):
    """Returns what every signature says of image files, and what it should have refused.

    Args:
        path: the folder of the export.
        file_format: "saved_model", "litert" or "onnx".
        shape: `(height, width, channels)` of the images that the model takes.
        files: PNG files, some of them of that size.

    Returns:
        `(answers, problems)`: the name of each signature and `(rows, outputs)`, the places of the
        files that it was asked about and lists; and a text for each request that went wrong.
    """
    sys.meta_path.insert(0, _Forbidden())
    images = [_pixels(file) for file in files]
    rows = [row for row, image in enumerate(images) if image.shape == tuple(shape)]
    images = np.stack([images[row] for row in rows])
    ask = {"saved_model": _saved_model, "litert": _litert, "onnx": _onnx}[file_format]
    answers, problems = ask(pathlib.Path(path), files, images)
    every = list(range(len(files)))
    listed = {
        name: (
            every if name in ("serving_default", "features_encoded") else rows,
            {key: _listed(value) for key, value in answer.items()},
        )
        for name, answer in answers.items()
    }
    return listed, problems


def _listed(value):
    return np.vectorize(bytes.decode)(value).tolist() if value.dtype == object else value.tolist()


def _saved_model(path, files, images):
    import tensorflow as tf

    loaded = tf.saved_model.load(str(path))  # a variable: the functions live as long as it does
    given = {
        "serving_default": tf.constant(files),
        "predict_images": tf.constant(images, tf.float32),
        "predict_images_uint8": tf.constant(images),
        "features": tf.constant(images, tf.float32),
        "features_encoded": tf.constant(files),
    }
    missing = sorted(set(given) - set(loaded.signatures) - {"features", "features_encoded"})
    problems = [f"there is no signature {name}" for name in missing]
    answers = {}
    for name, signature in loaded.signatures.items():
        ((argument, _),) = signature.structured_input_signature[1].items()
        value = given[name]
        answer = signature(**{argument: value})
        answers[name] = {key: item.numpy() for key, item in answer.items()}
        empty = signature(**{argument: value[:0]})
        if any(item.shape[0] != 0 for item in empty.values()):
            problems.append(f"{name} answers an empty request with {len(empty)} rows")
        wrong = [value[0], value[None]]
        if value.dtype != tf.string:
            wrong += [value[:, 1:], value[..., :-1], value[0, 0, 0]]  # pyright: ignore[reportArgumentType]
        for one in wrong:
            try:
                signature(**{argument: one})
            except (tf.errors.InvalidArgumentError, TypeError, ValueError):
                continue
            problems.append(f"{name} does not refuse a request of shape {tuple(one.shape)}")
    return answers, problems


def _litert(path, files, images):
    if importlib.util.find_spec("ai_edge_litert"):
        from ai_edge_litert.interpreter import (
            Interpreter,
        )
    else:
        import tensorflow as tf

        Interpreter = tf.lite.Interpreter

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TensorFlow's interpreter calls itself deprecated
        interpreter = Interpreter(str(path / "model.tflite"))
    answer = interpreter.get_signature_runner("serving_default")
    return {"model.tflite": answer(images=images.astype("float32"))}, []


def _onnx(path, files, images):
    import onnxruntime

    session = onnxruntime.InferenceSession(
        str(path / "model.onnx"), providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    values = session.run(names, {session.get_inputs()[0].name: images.astype("float32")})
    return {"model.onnx": dict(zip(names, values, strict=True))}, []


def _pixels(file):
    from PIL import Image

    image = np.asarray(Image.open(io.BytesIO(file)))
    return image if image.ndim == 3 else image[..., None]


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    asked["files"] = [base64.b64decode(text) for text in asked["files"]]
    print(json.dumps(run(**asked)))
