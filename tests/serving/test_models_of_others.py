"""Model files that something else wrote, given to `predict_files`: one clear reason each."""

import json
import struct
import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_cv_extras import classical, data, serving, training
from keras_cv_extras._base.owned import archives
from keras_cv_extras.data.files import decoder
from keras_cv_extras.serving import _ops, _predict
from keras_cv_extras.training import _save

GARBAGE = b"no model at all, but bytes enough " * 9


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("model.keras", "not a model that can be loaded .no ZIP archive: it is damaged, or of an"),
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


def test_an_error_of_keras_is_not_longer_than_is_read(tmp_path, monkeypatch):
    small = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    training.save_model(small, tmp_path / "model.keras")

    def load_model(path, **_):
        raise ValueError("shapes\n do not fit " + "0.123 " * 1000)

    monkeypatch.setattr(keras.saving, "load_model", load_model)
    with pytest.raises(ValueError, match=r"loaded \(shapes do not fit 0.*\.\.\.\)$") as error:
        training.load_model(tmp_path / "model.keras")
    assert len(str(error.value)) < len(str(tmp_path)) + 600


@pytest.mark.parametrize(
    ("taken", "head", "message"),
    [
        ((3,), [5], r"m.keras must take images, .*, it takes \(None, 3\): give a classifier"),
        ((8, 8, 1), [], r"must answer one number for each class, .*, it answers \(None, 8, 8, 1\)"),
        ((8, 8, 1), [10, 2], r"it answers \[\(None, 10\), \(None, 2\)\]: give a classifier of ima"),
    ],
)
def test_a_model_that_is_no_classifier_cannot_be_scored(taken, head, message):
    given = keras.Input(taken)
    flat = keras.layers.Flatten()(given)
    outputs = [keras.layers.Dense(count)(flat) for count in head]
    model = keras.Model(given, outputs if len(head) > 1 else outputs[0] if head else given)
    with pytest.raises(ValueError, match=message):
        training.data_for(model, "m.keras", "digits")
    if len(taken) == 3:
        digits = data.load("digits")
        images, labels = (array[:4] for array in digits.test)
        with pytest.raises(ValueError, match="the model must answer one number for each class"):
            training.evaluate(model, images, labels, digits.class_names)


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


@pytest.mark.parametrize(
    ("loader", "name", "member"),
    [
        (training.load_model, "model.keras", "config.json"),
        (training.load_model, "model.keras", "model.weights.h5"),
        (classical.load, "model.skops", "schema.json"),
    ],
)
def test_an_archive_that_grows_is_not_unpacked(loader, name, member, tmp_path, monkeypatch):
    if name.endswith("skops"):
        pytest.importorskip("skops")
    for limit in ("_FREE", "_FREE_TEXT"):
        monkeypatch.setattr(archives, limit, 1 << 20)
    path = tmp_path / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr(member, bytes(2 << 20))
    with pytest.raises(ValueError, match=rf"{name}: not a .*{member} in it takes 2,097,152 bytes"):
        loader(path)
    archives.check(tmp_path / "nothing")  # which is left to those who read


def test_weights_that_are_zeros_are_no_attack(tmp_path, monkeypatch):
    path = tmp_path / "zeros.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.weights.h5", bytes(2 << 20))
    archives.check(path)  # small enough, however well it is packed
    monkeypatch.setattr(archives, "_FREE", 1 << 20)
    with zipfile.ZipFile(path, "w") as archive:  # as Keras writes it
        archive.writestr("model.weights.h5", bytes(2 << 20))
    archives.check(path)


def kept(path, output, about=None, shape=(4, 4, 1)):
    """Saves a model of one layer, whose weights are zero."""
    images = keras.Input(shape)
    flat = keras.layers.Flatten()(images)
    dense = {
        name: keras.layers.Dense(size, kernel_initializer="zeros")(flat)
        for name, size in output.items()
    }
    found = list(dense.values())
    model = keras.Model(images, found[0] if len(found) == 1 else found)
    training.save_model(model, path, about=about, overwrite=True)
    return model


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ({"a": 2, "b": 3}, "must answer one number for each class, .None, classes., received"),
        ({"a": 1}, "one number for each image, of which softmax makes 1 always"),
    ],
)
def test_a_model_that_is_no_classifier(output, message, tmp_path):
    kept(tmp_path / "model.keras", output)
    with pytest.raises(ValueError, match=message):
        serving.predict_files(tmp_path / "model.keras", [])


