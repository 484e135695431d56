"""Several labels per image, from a table to a server: pairs of digits side by side."""

import dataclasses
import json
import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from sklearn import metrics
from sklearn.datasets import load_digits
from typer.testing import CliRunner

from keras_cv_extras import cli, data, losses, policy, serving, training
from keras_cv_extras.training import _positive_weighted
from keras_cv_extras.training.job import _cross_validate
from keras_cv_extras.training.job._job import Job

CLASSES = ("0", "1", "2", "3")


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """Returns a table of 240 images of two digits below 4."""
    folder = tmp_path_factory.mktemp("pairs")
    images, labels = load_digits(return_X_y=True)
    images, labels = images[labels < 4].reshape(-1, 8, 8), labels[labels < 4]
    rows = ["file,digits"]
    for number in range(240):
        two = np.concatenate([images[number], images[-1 - number]], axis=1)
        Image.fromarray((two * 15).astype("uint8")).save(folder / f"{number}.png")
        named = sorted({int(labels[number]), int(labels[-1 - number])})
        rows.append(f"{number}.png,{'|'.join(map(str, named))}")
    path = folder / "pairs.csv"
    path.write_text("\n".join(rows))
    return data.Table(path, label="digits", separator="|")


@pytest.fixture(scope="module")
def trained(pairs, tmp_path_factory):
    """Trains a network on them; returns its folder and the result."""
    output = tmp_path_factory.mktemp("trained") / "out"
    settings = training.TrainingSettings(epochs=8, batch_size=16, learning_rate=0.01)
    return output, training.train(pairs, output, settings, progress=False)


@pytest.mark.wide
def test_a_training_learns_several_labels(trained):
    output, result = trained
    assert isinstance(result.scores, training.MultilabelEvaluation)
    assert result.scores.class_names == CLASSES
    assert result.scores.mean_average_precision > 0.7  # by chance 0.45
    scores = json.loads((output / "scores.json").read_text())
    assert scores["mean_average_precision"] == result.scores.mean_average_precision
    head, first, *_ = (output / "predictions.csv").read_text().splitlines()
    assert head == "image,true,given,correct,probability,p(0),p(1),p(2),p(3)"
    assert set(first.split(",")[1].split("|")) <= set(CLASSES)
    page = (output / "report.html").read_text()
    assert "mean average precision" in page
    assert "Confusion" not in page
    assert "val_average_precision" in (output / "log.csv").read_text()
    assert training.read_about(output / "model.keras")["multilabel"]


