"""Parts of exports that only a whole export or another engine would run, on small values."""

import base64
import io
import sys
import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_cv_extras import inference, policy, serving
from keras_cv_extras.serving import (
    _card,
    _client,
    _convert,
    _engines,
    _export,
    _predict,
    _signatures,
    _trained,
    _verify,
    quantizing,
)
from keras_cv_extras.serving._model import ServedModel

NAMES = ("cat", "dog", "owl")
IMAGES = np.arange(6 * 4, dtype="uint8").reshape(6, 2, 2, 1)


def images_of(classes, **changes):
    train = np.zeros((len(classes), 2, 2, 1), "uint8"), np.array(classes)
    return types.SimpleNamespace(train=train, class_names=NAMES, multilabel=False, **changes)


def test_priors_are_of_the_classes_in_the_order_of_the_model():
    images = images_of([0, 1, 1, 2], test=(IMAGES[:1], np.array([0])))
    warm = inference.Calibration(temperature=2.0)
    made = _trained._with_priors(warm, {"owl": 0.5, "cat": 0.3, "dog": 0.2}, images)
    assert (made.train_prior, made.new_prior) == ((0.25, 0.5, 0.25), (0.3, 0.2, 0.5))
    assert made.temperature == 2.0
    for priors, wrong in (
        ({"cat": 1.0, "owl": 1.0}, "'dog' is missing"),
        ({"cat": 1.0, "dog": 1.0, "owl": 1.0, "rat": 1.0}, "'rat' is none of them"),
    ):
        with pytest.raises(ValueError, match=wrong):
            _trained._with_priors(warm, priors, images)
    three = dict.fromkeys(NAMES, 1.0)
    with pytest.raises(ValueError, match="no training image of 'dog'"):
        _trained._with_priors(warm, three, images_of([0, 2]))
    with pytest.raises(ValueError, match="the calibration has priors of its own"):
        _trained._with_priors(made, three, images)


def test_what_is_answered_without_being_told():
    one = images_of([0])
    several = types.SimpleNamespace(multilabel=True, class_names=NAMES * 2)
    assert _trained._answers(one, None, None) == {"top_k": 5}
    assert _trained._answers(one, 2, None) == {"top_k": 2}
    sigmoid = {"activation": "sigmoid"}
    assert _trained._answers(several, None, None) == {"top_k": 6, "threshold": 0.5, **sigmoid}
    assert _trained._answers(several, 2, 0.3) == {"top_k": 2, "threshold": 0.3, **sigmoid}
    with pytest.raises(ValueError, match="threshold is for several labels per image"):
        _trained._answers(one, None, 0.3)


def test_a_calibration_that_made_it_worse_says_so():
    name = "expected_calibration_error"
    scores = {f"{name}_before": 0.1, name: 0.05, "images": 7}
    assert _trained._of_calibration(scores) == ["calibration error 0.1000 before, 0.0500 after"]
    _, worse = _trained._of_calibration({**scores, name: 0.2})
    assert "worse on these 7 images" in worse


class Engine:
    """What another engine says of a model that takes the name of its input and answers."""

    def __init__(self, taken=("images",), answers=("probabilities",)):
        self.taken = [types.SimpleNamespace(name=name, shape=["N", 2, 2, 1]) for name in taken]
        self.answers = [types.SimpleNamespace(name=name) for name in answers]
        self.sizes = []

    def get_inputs(self):
        return self.taken

    def get_outputs(self):
        return self.answers

    def run(self, names, given):
        assert (names, list(given)) == (["probabilities"], ["images"])
        (images,) = given.values()
        assert images.dtype == np.float32
        self.sizes.append(len(images))
        kept = self.__dict__.setdefault("kept", np.zeros((256, 1)))  # an engine may write anew
        kept[: len(images)] = images.mean((1, 2))
        return [kept[: len(images)]]


@pytest.fixture
def runtime(monkeypatch):
    def use(session):
        module = types.ModuleType("onnxruntime")
        module.__spec__ = types.SimpleNamespace()
        module.InferenceSession = lambda path, providers: session
        monkeypatch.setitem(sys.modules, "onnxruntime", module)

    return use


