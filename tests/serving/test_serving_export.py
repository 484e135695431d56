import filecmp
import json
import pathlib
import resource
import shutil
from concurrent import futures

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import data, inference, layers, policy, serving
from keras_cv_extras.serving import ServedModel, _card, _golden, _signatures, _verify

PLAIN = inference.Calibration()
NAMES = ["cat", "dog", "owl", "fox", "cow", "ant", "bat"]


@pytest.fixture(scope="module")
def loaded(exported):
    return tf.saved_model.load(str(exported))


@pytest.fixture(scope="module")
def loaded_reporting(reporting):
    return tf.saved_model.load(str(reporting))


def png(image):
    return tf.io.encode_png(image).numpy()


def test_every_signature_says_what_keras_says(exported, loaded, batch, probabilities_of):
    assert (exported / _golden.WARMUP_FILE).stat().st_size  # what a server asks first
    files = tf.constant([png(image) for image in batch])
    floats = tf.constant(batch, tf.float32)
    wanted = probabilities_of(batch)
    for name, value in [
        ("serving_default", {"encoded": files}),
        ("predict_images", {"images": floats}),
        ("predict_images_uint8", {"images": tf.constant(batch)}),
    ]:
        answer = loaded.signatures[name](**value)
        np.testing.assert_allclose(answer["probabilities"], wanted, atol=1e-6, err_msg=name)
        order = np.argsort(-wanted, axis=-1)[:, :5]
        np.testing.assert_array_equal(answer["top_indices"], order)
        np.testing.assert_array_equal(answer["top_labels"], np.array(NAMES, "S")[order])
        top = np.take_along_axis(wanted, order, axis=-1)
        np.testing.assert_allclose(answer["top_probabilities"], top, atol=1e-6)


@pytest.mark.wide
def test_features_are_what_the_last_layer_sees(loaded, classifier, batch):
    wanted = keras.Model(classifier.inputs, classifier.layers[-1].input).predict(batch, verbose=0)
    answer = loaded.signatures["features"](images=tf.constant(batch, tf.float32))
    np.testing.assert_allclose(answer["features"], wanted, atol=1e-5)
    files = tf.constant([png(image) for image in batch])
    answer = loaded.signatures["features_encoded"](encoded=files)
    np.testing.assert_allclose(answer["features"], wanted, atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 20, 24, 3), (1, 24, 20, 1), (24, 20, 3), (3,), ()])
@pytest.mark.parametrize("name", ["predict_images", "features"])
def test_malformed_images_are_refused(loaded, name, shape):
    signature = loaded.signatures[name]
    with pytest.raises((tf.errors.InvalidArgumentError, TypeError, ValueError)):
        signature(images=tf.zeros(shape))
    assert all(len(value) == 1 for value in signature(images=tf.zeros((1, 24, 20, 3))).values())


def bad_files(photographs):
    good = tf.io.encode_jpeg(photographs[0]).numpy()
    return [b"", b"nonsense", good[:200], b"\xff\xd8\xff", b"\x89PNG", b"BM", b"GIF89a"]


@pytest.mark.wide
def test_a_bad_image_fails_the_request(loaded, photographs):
    signature = loaded.signatures["serving_default"]
    good = tf.io.encode_jpeg(photographs[0]).numpy()
    for bad in bad_files(photographs):
        with pytest.raises(tf.errors.InvalidArgumentError):
            signature(encoded=tf.constant([good, bad]))
    assert len(signature(encoded=tf.constant([good]))["top_labels"]) == 1