def test_one_number_is_an_answer_where_it_is_a_probability(tmp_path):
    path, picture = tmp_path / "model.keras", tmp_path / "a.png"
    Image.new("L", (4, 4)).save(picture)
    model = kept(path, {"a": 1})
    ended = keras.Model(model.inputs, keras.layers.Activation("sigmoid")(model.outputs[0]))
    for saved, about in ((ended, None), (model, {"multilabel": True})):
        training.save_model(saved, path, about=about, overwrite=True)
        assert next(serving.predict_files(path, [picture])).classes == (("0", 0.5),)


@pytest.mark.parametrize("decoding", [5, ["crop"], {"resize": "evil"}, {"jpeg": [1]}])
def test_what_a_file_says_of_its_images_is_checked(decoding, tmp_path):
    model = kept(tmp_path / "model.keras", {"a": 2}, {"decoding": decoding})
    with pytest.raises(ValueError, match="says that images are decoded as"):
        serving.predict_files(tmp_path / "model.keras", [])
    with pytest.raises(ValueError, match="says that images are decoded as"):
        training.data_for(model, tmp_path / "model.keras", "digits")


def test_what_a_file_does_not_say_of_its_images_is_the_default():
    plain = {"resize": "crop", "jpeg": "whole"}
    assert decoder.decoding(None, "m") == decoder.decoding({}, "m") == plain
    assert decoder.decoding({"resize": "pad", "more": 1}, "m") == {**plain, "resize": "pad"}


def test_names_that_are_none_and_answers_that_are_none(tmp_path):
    path, picture = tmp_path / "model.keras", tmp_path / "a.png"
    Image.new("L", (4, 4)).save(picture)
    model = kept(path, {"a": 2}, {"class_names": ["cat", None]})
    assert [name for name, _ in next(serving.predict_files(path, [picture])).classes] == ["0", "1"]
    training.save_model(model, path, about={"class_names": ["cat", "dog", "owl"]}, overwrite=True)
    assert [name for name, _ in next(serving.predict_files(path, [picture])).classes] == ["0", "1"]
    training.save_model(model, path, about={"class_names": [3, 8]}, overwrite=True)
    assert [name for name, _ in next(serving.predict_files(path, [picture])).classes] == ["3", "8"]
    model.layers[-1].bias.assign([0.0, np.nan])
    training.save_model(model, path, overwrite=True)
    answer = next(serving.predict_files(path, [picture]))
    assert (answer.classes, answer.reason) == (
        None,
        "the model gives no number (NaN): train it again",
    )


def test_images_that_no_memory_holds():
    with pytest.raises(ValueError, match="60000 x 60000, more than the 64,000,000 pixels"):
        _predict._of_tensors("model.keras", {}, (60_000, 60_000, 3), lambda images: images)
    with pytest.raises(ValueError, match="image_size must be of at most 64,000,000 pixels"):
        data.image_files("photographs", 20_000)


def test_a_place_that_is_a_pattern(tmp_path):
    """Names are refused only where TensorFlow does not find the files: it is asked here."""
    names = "a[b] a[bc]d [!ab] [!]] []] a\\b [0-9] [] [!] [^] a[ a] ][ a? a* a{b,c} (a) é a%20b"
    found = {}
    for name in names.split(" "):
        file = tmp_path / f"{name} " / "variables" / "variables.index"
        file.parent.mkdir(parents=True)
        file.touch()
        try:
            _ops.check_place(file.parents[1])
            found[name] = True
        except ValueError:
            found[name] = False
        assert found[name] == (str(file) in tf.io.gfile.glob(str(file))), name
    assert {name for name in found if not found[name]} == {*names.split(" ")[:7]}


def test_a_place_that_is_a_pattern_is_said_before_the_work(tmp_path):
    path = tmp_path / "models [new]"
    with pytest.raises(ValueError, match=r"holds '\[new\]', of which TensorFlow makes a pattern"):
        serving.export_file(tmp_path / "model.keras", "digits", path)
    with pytest.raises(ValueError, match="of which TensorFlow makes a pattern"):
        _ops.check_graph(path / "saved_model.pb")


def test_an_answer_says_why_a_bmp_is_not_read():
    head = struct.pack("<IHHIIiiHHIIiiII", 182, 0, 0, 54, 40, 8, 8, 1, 16, 0, 128, 0, 0, 0, 0)
    reason = _predict._damage(b"BM" + head + bytes(128))
    assert reason == "a BMP file of 16 bits: save it as PNG"


def test_texts_in_an_archive_are_bounded_sooner(tmp_path, monkeypatch):
    """They are read as a whole: half a gigabyte of spaces took 38 seconds."""
    path = tmp_path / "packed.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", b" " * (1 << 20))
    archives.check(path)
    monkeypatch.setattr(archives, "_FREE_TEXT", 1 << 16)
    with pytest.raises(ValueError, match=r"config.json in it takes 1,048,576 bytes"):
        archives.check(path)


