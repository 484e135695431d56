"""Exports and model files asked about image files: `kcx predict`."""

import dataclasses
import io
import os
import pathlib
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf
from PIL import Image

from keras_cv_extras._base.types import Path
from keras_cv_extras.data.files import decoder
from keras_cv_extras.serving import _card, _engines, _ops
from keras_cv_extras.serving._convert import MODEL_FILES
from keras_cv_extras.serving._model import ServedModel, num_classes

_KINDS = {".tflite": "litert", ".onnx": "onnx"}
_TOP_K = 5


@dataclasses.dataclass(frozen=True)
class FileAnswer:
    """The answer of a model for a file.

    Attributes:
        file: the file, as it was given.
        classes: the names of the likeliest classes with their probabilities, the likeliest first;
            of several labels those above the threshold; None if there is no answer.
        reason: why there is no answer; empty if there is one.

    Example:
        >>> answer = FileAnswer("cat.jpg", (("cat", 0.9), ("dog", 0.1)))
        >>> answer.classes[0]
        ('cat', 0.9)
    """

    file: Path
    classes: tuple[tuple[str, float], ...] | None
    reason: str = ""


def predict_files(path: Path, files: Iterable[Path]) -> Iterator[FileAnswer]:
    """Names the likeliest classes of image files, as a server would: `kcx predict`.

    Args:
        path: a folder that `export` wrote, in any format; or a `.keras`, `.tflite` or `.onnx` file.
            Names of classes are those of the model card beside it, or those that `kcx train` wrote
            into the `.keras` file; without any, classes have their numbers.
        files: JPEG, PNG, BMP, GIF or WEBP files.

    Returns:
        An answer for each file, in their order. One that cannot be read has a reason instead, and
        does not keep the others from being answered.

    Raises:
        FileNotFoundError: if there is no model.
        ImportError: if a package for its format is missing.
        ValueError: if the model takes no images, or its graph could do harm.

    Example:
        >>> answer, *_ = predict_files("digits/1", ["some.png"])
        >>> answer.reason
        'no such file'
    """
    ask = _asking(pathlib.Path(path))
    return (_answer(ask, file) for file in files)


def _asking(path):
    """Returns a function that is given the bytes of a file, and gives names and probabilities."""
    if path.suffix == ".keras" and path.is_file():
        return _keras(path)
    if path.suffix in _KINDS and path.is_file():
        card = _card.read_card(path.parent) if (path.parent / _card.CARD_FILE).is_file() else {}
        return {"litert": _litert, "onnx": _onnx}[_KINDS[path.suffix]](path, card)
    if path.exists() and not path.is_dir():
        raise ValueError(
            f"{path}: must be a folder that kcx export wrote, or end in .keras, .tflite or .onnx"
        )
    card = _card.read_card(path)
    file = path / MODEL_FILES[card["file_format"]]
    if not file.is_file():
        raise FileNotFoundError(f"{path}: {file.name} is missing")
    asking = {"saved_model": _saved_model, "litert": _litert, "onnx": _onnx}
    return asking[card["file_format"]](file, card)


def _saved_model(file, card):
    loaded = _ops.load(file.parent)
    signature = loaded.signatures["serving_default"]

    def ask(encoded, _keep=loaded):  # the signature lives as long as what was loaded
        answer = signature(encoded=tf.constant([encoded]))
        if answer.get("error", [b""])[0] != b"":
            return None
        labels, chances = answer["top_labels"][0].numpy(), answer["top_probabilities"][0].numpy()
        return [label.decode() for label in labels], chances

    return ask


def _litert(file, card):
    _ops.check_litert(file)
    model = _engines.litert(file)
    return _of_tensors(file, card, model.shape, model)


def _onnx(file, card):
    model = _engines.onnx(file)
    return _of_tensors(file, card, model.shape, model)