def test_another_engine_is_asked_in_batches(runtime):
    engine = Engine()
    runtime(engine)
    opened = _engines.onnx("model.onnx")
    assert opened.shape == (2, 2, 1)
    images = np.arange(257 * 4, dtype="float64").reshape(257, 2, 2, 1)
    np.testing.assert_allclose(opened(images), images.mean((1, 2)))
    assert engine.sizes == [256, 1]


@pytest.mark.parametrize(
    "wrong", [Engine(("images", "sizes")), Engine(()), Engine(answers=("logits",))]
)
def test_a_file_of_other_inputs_and_answers_is_refused(wrong, runtime):
    runtime(wrong)
    with pytest.raises(ValueError, match="but must take images and answer probabilities"):
        _engines.onnx("model.onnx")


@pytest.mark.parametrize(
    ("kind", "form", "representative", "message"),
    [
        ("int4", "litert", IMAGES, "quantize must be one of"),
        ("float16", "saved_model", None, "quantize='float16' needs format='litert' or 'onnx'"),
        ("int8", "litert", None, "quantize='int8' needs images"),
    ],
)
def test_what_cannot_be_quantised(kind, form, representative, message):
    with pytest.raises(ValueError, match=message):
        quantizing.check(kind, form, representative)
    quantizing.check(None, "saved_model", None)


def test_images_and_labels_of_a_quantised_file_are_those_of_the_model():
    model = keras.Sequential(
        [keras.Input((2, 2, 1)), keras.layers.Flatten(), keras.layers.Dense(3)]
    )
    served = types.SimpleNamespace(input_shape=(2, 2, 1), model=model, class_names=NAMES)

    def check(images=IMAGES, labels=None, representative=IMAGES, kind="int8"):
        quantizing.check_data(kind, served, images, labels, representative)

    check(labels=[0, 1, 2, 0, 1, 2])
    for labels, message in (
        ([0, 1, 2], "labels must be whole numbers from 0 to 2, one for each of 6 images"),
        ([0.0] * 6, "received float64"),
        ([0, 1, 2, 0, 1, 3], "3"),
    ):
        with pytest.raises(ValueError, match=message):
            check(labels=labels)
    for wrong in (IMAGES[:, :1], IMAGES[:0]):
        with pytest.raises(ValueError, match=r"representative must have the shape \(count, 2, 2"):
            check(representative=wrong)
        check(representative=wrong, kind="float16")  # which takes no ranges of them


def test_kinds_of_quantising_are_told_to_the_converter():
    def told(kind):
        spec = types.SimpleNamespace(supported_types=None, supported_ops=None)
        converter = types.SimpleNamespace(target_spec=spec, representative_dataset=None)
        quantizing.set_litert(converter, kind, IMAGES[:2])
        assert converter.optimizations == [tf.lite.Optimize.DEFAULT]
        return spec.supported_types, spec.supported_ops, converter.representative_dataset

    assert told("dynamic") == (None, None, None)
    assert told("float16") == ([tf.float16], None, None)
    types_, ops, dataset = told("int8")
    assert (types_, ops) == (None, [tf.lite.OpsSet.TFLITE_BUILTINS_INT8])
    (first,), (second,) = dataset()
    assert first.dtype == np.float32
    np.testing.assert_array_equal(np.concatenate([first, second]), IMAGES[:2])


@pytest.mark.parametrize("error", [ValueError, RuntimeError, NotImplementedError])
def test_a_conversion_that_fails_says_why(error, monkeypatch, tmp_path):
    def fails(*given):
        raise error("no such op\nand much more")

    monkeypatch.setattr(_convert, "_to_litert", fails)
    with pytest.raises(ValueError, match="converted to litert with quantize='int8': no such op$"):
        _convert.convert("litert", None, None, tmp_path, quantize="int8")


def test_a_card_names_its_data_its_policy_and_its_scores():
    card = {"file_format": "litert", "class_names": ["a"], "input_shape": [2, 2, 1]}
    with pytest.raises(ValueError, match="tolerance must be"):
        _card._check({**card, "quantization": {"tolerance": -1.0}})
    data = types.SimpleNamespace(name="own", train=(IMAGES, np.arange(6)), test=None)
    found = _card._data(data)
    assert (set(found), found["train"]["images"]) == ({"name", "train"}, 6)
    data.test = (IMAGES[:2], np.arange(2))
    assert _card._data(data)["test"]["images"] == 2
    assert _card._data("a name") == "a name"
    assert _card._data({"a": 1}) == {"a": 1}
    scores = types.SimpleNamespace(to_dict=lambda: {"accuracy": 0.5})
    assert _card._metrics(scores) == _card._metrics({"accuracy": 0.5}) == {"accuracy": 0.5}
    fields = policy.flip_crop().to_dict()
    turned = types.SimpleNamespace(to_dict=lambda: dict(reversed(fields.items())))
    assert _card._policy(turned)["sha256"] == _card._policy(policy.flip_crop())["sha256"]


