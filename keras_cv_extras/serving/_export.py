"""A classifier as a folder that a server can load: encoded images in, class names out."""

import dataclasses
import os
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_cv_extras._base import checks, files
from keras_cv_extras._base.owned import kinds
from keras_cv_extras.data.files import decoder
from keras_cv_extras.inference import Calibration
from keras_cv_extras.serving import _card, _convert, _golden, _ops, _verify, quantizing
from keras_cv_extras.serving._model import ServedModel
from keras_cv_extras.serving._signatures import BAD_IMAGE, Servable

FORMATS = ("saved_model", "litert", "onnx")
OURS = {"kind": "export", "known": kinds.is_export}


def export(
    model: keras.Model,
    path: str | os.PathLike[str],
    *,
    class_names: Sequence[str],
    images: np.ndarray | None = None,
    format: str = "saved_model",
    top_k: int = 5,
    on_bad_image: str = "raise",
    resize: str | None = None,
    jpeg: str | None = None,
    features: str | None = "auto",
    calibration: Calibration | str | os.PathLike[str] | None = None,
    activation: str | None = None,
    threshold: float | None = None,
    data: Any | None = None,
    policy: Any | None = None,
    metrics: Any | None = None,
    intended_use: str | None = None,
    limits: str | None = None,
    quantize: str | None = None,
    representative: np.ndarray | None = None,
    labels: np.ndarray | None = None,
    verified: bool = False,
) -> _verify.Verification | None:
    """Writes a classifier as a folder for servers.

    A SavedModel has these signatures, all of a batch of any size, an empty one included:

    - `serving_default` takes `encoded`, strings `(batch,)`: JPEG, PNG, BMP, GIF or WEBP files of
      any size. They are decoded as `data.load` does, and brought to the size of the model.
    - `predict_images` takes `images`, float32 `(batch, height, width, channels)` with values in
      [0, 255], and `predict_images_uint8` the same as uint8.
    - `features` takes float32 `images`, and `features_encoded` takes `encoded`.

    The first three answer `probabilities` `(batch, classes)`, and of the `top_k` likeliest classes
    `top_labels` (their names), `top_probabilities` and `top_indices`, each `(batch, top_k)`. The
    others answer `features`, float32. Requests of another shape are refused with an error.

    LiteRT (`model.tflite`) and ONNX (`model.onnx`) files have one function of float32 `images`
    that answers `probabilities`, and `features` if there are any.

    Nothing random is served, and only the variables that an answer depends on are written. The
    folder also holds a model card, `model_card.json`; requests for `verify` with the answers of the
    Keras model, `golden.json`; and warm-up requests for TensorFlow Serving. The folder appears in
    one step, so an earlier export stays intact if this one fails. Only an export of a model of the
    same classes, with no other files beside it, is replaced.

    Args:
        model: a Keras model of one input, images of a known size with 1 or 3 channels and values
            in [0, 255], that gives logits, or probabilities by a softmax or sigmoid at its end; a
            `TestTimeAugment` too. Auxiliary heads are left out.
        path: the folder to write. TensorFlow Serving wants a number as its name: `digits/1`.
        class_names: the name of each class, by its number.
        images: `(count, height, width, channels)`, uint8: images for `golden.json`; at most 16
            are taken. None for two artificial ones.
        format: "saved_model", "litert" or "onnx"; the last needs the packages onnx, onnxruntime
            and tf2onnx.
        top_k: how many classes to name; at most all.
        on_bad_image: what happens to a file that cannot be decoded, or claims more than 64 million
            pixels: "raise" fails the request; "report" answers it, with zeros, empty names and -1
            in that row, and a further output `error` `(batch,)` that is empty for good images.
            Use "report" where a server joins the requests of several clients into one batch.
        resize: how files are brought to the size of the model: "crop", "pad" or "stretch", as in
            `data.load`, and as in training. None for what `data` was read with, else "crop".
        jpeg: "whole" or "reduced", likewise; None for what `data` was read with, else "whole".
        features: "auto" for what goes into the last dense or convolutional layer; the name of a
            layer for its output; None for no features. Channels of a feature map are averaged
            over space, and features over the views of test-time augmentation.
        calibration: None, or a `Calibration` or the file of one: temperature and priors.
        activation: "softmax", or "sigmoid" for a model of several labels per image that gives
            logits; None for the activation at the end of the model, else "softmax".
        threshold: None, or with several labels per image the lowest probability of a label that is
            named, in [0, 1]: names of others are empty, and their indices -1.
        data: None, or the `ImageData` that the model was trained on, whose hash goes on the card;
            or a dictionary to put there.
        policy: None, or the `Policy` that it was trained with, likewise.
        metrics: None, or an `Evaluation` or a dictionary, likewise.
        intended_use: None, or for the card what the model is for, and who is to use it.
        limits: None, or for the card what it is not for, and where it is known to fail.
        quantize: None, or for LiteRT and ONNX: "float16" stores weights in half; "dynamic" stores
            them in 8 bits; "int8" computes in 8 bits, too, and is what small processors take.
            Images and probabilities stay float32. The card says what this costs: how often the
            class is that of the model, for `images`, and with `labels` the accuracy of both.
        representative: for "int8", `(count, height, width, channels)`: about a hundred images like
            those of training, from which the ranges of activations are computed. None for `images`.
        labels: None, or the classes of `images`, `(count,)`.
        verified: whether the export is verified before it is moved to `path`. If that fails,
            nothing is written, and an earlier export stays.

    Returns:
        What `verify` found, None if it was not asked.

    Raises:
        ImportError: if a package for the format is missing.
        TypeError, ValueError: if arguments are not as above, the model draws random numbers when
            it predicts, it cannot be converted, or does not answer as it should.
        OSError: if the files cannot be written, or `path` is not a folder that may be replaced.

    Example:
        >>> export(model, "digits/1", class_names=data.class_names, images=data.test[0])
        >>> print(verify("digits/1"))
    """
    if keras.backend.backend() != "tensorflow":
        raise ValueError(
            "export needs Keras on TensorFlow: save the model as a .keras file, and load and "
            f"export it with KERAS_BACKEND=tensorflow; the backend is {keras.backend.backend()}"
        )
    files.check_replaceable(path, **OURS)
    checks.one_of("format", format, FORMATS)
    if representative is None:
        representative = images
    quantizing.check(quantize, format, representative)
    checks.one_of("on_bad_image", on_bad_image, BAD_IMAGE)
    resize, jpeg = _decoding(data, resize=resize, jpeg=jpeg)
    if calibration is None:
        calibration = Calibration()
    elif isinstance(calibration, (str, os.PathLike)):
        calibration = Calibration.load(calibration)
    checks.one_of("activation", activation, (None, "softmax", "sigmoid"))
    if threshold is not None:
        threshold = checks.fraction("threshold", threshold)
    with files.reserved(path):
        served = ServedModel(model, class_names, features, calibration, activation)
        if threshold is not None and served.activation != "sigmoid":
            raise ValueError(
                "threshold is for several labels per image: give activation='sigmoid' too"
            )
        quantizing.check_data(quantize, served, images, labels, representative)
        top_k = min(checks.integer("top_k", top_k, minimum=1), len(served.class_names))
        answers = {"top_k": top_k, "on_bad_image": on_bad_image, "threshold": threshold}
        servable = Servable(served, **answers, resize=resize, jpeg=jpeg)
        golden = _golden.golden(served, servable, images)
        plain = None
        if format == "saved_model":
            signatures = servable.signatures()
        else:
            plain = servable.plain()
            signatures = {"serving_default": plain.get_concrete_function()}
        _check_random(signatures)
        card = _card.card(
            served,
            file_format=format,
            signatures=signatures,
            **answers,
            resize=resize,
            jpeg=jpeg,
            data=data,
            policy=policy,
            metrics=metrics,
            intended_use=intended_use,
            limits=limits,
        )
        names = [str(name) for name in served.class_names]
        replaced = files.replacing(path, **OURS, class_names=names)
        with replaced as folder, _as_os_error(path):
            folder.mkdir()
            if format == "saved_model":
                tf.saved_model.save(servable.root, str(folder), signatures=signatures)
                _golden.write_warmup(folder, signatures, golden)
            else:
                taken = {"quantize": quantize, "representative": representative}
                _convert.convert(format, servable, plain, folder, **taken)
            if quantize is not None:
                file = folder / _convert.MODEL_FILES[format]
                seen = _golden.chosen(images, served.input_shape) if images is None else images
                facts = (served, seen, None if images is None else labels, representative)
                card["quantization"] = quantizing.measured(file, format, quantize, *facts)
            files.write_json(folder / _golden.GOLDEN_FILE, golden)
            files.write_json(folder / _card.CARD_FILE, card)
            return _verified(folder, path) if verified else None


