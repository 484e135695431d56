"""Quantised exports: half floats, or 8-bit integers for weights or for everything."""

# Other engines are extras.
# pyright: reportMissingImports=false

import importlib.util
from typing import Any

import numpy as np

from keras_cv_extras._base import checks
from keras_cv_extras._base.images import value_range
from keras_cv_extras.serving import _engines

KINDS = ("float16", "dynamic", "int8")
MOST_IMAGES = 1000  # that a quantised file is compared on
_STEP = 1 / 256  # of a probability in 8 bits


def check_packages(file_format, kind=None):
    """Raises an ImportError if a package for a format is missing, or for its quantization."""
    needed = {"onnx": ("onnx", "tf2onnx")}.get(file_format, ())
    needed += ("onnxruntime",) if needed and kind is not None else ()
    missing = [name for name in needed if not importlib.util.find_spec(name)]
    if missing:
        what = (
            f"format={file_format!r}" if kind is None else f"quantize with format={file_format!r}"
        )
        raise ImportError(
            f"{what} needs {' and '.join(missing)}: pip install 'keras-cv-extras[onnx]'"
        )


def check(kind, file_format, representative):
    """Raises if a file cannot be written, or quantised, as it is asked for.

    Args:
        kind: None or one of `KINDS`.
        file_format: of the export.
        representative: None, or images.
    """
    check_packages(file_format, kind)
    if kind is None:
        return
    checks.one_of("quantize", kind, KINDS)
    if file_format == "saved_model":
        raise ValueError(
            f"quantize={kind!r} needs format='litert' or 'onnx': a SavedModel keeps its floats"
        )
    if kind == "int8" and representative is None:
        raise ValueError(
            "quantize='int8' needs images, of which it takes the ranges of the numbers inside of "
            "the model: give representative, or images"
        )


def check_data(kind, served, images, labels, representative):
    """Raises if the images or labels of a quantisation do not fit the model.

    Args:
        kind: None or one of `KINDS`.
        served: the `ServedModel`.
        images: None, or those that answers are compared on.
        labels: None, or the class of each.
        representative: for "int8", images.
    """
    shape = tuple(served.input_shape)
    if kind == "int8" and (np.shape(representative)[1:] != shape or not len(representative)):
        raise ValueError(
            f"representative must have the shape (count, {', '.join(map(str, shape))}), at least "
            f"one, received {np.shape(representative)}"
        )
    if kind == "int8":
        value_range.check_for(served.model, np.asarray(representative), "representative")
    if kind is not None and images is not None and labels is not None:
        found, number = np.asarray(labels), len(served.class_names)
        if found.shape != (len(images),) or found.dtype.kind not in "iu":
            raise ValueError(
                f"labels must be whole numbers from 0 to {number - 1}, one for each of "
                f"{len(images)} images, received {found.dtype} of {found.shape}"
            )
        checks.class_numbers(found, number)


def set_litert(converter: Any, kind, representative):
    """Tells a converter of LiteRT to quantise; inputs and outputs stay float32."""
    import tensorflow as tf

    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if kind == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if kind == "int8":
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.representative_dataset = lambda: (
            [np.asarray(image, "float32")[None]] for image in representative
        )


def onnx(path, kind, representative):
    """Quantises an ONNX file in its place; inputs and outputs stay float32."""
    import onnx
    from onnxruntime import quantization

    plain = path.with_name("plain.onnx")
    path.rename(plain)
    if kind == "float16":
        from onnxruntime.transformers import float16

        model = onnx.load(plain)
        kept = [*float16.DEFAULT_OP_BLOCK_LIST, *_of_floats_alone(model)]
        model = float16.convert_float_to_float16(model, keep_io_types=True, op_block_list=kept)
        onnx.save(model, path)
    elif kind == "dynamic":
        quantization.quantize_dynamic(plain, path)
    else:
        name = onnx.load(plain).graph.input[0].name
        reader: Any = _Reader(name, representative)
        qdq = quantization.QuantFormat.QDQ
        quantization.quantize_static(plain, path, reader, quant_format=qdq)
    plain.unlink()


def _of_floats_alone(model):
    """Returns the operations of a model that take floats and, in its version, no half floats."""
    import onnx

    versions = {item.domain: item.version for item in model.opset_import}
    found = []
    for kind, domain in sorted({(node.op_type, node.domain) for node in model.graph.node}):
        if domain in versions and onnx.defs.has(kind, domain):
            schema = onnx.defs.get_schema(kind, versions[domain], domain)
            of_input = {item.type_str for item in schema.inputs}
            for constraint in schema.type_constraints:
                types = constraint.allowed_type_strs
                if constraint.type_param_str in of_input and "tensor(float)" in types:
                    found += [] if "tensor(float16)" in types else [kind]
    return found


class _Reader:
    """Gives onnxruntime the representative images, one at a time."""

    def __init__(self, name, images):
        self._items = iter([{name: np.asarray(image, "float32")[None]} for image in images])

    def get_next(self):
        """Returns the next one, None if there are no more."""
        return next(self._items, None)


def measured(path, file_format, kind, served, images, labels, representative):
    """Returns what is to be known of a quantised file, for the card.

    Args:
        path: the file.
        file_format: "litert" or "onnx".
        kind: one of `KINDS`.
        served: the `ServedModel`, which has not been quantised.
        images: `(count, height, width, channels)`; at most 1,000 are asked about.
        labels: None, or the class of each.
        representative: None, or the images that ranges were taken of.
    """
    images = np.asarray(images)[:MOST_IMAGES]
    wanted = served.expected(images)[0]
    given = _engines.OPEN[file_format](path)(images)
    difference = float(np.abs(given - wanted).max(initial=0))
    facts = {
        "kind": kind,
        "representative_images": len(representative) if kind == "int8" else None,
        "images": len(images),
        "difference": difference,
        "tolerance": 2 * difference + _STEP,
        "agreement": float(np.mean(given.argmax(-1) == wanted.argmax(-1))),
    }
    if labels is not None:
        labels = np.asarray(labels)[:MOST_IMAGES]
        facts["accuracy"] = float(np.mean(given.argmax(-1) == labels))
        facts["accuracy_before"] = float(np.mean(wanted.argmax(-1) == labels))
        facts["accuracy_loss"] = facts["accuracy_before"] - facts["accuracy"]
    return facts


def note(facts):
    """Returns in a sentence what a quantisation cost."""
    text = (
        f"{facts['kind']}: the same class as the model for {facts['agreement']:.2%} of "
        f"{facts['images']} images, probabilities within {facts['difference']:.3f}"
    )
    if "accuracy" in facts:
        text += f"; accuracy {facts['accuracy']:.4f}, {facts['accuracy_before']:.4f} before"
    return text