def encoded(image):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def test_the_client_gives_files_of_the_models_size_as_images_too(monkeypatch):
    asked = []

    def ask(path, files, images):
        asked.append(images)
        labels = np.array([[b"cat"]], object)
        return {name: {"top": labels} for name in ("serving_default", "predict_images")}, ["bad"]

    monkeypatch.setattr(_client, "_saved_model", ask)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    small, large = np.full((2, 2), 7, "uint8"), np.full((4, 2), 7, "uint8")
    files = [encoded(large), encoded(small)]
    answers, problems = _client.run("path", "saved_model", (2, 2, 1), files)
    assert asked[0].tolist() == small[None, ..., None].tolist()
    assert answers == {
        "serving_default": ([0, 1], {"top": [["cat"]]}),
        "predict_images": ([1], {"top": [["cat"]]}),
    }
    assert problems == ["bad"]
    # What serves the model must not need this library, nor Keras.
    for name in ("keras", "tf_keras.losses", "keras_cv_extras"):
        spec = sys.meta_path[0].find_spec(name)
        with pytest.raises(ImportError, match=f"{name} must not be needed to serve the model"):
            spec.loader.create_module(spec)
    assert sys.meta_path[0].find_spec("kerastuner") is None


@pytest.mark.parametrize("channels", [1, 3])
def test_images_that_are_verified_are_sent_as_files(channels):
    image = np.arange(4 * channels, dtype="uint8").reshape(2, 2, channels)
    opened = np.asarray(Image.open(io.BytesIO(base64.b64decode(_verify._encoded(image)))))
    np.testing.assert_array_equal(opened.reshape(image.shape), image)


def servable(threshold=None, report=True, features=None):
    """What answers, without a model."""
    made = object.__new__(_signatures.Servable)
    made.served = types.SimpleNamespace(class_names=NAMES, features=features)
    made._top_k, made._threshold, made._report = 2, threshold, report
    return made


def test_a_file_that_cannot_be_read_has_no_answer_and_a_reason():
    chances = tf.constant([[0.1, 0.7, 0.2], [0.9, 0.1, 0.0]])
    errors = tf.constant([b"", b"damaged"])
    answer = {key: one.numpy().tolist() for key, one in servable()._named(chances, errors).items()}
    assert answer["top_labels"] == [[b"dog", b"owl"], [b"", b""]]
    assert answer["top_indices"] == [[1, 2], [-1, -1]]
    np.testing.assert_allclose(answer["top_probabilities"], [[0.7, 0.2], [0, 0]], rtol=1e-6)
    assert answer["probabilities"][1] == [0, 0, 0]
    assert answer["error"] == [b"", b"damaged"]


def test_labels_below_the_threshold_are_not_named():
    chances = tf.constant([[0.1, 0.7, 0.2], [0.9, 0.6, 0.0]])
    answer = servable(0.6)._named(chances, None)
    assert answer["top_labels"].numpy().tolist() == [[b"dog", b""], [b"cat", b"dog"]]
    assert answer["top_indices"].numpy().tolist() == [[1, -1], [0, 1]]
    np.testing.assert_allclose(answer["top_probabilities"], [[0.7, 0.2], [0.9, 0.6]], rtol=1e-6)
    assert set(answer) == {"probabilities", "top_labels", "top_probabilities", "top_indices"}


def test_a_served_file_that_reports_an_error_is_not_answered(monkeypatch, tmp_path):
    def signature(encoded):
        bad = encoded.numpy()[0] == b"bad"
        answer = {"top_labels": [[b"cat"]], "top_probabilities": [[0.5]]}
        answer["error"] = [b"damaged" if bad else b""]
        return {key: tf.constant(value) for key, value in answer.items()}

    loaded = types.SimpleNamespace(signatures={"serving_default": signature})
    monkeypatch.setattr(_predict._ops, "load", lambda folder: loaded)
    ask = _predict._saved_model(tmp_path / "saved_model.pb", {})
    labels, chances = ask(b"good")
    assert (labels, chances.tolist()) == (["cat"], [0.5])
    assert ask(b"bad") is None


