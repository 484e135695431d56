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

    Raises:
        ValueError: if it is none, or takes or answers something else.
    """
    if importlib.util.find_spec("ai_edge_litert"):
        from ai_edge_litert.interpreter import Interpreter
    else:
        import tensorflow as tf

        Interpreter = tf.lite.Interpreter
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TensorFlow's interpreter calls itself deprecated
        try:
            interpreter: Any = Interpreter(os.fspath(file))
            runner = interpreter.get_signature_runner("serving_default")
        except (RuntimeError, ValueError) as error:
            raise _other(file, error) from error
    name = _only(file, runner.get_input_details(), runner.get_output_details())
    shape = interpreter.get_input_details()[0]["shape"][1:]
    return _Opened(shape, lambda images: runner(**{name: images})["probabilities"])


def onnx(file):
    """Opens an ONNX file; the result is that of `litert`.

    Raises:
        ImportError: if onnxruntime is missing.
        ValueError: if it is none, or takes or answers something else.
    """
    if not importlib.util.find_spec("onnxruntime"):
        raise ImportError(f"{file}: needs onnxruntime: pip install 'keras-cv-extras[onnx]'")
    import onnxruntime

    try:
        session = onnxruntime.InferenceSession(os.fspath(file), providers=["CPUExecutionProvider"])
    except MemoryError:
        raise
    except Exception as error:  # of a dozen kinds of its own
        raise _other(file, error) from error
    taken = {given.name: given.shape for given in session.get_inputs()}
    name = _only(file, taken, [answer.name for answer in session.get_outputs()])

    def probabilities(images):
        return session.run(["probabilities"], {name: images})[0]

    return _Opened(taken[name][1:], probabilities)


def _other(file, error):
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return ValueError(
        f"{file}: cannot be opened ({lines[0][:200]}): damaged, or not what kcx export wrote"
    )


def _only(file, taken, answered):
    """Returns the name of a model's only input; raises if it is not a classifier of images."""
    if len(taken) != 1 or "probabilities" not in answered:
        raise ValueError(
            f"{file}: takes {', '.join(taken) or 'nothing'} and answers {', '.join(answered)}, but "
            "must take images and answer probabilities, as what kcx export writes"
        )
    return next(iter(taken))


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
