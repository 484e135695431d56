"""Model files that something else wrote, given to `predict_files`: one clear reason each."""

import struct
import zipfile

import numpy as np
import pytest
from PIL import Image

from keras_cv_extras import serving
from keras_cv_extras.serving import _predict

GARBAGE = b"no model at all, but bytes enough " * 9


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("model.keras", "not a model that can be loaded"),
        ("model.onnx", "cannot be opened .* damaged, or not what kcx export wrote"),
    ],
)
def test_bytes_that_are_no_model(name, message, tmp_path):
    if name == "model.onnx":
        pytest.importorskip("onnxruntime")
    path = tmp_path / name
    path.write_bytes(GARBAGE)
    with pytest.raises(ValueError, match=f"{name}: {message}"):
        serving.predict_files(path, [])


def test_an_archive_that_is_not_a_model(tmp_path):
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", '{"module": "keras"}')
        archive.writestr("metadata.json", "[]")
        archive.writestr("../../outside.txt", "foreign")
    with pytest.raises(ValueError, match=r"model\.keras: not a model that can be loaded"):
        serving.predict_files(path, [])
    assert sorted(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("shape", "answer", "message"),
    [
        (
            (1, 8, 8, 3),
            "logits",
            "takes x and answers logits, but must take images",
        ),
        ((1, 3, 8, 8), "probabilities", "must take images .height, width, 1 or 3 channels."),
        ((1, 192), "probabilities", "must take images of a known size"),
    ],
)
def test_a_model_of_another_framework(shape, answer, message, tmp_path):
    pytest.importorskip("onnxruntime")
    onnx = pytest.importorskip("onnx")
    describe = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Identity", ["x"], [answer])],
        "other",
        [describe("x", onnx.TensorProto.FLOAT, shape)],
        [describe(answer, onnx.TensorProto.FLOAT, shape)],
    )
    path = tmp_path / "model.onnx"
    opset = [onnx.helper.make_opsetid("", 13)]
    path.write_bytes(
        onnx.helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()
    )
    with pytest.raises(ValueError, match=message):
        serving.predict_files(path, [])


def test_a_card_that_names_other_classes_is_said(tmp_path):
    card = {"class_names": ["cat", "dog"], "preprocessing": {}, "outputs": {}}
    ask = _predict._of_tensors("model.onnx", card, (8, 8, 3), lambda images: np.ones((1, 3)) / 3)
    picture = tmp_path / "a.png"
    Image.new("RGB", (8, 8)).save(picture)
    with pytest.raises(ValueError, match="has 3 classes, the model card beside it names 2"):
        ask(picture.read_bytes())


def test_an_answer_says_why_a_bmp_is_not_read():
    head = struct.pack("<IHHIIiiHHIIiiII", 182, 0, 0, 54, 40, 8, 8, 1, 16, 0, 128, 0, 0, 0, 0)
    reason = _predict._damage(b"BM" + head + bytes(128))
    assert reason == "a BMP file of a rare kind (16 bits, compression 0): save it as PNG"
