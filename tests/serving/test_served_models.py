"""What an export serves, measures and writes beside it, without a graph that is traced."""

import base64
import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import inference, serving
from keras_cv_extras.serving import _card, _engines, _export, _golden, _trained, quantizing
from keras_cv_extras.serving._model import ServedModel

NAMES = ("cat", "dog", "owl")
PLAIN = inference.Calibration()
WARM = inference.Calibration(temperature=2.0)
FILES = {"intended_use": None, "limits": None, "data": None, "policy": None, "metrics": None}


def network(ending=None, classes=3, channels=3):
    """A network of one layer, which gives random logits or what is made of them."""
    layers = [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(classes, ending)]
    return keras.Sequential([keras.Input((4, 4, channels)), *layers])


def served(ending=None, calibration=PLAIN, classes=3, **options):
    names = [str(number) for number in range(classes)]
    return ServedModel(network(ending, classes), names, None, calibration, **options)


def test_probabilities_are_calibrated_by_their_logits():
    given = np.array([[0.5, 0.3, 0.2]], "float32")
    cooler = np.sqrt(given) / np.sqrt(given).sum()
    found = served("softmax", WARM)._probabilities(given)
    np.testing.assert_allclose(found, cooler, rtol=1e-5)
    odds = np.sqrt(given / (1 - given))
    found = served("sigmoid", WARM)._probabilities(given)
    np.testing.assert_allclose(found, odds / (1 + odds), rtol=1e-5)
    assert served("sigmoid")._probabilities(given) is given  # exactly what the model says


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: served("sigmoid", activation="softmax"), "activation must be 'sigmoid'"),
        (lambda: served(classes=1), "softmax makes 1 always"),
        (
            lambda: served(calibration=inference.Calibration(train_prior=(1.0, 2.0))),
            "priors of 2 classes, the model has 3",
        ),
        (
            lambda: ServedModel(network(channels=2), NAMES, None, PLAIN),
            "images of 1 or 3 channels, received 2",
        ),
    ],
)
def test_what_does_not_fit_together(build, message):
    with pytest.raises(ValueError, match=message):
        build()


class InTraining(keras.layers.Layer):
    """A layer that takes it for training if nobody says otherwise."""

    def call(self, images, training=True):
        return images + 100.0 if training else images


def test_it_is_served_without_what_is_of_training_alone():
    inner = keras.Sequential([keras.Input((4, 4, 3)), InTraining(), *network().layers])
    images = np.ones((2, 4, 4, 3), "float32")
    found, _ = ServedModel(inner, NAMES, None, PLAIN, "sigmoid").expected(images)
    weights, bias = inner.layers[-1].get_weights()
    wanted = 1 / (1 + np.exp(-(images.mean((1, 2)) @ weights + bias)))
    np.testing.assert_allclose(found, wanted, rtol=1e-5)
    outer = types.SimpleNamespace(inference_model=lambda: inner)
    assert ServedModel(outer, NAMES, None, PLAIN).model is inner


class Asked(Exception):
    """Raised in place of an export, with what it was asked for."""


def test_an_export_is_given_what_was_asked_for(tmp_path, monkeypatch):
    def asked(served, **options):
        raise Asked(served, options)

    def export(**options):
        with pytest.raises(Asked) as found:
            serving.export(network(), tmp_path / "out", class_names=NAMES, **options)
        return found.value.args

    monkeypatch.setattr(_export, "Servable", asked)
    WARM.save(tmp_path / "calibration.json")
    found, options = export(top_k=9, calibration=tmp_path / "calibration.json")
    assert found.calibration == WARM
    assert options["top_k"] == 3
    found, options = export(top_k=2, activation="sigmoid", threshold=0.3, on_bad_image="report")
    assert (found.calibration, found.activation) == (PLAIN, "sigmoid")
    assert (options["top_k"], options["threshold"], options["on_bad_image"]) == (2, 0.3, "report")
    with pytest.raises(ValueError, match="threshold is for several labels per image"):
        serving.export(network(), tmp_path / "out", class_names=NAMES, threshold=0.3)
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "a.txt").touch()
    with pytest.raises(OSError, match="theirs"):  # before anything is made
        serving.export(network(), tmp_path / "theirs", class_names=NAMES)