@pytest.mark.wide
def test_a_bad_image_is_reported(loaded_reporting, loaded, photographs):
    signatures = loaded_reporting.signatures
    good = tf.io.encode_jpeg(photographs[0]).numpy()
    bad = bad_files(photographs)
    answer = signatures["serving_default"](encoded=tf.constant([good, *bad, good]))
    alone = loaded.signatures["serving_default"](encoded=tf.constant([good]))
    for place in (0, -1):
        for name in ("probabilities", "top_labels", "top_indices"):
            wanted = alone[name][0] if name == "probabilities" else alone[name][0, :2]
            if name == "probabilities":
                np.testing.assert_allclose(answer[name][place], wanted, atol=1e-6)
            else:
                np.testing.assert_array_equal(answer[name][place], wanted)
    rows = slice(1, -1)
    assert not np.asarray(answer["probabilities"][rows]).any()
    assert (np.asarray(answer["top_indices"][rows]) == -1).all()
    assert (np.asarray(answer["top_labels"][rows]) == b"").all()
    errors = [error.decode() for error in answer["error"].numpy()]
    assert errors[0] == errors[-1] == ""
    assert errors[1:3] == ["neither JPEG, PNG, BMP, GIF nor WEBP"] * 2
    assert all(error.startswith("damaged") for error in errors[3:-1])
    nothing = signatures["features_encoded"](encoded=tf.constant([b"", b"x"]))
    assert not np.asarray(nothing["features"]).any()


@pytest.mark.wide
@pytest.mark.parametrize("kind", ["raise", "report"])
def test_empty_requests_are_answered(kind, loaded, loaded_reporting):
    asked = loaded if kind == "raise" else loaded_reporting
    for name, signature in asked.signatures.items():
        ((argument, spec),) = signature.structured_input_signature[1].items()
        empty = tf.zeros((0, *spec.shape[1:]), spec.dtype)
        for value in signature(**{argument: empty}).values():
            assert value.shape[0] == 0, name


def test_a_model_of_a_class_is_exported_as_the_error_says():
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(2)

        def call(self, x):
            return self.dense(keras.ops.mean(x, axis=(1, 2)))

    model = Own()
    with pytest.raises(ValueError, match=r"export\s+keras.Model\(inputs, model\(inputs\)\) with"):
        ServedModel(model, "ab", None, PLAIN)
    inputs = keras.Input((6, 6, 3))
    wrapped = keras.Model(inputs, model(inputs))
    assert ServedModel(wrapped, "ab", None, PLAIN).input_shape == (6, 6, 3)
    inputs = keras.Input((6, 6, 3))
    one = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Flatten()(inputs)))
    with pytest.raises(ValueError, match="1 names, .* received 2 .*its name alone is given"):
        ServedModel(one, "ab", None, PLAIN)


def test_an_empty_request_of_a_network_that_begins_with_a_convolution():
    """TensorFlow takes a `tf.pad` before it into the convolution, and loses rows that it adds."""
    parts = [keras.layers.Conv2D(4, 3), keras.layers.GlobalAveragePooling2D()]
    model = keras.Sequential([keras.layers.Input((6, 6, 3)), *parts, keras.layers.Dense(2)])
    served = ServedModel(model, "ab", "auto", PLAIN)
    options = {"top_k": 1, "on_bad_image": "raise", "threshold": None}
    asked = _signatures.Servable(served, **options, resize="crop", jpeg="whole")
    for count in (0, 1):
        probabilities, features = asked._classify(tf.zeros((count, 6, 6, 3)))
        assert probabilities.shape == (count, 2)
        assert features.shape == (count, 4)


@pytest.mark.wide
def test_calibration_is_served(classifier, batch, tmp_path):
    calibration = inference.Calibration(2.5, train_prior=[1, 2, 3, 4, 5, 6, 7])
    calibration.save(tmp_path / "calibration.json")
    serving.export(
        classifier,
        tmp_path / "1",
        class_names=NAMES,
        calibration=tmp_path / "calibration.json",
        features=None,
    )
    loaded = tf.saved_model.load(str(tmp_path / "1"))
    assert set(loaded.signatures) == {"serving_default", "predict_images", "predict_images_uint8"}
    answer = loaded.signatures["predict_images"](images=tf.constant(batch, tf.float32))
    logits = classifier.predict(batch, verbose=0).astype("float64") / 2.5
    wanted = np.exp(logits) * (28 / 7) / np.arange(1, 8)
    wanted /= wanted.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(answer["probabilities"], wanted, atol=1e-6)
    assert serving.read_card(tmp_path / "1")["outputs"]["calibration"]["temperature"] == 2.5