def _keras(file):
    from keras_cv_extras import inference, training

    about = training.read_about(file)
    model: Any = training.load_model(file, compile=False)
    count = num_classes(getattr(model, "inference_model", lambda: model)())
    names: Any = about.get("class_names")
    named = isinstance(names, list) and all(isinstance(name, str | int | float) for name in names)
    if not named or len(names) != count:
        names = range(count)
    several = bool(about.get("multilabel"))
    activation = "sigmoid" if several else None
    served = ServedModel(model, names, None, inference.Calibration(), activation)
    card: dict[str, Any] = {"class_names": list(served.class_names)}
    card["preprocessing"] = decoder.decoding(about.get("decoding"), file)
    if several:
        card["outputs"] = {"top_k": count, "threshold": 0.5}
    return _of_tensors(file, card, served.input_shape, lambda images: served.expected(images)[0])


def _of_tensors(file, card, shape, probabilities):
    """Returns a function of encoded files, where a model takes tensors."""
    if len(shape) != 3 or not all(isinstance(side, int | np.integer) for side in shape):
        raise ValueError(f"{file}: must take images of a known size, received {shape}")
    height, width, channels = map(int, shape)
    if channels not in (1, 3):
        raise ValueError(
            f"{file}: must take images (height, width, 1 or 3 channels), received {shape}"
        )
    if height * width > decoder.MOST_PIXELS:
        raise ValueError(
            f"{file}: takes images of {height} x {width}, more than the {decoder.MOST_PIXELS:,} "
            "pixels that are accepted"
        )
    decoding = card.get("preprocessing", {})
    resize = decoding.get("resize", decoder.RESIZES[0])
    jpeg = decoding.get("jpeg", decoder.JPEGS[0])
    top_k = card.get("outputs", {}).get("top_k", _TOP_K)
    threshold = card.get("outputs", {}).get("threshold")

    def ask(encoded):
        image = decoder.decode(
            tf.constant(encoded), (height, width), channels, resize=resize, jpeg=jpeg
        )
        given = np.asarray(probabilities(np.asarray(image, "float32")[None]))[0]
        names = card.get("class_names") or [str(number) for number in range(len(given))]
        if len(names) != len(given):
            raise ValueError(
                f"{file}: has {len(given)} classes, the model card beside it names {len(names)}"
            )
        best = np.argsort(-given, kind="stable")[:top_k]
        best = best if threshold is None else best[given[best] >= threshold]
        return [names[place] for place in best], given[best]

    return ask


def _answer(ask, file):
    path = pathlib.Path(file)
    try:
        encoded, reason = _read(path)
    except OSError as error:
        return FileAnswer(file, None, os.strerror(error.errno or 0).lower())
    if reason:
        return FileAnswer(file, None, reason)
    try:
        answer = ask(encoded)
    except tf.errors.InvalidArgumentError:
        answer = None
    if answer is None:
        return FileAnswer(file, None, _damage(encoded))
    if not np.isfinite(answer[1]).all():
        return FileAnswer(file, None, "the model gives no number (NaN): train it again")
    named = zip(answer[0], map(float, answer[1]), strict=True)
    return FileAnswer(file, tuple((name, value) for name, value in named if name))


def _read(path):
    """Returns the bytes of a file, and why they are no image; empty if they may be one."""
    if not os.path.lexists(path):
        return b"", "no such file"
    if path.is_dir():
        return b"", "a folder; name the files in it"
    if not path.is_file():
        return b"", "not a regular file" if path.exists() else "a broken link"
    try:
        decoder.check_file(path)
    except ValueError as error:
        return b"", str(error)
    encoded = path.read_bytes()
    if not encoded:
        return b"", "an empty file"
    if int(decoder.kinds(tf.constant(encoded))) < 0:
        formats = ", ".join(decoder.FORMATS[:-1])
        return b"", f"an unsupported format; it must be {formats} or {decoder.FORMATS[-1]}"
    return encoded, ""


def _damage(encoded):
    """Says what is wrong with a file that begins as an image does, and cannot be decoded."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Pillow, about large images: that is what is asked
        try:
            decoder.facts_of(decoder.read_header(io.BytesIO(encoded)))
        except Image.DecompressionBombError:
            return "too large: of more than 64,000,000 pixels"
        except ValueError as error:  # too large, or of a kind that is not read everywhere
            return str(error)
        except MemoryError:
            raise
        except Exception:  # a damaged file fails in any way that bytes can
            return "damaged"
    return "damaged"
