"""What the verification of an export compares and asks, without an export."""

import json
import struct
import subprocess
import types

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from keras_cv_extras.serving import _card, _client, _golden, _verify

CARD = {"class_names": ["a", "b"]}


def compare(answer, rows=(0,), **wanted):
    wanted = {"probabilities": [[0.8, 0.2], [0.3, 0.7]], "features": [[40.0], [-20.0]], **wanted}
    return _verify._compare("path", "name", list(rows), answer, wanted, CARD)


def test_probabilities_differ_by_a_ten_thousandth_at_most():
    assert compare({"probabilities": [[0.80009, 0.2]]}) == pytest.approx(9e-5)
    assert compare({"probabilities": [[0.8, 0.2]]}) == 0
    with pytest.raises(ValueError, match="other probabilities than the model did, by up to 0.0002"):
        compare({"probabilities": [[0.8, 0.2002]]})
    assert compare({"probabilities": [[0.3, 0.7]]}, rows=(1,)) == 0
    with pytest.raises(ValueError, match=r"by up to 0\.5"):
        compare({"probabilities": [[0.3, 0.7]]})
    with pytest.raises(ValueError, match=r"probabilities of shape \(1, 2\)"):
        compare({"probabilities": [[0.3, 0.7]]}, rows=(0, 1))


def test_features_differ_by_a_share_of_the_largest():
    assert compare({"features": [[40.002], [-20.0]]}, rows=(0, 1)) == pytest.approx(5e-5)
    with pytest.raises(ValueError, match="other features"):
        compare({"features": [[40.0], [-20.006]]}, rows=(0, 1))
    assert compare({"features": [[3.0]]}, features=None) == 0
    # Of small ones it is the difference itself.
    assert compare({"features": [[0.00105]]}, features=[[0.001]]) == pytest.approx(5e-5)
    both = {"probabilities": [[0.80009, 0.2]], "features": [[40.0]]}
    assert compare(both) == pytest.approx(9e-5)  # the greater of both


def test_a_quantised_file_may_differ_as_much_as_it_did():
    card = {"quantization": {"tolerance": 0.03}}
    assert _verify._tolerance(card, "probabilities") == 0.03
    assert _verify._tolerance(card, "features") == np.inf
    assert _verify._tolerance(CARD, "features") == _verify._tolerance(CARD, "probabilities") == 1e-4


def test_class_names_are_compared():
    good = {"top_indices": [[1, 0]], "top_labels": [["b", "a"]]}
    assert compare(good) == 0
    with pytest.raises(ValueError, match="names other classes than the card"):
        compare({**good, "top_labels": [["a", "b"]]})
    with pytest.raises(ValueError, match="names other classes than the card"):
        compare({**good, "top_labels": [["b", "b"]]})
    with pytest.raises(ValueError, match="names other classes than the card"):
        compare({**good, "top_indices": [[7, 0]]})


@pytest.mark.parametrize(
    ("done", "message"),
    [
        (types.SimpleNamespace(returncode=-9), "ended the process by signal 9"),
        (
            types.SimpleNamespace(returncode=1, stderr="Traceback\n  line\nKeyError: 'x'\n"),
            "the onnx could not be served: KeyError: 'x'",
        ),
        (types.SimpleNamespace(returncode=1, stderr=""), "could not be served: no message"),
    ],
)
def test_a_process_that_fails_says_why(monkeypatch, done, message):
    monkeypatch.setattr(subprocess, "run", lambda *arguments, **options: done)
    with pytest.raises(ValueError, match=message):
        _verify._ask({"file_format": "onnx"}, "path", 5)


def test_the_process_is_given_its_time_and_its_last_line_counts(monkeypatch):
    given = {}

    def run(command, **options):
        given.update(options)
        stdout = f"said by a library\n{json.dumps([{'name': 1}, []])}\n"
        return types.SimpleNamespace(returncode=0, stdout=stdout)

    monkeypatch.setattr(subprocess, "run", run)
    assert _verify._ask({"file_format": "onnx"}, "path", 5) == [{"name": 1}, []]
    assert (given["timeout"], json.loads(given["input"])) == (5, {"file_format": "onnx"})

    def late(command, **options):
        raise subprocess.TimeoutExpired(command, options["timeout"])

    monkeypatch.setattr(subprocess, "run", late)
    with pytest.raises(ValueError, match="gave no answer in 5 seconds"):
        _verify._ask({"file_format": "onnx"}, "path", 5)