@pytest.mark.wide
def test_random_layers_are_stripped(batch, tmp_path):
    """Neither their operations nor the state of their seeds is in the artefact."""
    model = keras.Sequential(
        [
            keras.Input((24, 20, 3)),
            layers.RandAugment(seed=1),
            keras.layers.GaussianNoise(0.1, seed=3),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.5, seed=2),
            keras.layers.Dense(7, activation="sigmoid"),
        ]
    )
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    serving.export(model, tmp_path / "1", class_names=NAMES, images=batch)
    loaded = tf.saved_model.load(str(tmp_path / "1"))
    answer = loaded.signatures["predict_images"](images=tf.constant(batch, tf.float32))
    np.testing.assert_allclose(answer["probabilities"], model.predict(batch, verbose=0), atol=1e-5)
    variables = tf.train.list_variables(str(tmp_path / "1" / "variables" / "variables"))
    shapes = sorted(tuple(shape) for name, shape in variables if "OBJECT_GRAPH" not in name)
    assert shapes == [(7,), (24 * 20 * 3, 7)]


class Noise(keras.layers.Layer):
    """Draws at every call, trained or not."""

    def __init__(self):
        super().__init__()
        self.seed = keras.random.SeedGenerator(0)

    def call(self, inputs):
        return inputs + keras.random.normal(keras.ops.shape(inputs), seed=self.seed)


@pytest.mark.wide
def test_a_model_that_draws_when_it_predicts_is_refused(tmp_path):
    images = keras.Input((24, 20, 3))
    drawn = Noise()(keras.layers.Flatten()(images))
    model = keras.Model(images, keras.layers.Dense(7)(drawn))
    with pytest.raises(ValueError, match="has a state when it predicts"):
        serving.export(model, tmp_path / "1", class_names=NAMES)
    assert list(tmp_path.iterdir()) == []


def test_test_time_augmentation_is_served(classifier, batch):
    better = inference.TestTimeAugment(classifier, "five", image_size=(28, 24))
    images = np.pad(batch, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="reflect").astype("float32")
    probabilities, given = ServedModel(better, NAMES, "auto", PLAIN)(images)
    np.testing.assert_allclose(probabilities, better.predict(images, verbose=0), atol=1e-6)
    features = keras.Model(classifier.inputs, classifier.layers[-1].input)
    views = inference.five_crop(images, (24, 20))
    wanted = np.mean([features(views[:, number]) for number in range(5)], axis=0)
    np.testing.assert_allclose(given, wanted, atol=1e-5)


def test_features_of_models_within_models_and_of_named_layers():
    backbone = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(4, 3)])
    head = keras.Sequential([keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2)])
    images = keras.Input((8, 8, 1))
    model = keras.Model(images, keras.layers.Softmax()(head(backbone(images))))
    x = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 1), "uint8")
    wanted = np.asarray(backbone(x)).mean(axis=(1, 2))
    for features in ("auto", backbone.name):
        given = ServedModel(model, "ab", features, PLAIN)(x)[1]
        np.testing.assert_allclose(given, wanted, rtol=1e-5, atol=1e-4)
    with pytest.raises(ValueError, match="features must be 'auto', None or the name of a layer"):
        ServedModel(model, "ab", "nothing", PLAIN)


def test_a_model_for_uint8_in_half_precision():
    """Probabilities are float32 whatever the model computes in."""
    images = keras.Input((8, 8, 1), dtype="uint8")
    x = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255, dtype="float16")(images))
    model = keras.Model(images, keras.layers.Dense(3, dtype="mixed_float16")(x))
    x = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 1), "uint8")
    probabilities, features = ServedModel(model, "abc", "auto", PLAIN)(x.astype("float32"))
    assert probabilities.dtype == features.dtype == tf.float32
    wanted = keras.ops.softmax(model.predict(x, verbose=0).astype("float32"))
    np.testing.assert_allclose(probabilities, wanted, atol=2e-3)


