"""What `predict_files` and `export_file` do around a model, which stands still here."""

import json
import types

import keras
import numpy as np
import pytest
from PIL import Image

from keras_cv_extras import data, inference, metrics, serving, training
from keras_cv_extras.serving import _card, _export, _ops, _predict, _server, _trained

CARD = {"format": _card.FORMAT, "version": _card.VERSION, "class_names": ["a", "b", "c"]}
CARD |= {"file_format": "saved_model", "input_shape": [4, 4, 1]}


@pytest.fixture
def picture(tmp_path):
    """A white picture, twice as wide as high."""
    Image.new("L", (8, 4), 255).save(tmp_path / "white.png")
    return tmp_path / "white.png"


@pytest.mark.parametrize(
    ("name", "check"), [("saved_model", "check_graph"), ("litert", "check_litert")]
)
def test_a_graph_is_looked_at_before_it_is_loaded(name, check, tmp_path, monkeypatch):
    def refuse(path):
        raise ValueError(f"{path.name} could do harm")

    monkeypatch.setattr(_ops, check, refuse)
    file = tmp_path / _predict.MODEL_FILES[name]
    file.touch()
    (tmp_path / _card.CARD_FILE).write_text(json.dumps({**CARD, "file_format": name}))
    for path in (tmp_path, *([file] if name == "litert" else [])):
        with pytest.raises(ValueError, match="could do harm"):
            serving.predict_files(path, [])


@pytest.mark.parametrize(("resize", "dark"), [(None, 0), ("stretch", 0), ("pad", 8)])
def test_files_are_decoded_as_the_card_says(picture, resize, dark):
    seen = []

    def probabilities(images):
        seen.append(images)
        return np.array([[0.5, 0.2, 0.3]])

    card = {} if resize is None else {"preprocessing": {"resize": resize}}
    ask = _predict._of_tensors("model", card, (4, 4, 1), probabilities)
    names, chances = ask(picture.read_bytes())
    assert (names, chances.tolist()) == (["0", "2", "1"], [0.5, 0.3, 0.2])
    ((image,),) = seen
    assert (image.shape, image.dtype, (image == 0).sum()) == ((4, 4, 1), "float32", dark)


def test_as_many_classes_are_named_as_the_card_says(picture):
    def asked(**outputs):
        card = {**CARD, "outputs": outputs}
        ask = _predict._of_tensors("model", card, (4, 4, 1), lambda images: [[0.5, 0.1, 0.9]])
        return ask(picture.read_bytes())[0]

    assert asked(top_k=2) == ["c", "a"]
    assert asked(top_k=3, threshold=0.5) == ["c", "a"]  # a half is enough
    assert asked() == ["c", "a", "b"]


def test_classes_without_a_name_are_left_out(picture):
    answer = _predict._answer(lambda encoded: (["a", ""], np.array([0.9, 0.1])), picture)
    assert answer.classes == (("a", 0.9),)


def test_a_file_of_several_labels_and_of_other_images(picture, tmp_path):
    model = keras.Sequential(
        [keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(3, "linear", True)]
    )
    model.layers[-1].set_weights([np.zeros((16, 3)), np.array([0.0, -2.0, 2.0])])
    about = {"class_names": ["a", "b", "c"], "multilabel": True}
    training.save_model(model, tmp_path / "model.keras", about=about)
    (answer,) = serving.predict_files(tmp_path / "model.keras", [picture])
    assert [name for name, _ in answer.classes] == ["c", "a"]
    # Of a picture with black bars the mean is lower than of one that is cut.
    model.layers[-1].set_weights([np.full((16, 3), 1 / 4080) * [0, 1, 2], np.zeros(3)])
    for resize, mean in (("crop", 1.0), ("pad", 0.5)):
        about = {"class_names": ["a", "b", "c"], "decoding": {"resize": resize, "jpeg": "whole"}}
        training.save_model(model, tmp_path / "model.keras", about=about, overwrite=True)
        (answer,) = serving.predict_files(tmp_path / "model.keras", [picture])
        logits = mean * np.arange(3)
        wanted = np.exp(logits) / np.exp(logits).sum()
        assert [value for _, value in answer.classes] == pytest.approx(wanted[::-1], abs=1e-5)


@pytest.mark.parametrize("validated", [False, True])
def test_scores_are_of_images_that_no_temperature_was_fitted_on(validated, tmp_path, monkeypatch):
    draws = np.random.default_rng(0)
    labels = draws.integers(0, 3, 60).astype("int32")
    images = draws.integers(0, 256, (60, 2, 2, 1), "uint8")
    images[range(60), labels // 2, labels % 2] //= 3  # some of the class can be seen
    model = keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Flatten()])
    model.add(keras.layers.Dense(3, use_bias=False))
    model.layers[-1].set_weights([-np.eye(4, 3) / 20])  # too sure of itself
    pair = images, labels
    known = data.ImageData(pair, pair, ("a", "b", "c"), "own")
    validation = (images[:20], labels[:20]) if validated else None
    chosen = types.SimpleNamespace(images=known, part=pair, notes=(), validation=validation)
    monkeypatch.setattr(training, "load_model", lambda path, compile: model)
    monkeypatch.setattr(training, "data_for", lambda *given, **options: chosen)
    written = {}
    monkeypatch.setattr(_export, "export", lambda *given, **options: written.update(options) or 1)
    result = _trained.export_file("m.keras", "own", tmp_path / "1", calibrate=True)
    logits = model.predict(images, verbose=0)
    fitted, scored = (slice(20), slice(None)) if validated else (slice(0, 60, 2), slice(1, 60, 2))
    calibration = inference.fit_temperature(logits[fitted], labels[fitted])
    assert calibration.temperature > 1.2
    assert written["calibration"].temperature == pytest.approx(calibration.temperature, rel=1e-4)
    assert result.scores["images"] == len(labels[scored])
    assert result.scores["accuracy"] == np.mean(logits[scored].argmax(1) == labels[scored])
    for name, one in (("", calibration), ("_before", inference.Calibration())):
        error = metrics.ExpectedCalibrationError()
        error.update_state(labels[scored], one(logits[scored]))
        wanted = pytest.approx(float(error.result()), abs=1e-4)
        assert result.scores[f"expected_calibration_error{name}"] == wanted
    assert ("validated on" in result.notes[0]) == validated
    with pytest.raises(ValueError, match="calibrate fits what calibration gives"):
        _trained.export_file("m", "own", tmp_path / "1", calibrate=True, calibration="c.json")