def test_files_are_decoded_as_in_training():
    seen = types.SimpleNamespace(decoding={"resize": "pad", "jpeg": "reduced"})
    assert _export._decoding(seen, resize=None, jpeg=None) == ["pad", "reduced"]
    assert _export._decoding(seen, resize="pad", jpeg=None) == ["pad", "reduced"]
    assert _export._decoding(None, resize="stretch", jpeg=None) == ["stretch", "whole"]
    with pytest.raises(ValueError, match="resize must be 'pad', as the images of data were read"):
        _export._decoding(seen, resize="crop", jpeg=None)


def test_a_card_says_how_files_are_read_and_what_is_answered():
    how = {"resize": "pad", "jpeg": "reduced", "top_k": 2, "threshold": 0.3}
    about = {"file_format": "litert", "signatures": {}, "on_bad_image": "report", **how, **FILES}
    found = _card.card(served("sigmoid", WARM), **about)
    _card._check(found)
    assert found["input_shape"] == [4, 4, 3]
    read = {name: found["preprocessing"][name] for name in ("resize", "jpeg", "most_pixels")}
    assert read == {"resize": "pad", "jpeg": "reduced", "most_pixels": 64_000_000}
    assert found["outputs"] == {
        "activation": "sigmoid",
        "calibration": WARM.to_dict(),
        "top_k": 2,
        "threshold": 0.3,
        "on_bad_image": "report",
        "features": None,
    }


def test_a_server_is_warmed_up_by_the_first_image(tmp_path):
    pictures = [np.full((4, 4, 3), value, "uint8") for value in (9, 200)]
    texts = [base64.b64encode(tf.io.encode_png(one).numpy()).decode() for one in pictures]
    spec = types.SimpleNamespace(name="encoded", dtype=tf.string)
    signatures = {"any": types.SimpleNamespace(structured_input_signature=((spec,), {}))}
    written = []
    for encoded in (texts, texts[:1], texts[1:]):
        _golden.write_warmup(tmp_path, signatures, {"encoded": encoded})
        written.append((tmp_path / _golden.WARMUP_FILE).read_bytes())
    assert written[0] == written[1] != written[2]


def test_what_a_quantised_file_costs(monkeypatch):
    says = {"model": [0, 1, 2, 1, 2], "file": [0, 2, 2, 1, 0]}  # the class of an image, by its row
    rows = np.arange(5)[:, None]

    def answers(name):
        return lambda images: np.eye(3)[[says[name][row] for row in images.ravel()]]

    monkeypatch.setattr(quantizing, "MOST_IMAGES", 4)
    monkeypatch.setitem(_engines.OPEN, "litert", lambda path: answers("file"))
    model = types.SimpleNamespace(expected=lambda images: (answers("model")(images), None))
    labels = [0, 1, 0, 0, 0]
    found = quantizing.measured("path", "litert", "int8", model, rows, labels, rows[:2])
    assert found == {
        "kind": "int8",
        "representative_images": 2,
        "images": 4,
        "difference": 1.0,
        "tolerance": 2 + 1 / 256,
        "agreement": 0.75,
        "accuracy": 0.25,
        "accuracy_before": 0.5,
        "accuracy_loss": 0.25,
    }
    found = quantizing.measured("path", "litert", "dynamic", model, rows, None, None)
    assert found["representative_images"] is None
    assert "accuracy" not in found


def test_of_several_labels_each_is_a_question(tmp_path):
    model = network()
    images = np.random.default_rng(0).normal(size=(2, 4, 4, 3))
    labels = np.array([[1, 0, 1], [0, 0, 1]])
    chances, classes = _trained._probabilities(model, images, labels, PLAIN)
    yes = 1 / (1 + np.exp(-model.predict_on_batch(images)))
    np.testing.assert_allclose(chances, np.stack([1 - yes, yes], -1).reshape(6, 2), rtol=1e-5)
    assert classes.tolist() == [1, 0, 1, 0, 0, 1]
    with pytest.raises(ValueError, match="calibrate fits what calibration gives: give one"):
        serving.export_file(tmp_path, "digits", tmp_path, calibrate=True, calibration="any")