@pytest.mark.wide
def test_the_card(exported, classifier, batch, tmp_path):
    card = serving.read_card(exported)
    assert card["class_names"] == NAMES
    assert card["input_shape"] == [24, 20, 3]
    assert card["preprocessing"]["resize"] == "crop"
    inputs = {name: signature["inputs"] for name, signature in card["signatures"].items()}
    assert inputs["serving_default"] == {"encoded": {"dtype": "string", "shape": [None]}}
    assert inputs["predict_images_uint8"]["images"]["dtype"] == "uint8"

    labels = np.zeros(len(batch), "int32")
    images = data.ImageData((batch, labels), (batch[:2], labels[:2]), NAMES, "photographs")
    chosen = policy.rand_augment()
    options = {"class_names": NAMES, "data": images, "policy": chosen, "metrics": {"accuracy": 0.9}}
    serving.export(classifier, tmp_path / "1", **options)
    decoder = _signatures._decoder((24, 20, 3), "crop", "whole", False)  # of both exports
    assert decoder.experimental_get_tracing_count() == 1
    card = serving.read_card(tmp_path / "1")
    assert card["data"]["train"]["images"] == 12
    assert len(card["data"]["train"]["sha256"]) == 64
    assert policy.Policy.from_dict(card["policy"]["policy"]) == chosen
    assert card["metrics"] == {"accuracy": 0.9}
    changed = batch.copy()
    changed[3, 2, 1, 0] ^= 1
    other = data.ImageData((changed, labels), None, NAMES, "photographs")
    assert _card._data(other)["train"]["sha256"] != card["data"]["train"]["sha256"]


@pytest.mark.wide
def test_requests_to_warm_up_with(exported, loaded):
    serving_api = pytest.importorskip(
        "tensorflow_serving.apis.prediction_log_pb2", reason="needs tensorflow-serving-api"
    )
    inputs = serving.read_card(exported)["signatures"]
    records = list(
        tf.data.TFRecordDataset(str(exported / "assets.extra/tf_serving_warmup_requests"))
    )
    logs = [serving_api.PredictionLog.FromString(record.numpy()) for record in records]
    requests = [log.predict_log.request for log in logs]
    assert {request.model_spec.signature_name for request in requests} == set(inputs)
    for request in requests:
        values = {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
        tensors = {name: tf.constant(value) for name, value in values.items()}
        loaded.signatures[request.model_spec.signature_name](**tensors)


@pytest.mark.wide
def test_a_full_disk_leaves_the_old_export(classifier, exported, tmp_path):
    path = tmp_path / "1"
    shutil.copytree(exported, path)
    before = sorted(file.name for file in tmp_path.iterdir())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(OSError, match="(?i)file too large|could not be written"):
            serving.export(classifier, path, class_names=NAMES)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert sorted(file.name for file in tmp_path.iterdir()) == before
    compared = filecmp.dircmp(exported, path)
    assert compared.left_list == compared.right_list
    assert not compared.diff_files


@pytest.mark.wide
def test_verify(exported, batch, probabilities_of):
    report = serving.verify(exported, batch, probabilities_of(batch))
    assert report.num_images == 12
    assert 30 < report.num_operations < 200
    assert max(report.differences.values()) < 1e-5
    assert set(report.differences) == {
        "serving_default",
        "predict_images",
        "predict_images_uint8",
        "features",
        "features_encoded",
    }


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"probabilities": [[0.5, 0.5]]}, "gives other probabilities than the model did, by up to"),
        ({"probabilities": [[np.nan, 0.2]]}, "gives other probabilities"),
        ({"probabilities": [[0.8, 0.2, 0.0]]}, r"gives probabilities of shape \(1, 3\)"),
        ({"features": [[3.0]]}, "gives other features"),
        ({"top_indices": [[1]], "top_labels": [["a"]]}, "names other classes than the card"),
    ],
)
def test_verify_compares(answer, message):
    wanted = {"probabilities": [[0.8, 0.2]], "features": [[4.0]]}
    with pytest.raises(ValueError, match=message):
        _verify._compare("path", "predict_images", [0], answer, wanted, {"class_names": ["a", "b"]})


def test_verify_tells_what_was_not_refused(exported, monkeypatch):
    monkeypatch.setattr(_verify, "_ask", lambda *_: ({}, ["features does not refuse a request"]))
    with pytest.raises(ValueError, match="features does not refuse a request"):
        serving.verify(exported)