@pytest.mark.wide
def test_it_is_scored_again_and_on_a_folder_of_classes(trained, pairs, tmp_path):
    output, result = trained
    again = training.evaluate_file(output / "model.keras", pairs, report=tmp_path / "r.html")
    assert again.scores.to_dict() == result.scores.to_dict()
    options = ["--label-column", "digits", "--separator", "|"]
    printed = CliRunner().invoke(
        cli.app, ["evaluate", str(output / "model.keras"), str(pairs.source), *options]
    )
    assert printed.exit_code == 0, printed.exception
    assert "average precision" in " ".join(printed.output.split())
    for name in ("2", "1"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        Image.new("L", (16, 8), int(name)).save(tmp_path / "photos" / name / "0.png")
    network = training.load_model(output / "model.keras", compile=False)
    chosen = training.data_for(network, output / "model.keras", tmp_path / "photos")
    assert sorted(chosen.part[1].tolist()) == [[0, 0, 1, 0], [0, 1, 0, 0]]


@pytest.mark.wide
def test_it_is_exported_with_sigmoids_and_a_threshold(trained, pairs, tmp_path):
    output, _ = trained
    path = tmp_path / "served"
    result = serving.export_file(output / "model.keras", pairs, path, calibrate=True)
    assert any("temperature" in note for note in result.notes)
    assert result.scores["mean_average_precision"] > 0.6
    assert 0 <= result.scores["expected_calibration_error"] < 0.5
    card = json.loads((path / "model_card.json").read_text())
    assert card["outputs"]["activation"] == "sigmoid"
    assert (card["outputs"]["top_k"], card["outputs"]["threshold"]) == (4, 0.5)
    serving.verify(path)
    model = training.load_model(output / "model.keras", compile=False)
    temperature = card["outputs"]["calibration"]["temperature"]
    files = [pathlib.Path(pairs.source).parent / f"{number}.png" for number in range(20)]
    images = np.stack([np.asarray(Image.open(file)) for file in files])[..., None]
    logits = model(images.astype("float32")) / temperature
    lengths = set()
    for file, answer, chances in zip(
        files,
        serving.predict_files(path, files),
        keras.ops.convert_to_numpy(keras.ops.sigmoid(logits)),
        strict=True,
    ):
        assert pathlib.Path(answer.file) == file
        wanted = {CLASSES[number] for number in np.flatnonzero(chances >= 0.5)}
        assert {name for name, _ in answer.classes} == wanted
        lengths.add(len(wanted))
    assert len(lengths) > 1
    plain = serving.predict_files(output / "model.keras", files)
    assert all(value >= 0.5 for answer in plain for _, value in answer.classes)


@pytest.mark.slow
@pytest.mark.rare
def test_it_is_quantised(trained, pairs, tmp_path):
    """Its accuracy is none of one class for each image."""
    output, _ = trained
    options = {"format": "litert", "quantize": "dynamic"}
    result = serving.export_file(output / "model.keras", pairs, tmp_path / "small", **options)
    assert result.scores["mean_average_precision"] > 0.6
    card = json.loads((tmp_path / "small" / "model_card.json").read_text())
    assert "accuracy" not in card["quantization"]
    assert card["quantization"]["tolerance"] > 0


def test_scores_are_those_of_scikit_learn():
    draws = np.random.default_rng(3)
    chances, labels = draws.random((50, 3)), (draws.random((50, 3)) < 0.4).astype("float32")
    labels[:, 2], chances[0, 0] = 0, 0.5  # a half is enough
    found = training.MultilabelPredictions(chances, labels, tuple("x" * 50), ("a", "b", "c"))
    scores = found.evaluation()
    for number in (0, 1):
        wanted = metrics.average_precision_score(labels[:, number], chances[:, number])
        assert scores.average_precision[number] == wanted
    assert np.isnan(scores.average_precision[2])
    assert scores.to_dict()["average_precision"][2] is None
    assert scores.mean_average_precision == np.mean(scores.average_precision[:2])
    given = chances >= 0.5
    np.testing.assert_array_equal(found.given, given)
    assert scores.accuracy == metrics.accuracy_score(labels, given)
    assert scores.micro_f1 == metrics.f1_score(labels, given, average="micro")
    losses = np.where(labels > 0, -np.log(chances), -np.log(1 - chances)).mean(axis=1)
    assert scores.log_loss == pytest.approx(losses.mean())
    assert found.worst(3).tolist() == np.argsort(-losses)[:3].tolist()
    assert found.names_of(labels[0] > 0) == "|".join(np.array(["a", "b", "c"])[labels[0] > 0])


def test_losses_and_what_does_not_go_together(pairs):
    images, none = data.load(pairs), policy.named("none")
    kinds = {"crossentropy": "BinaryCrossentropy", "asymmetric": "AsymmetricMultilabel"}
    for loss, kind in kinds.items():
        job = Job(images, none, training.TrainingSettings(loss=loss))
        assert type(job.network().loss).__name__ == kind
    with pytest.raises(ValueError, match="loss='asymmetric' is for several labels per image"):
        Job(data.load("digits"), none, training.TrainingSettings(loss="asymmetric"))
    with pytest.raises(ValueError, match="label_smoothing goes with loss='crossentropy'"):
        training.TrainingSettings(loss="asymmetric", label_smoothing=0.1)
    with pytest.raises(ValueError, match=r"a GAN takes one label per image, those of pairs.csv"):
        images.check_one_label("a GAN")
    assert data.load("digits").check_one_label("a GAN").name == "digits"


@pytest.mark.slow
def test_labels_count_more_where_they_are_rare(pairs, tmp_path):
    images, none = data.load(pairs), policy.named("none")
    logits = np.linspace(-3, 3, 12).reshape(3, 4).astype("float32")
    rows = np.array([[1, 0, 0, 1], [0, 0, 1, 0], [1, 1, 0.25, 0]], "float32")
    given = {"class_weights": "balanced", "validation": 0, "label_smoothing": 0}
    network = Job(images, none, training.TrainingSettings(**given)).network()
    positive = images.train[1].sum(axis=0)
    weights = (len(images.train[1]) - positive) / positive
    wanted = tf.nn.weighted_cross_entropy_with_logits(rows, logits, weights.astype("float32"))
    assert float(network.loss(rows, logits)) == pytest.approx(np.mean(wanted), rel=1e-6)
    training.save_model(network, tmp_path / "m.keras")
    code = f"import keras, keras_cv_extras; keras.saving.load_model({str(tmp_path / 'm.keras')!r})"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    plain = losses.AsymmetricMultilabel(from_logits=True)
    weighted = _positive_weighted.positive_weighted(plain, np.ones(4))
    assert float(weighted(rows, logits)) == pytest.approx(float(plain(rows, logits)), rel=1e-6)
    doubled = _positive_weighted.positive_weighted(plain, np.full(4, 2.0))
    none_there = np.zeros((3, 4), "float32")
    absent = float(plain(none_there, logits))
    assert float(doubled(none_there, logits)) == pytest.approx(absent, rel=1e-6)
    there = float(plain(none_there + 1, logits))
    assert float(doubled(none_there + 1, logits)) == pytest.approx(2 * there, rel=1e-6)


def test_weights_of_positive_labels():
    labels = np.array([[1, 0, 1], [0, 0, 1], [0, 0, 1], [0, 1, 1]])
    assert data.positive_weights(labels).tolist() == [3, 3, 1]
    effective = data.positive_weights(labels, "effective", beta=0.5)
    assert effective.tolist() == [1.75, 1.75, 1]  # (1 - 1/8) / (1 - 1/2)
    with pytest.raises(ValueError, match=r"labels must be rows \(n, labels\) of 0 and 1"):
        data.positive_weights([0, 1])


@pytest.mark.slow
@pytest.mark.rare
def test_folds_of_several_labels(pairs, tmp_path):
    images = _cross_validate._together(data.load(pairs))
    fold_of = _cross_validate._folds(images, 3, 0)
    sizes = np.bincount(fold_of)
    assert sizes.max() - sizes.min() <= 3
    for number in range(4):
        counts = np.bincount(fold_of[images.train[1][:, number] > 0], minlength=3)
        assert counts.max() - counts.min() <= 2
    settings = training.TrainingSettings(epochs=1, batch_size=64, validation=0)
    result = training.cross_validate(pairs, tmp_path / "out", settings, folds=2, progress=False)
    assert result.scores.images == 240
    assert result.scores.positives.tolist() == images.train[1].sum(axis=0).tolist()
    assert result.notes[0].startswith("Mean average precision of each fold: ")
    names = sorted(result.predictions.names)
    assert names == sorted(map(str, images.files["train"]))
    alone = dataclasses.replace(
        images, train=(images.train[0][:9], np.eye(9, 4, dtype="float32")), files=None
    )
    with pytest.raises(ValueError, match="label '0' is on fewer than two different images"):
        _cross_validate._folds(alone, 3, 0)


@pytest.mark.wide
def test_packs_keep_several_labels(pairs, tmp_path):
    folder = pathlib.Path(pairs.source).parent
    head, *rows = pathlib.Path(pairs.source).read_text().splitlines()
    lines = [f"{row},{'test' if number % 4 == 0 else 'train'}" for number, row in enumerate(rows)]
    (tmp_path / "parts.csv").write_text("\n".join([f"{head},part", *lines]))
    command = [
        "pack",
        str(tmp_path / "parts.csv"),
        str(tmp_path / "packed"),
        "--size",
        "8",
        "--image-column",
        "file",
        "--label-column",
        "digits",
        "--split-column",
        "part",
        "--root",
        str(folder),
        "--separator",
        "|",
        "--form",
        "pixels",
        "--channels",
        "1",
        "--per-file",
        "99",
    ]
    told = CliRunner().invoke(cli.app, command)
    assert told.exit_code == 0, told.exception
    columns = {"image": "file", "label": "digits", "split": "part", "separator": "|"}
    table = data.Table(tmp_path / "parts.csv", root=folder, **columns)
    wanted = data.image_files(table, 8, channels=1)
    assert len(wanted.test) == 60
    found = data.image_files(tmp_path / "packed", 8, channels=1)
    assert found.multilabel
    assert found.class_names == CLASSES
    for part, other in ((found.train, wanted.train), (found.test, wanted.test)):
        assert part.labels.dtype == np.float32
        np.testing.assert_array_equal(part.labels, other.labels)
        np.testing.assert_array_equal(part.image(3), other.image(3))
    loaded = data.load(tmp_path / "packed", channels=1)
    assert loaded.multilabel
    np.testing.assert_array_equal(loaded.test[1], wanted.test.labels)
    names = ("3", "9", "2", "1", "0")
    more = data.image_files(tmp_path / "packed", 8, channels=1, class_names=names)
    np.testing.assert_array_equal(more.test.labels, np.insert(wanted.test.labels[:, ::-1], 1, 0, 1))
    (record, *_) = tf.data.TFRecordDataset(str(tmp_path / "packed" / "test-00000.tfrecord"))
    feature = tf.train.Example.FromString(record.numpy()).features.feature
    names = [name.decode() for name in feature["image/class/text"].bytes_list.value]
    assert [CLASSES.index(name) for name in names] == list(
        feature["image/class/label"].int64_list.value
    )
    assert names == [CLASSES[number] for number in np.flatnonzero(wanted.test.labels[0])]


def test_a_network_of_one_label_refuses_several(pairs, tmp_path):
    model = training.small_cnn((8, 16, 1), 4)
    training.save_model(model, tmp_path / "m.keras", about={"class_names": list(CLASSES)})
    with pytest.raises(ValueError, match=r"m.keras tells one label per image, those of pairs.csv"):
        training.evaluate_file(tmp_path / "m.keras", pairs)
    images = np.zeros((2, 8, 16, 1), "uint8")
    options = {"class_names": CLASSES, "images": images}
    with pytest.raises(ValueError, match="threshold is for several labels per image"):
        serving.export(model, tmp_path / "e", threshold=0.5, **options)
    ended = keras.Model(model.inputs, keras.layers.Softmax()(model.outputs[0]))
    with pytest.raises(ValueError, match="activation must be 'softmax', at the end of the model"):
        serving.export(ended, tmp_path / "e", activation="sigmoid", **options)


@pytest.mark.wide
def test_how_files_are_decoded_travels_with_the_model(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (24, 12, 6, 3), "uint8")
    for number, image in enumerate(pixels):
        path = tmp_path / "photos" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    output = tmp_path / "out"
    options = {"image_size": 8, "resize": "pad", "jpeg": "reduced", "progress": False}
    settings = training.TrainingSettings(epochs=1, batch_size=8)
    training.train(tmp_path / "photos", output, settings, **options)
    network = training.load_model(output / "model.keras", compile=False)
    chosen = training.data_for(network, output / "model.keras", tmp_path / "photos")
    assert chosen.images.decoding == {"resize": "pad", "jpeg": "reduced"}
    assert not chosen.images.train[0][:, :, 0].any()  # a border
    with pytest.raises(ValueError, match=r"'crop': .*model.keras was trained with 'pad'; leave it"):
        training.data_for(network, output / "model.keras", tmp_path / "photos", resize="crop")
    with pytest.raises(ValueError, match="decoding"):
        training.train(tmp_path / "photos", output, settings, **{**options, "resize": "crop"})
