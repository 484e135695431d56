"""Exported files of other engines, as functions of images."""

# Other engines are extras.
# pyright: reportMissingImports=false

import importlib.util
import os
import warnings
from typing import Any

import numpy as np

_BATCH = 256


def litert(file):
    """Opens a LiteRT file.

    Returns:
        A function of images `(batch, height, width, channels)` that returns probabilities; its
        `shape` is that of an image.
    """
    if importlib.util.find_spec("ai_edge_litert"):
        from ai_edge_litert.interpreter import Interpreter
    else:
        import tensorflow as tf

        Interpreter = tf.lite.Interpreter
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TensorFlow's interpreter calls itself deprecated
        interpreter: Any = Interpreter(os.fspath(file))
    runner = interpreter.get_signature_runner("serving_default")
    (name,) = runner.get_input_details()
    shape = interpreter.get_input_details()[0]["shape"][1:]
    return _Opened(shape, lambda images: runner(**{name: images})["probabilities"])


def onnx(file):
    """Opens an ONNX file; the result is that of `litert`.

    Raises:
        ImportError: if onnxruntime is missing.
    """
    if not importlib.util.find_spec("onnxruntime"):
        raise ImportError(f"{file}: needs onnxruntime: pip install 'keras-cv-extras[onnx]'")
    import onnxruntime

    session = onnxruntime.InferenceSession(os.fspath(file), providers=["CPUExecutionProvider"])
    taken = session.get_inputs()[0]

    def probabilities(images):
        return session.run(["probabilities"], {taken.name: images})[0]

    return _Opened(taken.shape[1:], probabilities)


class _Opened:
    """A file that has been opened: see `litert`."""

    def __init__(self, shape, probabilities):
        self.shape = tuple(shape)
        self._probabilities = probabilities

    def __call__(self, images):
        images = np.asarray(images, "float32")
        parts = [images[start : start + _BATCH] for start in range(0, len(images), _BATCH)]
        return np.concatenate([np.array(self._probabilities(part)) for part in parts])


OPEN = {"litert": litert, "onnx": onnx}