def _verified(folder, path):
    """Verifies a folder that is to stand at a path, and speaks of the path."""
    try:
        return dataclasses.replace(_verify.verify(folder), path=str(path))
    except ValueError as error:
        raise ValueError(str(error).replace(str(folder), str(path))) from error


def _decoding(data, **given):
    """Returns how files are decoded: as in training, where the data say how that was."""
    seen = getattr(data, "decoding", None) or {}
    choices = {"resize": decoder.RESIZES, "jpeg": decoder.JPEGS}
    found = []
    for name, values in choices.items():
        value = given[name]
        if value is not None:
            checks.one_of(name, value, values)
        if name in seen and value not in (None, seen[name]):
            raise ValueError(
                f"{name} must be {seen[name]!r}, as the images of data were read, or be left out: "
                f"received {value!r}"
            )
        found.append(value or seen.get(name) or values[0])
    return found


def _check_random(signatures):
    """Raises if a signature does what depends on more than its input."""
    for function in signatures.values():
        found = _ops.forbidden(function.graph.as_graph_def())
        if found is not None:
            raise ValueError(
                f"the model has a state when it predicts, by the operation {found[1]} at "
                f"{found[0]}: leave out the layer that draws random numbers, or the call with "
                "training=True"
            )


class _as_os_error:  # noqa: N801 - reads as a verb
    """Turns TensorFlow's errors of writing files, a full disk say, into an OSError."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if isinstance(error, tf.errors.OpError):
            raise OSError(f"{self.path}: could not be written ({error.message})") from error
