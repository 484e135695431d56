import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import layers, serving, training

NAMES = ["cat", "dog", "owl"]


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(2)
    return training.small_cnn((24, 20, 3), 3, width=8)


@pytest.fixture(scope="module")
def exported(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / "saved_model"
    serving.export(model, path, class_names=NAMES)
    return path


@pytest.fixture(scope="module")
def loaded(exported):
    return tf.saved_model.load(str(exported))


def probabilities(model, images):
    return np.asarray(keras.ops.softmax(model.predict(images, verbose=0)))


def test_images(model, loaded, batch):
    answer = loaded.signatures["serving_default"](images=tf.cast(batch, tf.float32))
    wanted = probabilities(model, batch)
    np.testing.assert_allclose(answer["probabilities"], wanted, atol=1e-6)
    np.testing.assert_array_equal(answer["index"], wanted.argmax(-1))
    np.testing.assert_allclose(answer["confidence"], wanted.max(-1), atol=1e-6)
    assert [name.decode() for name in answer["label"].numpy()] == [
        NAMES[i] for i in wanted.argmax(-1)
    ]


def test_bytes(model, loaded, batch):
    files = [tf.io.encode_png(image).numpy() for image in batch]
    answer = loaded.signatures["serve_bytes"](encoded=tf.constant(files))
    np.testing.assert_allclose(answer["probabilities"], probabilities(model, batch), atol=1e-6)


def test_bytes_of_other_sizes_and_kinds(loaded, photographs):
    image = photographs[0]
    files = [
        tf.io.encode_jpeg(image).numpy(),
        tf.io.encode_png(image[:3, :200]).numpy(),
        tf.io.encode_png(image[..., :1]).numpy(),
        tf.io.encode_png(image[:1, :1]).numpy(),
    ]
    answer = loaded.signatures["serve_bytes"](encoded=tf.constant(files))
    assert answer["probabilities"].shape == (4, 3)
    assert np.isfinite(answer["probabilities"]).all()


def test_other_sizes_are_cropped_without_distortion(loaded, photographs):
    """A picture of twice the size, and the same with borders at its sides, are seen alike."""
    image = np.asarray(tf.image.resize(photographs[0], (48, 40)), "uint8")
    wide = np.pad(image, ((0, 0), (30, 30), (0, 0)))
    files = [tf.io.encode_png(one).numpy() for one in (image, wide)]
    answer = loaded.signatures["serve_bytes"](encoded=tf.constant(files))["probabilities"]
    np.testing.assert_allclose(answer[0], answer[1], atol=2e-3)  # resizing sees the borders


@pytest.mark.parametrize("shape", [(1, 20, 24, 3), (1, 24, 20, 1), (24, 20, 3), (3,), ()])
def test_malformed_images_are_refused(loaded, shape, batch):
    signature = loaded.signatures["serving_default"]
    with pytest.raises((tf.errors.InvalidArgumentError, TypeError, ValueError)):
        signature(images=tf.zeros(shape))
    assert signature(images=tf.zeros((1, 24, 20, 3)))["index"].shape == (1,)


def test_malformed_bytes_are_refused(loaded, photographs):
    signature = loaded.signatures["serve_bytes"]
    good = tf.io.encode_jpeg(photographs[0]).numpy()
    for bad in (b"", b"nonsense", good[:200]):
        with pytest.raises(tf.errors.InvalidArgumentError):
            signature(encoded=tf.constant([good, bad]))
    assert signature(encoded=tf.constant([good]))["index"].shape == (1,)


def test_empty_batches_are_answered(loaded):
    answer = loaded.signatures["serving_default"](images=tf.zeros((0, 24, 20, 3)))
    assert answer["probabilities"].shape == (0, 3)
    empty = tf.zeros((0,), tf.string)
    assert loaded.signatures["serve_bytes"](encoded=empty)["label"].shape == (0,)


def test_only_operations_of_a_server(exported):
    from tensorflow.core.protobuf import saved_model_pb2

    graph = saved_model_pb2.SavedModel()
    graph.ParseFromString((exported / "saved_model.pb").read_bytes())
    definition = graph.meta_graphs[0].graph_def
    names = {node.op for node in definition.node}
    names |= {node.op for function in definition.library.function for node in function.node_def}
    assert "DecodeImage" in names
    assert not [name for name in names if "PyFunc" in name or name in ("WriteFile", "ReadFile")]


def test_verify(exported, model, batch):
    report = serving.verify(exported)
    assert report.num_images == 2
    assert max(report.differences.values()) < 1e-5
    assert set(report.differences) == {"serving_default", "serve_bytes"}
    wrong = np.roll(probabilities(model, batch), 1, axis=1)
    with pytest.raises(ValueError, match="serving_default gives other probabilities"):
        serving.verify(exported, batch, wrong)


def test_a_damaged_export_is_named(exported, tmp_path):
    import shutil

    with pytest.raises(FileNotFoundError, match="no SavedModel there"):
        serving.verify(tmp_path / "nothing")
    damaged = tmp_path / "damaged"
    shutil.copytree(exported, damaged)
    (damaged / "saved_model.pb").write_bytes(b"torn")
    with pytest.raises(ValueError, match="damaged: the SavedModel could not be served"):
        serving.verify(damaged)
    (damaged / "kcx.json").write_text(json.dumps({"format": "other"}))
    with pytest.raises(ValueError, match="not the description of an export"):
        serving.verify(damaged)


def test_augmentation_is_not_served(batch, tmp_path):
    model = keras.Sequential(
        [
            keras.Input((24, 20, 3)),
            layers.RandAugment(seed=1),
            keras.layers.Flatten(),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    serving.export(model, tmp_path / "export", class_names=NAMES, images=batch)
    loaded = tf.saved_model.load(str(tmp_path / "export"))
    answer = loaded.signatures["serving_default"](images=tf.cast(batch, tf.float32))
    np.testing.assert_allclose(answer["probabilities"], model.predict(batch, verbose=0), atol=1e-5)


def test_a_failed_export_leaves_the_old_one(model, tmp_path, monkeypatch):
    path = tmp_path / "export"
    serving.export(model, path, class_names=NAMES)
    before = sorted(file.name for file in tmp_path.iterdir())

    def full(*arguments, **options):
        raise OSError("no space left on device")

    monkeypatch.setattr(tf.saved_model, "save", full)
    with pytest.raises(OSError, match="no space left"):
        serving.export(model, path, class_names=NAMES)
    assert sorted(file.name for file in tmp_path.iterdir()) == before
    assert tf.saved_model.load(str(path)).signatures


def test_wrong_arguments(model, tmp_path):
    with pytest.raises(ValueError, match="class_names must hold 3 names"):
        serving.export(model, tmp_path / "x", class_names=["a"])
    with pytest.raises(ValueError, match="images must be uint8 of shape"):
        serving.export(model, tmp_path / "x", class_names=NAMES, images=np.zeros((1, 8, 8, 3)))
    flat = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    with pytest.raises(ValueError, match="must take one batch of images"):
        serving.export(flat, tmp_path / "x", class_names=NAMES)
    assert list(tmp_path.iterdir()) == []