def test_a_damaged_export_is_named(exported, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no export there, model_card\.json is missing"):
        serving.verify(tmp_path / "nothing")
    damaged = tmp_path / "damaged"
    shutil.copytree(exported, damaged)
    (damaged / "saved_model.pb").write_bytes(b"torn")
    with pytest.raises(ValueError, match=r"damaged/saved_model\.pb: not a SavedModel"):
        serving.verify(damaged)
    (damaged / "saved_model.pb").unlink()
    with pytest.raises(FileNotFoundError, match=r"saved_model\.pb is missing"):
        serving.verify(damaged)
    (damaged / "model_card.json").write_text(json.dumps({"format": "other"}))
    with pytest.raises(ValueError, match="not the card of an export"):
        serving.verify(damaged)


def test_wrong_arguments(classifier, tmp_path):
    path = tmp_path / "x"
    with pytest.raises(ValueError, match="class_names must hold 7 names"):
        serving.export(classifier, path, class_names=["a"])
    with pytest.raises(ValueError, match="images must be uint8 of shape"):
        serving.export(classifier, path, class_names=NAMES, images=np.zeros((1, 8, 8, 3)))
    flat = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    with pytest.raises(ValueError, match="must take one batch of images"):
        serving.export(flat, path, class_names=NAMES)
    for name in ("format", "on_bad_image", "resize"):
        with pytest.raises(ValueError, match=f"{name} must be one of"):
            serving.export(classifier, path, class_names=NAMES, **{name: "x"})
    with pytest.raises(ValueError, match="top_k must be at least 1"):
        serving.export(classifier, path, class_names=NAMES, top_k=0)
    two = inference.Calibration(train_prior=[1, 2])
    with pytest.raises(ValueError, match="priors of 2 classes, the model has 7"):
        serving.export(classifier, path, class_names=NAMES, calibration=two)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.wide
def test_an_export_decodes_files_as_its_data_were(classifier, tmp_path, photographs):
    """Reduced JPEGs, in borders: the same pixels as the streamed images of training."""
    for place, name in enumerate(("a", "b")):
        (tmp_path / "images" / name).mkdir(parents=True)
        for row in range(2):
            path, start = tmp_path / "images" / name / f"{row}.jpg", 2 * place + row
            path.write_bytes(tf.io.encode_jpeg(photographs[0][:400, start : 301 + start]).numpy())
    options = {"resize": "pad", "jpeg": "reduced", "test_fraction": 0.5}
    files = data.image_files(tmp_path / "images", (24, 20), **options)
    assert files.decoding == {"resize": "pad", "jpeg": "reduced"}
    assert data.load(tmp_path / "images", image_size=(24, 20), **options).decoding == files.decoding
    with pytest.raises(ValueError, match="jpeg must be 'reduced', as the images of data were read"):
        serving.export(classifier, tmp_path / "1", class_names=NAMES, data=files, jpeg="whole")
    serving.export(classifier, tmp_path / "1", class_names=NAMES, data=files)
    preprocessing = json.loads((tmp_path / "1" / "model_card.json").read_text())["preprocessing"]
    assert (preprocessing["resize"], preprocessing["jpeg"]) == ("pad", "reduced")
    signatures = tf.saved_model.load(str(tmp_path / "1")).signatures
    encoded = tf.constant([pathlib.Path(files.train.paths[0]).read_bytes()])
    image = files.train.image(0)[None]
    np.testing.assert_allclose(
        signatures["serving_default"](encoded=encoded)["probabilities"],
        signatures["predict_images_uint8"](images=tf.constant(image))["probabilities"],
        atol=1e-6,
    )


@pytest.mark.wide
def test_the_second_of_two_exports_is_told_before_its_work(classifier, tmp_path, monkeypatch):
    place, told, golden = tmp_path / "served" / "1", [], _golden.golden

    def meanwhile(*given):
        monkeypatch.setattr(_golden, "golden", lambda *given: pytest.fail("worked in vain"))
        with futures.ThreadPoolExecutor(1) as other:
            second = other.submit(serving.export, classifier, place, class_names=NAMES)
            told.append(str(second.exception()))
        return golden(*given)

    monkeypatch.setattr(_golden, "golden", meanwhile)
    serving.export(classifier, place, class_names=NAMES)
    assert told == [f"{place}: another process is writing it: wait for it"]
    assert [path.name for path in place.parent.iterdir()] == ["1"]
