"""Exports model files with all that is known about them, and predicts files by exports."""

import dataclasses
import os
import pathlib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from keras_cv_extras import inference, metrics, training
from keras_cv_extras import policy as policies
from keras_cv_extras._base.types import Path
from keras_cv_extras.serving import _card, _export, _verify
from keras_cv_extras.serving._model import ServedModel
from keras_cv_extras.serving._ops import check_graph


@dataclasses.dataclass(frozen=True)
class ExportResult:
    """The result of an export.

    Attributes:
        scores: those of the model card.
        verification: what `verify` found.
        notes: sentences that should be known.
    """

    scores: dict[str, Any]
    verification: _verify.Verification
    notes: tuple[str, ...]


def export_file(
    model: Path,
    data: Any,
    output: Path,
    *,
    views: str | None = None,
    calibrate: bool = False,
    policy: Path | None = None,
    image_size: int | None = None,
    **options: Any,
) -> ExportResult:
    """Exports a model file with its scores, and verifies what was written: `kcx export`.

    Args:
        model: a model.keras that `kcx.training.train` wrote.
        data: the images that it was trained on, or their name: for the names of the classes,
            scores, and images to compare answers on; see `kcx.training.data_for`.
        output: the folder to write.
        views: None, or "flip", "five" or "ten" for `kcx.inference.TestTimeAugment`.
        calibrate: whether to fit a temperature on every second test image, and to score on the
            others.
        policy: None, or the policy file that it was trained with, for the model card.
        image_size: None for the network's, or a number.
        **options: `format`, `top_k`, `on_bad_image`, `resize` and `jpeg` of `export`.

    Returns:
        The scores, with notes.

    Raises:
        ValueError: if the data are not the model's, or the export answers otherwise than the
            model does.

    Example:
        >>> result = export_file(output / "model.keras", "digits", "served/1", calibrate=True)
    """
    network = training.load_model(model, compile=False)
    chosen = training.data_for(network, model, data, image_size=image_size)
    images, part, notes = chosen.images, chosen.part, list(chosen.notes)
    if views is not None:
        network = inference.TestTimeAugment(network, views, image_size=part[0].shape[1:3])
    calibration, scored = None, slice(None)
    if calibrate:
        scored = slice(1, None, 2)
        calibration = _fitted(network, *(array[::2] for array in part))
        notes.append(
            f"temperature {calibration.temperature:.3f}, fitted on {calibration.num_samples} of "
            f"the {len(part[1])} test images; the scores are of the others"
        )
    scores = _scores(
        network, *(array[scored] for array in part), data=images, calibration=calibration
    )
    if options.get("resize") is not None and images.decoding is not None:
        # What was asked for is what the network was trained on, if that was not by `kcx train`.
        images = dataclasses.replace(images, decoding=None)
    _export.export(
        network,
        output,
        class_names=images.class_names,
        images=part[0],
        calibration=calibration,
        data=images,
        policy=None if policy is None else policies.Policy.load(policy),
        metrics=scores,
        **options,
    )
    return ExportResult(scores, _verify.verify(output), tuple(notes))


def predict_files(
    path: Path, files: Iterable[Path]
) -> Iterator[tuple[Path, list[tuple[str, float]] | None]]:
    """Names the likeliest classes of image files, as a server would: `kcx predict`.

    Args:
        path: a SavedModel that `export` wrote.
        files: JPEG, PNG, BMP, GIF or WEBP files.

    Returns:
        For each file its name and the classes with their probabilities, the likeliest first; None
        for a file that cannot be read.

    Raises:
        ValueError: if the export takes no files, or its graph could do harm.
    """
    path = pathlib.Path(path)
    card = _card.read_card(path)
    if card["file_format"] != "saved_model":
        raise ValueError(
            f"{path}: a {card['file_format']} file takes no image files; export a saved_model"
        )
    check_graph(path / "saved_model.pb")
    loaded: Any = tf.saved_model.load(os.fspath(path))
    ask = loaded.signatures["serving_default"]
    return ((file, _answer(ask, pathlib.Path(file))) for file in files)


def _answer(ask, file):
    try:
        answer = ask(encoded=tf.constant([file.read_bytes()]))
    except (OSError, tf.errors.InvalidArgumentError):
        return None
    if answer.get("error", [b""])[0] != b"":
        return None
    labels, chances = answer["top_labels"][0].numpy(), answer["top_probabilities"][0].numpy()
    named = zip(labels, chances, strict=True)
    return [(label.decode(), float(chance)) for label, chance in named]


def _fitted(model, images, labels):
    served = ServedModel(model, range(model.output_shape[-1]), None, inference.Calibration())
    probabilities, _ = served.expected(images)
    return inference.fit_temperature(np.log(np.maximum(probabilities, 1e-30)), labels)


def _scores(model, images, labels, data, calibration):
    """Returns the scores of the model card."""
    scores = training.evaluate(model, images, labels, data.class_names).to_dict()
    served = ServedModel(model, data.class_names, None, calibration or inference.Calibration())
    error = metrics.ExpectedCalibrationError()
    for start in range(0, len(labels), 256):
        some = slice(start, start + 256)
        error.update_state(labels[some], ops.convert_to_tensor(served.expected(images[some])[0]))
    return {
        **scores,
        "images": len(labels),
        "expected_calibration_error": float(error.result()),
        "split": "test" if calibration is None else "every second image of test",
    }
