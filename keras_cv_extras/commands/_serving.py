"""Export, verification and predictions on the command line."""

import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from keras_cv_extras import inference, metrics, serving, training
from keras_cv_extras._base.text.terminal import Terminal
from keras_cv_extras._base.types import Path
from keras_cv_extras.commands._model_data import load_for
from keras_cv_extras.policy import Policy
from keras_cv_extras.serving import ServedModel, check_graph


def run_export(
    model: Path,
    name: str,
    output: Path,
    *,
    file_format: str,
    views: str | None,
    calibrate: bool,
    policy: Path | None,
    image_size: int | None,
    **options: Any,
) -> None:
    """Exports a model file and verifies what was written."""
    console = Terminal()
    network = training.load_model(model, compile=False)
    chosen = load_for(network, model, name, image_size=image_size)
    images, part = chosen.images, chosen.part
    for line in chosen.notes:
        console.print(line, highlight=False, soft_wrap=True)
    if views is not None:
        network = inference.TestTimeAugment(network, views, image_size=part[0].shape[1:3])
    calibration, scored = None, slice(None)
    if calibrate:
        scored = slice(1, None, 2)
        calibration = _fitted(network, *(array[::2] for array in part))
        console.print(
            f"temperature {calibration.temperature:.3f}, fitted on {calibration.num_samples} of "
            f"the {len(part[1])} test images; the scores are of the others"
        )
    scores = _scores(
        network, *(array[scored] for array in part), data=images, calibration=calibration
    )
    serving.export(
        network,
        output,
        class_names=images.class_names,
        images=part[0],
        format=file_format,
        calibration=calibration,
        data=images,
        policy=None if policy is None else Policy.load(policy),
        metrics=scores,
        **options,
    )
    run_verify(output)
    console.print(
        f"accuracy {scores['accuracy']:.4f}, calibration error "
        f"{scores['expected_calibration_error']:.4f}, on {scores['images']} test images"
    )
    console.print(str(output), soft_wrap=True)


def run_verify(path: Path) -> None:
    """Verifies an export and prints the differences."""
    Terminal().print(str(serving.verify(path)), soft_wrap=True, highlight=False)


def run_predict(path: pathlib.Path, files: Sequence[pathlib.Path]) -> None:
    """Prints the likeliest classes of image files."""
    import tensorflow as tf

    card = serving.read_card(path)
    if card["file_format"] != "saved_model":
        raise ValueError(
            f"{path}: a {card['file_format']} file takes no image files; export a saved_model"
        )
    check_graph(path / "saved_model.pb")
    loaded = tf.saved_model.load(str(path))
    ask = loaded.signatures["serving_default"]
    bad = []
    for file in files:
        try:
            answer = ask(encoded=tf.constant([file.read_bytes()]))
        except (OSError, tf.errors.InvalidArgumentError):
            bad.append(file)
            continue
        if answer.get("error", [b""])[0] != b"":
            bad.append(file)
            continue
        labels, chances = answer["top_labels"][0].numpy(), answer["top_probabilities"][0].numpy()
        named = [
            f"{text.decode()} {value:.4f}" for text, value in zip(labels, chances, strict=True)
        ]
        print(f"{file}: {', '.join(named)}")
    if bad:
        raise ValueError(f"no images that can be read: {', '.join(map(str, bad))}")


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