class Signature:
    """A signature that answers with a row for each of its input, or with something else."""

    def __init__(self, name, check=True, extra=0):
        spec = types.SimpleNamespace()
        self.structured_input_signature = ((), {name: spec})
        self.check, self.extra = check, extra

    def __call__(self, **given):
        (value,) = given.values()
        shape = (None,) if value.dtype == tf.string else (None, 4, 4, 1)
        if self.check:
            value = tf.ensure_shape(value, shape)
        return {"rows": tf.zeros([tf.shape(value)[0] + self.extra])}


def client_says(monkeypatch, **signatures):
    loaded = types.SimpleNamespace(signatures=signatures)
    monkeypatch.setattr(tf.saved_model, "load", lambda path: loaded)
    images = np.zeros((2, 4, 4, 1), "uint8")
    return _client._saved_model("path", [b"one", b"two", b"three"], images)


def test_the_client_asks_every_signature(monkeypatch):
    names = {"serving_default": "encoded", "features_encoded": "encoded", "features": "images"}
    names |= {"predict_images": "images", "predict_images_uint8": "images"}
    good = {name: Signature(argument) for name, argument in names.items()}
    answers, problems = client_says(monkeypatch, **good)
    assert problems == []
    assert {name: len(answer["rows"]) for name, answer in answers.items()} == {
        "serving_default": 3,
        "features_encoded": 3,
        "features": 2,
        "predict_images": 2,
        "predict_images_uint8": 2,
    }
    _, problems = client_says(monkeypatch, serving_default=good["serving_default"])
    assert problems == [
        "there is no signature predict_images",
        "there is no signature predict_images_uint8",
    ]
    bad = {**good, "features": Signature("images", check=False)}
    _, problems = client_says(monkeypatch, **bad)
    assert [problem.partition(" of ")[0] for problem in problems] == [
        "features does not refuse a request"
    ] * len(problems)
    assert [problem.rpartition("shape ")[2] for problem in problems] == [
        "(4, 4, 1)",
        "(1, 2, 4, 4, 1)",
        "(2, 3, 4, 1)",
        "(2, 4, 4, 0)",
        "(1,)",
    ]
    bad = {**good, "predict_images": Signature("images", extra=1)}
    _, problems = client_says(monkeypatch, **bad)
    assert problems[0].startswith("predict_images answers an empty request")


def test_the_hash_of_arrays_goes_by_type_shape_and_bytes():
    array = np.arange(12, dtype="uint8")
    hashes = {
        _card._sha256([other])
        for other in (
            array,
            array.view("int8"),
            array.reshape(3, 4),
            array.reshape(4, 3),
            array[::-1],
            array.astype("int32"),
        )
    }
    assert len(hashes) == 6
    assert _card._sha256([array]) == _card._sha256([array.copy()])
    assert _card._sha256([array.reshape(3, 4).T]) == _card._sha256([array.reshape(3, 4).T.copy()])
    assert _card._sha256([array[:6], array[6:]]) != _card._sha256([array[:5], array[5:]])


FIELDS = {
    "format": "keras_cv_extras.export",
    "version": 2,
    "file_format": "litert",
    "class_names": ["cat", "dog"],
    "input_shape": [8, 8, 3],
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"file_format": "torch"}, "file_format must be one of 'saved_model', 'litert', 'onnx'"),
        ({"file_format": None}, "file_format must be one of"),
        ({"class_names": None}, "class_names must be a list of texts, received None"),
        ({"class_names": ["cat", 3]}, "class_names must be a list of texts"),
        ({"input_shape": [8, 8]}, "input_shape must be"),
        ({"preprocessing": []}, r"preprocessing must be an object, received \[\]"),
        ({"preprocessing": {"resize": "zoom"}}, "resize must be one of"),
        ({"preprocessing": {"jpeg": 3}}, "jpeg must be one of"),
        ({"outputs": None}, "outputs must be an object, received None"),
        ({"outputs": {"top_k": "5"}}, "top_k must be an integer, received '5'"),
        ({"outputs": {"threshold": 7}}, r"threshold must be in \[0, 1\]"),
    ],
)
def test_a_card_that_misstates_the_answers_is_refused(change, message, tmp_path):
    (tmp_path / "model_card.json").write_text(json.dumps({**FIELDS, **change}))
    with pytest.raises(ValueError, match=f"model_card.json: not the card of an export: {message}"):
        _card.read_card(tmp_path)


GOLDEN = {"encoded": ["aaaa"], "probabilities": [[0.5, 0.5]], "features": None}


