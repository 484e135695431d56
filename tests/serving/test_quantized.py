"""Files of LiteRT and ONNX with smaller numbers, and what they cost."""

import importlib.util

import keras
import numpy as np
import pytest

from keras_cv_extras import data, serving, training
from keras_cv_extras.serving import quantizing

ONNX = importlib.util.find_spec("onnxruntime") and importlib.util.find_spec("tf2onnx")
FORMATS = ["litert", *(["onnx"] if ONNX else [])]
CASES = [pytest.param(name, marks=[pytest.mark.slow] * (name == "onnx")) for name in FORMATS]
FILES = {"litert": "model.tflite", "onnx": "model.onnx"}


@pytest.fixture(scope="module")
def digits():
    return data.load("digits")


@pytest.fixture(scope="module")
def model(digits):
    keras.utils.set_random_seed(0)
    made = training.small_cnn((8, 8, 1), 10, width=16)
    made.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    made.fit(*digits.train, epochs=3, batch_size=64, verbose=0)
    return made


@pytest.fixture(scope="module")
def plain(model, digits, tmp_path_factory):
    options = {"class_names": digits.class_names, "images": digits.test[0], "features": None}

    def export(name):
        folder = tmp_path_factory.getbasetemp() / f"plain-{name}"
        if not folder.exists():
            serving.export(model, folder, format=name, **options)
        assert serving.read_card(folder)["quantization"] is None
        return folder

    return export


@pytest.mark.wide
# How large the file is in the end: half of it, a quarter, and what a graph of so few weights adds.
@pytest.mark.parametrize(
    ("name", "kind", "share"),
    [
        pytest.param(
            name, kind, share, marks=(pytest.mark.slow, *of_kind) if name == "onnx" else ()
        )
        for name in FORMATS
        for kind, share, of_kind in (
            ("float16", 0.65, [pytest.mark.rare]),
            ("dynamic", 0.5, [pytest.mark.rare]),
            ("int8", 0.6, []),
        )
    ],
)
def test_smaller_files_that_say_what_they_cost(plain, model, digits, tmp_path, name, kind, share):
    serving.export(
        model,
        tmp_path / "out",
        class_names=digits.class_names,
        images=digits.test[0],
        labels=digits.test[1],
        representative=digits.train[0][:100],
        features=None,
        format=name,
        quantize=kind,
    )
    small, large = (path / FILES[name] for path in (tmp_path / "out", plain(name)))
    assert small.stat().st_size < share * large.stat().st_size
    assert {path.name for path in small.parent.glob("[!.]*")} == {
        FILES[name],
        "golden.json",
        "model_card.json",
    }
    facts = serving.read_card(tmp_path / "out")["quantization"]
    assert facts["kind"] == kind
    assert facts["representative_images"] == (100 if kind == "int8" else None)
    assert facts["images"] == 899
    assert facts["accuracy_loss"] == pytest.approx(facts["accuracy_before"] - facts["accuracy"])
    assert facts["accuracy_before"] > 0.85
    assert facts["accuracy_loss"] < 0.02
    assert facts["agreement"] > 0.97
    assert 0 < facts["difference"] < (0.01 if kind == "float16" else 0.3)
    assert facts["accuracy"] == pytest.approx(accuracy(tmp_path / "out", digits), abs=1e-9)
    verification = serving.verify(tmp_path / "out")
    assert verification.differences[FILES[name]] <= facts["difference"] + 1e-6
    assert f"accuracy {facts['accuracy']:.4f}" in quantizing.note(facts)


def accuracy(folder, digits):
    given = quantizing._engines.OPEN["onnx" if (folder / "model.onnx").exists() else "litert"]
    file = next(path for path in folder.iterdir() if path.name in FILES.values())
    return float(np.mean(given(file)(digits.test[0]).argmax(-1) == digits.test[1]))


@pytest.mark.skipif(not ONNX, reason="needs onnxruntime and tf2onnx")
def test_half_floats_spare_operations_that_take_floats_alone(tmp_path):
    """As in the logarithm of a sum, by which answers to several views are joined."""
    import onnx
    import onnxruntime
    from onnx import helper

    floats, size = onnx.TensorProto.FLOAT, (None, 2)
    nodes = [
        helper.make_node("Mul", ["images", "weights"], ["scaled"]),
        helper.make_node("IsInf", ["scaled"], ["infinite"]),
        helper.make_node("Where", ["infinite", "weights", "scaled"], ["answer"]),
    ]
    graph = helper.make_graph(
        nodes,
        "infinite",
        [helper.make_tensor_value_info("images", floats, size)],
        [helper.make_tensor_value_info("answer", floats, size)],
        [helper.make_tensor("weights", floats, (2,), [0.5, 2.0])],
    )
    opset = [helper.make_opsetid("", 18)]
    path = tmp_path / "model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    quantizing.onnx(path, "float16", None)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    images = np.array([[3.0, np.inf], [-np.inf, 0.25]], "float32")
    (answer,) = session.run(None, {"images": images})
    np.testing.assert_array_equal(answer, [[1.5, 2.0], [0.5, 0.5]])
    assert {item.data_type for item in onnx.load(path).graph.initializer} == {10}  # half floats


@pytest.mark.wide
def test_a_quantised_file_that_answers_otherwise_is_found(model, digits, tmp_path):
    """The tolerance is what was measured, not any number."""
    options = {"class_names": digits.class_names, "images": digits.test[0], "features": None}
    serving.export(model, tmp_path / "out", format="litert", quantize="dynamic", **options)
    tolerance = serving.read_card(tmp_path / "out")["quantization"]["tolerance"]
    assert tolerance < 0.3
    expected = np.full((2, 10), 0.1)
    with pytest.raises(ValueError, match="gives other probabilities"):
        serving.verify(tmp_path / "out", digits.test[0][:2], expected)


@pytest.mark.wide
@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"quantize": "int8"}, "needs format='litert' or 'onnx'"),
        ({"quantize": "int4", "format": "litert"}, "quantize must be one of"),
        ({"quantize": "int8", "format": "litert"}, "give representative, or images"),
        *(
            ({"quantize": "int8", "format": "litert", "representative": images}, problem)
            for images, problem in (
                (np.zeros((5, 4, 8, 1)), r"must have the shape \(count, 8, 8, 1\), at least"),
                (np.zeros((0, 8, 8, 1)), r"at least one, received \(0, 8, 8, 1\)"),
                (np.full((1, 8, 8, 1), np.nan), "representative must not hold NaN"),
            )
        ),
        *(
            (
                {
                    "quantize": "dynamic",
                    "format": "litert",
                    "images": np.zeros((2, 8, 8, 1), "uint8"),
                    "labels": labels,
                },
                problem,
            )
            for labels, problem in (
                (["0", "1"], "labels must be whole numbers from 0 to 9, one for each of 2 images"),
                ([1], "one for each of 2 images, received int64 of"),
                ([1, 10], "labels must lie in"),
            )
        ),
    ],
)
def test_mistakes(model, tmp_path, options, problem):
    with pytest.raises(ValueError, match=problem):
        serving.export(model, tmp_path / "out", class_names=range(10), **options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.wide
def test_what_a_model_is_for_stands_in_the_card(model, tmp_path):
    texts = {"intended_use": "digits of letters", "limits": "no handwriting of children"}
    serving.export(model, tmp_path / "out", class_names=range(10), format="litert", **texts)
    card = serving.read_card(tmp_path / "out")
    assert {name: card[name] for name in texts} == texts
