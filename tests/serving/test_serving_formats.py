"""LiteRT and ONNX files, and engines that are not TensorFlow."""

import importlib.util

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import inference, models, serving

NAMES = ["cat", "dog", "owl", "fox", "cow", "ant", "bat"]
CALIBRATION = inference.Calibration(1.7, train_prior=[1, 2, 3, 4, 5, 6, 7])


@pytest.fixture(scope="module")
def wanted(classifier, batch):
    logits = classifier.predict(batch, verbose=0).astype("float64") / 1.7
    chances = np.exp(logits) / np.arange(1, 8)
    features = keras.Model(classifier.inputs, classifier.layers[-1].input)
    return {
        "probabilities": chances / chances.sum(axis=-1, keepdims=True),
        "features": features.predict(batch, verbose=0),
    }


def check(answer, wanted):
    assert set(answer) == set(wanted)
    for name, value in wanted.items():
        np.testing.assert_allclose(answer[name], value, atol=1e-5)


@pytest.mark.wide
def test_litert(classifier, batch, wanted, tmp_path):
    path = tmp_path / "lite"
    options = {"class_names": NAMES, "images": batch, "calibration": CALIBRATION}
    serving.export(classifier, path, format="litert", **options)
    assert sorted(file.name for file in path.glob("[!.]*")) == [
        "golden.json",
        "model.tflite",
        "model_card.json",
    ]
    with pytest.warns(UserWarning, match="LiteRT"):  # TensorFlow's interpreter is on its way out
        interpreter = tf.lite.Interpreter(str(path / "model.tflite"))
    answer = interpreter.get_signature_runner("serving_default")
    check(answer(images=batch.astype("float32")), wanted)
    check(answer(images=batch[:1].astype("float32")), {k: v[:1] for k, v in wanted.items()})


@pytest.fixture(scope="module")
def onnx_file(classifier, batch, tmp_path_factory):
    for name in ("onnx", "tf2onnx"):
        pytest.importorskip(name, reason=f"needs {name}: keras-cv-extras[serving-test]")
    path = tmp_path_factory.mktemp("onnx") / "export"
    options = {"class_names": NAMES, "images": batch, "calibration": CALIBRATION}
    serving.export(classifier, path, format="onnx", **options)
    return path / "model.onnx"


@pytest.mark.wide
def test_onnx_runtime(onnx_file, batch, wanted):
    onnxruntime = pytest.importorskip(
        "onnxruntime", reason="needs onnxruntime: keras-cv-extras[serving-test]"
    )
    session = onnxruntime.InferenceSession(str(onnx_file), providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    assert given.name == "images"
    assert given.shape[1:] == [24, 20, 3]
    names = [output.name for output in session.get_outputs()]
    for count in (12, 1):
        values = session.run(names, {"images": batch[:count].astype("float32")})
        some = {name: value[:count] for name, value in wanted.items()}
        check(dict(zip(names, values, strict=True)), some)
    assert serving.verify(onnx_file.parent).differences["model.onnx"] < 1e-5


@pytest.mark.wide
def test_openvino(onnx_file, batch, wanted):
    openvino = pytest.importorskip(
        "openvino", reason="needs openvino: keras-cv-extras[serving-test]"
    )
    core = openvino.Core()
    hint = {"INFERENCE_PRECISION_HINT": "f32"}  # its own choice may be half precision
    compiled = core.compile_model(core.read_model(onnx_file), "CPU", hint)
    answer = compiled(batch.astype("float32"))
    names = [output.get_any_name() for output in compiled.outputs]
    check({name: answer[number] for number, name in enumerate(names)}, wanted)


def test_a_missing_package_is_named(classifier, tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"needs onnx and tf2onnx: pip install .*\[onnx\]"):
        serving.export(classifier, tmp_path / "x", class_names=NAMES, format="onnx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "file_format"),
    [
        ("alexnet-ungrouped", "onnx"),  # tf2onnx 1.17 does not know grouped convolutions
        *[("bn-inception", "litert"), ("cifar-resnet20", "onnx")],
        pytest.param("mobilenetv2", "litert", marks=pytest.mark.rare),
        pytest.param("alexnet", "litert", marks=pytest.mark.rare),
        pytest.param("bn-inception", "onnx", marks=pytest.mark.rare),
        pytest.param("cifar-resnet20", "litert", marks=pytest.mark.rare),
        pytest.param("mobilenetv2", "onnx", marks=pytest.mark.rare),
    ],
)
def test_networks_convert(name, file_format, tmp_path):
    if file_format == "onnx":
        for package in ("onnx", "tf2onnx", "onnxruntime"):
            pytest.importorskip(package, reason=f"needs {package}: keras-cv-extras[serving-test]")
    keras.utils.set_random_seed(0)
    model = models.build(name, (64, 64, 3), 4)
    images = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), "uint8")
    serving.export(model, tmp_path / "x", class_names="abcd", images=images, format=file_format)
    assert max(serving.verify(tmp_path / "x").differences.values()) < 1e-4
