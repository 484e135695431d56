"""How models are written for other engines, and their files opened, without the engines."""

import os
import pathlib
import sys
import types
import warnings

import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras.serving import _convert, _engines, quantizing


class Interpreter:
    """What LiteRT says of a model that averages its images."""

    taken = ("images",)
    answers = ("features", "probabilities")

    def __init__(self, path):
        warnings.warn("this interpreter is deprecated", DeprecationWarning, stacklevel=2)
        assert path == "model.tflite"

    def get_signature_runner(self, name):
        assert name == "serving_default"
        return Runner(self.taken, self.answers)

    def get_input_details(self):
        return [{"name": name, "shape": np.array([1, 2, 4, 3])} for name in self.taken]


class Runner:
    """A signature: its details go by name."""

    def __init__(self, taken, answers):
        self.get_input_details = lambda: dict.fromkeys(taken)
        self.get_output_details = lambda: dict.fromkeys(answers)

    def __call__(self, **given):
        (images,) = given.values()
        assert list(given) == ["images"]
        assert images.dtype == np.float32
        return {"features": None, "probabilities": images.mean((1, 2))}


@pytest.fixture(params=["ai_edge_litert", "tensorflow"])
def use(request, monkeypatch):
    """Puts another interpreter in LiteRT's place, in that of its own package or TensorFlow's."""

    def put(kind):
        if request.param == "tensorflow":
            monkeypatch.setattr(_engines.importlib.util, "find_spec", lambda name: None)
            monkeypatch.setattr(tf.lite, "Interpreter", kind)
            return
        for name in ("ai_edge_litert", "ai_edge_litert.interpreter"):
            module = types.ModuleType(name)
            module.__spec__, module.Interpreter = types.SimpleNamespace(), kind
            monkeypatch.setitem(sys.modules, name, module)

    return put


def test_a_file_of_litert_is_a_function_of_images(use):
    use(Interpreter)
    with warnings.catch_warnings(record=True) as told:
        opened = _engines.litert(pathlib.Path("model.tflite"))
    assert told == []
    assert opened.shape == (2, 4, 3)
    assert isinstance(opened.shape, tuple)
    images = np.arange(300 * 24).reshape(300, 2, 4, 3)
    np.testing.assert_allclose(opened(images), images.mean((1, 2)), rtol=1e-6)


@pytest.mark.parametrize("kind", [RuntimeError, ValueError])
@pytest.mark.parametrize("place", ["__init__", "get_signature_runner"])
def test_a_file_that_litert_cannot_open(use, kind, place):
    def fail(*given):
        raise kind("  no flatbuffer" + "!" * 300 + "\nand more\n")

    use(type("Broken", (Interpreter,), {place: fail}))
    with pytest.raises(
        ValueError,
        match=r"^model\.tflite: cannot be opened \(no flatbuffer!{187}\): damaged, or not what",
    ):
        _engines.litert("model.tflite")


@pytest.mark.parametrize(
    ("taken", "answers", "message"),
    [
        (("images", "sizes"), ("probabilities",), "takes images, sizes and answers probabilities"),
        ((), ("probabilities",), "takes nothing and answers probabilities"),
        (("images",), ("a", "b"), "takes images and answers a, b, but must take images"),
    ],
)
def test_a_file_of_litert_that_is_no_classifier(use, taken, answers, message):
    use(type("Other", (Interpreter,), {"taken": taken, "answers": answers}))
    with pytest.raises(ValueError, match=message):
        _engines.litert("model.tflite")


def test_an_engine_without_memory_says_so(monkeypatch):
    def fail(*given, **options):
        raise MemoryError

    module = types.ModuleType("onnxruntime")
    module.__spec__, module.InferenceSession = types.SimpleNamespace(), fail
    monkeypatch.setitem(sys.modules, "onnxruntime", module)
    with pytest.raises(MemoryError):
        _engines.onnx("model.onnx")


@pytest.mark.parametrize("quantize", [None, "int8"])
def test_what_is_made_for_litert_on_the_way_lies_beside_the_export(quantize, monkeypatch, tmp_path):
    folder, seen = tmp_path / "unfinished" / "export", []
    folder.mkdir(parents=True)
    function = types.SimpleNamespace(get_concrete_function=lambda: "signature")

    def save(root, path, *, signatures):
        assert (root, signatures) == ("root", {"serving_default": "signature"})
        assert pathlib.Path(path).parent == tmp_path / "unfinished"
        seen.append(path)

    converter = types.SimpleNamespace(convert=lambda: b"written")
    monkeypatch.setattr(tf.saved_model, "save", save)
    monkeypatch.setattr(
        tf.lite.TFLiteConverter,
        "from_saved_model",
        lambda path: converter if os.path.isdir(path) and [path] == seen else None,
    )
    asked = []
    monkeypatch.setattr(quantizing, "set_litert", lambda *given: asked.append(given))
    servable = types.SimpleNamespace(root="root")
    options = {"quantize": quantize, "representative": "images"}
    _convert.convert("litert", servable, function, folder, **options)
    assert [path.name for path in folder.iterdir()] == ["model.tflite"]
    assert (folder / "model.tflite").read_bytes() == b"written"
    assert asked == ([] if quantize is None else [(converter, "int8", "images")])
    assert os.listdir(tmp_path / "unfinished") == ["export"]


def test_a_conversion_that_fails_without_a_word(monkeypatch, tmp_path):
    def fails(*given):
        raise NotImplementedError(" \n")

    monkeypatch.setattr(_convert, "_to_onnx", fails)
    with pytest.raises(ValueError, match="cannot be converted to onnx: NotImplementedError$"):
        _convert.convert("onnx", None, None, tmp_path)
