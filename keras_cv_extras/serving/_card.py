"""The model card of an export: its contents, its origin and its scores."""

import datetime
import hashlib
import importlib.metadata
import json
import pathlib
import platform
from typing import Any

import keras
import numpy as np

import keras_cv_extras
from keras_cv_extras._base import checks
from keras_cv_extras._base.owned import json_text
from keras_cv_extras._base.types import Path
from keras_cv_extras.data import sample_digests
from keras_cv_extras.data.files import decoder
from keras_cv_extras.serving._convert import MODEL_FILES

CARD_FILE = "model_card.json"
FORMAT = "keras_cv_extras.export"
VERSION = 2


def card(
    served,
    *,
    file_format,
    signatures,
    top_k,
    on_bad_image,
    threshold,
    resize,
    jpeg,
    data,
    policy,
    metrics,
    intended_use,
    limits,
):
    """Returns the card as a dictionary for JSON."""
    height, width, channels = served.input_shape
    packages = ("tensorflow", "keras", "numpy")
    return {
        "format": FORMAT,
        "version": VERSION,
        "file_format": file_format,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "software": {
            "keras_cv_extras": keras_cv_extras.__version__,
            **{name: importlib.metadata.version(name) for name in packages},
            "python": platform.python_version(),
        },
        "model": {
            "name": served.model.name,
            "class": type(served.model).__name__,
            "parameters": int(served.model.count_params()),
            "weights_sha256": _sha256(keras.ops.convert_to_numpy(w) for w in served.model.weights),
        },
        "class_names": list(served.class_names),
        "input_shape": [height, width, channels],
        "preprocessing": {
            "files": list(decoder.FORMATS),
            "most_pixels": decoder.MOST_PIXELS,
            "orientation": "turned upright by the EXIF tag",
            "transparency": "over white",
            "jpeg": jpeg,
            "resize": resize,
            "interpolation": "bilinear, antialiased, rounded to whole numbers",
            "channels": "RGB" if channels == 3 else "grey, ITU-R 601",
            "value_range": [0, 255],
            "scaling": "inside of the model",
        },
        "outputs": {
            "activation": served.activation,
            "calibration": served.calibration.to_dict(),
            "top_k": top_k,
            "threshold": threshold,
            "on_bad_image": on_bad_image,
            "features": None if served.features is None else list(served.features),
        },
        "signatures": {name: _signature(function) for name, function in signatures.items()},
        "data": _data(data),
        "policy": _policy(policy),
        "metrics": _metrics(metrics),
        "intended_use": intended_use,
        "limits": limits,
        "quantization": None,
    }


def read_card(path: Path) -> dict[str, Any]:
    """Reads the card of an export.

    Raises:
        FileNotFoundError: if there is no export.
        ValueError: if it is damaged, or none of ours.
    """
    path = pathlib.Path(path)
    if not (path / CARD_FILE).is_file():
        raise FileNotFoundError(f"{path}: no export there, {CARD_FILE} is missing")
    fields = json_text.read_json(path / CARD_FILE)
    if not isinstance(fields, dict) or fields.get("format") != FORMAT:
        raise ValueError(f"{path / CARD_FILE}: not the card of an export")
    if fields.get("version") != VERSION:
        raise ValueError(
            f"{path / CARD_FILE}: of version {fields.get('version')!r}, known is {VERSION}: export "
            "the model again"
        )
    try:
        _check(fields)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path / CARD_FILE}: not the card of an export: {error}") from error
    return fields


def _check(fields):
    """Raises if a card lacks or misstates what answers are made of."""
    checks.one_of("file_format", fields.get("file_format"), tuple(MODEL_FILES))
    names = fields.get("class_names")
    if not isinstance(names, list) or not names or not all(isinstance(n, str) for n in names):
        raise TypeError(f"class_names must be a list of texts, received {checks.shown(names)}")
    checks.sizes("input_shape", fields.get("input_shape"), 3)
    decoding, outputs = (fields.get(name, {}) for name in ("preprocessing", "outputs"))
    for name, value in (("preprocessing", decoding), ("outputs", outputs)):
        if not isinstance(value, dict):
            raise TypeError(f"{name} must be an object, received {checks.shown(value)}")
    checks.one_of("resize", decoding.get("resize", decoder.RESIZES[0]), decoder.RESIZES)
    checks.one_of("jpeg", decoding.get("jpeg", decoder.JPEGS[0]), decoder.JPEGS)
    checks.integer("top_k", outputs.get("top_k", 1), minimum=1)
    if outputs.get("threshold") is not None:
        checks.fraction("threshold", outputs["threshold"])
    quantized = fields.get("quantization")
    if quantized is not None:
        if not isinstance(quantized, dict):
            raise TypeError(f"quantization must be an object, received {checks.shown(quantized)}")
        checks.non_negative("tolerance", quantized.get("tolerance"))


def _signature(function):
    def described(specs):
        return {
            name: {"dtype": spec.dtype.name, "shape": spec.shape.as_list()}
            for name, spec in sorted(specs.items())
        }

    ((spec,), _) = function.structured_input_signature
    return {
        "inputs": described({spec.name: spec}),
        "outputs": described(function.structured_outputs),
    }


def _data(data):
    """Describes training data: what it is called, how many images, and their fingerprint."""
    if data is None or isinstance(data, (dict, str)):
        return data
    parts = {"train": data.train, "test": data.test}
    return {
        "name": str(data.name),
        **{name: _described(data, name, part) for name, part in parts.items() if part is not None},
    }


def _described(data, name, part):
    if hasattr(part, "paths"):
        arrays = (sample_digests(data, name), part.labels)
        return {"images": len(part), "sha256_of_digests": _sha256(arrays)}
    return {"images": len(part[1]), "sha256": _sha256(part)}


def _policy(policy):
    if policy is None:
        return None
    fields = policy.to_dict()
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"))
    return {
        "name": fields.get("name"),
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "policy": fields,
    }


def _metrics(metrics):
    if metrics is None:
        return None
    return metrics.to_dict() if hasattr(metrics, "to_dict") else dict(metrics)


def _sha256(arrays):
    """Returns the hash of the types, shapes and bytes of arrays."""
    digest = hashlib.sha256()
    for array in arrays:
        array = np.ascontiguousarray(array)
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(array.view(np.uint8).reshape(-1).data)
    return digest.hexdigest()
