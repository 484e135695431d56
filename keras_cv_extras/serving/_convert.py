"""Exports for engines other than TensorFlow: LiteRT and ONNX."""

# Other engines are extras.
# pyright: reportMissingImports=false

import tempfile
import warnings

import tensorflow as tf

from keras_cv_extras.serving import quantizing

MODEL_FILES = {"saved_model": "saved_model.pb", "litert": "model.tflite", "onnx": "model.onnx"}


def convert(file_format, servable, function, folder, *, quantize=None, representative=None):
    """Writes the model file of a format.

    Args:
        file_format: "litert" or "onnx".
        servable: the `Servable`, which holds the variables.
        function: its `plain()` function.
        folder: where to.
        quantize: None, or one of `quantizing.KINDS`.
        representative: images to take the ranges of numbers of.

    Raises:
        ValueError: if the model cannot be converted.
    """
    target = folder / MODEL_FILES[file_format]
    try:
        write = {"litert": _to_litert, "onnx": _to_onnx}[file_format]
        write(servable, function, target, quantize, representative)
    except (ValueError, RuntimeError, NotImplementedError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        kind = "" if quantize is None else f" with quantize={quantize!r}"
        raise ValueError(
            f"the model cannot be converted to {file_format}{kind}: {reason}"
        ) from error


def _to_litert(servable, function, target, quantize, representative):
    # Beside what is written: the system's folder for such things may be full, or another disk.
    with tempfile.TemporaryDirectory(dir=target.parent.parent) as folder:
        signatures = {"serving_default": function.get_concrete_function()}
        tf.saved_model.save(servable.root, folder, signatures=signatures)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if quantize is not None:
            quantizing.set_litert(converter, quantize, representative)
        target.write_bytes(converter.convert())


def _to_onnx(servable, function, target, quantize, representative):
    import tf2onnx

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tf2onnx.convert.from_function(
            function, input_signature=function.input_signature, output_path=str(target)
        )
    if quantize is not None:
        quantizing.onnx(target, quantize, representative)
