"""Exports model files with what is known about their training: `kcx export`."""

import dataclasses
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from keras import ops

from keras_cv_extras import inference, metrics, training
from keras_cv_extras import policy as policies
from keras_cv_extras._base import checks, files
from keras_cv_extras._base.types import Path
from keras_cv_extras.serving import _card, _export, _ops, _verify, quantizing
from keras_cv_extras.serving._model import ServedModel

_ERROR = "expected_calibration_error"
_REPRESENTATIVE = 200  # training images that "int8" takes ranges of


@dataclasses.dataclass(frozen=True)
class ExportResult:
    """The result of an export.

    Attributes:
        scores: those of the model card.
        verification: what `verify` found.
        notes: sentences to show to the user.
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
    calibration: Path | None = None,
    priors: Mapping[str, float] | None = None,
    policy: Path | None = None,
    image_size: int | None = None,
    top_k: int | None = None,
    threshold: float | None = None,
    **options: Any,
) -> ExportResult:
    """Exports a model file with its scores, and verifies what was written: `kcx export`.

    Args:
        model: a model.keras that `kcx.training.train` wrote.
        data: the images that it was trained on, or their name: for the names of the classes,
            scores, and images to compare answers on; see `kcx.training.data_for`.
        output: the folder to write.
        views: None, or "flip", "five" or "ten" for `kcx.inference.TestTimeAugment`.
        calibrate: whether to fit a temperature on the images that the model was validated on; if
            these are not known, on every second test image, which is then not scored.
        calibration: None, or a file that `Calibration.save` wrote; not together with `calibrate`.
        priors: None, or how frequent each class will be, by its name, in shares or counts. How
            frequent it was is counted in the training images.
        policy: None, or the policy file that it was trained with, for the model card.
        image_size: None for the network's, or a number.
        top_k: how many classes to name; None for 5, or all where images have several labels.
        threshold: of several labels per image, the probability that one needs to be named; None
            for a half.
        **options: `format`, `on_bad_image`, `resize`, `jpeg`, `intended_use`, `limits` and
            `quantize` of `export`.

    Returns:
        The scores, with notes.

    Raises:
        ValueError: if the data are not the model's, or the export answers otherwise than the
            model does: nothing is written then.

    Example:
        >>> result = export_file(output / "model.keras", "digits", "served/1", calibrate=True)
    """
    if calibrate and calibration is not None:
        raise ValueError("calibrate fits what calibration gives: give one of them")
    form = options.get("format", "saved_model")
    checks.one_of("format", form, _export.FORMATS)
    quantizing.check(options.get("quantize"), form, data)
    if form == "saved_model":
        _ops.check_place(output)
    files.check_replaceable(output, **_export.OURS)
    if top_k is not None:
        checks.integer("top_k", top_k, minimum=1)
    if threshold is not None:
        checks.fraction("threshold", threshold)
    known = None if calibration is None else inference.Calibration.load(calibration)
    given = None if policy is None else policies.Policy.load(policy)
    with files.reserved(output):
        network = training.load_model(model, compile=False)
        resize = options.get("resize")
        chosen = training.data_for(network, model, data, image_size=image_size, resize=resize)
        images, part, notes = chosen.images, chosen.part, list(chosen.notes)
        options |= _answers(images, top_k, threshold)
        if images.multilabel and priors is not None:
            raise ValueError(
                "priors are for one label per image, these have several: leave them out"
            )
        if views is not None:
            size, activation = part[0].shape[1:3], options.get("activation")
            network = inference.TestTimeAugment(
                network, views, image_size=size, activation=activation
            )
        split, scored = "test", slice(None)
        if calibrate:
            fitted_on, what = chosen.validation, "images that the model was validated on"
            if fitted_on is None:
                fitted_on, what = tuple(array[::2] for array in part), "every second test image"
                split, scored = "every second image of test", slice(1, None, 2)
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                known = _fitted(network, *fitted_on)
            notes.append(
                f"temperature {known.temperature:.3f}, fitted on {known.num_samples} images: {what}"
            )
            notes += [str(one.message) for one in caught]
        part_scored = (array[scored] for array in part)
        scores = _scores(network, *part_scored, data=images, calibration=known)
        scores["split"] = split
        if known is not None:
            notes += _of_calibration(scores)
        if priors is not None:
            known = _with_priors(known or inference.Calibration(), priors, images)
            notes.append("the scores are without the priors: the test images have their own")
        if options.get("quantize") is not None:
            places = np.linspace(0, len(images.train[1]) - 1, _REPRESENTATIVE).astype(int)
            places = np.unique(places)
            options = {**options, "representative": images.train[0][places]}
        verification = _export.export(
            network,
            output,
            class_names=images.class_names,
            images=part[0],
            labels=None if images.multilabel else part[1],
            calibration=known,
            data=images,
            policy=given,
            metrics=scores,
            verified=True,
            **options,
        )
        assert verification is not None  # as it was asked
        if options.get("quantize") is not None:
            notes.append(quantizing.note(_card.read_card(output)["quantization"]))
        return ExportResult(scores, verification, tuple(notes))


def _of_calibration(scores):
    """Returns what a calibration did to the scores, in sentences."""
    before, after = scores[f"{_ERROR}_before"], scores[_ERROR]
    notes = [f"calibration error {before:.4f} before, {after:.4f} after"]
    if after > before:
        notes.append(
            f"the calibration made it worse on these {scores['images']} images: fit it on more "
            "images of the kind that will be asked about, or leave it out"
        )
    return notes


def _answers(images, top_k, threshold):
    """Returns the options of `export` that depend on how many labels an image has."""
    if images.multilabel:
        return {
            "top_k": len(images.class_names) if top_k is None else top_k,
            "threshold": 0.5 if threshold is None else threshold,
            "activation": "sigmoid",
        }
    if threshold is not None:
        raise ValueError("threshold is for several labels per image, these have one: leave it out")
    return {"top_k": 5 if top_k is None else top_k}


def _with_priors(calibration, priors, images):
    """Returns a calibration for classes that will be as frequent as is said."""
    if calibration.train_prior is not None:
        raise ValueError("the calibration has priors of its own: give other priors no more")
    names = list(images.class_names)
    if set(priors) != set(names):
        wrong = sorted(set(priors) ^ set(names))[0]
        raise ValueError(
            f"priors must have a number for each class, {', '.join(names[:10])}: {wrong!r} is "
            + ("missing" if wrong in names else "none of them")
        )
    counts = np.bincount(images.train[1], minlength=len(names))
    if counts.min() == 0:
        raise ValueError(f"priors: no training image of {names[int(counts.argmin())]!r}")
    return dataclasses.replace(
        calibration,
        train_prior=tuple(map(float, counts)),
        new_prior=tuple(float(priors[name]) for name in names),
    )


def _fitted(model, images, labels):
    probabilities, labels = _probabilities(model, images, labels, inference.Calibration())
    return inference.fit_temperature(np.log(np.maximum(probabilities, 1e-30)), labels)


def _scores(model, images, labels, data, calibration):
    """Returns the scores of the model card, with the calibration error before and after."""
    scores = training.evaluate(model, images, labels, data.class_names).to_dict()
    scores = {**scores, "images": len(labels)}
    plain = inference.Calibration()
    if calibration is None:
        return {**scores, _ERROR: _error(model, images, labels, plain)}
    scores[f"{_ERROR}_before"] = _error(model, images, labels, plain)
    return {**scores, _ERROR: _error(model, images, labels, calibration)}


def _error(model, images, labels, calibration):
    error = metrics.ExpectedCalibrationError()
    given, true = _probabilities(model, images, labels, calibration)
    error.update_state(true, ops.convert_to_tensor(given))
    return float(error.result())


def _probabilities(model, images, labels, calibration):
    """Returns what an export says of images, and labels to compare it with.

    Of several labels per image each one is a question of two answers.
    """
    activation = "sigmoid" if labels.ndim == 2 else None
    names = range(model.output_shape[-1])
    served = ServedModel(model, names, None, calibration, activation)
    starts = range(0, len(labels), 256)
    found = np.concatenate([served.expected(images[row : row + 256])[0] for row in starts])
    if labels.ndim == 1:
        return found, labels
    return np.stack([1 - found, found], axis=-1).reshape(-1, 2), labels.reshape(-1).astype(int)