class Files(types.SimpleNamespace):
    """A part of files, as far as a card reads it."""

    def __len__(self):
        return len(self.paths)


def test_a_card_tells_files_by_their_contents_and_labels(monkeypatch):
    monkeypatch.setattr(_card, "sample_digests", lambda data, name: np.arange(2))

    def described(labels):
        return _card._described(None, "train", Files(paths="ab", labels=np.array(labels)))

    assert described([0, 1])["images"] == 2
    assert described([0, 1]) == described([0, 1]) != described([1, 0])


def test_a_card_is_of_the_model_and_of_what_was_said_of_it():
    layers = [keras.layers.BatchNormalization(), keras.layers.GlobalAveragePooling2D()]
    head = keras.layers.Dense(3)
    names = ("owl", "cat", "dog")  # in the order of the outputs

    def card(channels=3):
        model = keras.Sequential([keras.Input((4, 4, channels)), *layers, head])
        served = ServedModel(model, names, "auto", inference.Calibration())
        fields = {"top_k": 2, "on_bad_image": "raise", "threshold": None, "resize": "crop"}
        fields |= {"file_format": "litert", "signatures": {}, "jpeg": "whole", "data": None}
        fields |= {"policy": None, "metrics": None, "intended_use": "cats", "limits": "dogs"}
        return _card.card(served, **fields)

    own = card()
    assert own["class_names"] == list(names)
    assert (own["intended_use"], own["limits"]) == ("cats", "dogs")
    assert own["outputs"]["features"] == [3]
    assert own["preprocessing"]["channels"] == "RGB"
    assert card()["model"]["weights_sha256"] == own["model"]["weights_sha256"]
    layers[0].moving_mean.assign([1.0, 2.0, 3.0])  # which no gradient trains
    assert card()["model"]["weights_sha256"] != own["model"]["weights_sha256"]
    layers[0], head = keras.layers.BatchNormalization(), keras.layers.Dense(3)
    assert card(1)["preprocessing"]["channels"] == "grey, ITU-R 601"
    for field, message in (
        ({"class_names": []}, "class_names must be"),
        ({"outputs": {"top_k": 0}}, "top_k"),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            _card._check({**own, **field})
    long = np.zeros(1000, "uint8")
    assert _card._sha256([long]) != _card._sha256([np.where(np.arange(1000) < 999, long, 1)])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"activation": "sigmoid", "threshold": 7}, r"threshold must be in \[0, 1\]"),
        ({"on_bad_image": "skip"}, "on_bad_image must be one of"),
        ({"format": "litert", "quantize": "int8"}, "quantize='int8' needs images"),
        (
            {"format": "litert", "quantize": "int8", "images": IMAGES},
            "representative must have the shape",
        ),
        ({"top_k": 0}, "top_k must be at least 1"),
    ],
)
def test_what_cannot_be_exported_leaves_no_folder(options, message, tmp_path):
    model = keras.Sequential(
        [keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(3)]
    )
    with pytest.raises(ValueError, match=message):
        serving.export(model, tmp_path / "out", class_names=NAMES, **options)
    assert list(tmp_path.iterdir()) == []


def test_another_backend_cannot_export(monkeypatch, tmp_path):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(ValueError, match="load and export it with KERAS_BACKEND=tensorflow"):
        serving.export(None, tmp_path, class_names=NAMES)


def test_a_full_disk_is_an_error_of_the_system():
    full = pytest.raises(OSError, match=r"out: could not be written \(no space\)")
    with full, _export._as_os_error("out"):
        raise tf.errors.ResourceExhaustedError(None, None, "no space")


def test_a_verification_names_the_path_that_was_asked_for(monkeypatch, tmp_path):
    """The folder that is verified has another name until it is."""

    def verify(folder):
        raise ValueError(f"{folder}: gives other probabilities")

    monkeypatch.setattr(_export._verify, "verify", verify)
    with pytest.raises(ValueError, match="^asked: gives other probabilities"):
        _export._verified(tmp_path, "asked")