def test_a_row_of_a_request_is_a_value_and_nothing_more():
    for row in ({"images": {"b64": "YWI="}}, {"b64": "YWI="}):
        assert _server._value(row, "images") == b"ab"
    assert (
        _server._value({"images": [1, 2]}, "images") == _server._value([1, 2], "images") == [1, 2]
    )
    for row in (
        {"images": [1], "more": 2},
        {"other": [1]},
        {"images": {"b64": "YWI=", "more": 1}},
        {"b64": 3},
    ):
        with pytest.raises(ValueError, match=r"a row must be \{.*received the keys"):
            _server._value(row, "images")
    with pytest.raises(ValueError, match="base64|padding|alphabet"):
        _server._value({"b64": "no base 64!"}, "images")


@pytest.fixture
def exported(tmp_path, monkeypatch):
    """Exports a network that is none; returns what its parts were asked for."""
    images, labels = np.arange(20 * 4, dtype="uint8").reshape(20, 2, 2, 1), np.arange(20) % 3
    asked = {}

    def scores(network, images, labels, *, data, calibration):
        asked["scored"] = images, labels, calibration
        name = "expected_calibration_error"
        return {f"{name}_before": 0.2, name: 0.1, "images": len(images)}

    def fitted(network, images, labels):
        asked["fitted"] = images, labels
        return inference.Calibration(temperature=2.0, num_samples=len(images))

    def export(network, output, **options):
        asked["export"] = options
        return "verified"

    def run(multilabel=False, validation=None, **options):
        asked.clear()
        rows = np.eye(3)[labels] if multilabel else labels
        of = types.SimpleNamespace(
            multilabel=multilabel,
            class_names=("a", "b", "c"),
            train=(images[:7], rows[:7]),
            test=(images, rows),
        )
        chosen = types.SimpleNamespace(
            images=of, part=(images, rows), notes=["a note"], validation=validation
        )
        monkeypatch.setattr(_trained.training, "data_for", lambda *given, **named: chosen)
        result = _trained.export_file("model.keras", "data", tmp_path / "out", **options)
        return result, asked

    monkeypatch.setattr(_trained.training, "load_model", lambda *given, **named: "network")
    monkeypatch.setattr(_trained, "_scores", scores)
    monkeypatch.setattr(_trained, "_fitted", fitted)
    monkeypatch.setattr(_trained._export, "export", export)
    monkeypatch.setattr(_trained._card, "read_card", lambda path: {"quantization": "one"})
    monkeypatch.setattr(_trained.quantizing, "note", lambda quantization: f"of {quantization}")
    return run


def test_what_is_exported_is_verified_on_labelled_images(exported):
    result, asked = exported()
    images, labels, calibration = asked["scored"]
    assert (len(images), len(labels), calibration) == (20, 20, None)
    assert "fitted" not in asked
    given = asked["export"]
    assert len(given["images"]) == 20
    assert given["labels"].tolist() == (np.arange(20) % 3).tolist()
    assert (given["class_names"], given["top_k"], given["verified"]) == (("a", "b", "c"), 5, True)
    assert "representative" not in given
    assert result.scores["split"] == "test"
    assert result.notes == ("a note",)
    assert result.verification == "verified"
    _, asked = exported(multilabel=True)
    assert asked["export"]["labels"] is None


def test_a_temperature_is_not_fitted_on_what_it_is_scored_on(exported):
    result, asked = exported(calibrate=True)
    every = np.arange(20)
    assert asked["fitted"][1].tolist() == (every[::2] % 3).tolist()
    assert asked["scored"][1].tolist() == (every[1::2] % 3).tolist()
    assert asked["scored"][2] is asked["export"]["calibration"]
    assert len(asked["export"]["images"]) == 20
    assert result.scores["split"] == "every second image of test"
    assert "temperature 2.000, fitted on 10 images: every second test image" in result.notes[1]
    other = np.zeros((4, 2, 2, 1)), np.zeros(4, int)
    result, asked = exported(calibrate=True, validation=other)
    assert asked["fitted"][0] is other[0]
    assert len(asked["scored"][1]) == 20
    assert result.scores["split"] == "test"


@pytest.mark.parametrize("most", [3, 1000])
def test_ranges_are_taken_of_training_images(exported, monkeypatch, most):
    monkeypatch.setattr(_trained, "_REPRESENTATIVE", most)
    result, asked = exported(format="litert", quantize="int8")
    found = asked["export"]["representative"][:, 0, 0, 0] // 4
    assert found.tolist() == ([0, 3, 6] if most == 3 else list(range(7)))
    assert result.notes[-1] == "of one"