def written_by_hand(path, *layers):
    """A model file of layers by their names and configurations, without any weights."""
    entries = [
        {"module": "keras.layers", "class_name": name, "config": config, "registered_name": None}
        for name, config in [("InputLayer", {"batch_shape": [None, 8]}), *layers]
    ]
    model = {"module": "keras", "class_name": "Sequential", "registered_name": None}
    model["config"] = {"name": "sequential", "layers": entries}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", json.dumps(model))
        archive.writestr("model.weights.h5", b"")
    return path


LARGE = {
    "one layer": [("Dense", {"units": 10**12, "name": "large"})],
    "the last of many": [("Dense", {"units": 5000})] * 2
    + [("Dense", {"units": 9999, "name": "l"})],
    "a wrapped one": [
        ("Reshape", {"target_shape": [2, 4]}),
        ("LSTM", {"units": 10**7}),
    ],
}


@pytest.mark.parametrize("layers", LARGE.values(), ids=LARGE)
def test_a_small_file_makes_no_large_weights(tmp_path, layers):
    """Sixty layers of a file of a kilobyte took 17 GB, and all of a machine's memory."""
    add_weight = keras.layers.Layer.add_weight
    path = written_by_hand(tmp_path / "model.keras", *layers)
    with pytest.raises(ValueError, match=r"^[^\n]*makes weights of \(.*the file does not hold so"):
        training.load_model(path)
    assert keras.layers.Layer.add_weight is add_weight


def test_what_a_file_holds_may_be_made(tmp_path, monkeypatch):
    monkeypatch.setattr(_save, "_FREE", 0)
    path = tmp_path / "model.keras"
    layers = [keras.layers.Dense(50), keras.layers.Dense(1)]
    training.save_model(keras.Sequential([keras.Input((100,)), *layers]), path)
    training.load_model(path)
    monkeypatch.setattr(_save, "_TIMES", 0.5)
    with pytest.raises(ValueError, match=r"makes weights of \(100, 50\)"):
        training.load_model(path)


def test_a_model_of_very_many_parts_is_refused_before_it_is_built(tmp_path, monkeypatch):
    path = written_by_hand(tmp_path / "model.keras", *[("Flatten", {})] * 40)
    monkeypatch.setattr(_save, "_MOST_OBJECTS", 70)
    with pytest.raises(ValueError, match="config.json in it has more than 70 parts"):
        training.load_model(path)


def test_a_model_of_very_many_layers_is_refused_before_it_is_built(tmp_path, monkeypatch):
    """They need few parts each: 20,000 took a minute."""
    path = written_by_hand(tmp_path / "model.keras", *[("Flatten", {})] * 40)
    monkeypatch.setattr(_save, "_MOST_LAYERS", 40)
    with pytest.raises(ValueError, match="config.json in it has 41 layers, of at most 40"):
        training.load_model(path)
    monkeypatch.setattr(_save, "_MOST_LAYERS", 41)
    assert _save._most_weights(path) == _save._FREE


def test_a_model_that_would_not_be_read_is_told_when_it_is_written(tmp_path, monkeypatch):
    layers = [keras.Input((3,)), *[keras.layers.Flatten() for _ in range(4)]]
    inner = keras.Sequential(layers[:3])
    path = tmp_path / "model.keras"
    monkeypatch.setattr(_save, "_MOST_LAYERS", 5)  # those of a model in the model included
    with pytest.warns(UserWarning, match="load_model will refuse it.* has 6 layers, of at most 5"):
        training.save_model(keras.Sequential([keras.Input((3,)), inner, layers[-1]]), path)
    monkeypatch.setattr(_save, "_MOST_LAYERS", 6)
    training.load_model(path)


def test_an_ensemble_of_five_of_the_largest_networks_may_be_read(tmp_path):
    path = tmp_path / "model.keras"
    network = {"layers": [{"config": {}}] * 1028}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps({"config": {"layers": [network] * 5}}))
    assert _save._most_weights(path) == _save._FREE


@pytest.mark.parametrize(
    "error", [MemoryError(), ImportError(), tf.errors.ResourceExhaustedError(None, None, "full")]
)
def test_a_file_is_not_called_damaged_for_want_of_memory(error, tmp_path, monkeypatch):
    def fail(*arguments, **options):
        raise error

    monkeypatch.setattr(_ops, "check_graph", lambda path: None)
    monkeypatch.setattr(tf.saved_model, "load", fail)
    with pytest.raises(type(error)):
        _ops.load(tmp_path)
    monkeypatch.setattr(keras.saving, "load_model", fail)
    with pytest.raises(type(error)):
        training.load_model(written_by_hand(tmp_path / "model.keras"))