@pytest.mark.parametrize(
    "golden",
    [
        [],
        {},
        {**GOLDEN, "encoded": []},
        {**GOLDEN, "encoded": ["no base 64"]},
        {**GOLDEN, "encoded": [3]},
        {**GOLDEN, "probabilities": None},
        {**GOLDEN, "probabilities": []},
        {**GOLDEN, "probabilities": [["a", "b"]]},
        {**GOLDEN, "features": [[1.0], [2.0]]},
        {**GOLDEN, "probabilities": [[0.5, 10**400]]},
    ],
)
def test_nothing_is_verified_by_answers_that_are_none(golden, tmp_path):
    (tmp_path / "model_card.json").write_text(json.dumps(FIELDS))
    (tmp_path / "golden.json").write_text(json.dumps(golden))
    with pytest.raises(
        ValueError, match=r"golden\.json: not the requests and answers of an export"
    ):
        _verify.verify(tmp_path)


def test_a_file_is_looked_at_before_it_is_run(tmp_path, monkeypatch):
    monkeypatch.setattr(_verify, "_ask", lambda *asked: ({}, []))
    (tmp_path / "golden.json").write_text(json.dumps(GOLDEN))

    def found(kind, name, content):
        (tmp_path / "model_card.json").write_text(json.dumps({**FIELDS, "file_format": kind}))
        (tmp_path / name).write_bytes(content)
        return _verify.verify(tmp_path).num_operations

    litert = struct.pack("<I4sHHi", 12, b"TFL3", 4, 4, 4)  # a table of nothing
    assert found("litert", "model.tflite", litert) is None
    with pytest.raises(ValueError, match="it does not begin as one"):
        found("litert", "model.tflite", litert.replace(b"TFL3", b"TFL4"))
    saved = saved_model_pb2.SavedModel()
    graph = saved.meta_graphs.add().graph_def
    for op in ("Relu", "Identity", "Relu"):
        graph.node.add(name="any", op=op)
    assert found("saved_model", "saved_model.pb", saved.SerializeToString()) == 2
    graph.node.add(name="any", op="ReadFile")
    with pytest.raises(ValueError, match="holds the operation ReadFile"):
        found("saved_model", "saved_model.pb", saved.SerializeToString())
    for given in ({"images": np.zeros((1, 8, 8, 3))}, {"expected": [[0.5, 0.5]]}):
        with pytest.raises(ValueError, match="images and expected go together"):
            _verify.verify(tmp_path, **given)


def test_a_card_of_another_version_is_refused(tmp_path):
    fields = {**FIELDS}
    (tmp_path / "model_card.json").write_text(json.dumps(fields))
    assert _card.read_card(tmp_path) == fields
    (tmp_path / "model_card.json").write_text(json.dumps({**fields, "version": 3}))
    with pytest.raises(ValueError, match="of version 3, known is 2: export the model again"):
        _card.read_card(tmp_path)


def test_fields_are_encoded_as_protocol_buffers_have_them():
    # The examples of protobuf.dev/programming-guides/encoding.
    assert _golden._field(2, b"testing") == bytes.fromhex("12 07 74 65 73 74 69 6e 67")
    assert _golden._varint(150) == bytes.fromhex("96 01")
    assert _golden._varint(127) == b"\x7f"
    assert _golden._varint(128) == b"\x80\x01"


def test_images_for_later_are_at_most_sixteen():
    images = np.zeros((20, 4, 3, 1), "uint8")
    assert len(_golden.chosen(images, (4, 3, 1))) == 16
    made = _golden.chosen(None, (4, 3, 1))
    assert made.shape == (2, 4, 3, 1)
    np.testing.assert_array_equal(made[0].ravel(), np.arange(12))
    np.testing.assert_array_equal(made[1].ravel(), 255 - np.arange(12))
    for wrong in (images[:0], images.astype("float32"), images[:, :3]):
        with pytest.raises(ValueError, match="images must be uint8 of shape"):
            _golden.chosen(wrong, (4, 3, 1))


@pytest.mark.parametrize("scale", [1 / 255, 2.0, np.nan])
def test_images_of_other_values_than_files_hold_are_refused(exported, batch, scale):
    """They were cut to bytes, and verified as other images than they were."""
    expected = np.zeros((len(batch), 7))
    with pytest.raises(ValueError, match="whole numbers from 0 to 255, as files hold them, receiv"):
        _verify.verify(exported, batch * scale, expected)
