"""Parts of trainings that only a whole training would run, on values made by hand."""

import csv
import dataclasses
import json
import sys
import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import data, losses, policy, training
from keras_cv_extras.training import (
    _checkpoint,
    _clock,
    _fit,
    _positive_weighted,
    _recipes,
    _replicas,
    _run,
    _strategy,
)
from keras_cv_extras.training.evaluation import _multilabel, _report
from keras_cv_extras.training.job import _cross_validate, _job, _model_data, _parts, _train, loggers

NAMES = ("cat", "dog", "owl")
CHANCES = np.array([[0.9, 0.6, 0.2], [0.4, 0.1, 0.3]])
TRUE = np.array([[1, 0, 0], [1, 0, 0]])


def two(count=12, **options):
    """A few small images of the three classes."""
    images = np.arange(count * 4, dtype="uint8").reshape(count, 2, 2, 1)
    labels = np.arange(count) % 3
    return data.ImageData((images, labels), (images[:2], labels[:2]), NAMES, "few", **options)


def several_labels():
    """The same images, with rows of labels."""
    images = two()
    (x, y), (x_of_test, y_of_test) = images.train, images.test
    parts = {"train": (x, np.eye(3)[y]), "test": (x_of_test, np.eye(3)[y_of_test])}
    return dataclasses.replace(images, **parts)


def test_the_table_of_several_labels_tells_how_sure_the_worst_label_is(tmp_path):
    found = _multilabel.MultilabelPredictions(CHANCES, TRUE, ("a.png", "b.png"), NAMES)
    found.save_csv(tmp_path / "predictions.csv")
    with open(tmp_path / "predictions.csv", encoding="utf-8", newline="") as file:
        rows = [row[:5] for row in list(csv.reader(file))[1:]]
    # Of cat|dog dog is the least sure, 0.6; of nothing cat, which is absent with 0.6.
    assert rows == [
        ["a.png", "cat", "cat|dog", "0", "0.600000"],
        ["b.png", "cat", "", "0", "0.600000"],
    ]
    assert _report._labels_said(found, 0) == ("cat", "", "cat|dog", "")
    assert _report._labels_said(found, 1) == ("cat", "", "none", "")
    right = dataclasses.replace(found, labels=CHANCES > 0.5)
    assert _report._labels_said(right, 0) == ("cat|dog", "", "", "")
    assert _report._labels_said(right, 1) == ("none", "", "", "")


@pytest.mark.parametrize(
    "loss", [keras.losses.BinaryCrossentropy(from_logits=True), losses.AsymmetricMultilabel()]
)
def test_a_loss_with_weights_of_its_labels_is_saved_with_them(loss):
    made = _positive_weighted.positive_weighted(loss, [2.0, 1.0, 1.0])
    for made.reduction in ("sum", "sum_over_batch_size"):
        again = type(made).from_config(made.get_config())
        assert again.reduction == made.reduction
    given = tf.constant([[0.3, 0.7, 0.2]])
    for true in ([[1.0, 0.0, 0.0]], [[0.0, 1.0, 0.0]]):
        assert float(again(true, given)) == pytest.approx(float(made(true, given)))
    assert made.mean == again.mean == isinstance(loss, keras.losses.BinaryCrossentropy)


def test_the_loss_of_halves_of_16_bits_is_scaled():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    for name, scaled in (("mixed_float16", True), ("mixed_bfloat16", False)):
        model.dtype_policy = keras.DTypePolicy(name)
        _recipes.Recipe().compile(model, steps=None)
        assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer) == scaled


def images_with(labels):
    names = tuple(map(str, range(labels.shape[1])))
    return types.SimpleNamespace(train=(None, labels), class_names=names)


def test_folds_of_several_labels_have_as_many_of_each():
    rng = np.random.default_rng(0)
    labels = rng.random((60, 4)) < (0.5, 0.3, 0.1, 0.05)
    labels[:4, 3] = True
    found = _cross_validate._folds_of_labels(images_with(labels), labels, 3, 0)
    assert np.bincount(found).tolist() == [20, 20, 20]
    for own in range(4):
        counts = np.bincount(found[labels[:, own]], minlength=3)
        assert counts.max() - counts.min() <= 1 + (own < 2)
    again = _cross_validate._folds_of_labels(images_with(labels), labels, 3, 0)
    np.testing.assert_array_equal(found, again)
    other = _cross_validate._folds_of_labels(images_with(labels), labels, 3, 1)
    assert (found != other).any()
    labels[:, 3] = np.arange(60) < 1
    with pytest.raises(ValueError, match="label '3' is on fewer than two different images"):
        _cross_validate._folds_of_labels(images_with(labels), labels, 3, 0)
    with pytest.raises(ValueError, match="60 different images are fewer than 61 folds"):
        _cross_validate._folds_of_labels(images_with(labels[:, :3]), labels[:, :3], 61, 0)


def test_labels_go_by_the_names_of_the_models_classes():
    turned = dataclasses.replace(two(), class_names=("owl", "cat"), train=(None, np.array([0, 1])))
    turned = dataclasses.replace(turned, test=(None, np.array([1])))
    found = _model_data._by_name(turned, NAMES, "m.keras")
    assert (found.train[1].tolist(), found.test[1].tolist()) == ([2, 0], [0])
    assert found.class_names == NAMES
    with pytest.raises(ValueError, match=r"class 'rat', which m\.keras does not know"):
        _model_data._by_name(
            dataclasses.replace(turned, class_names=("owl", "rat")), NAMES, "m.keras"
        )
    rows = dataclasses.replace(
        turned,
        train=(None, np.array([[1, 0], [1, 1]])),
        test=(None, np.array([[0, 1]])),
    )
    found = _model_data._by_name(rows, NAMES, "m.keras")
    assert found.train[1].tolist() == [[0, 0, 1], [1, 0, 1]]


@pytest.mark.parametrize(
    ("about", "asked", "said"),
    [
        ({"epochs": 3, "trained": 3}, 3, "has been finished, with 3 epochs"),
        ({"epochs": 3, "trained": 2}, 3, "finished, by --patience after 2 epochs"),
        ({"epochs": 3, "trained": 2}, 5, "finished, by --patience after 2 epochs"),
        ({"epochs": 3, "trained": 3}, 5, None),
        ({}, 3, "has been finished, with 3 epochs"),
    ],
)
def test_a_training_that_was_finished_is_not_done_again(about, asked, said, tmp_path, monkeypatch):
    assert _train._finished(tmp_path, asked) is None
    (tmp_path / "model.keras").touch()
    monkeypatch.setattr(training, "read_about", lambda path: dict(about))
    found = _train._finished(tmp_path, asked)
    assert found is None if said is None else said in found


def test_a_longer_training_is_not_cut(tmp_path, monkeypatch):
    (tmp_path / "model.keras").touch()
    monkeypatch.setattr(training, "read_about", lambda path: {"epochs": 4, "trained": 4})
    with pytest.raises(ValueError, match="holds a training of 4 epochs, not 3: give --epochs 4"):
        _train._finished(tmp_path, 3)
    # Of an earlier version, the checkpoint tells how long it was.
    monkeypatch.setattr(training, "read_about", lambda path: {})
    kept = _checkpoint.Checkpoints(tmp_path / "checkpoint")
    kept.folder.mkdir()
    state = {"epoch": 4, "step": 0, "stopped": False, "history": {}, "callbacks": {}}
    kept.write(state, {"a": np.zeros(1)})
    assert training.trained_epochs(kept.folder) == 4
    with pytest.raises(ValueError, match="holds a training of 4 epochs, not 3"):
        _train._finished(tmp_path, 3)


class Asked(Exception):
    """Raised in place of a training, with what it is known by."""


SETTINGS = {"epochs": 2, "validation": 0.2, "model": None}
OTHERS = {
    "model": "lenet5",
    "policy": "crop",
    "mix": "mixup",
    "batch_size": 32,
    "learning_rate": 0.5,
    "weight_decay": 0.5,
    "label_smoothing": 0.1,
    "average": True,
    "class_weights": "balanced",
    "validation": 0.3,
    "patience": 3,
    "precision": "mixed_bfloat16",
    "seed": 6,
}


@pytest.fixture
def known_by(tmp_path, monkeypatch):
    """Returns what a training is known by, without training."""

    def owned(output, kind, identity):
        raise Asked(identity)

    monkeypatch.setattr(_train.folders, "owned", owned)

    def known(images=None, **changes):
        settings = training.TrainingSettings(**{**SETTINGS, **changes})
        with pytest.raises(Asked) as asked:
            training.train(images or two(), tmp_path / "out", settings, progress=False)
        return asked.value.args[0]

    return known


def test_whatever_changes_its_weights_makes_another_training(known_by):
    own = known_by()
    assert known_by() == own
    assert known_by(epochs=3) == own  # with more it goes on
    fields = {field.name for field in dataclasses.fields(training.TrainingSettings)}
    # Of files alone is there a crop; pretrained weights need a network of a size that has them.
    assert fields == {*OTHERS, "epochs", "crop", "weights", "loss"}
    for name, value in OTHERS.items():
        assert known_by(**{name: value}) != own, name
    assert known_by(two(13)) != own
    assert known_by(several_labels(), loss="asymmetric") != known_by(several_labels())
    usual = {"resize": "crop", "jpeg": "whole"}
    assert known_by(two(decoding=usual)) == own
    assert known_by(two(decoding={**usual, "resize": "pad"})) != own


@pytest.fixture
def trackers(monkeypatch):
    """Notes what a tracker of experiments is told."""
    told = []

    class Begun:
        def __init__(self, **options):
            told.append(options)

        def __enter__(self):
            return self

        def __exit__(self, *error):
            told.append("ended")

    for name, members in {
        "wandb": {"init": Begun},
        "wandb.integration": {},
        "wandb.integration.keras": {"WandbMetricsLogger": lambda: "callback"},
        "mlflow": {"start_run": Begun, "log_params": told.append},
        "mlflow.keras": {"MlflowCallback": lambda: "callback"},
    }.items():
        module = types.ModuleType(name)
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, name, module)
    return told


def test_a_tracker_is_told_what_was_asked(trackers, tmp_path):
    asked = {"epochs": 2, "policy": "x" * 600}
    with loggers.logged("mlflow", tmp_path / "mine", asked) as callbacks:
        assert callbacks == ["callback"]
    short = {"epochs": "2", "policy": "x" * 500}  # it takes no more
    assert trackers == [{"run_name": "mine"}, short, "ended"]
    trackers.clear()
    with loggers.logged("wandb", tmp_path / "mine", asked) as callbacks:
        assert callbacks == ["callback"]
    assert trackers[0]["config"] == asked
    assert (trackers[0]["name"], trackers[1]) == ("mine", "ended")


def test_the_clock_counts_what_goes_by():
    clock = _clock.InputClock()
    batches = tf.data.Dataset.from_tensor_slices((np.zeros((5, 2)), np.zeros(5))).batch(2)
    before = len(list(clock.watch(batches)))
    seconds, images = clock._sums.numpy()
    assert (before, images) == (3, 5)
    assert 0 <= seconds < 60


def test_the_images_of_a_batch_are_those_of_its_place(monkeypatch):
    run = object.__new__(_run.Run)
    run.dataset_of = lambda epoch: epoch
    numbers = tf.data.Dataset.range(12).batch(4)
    monkeypatch.setattr(data, "samples_of", lambda epoch: numbers if epoch == 3 else None)
    assert run._samples(3, 1) == [4, 5, 6, 7]
    assert run._samples(2, 1) is None
    run.dataset_of = lambda epoch: tf.data.Dataset.zip(numbers, numbers.map(lambda n: 10 * n))
    assert run._labels(0, 2).tolist() == [80, 90, 100, 110]


def test_a_dataset_that_is_sent_away_is_made_as_it_was_asked_for():
    sent = tf.data.Dataset.range(3)
    sent.__class__ = type("_DataServiceDataset", (type(sent),), {})
    made = []

    def train(epoch):
        made.append(epoch)
        return sent

    dataset_of = _fit._made_here(train)
    assert dataset_of(0) is dataset_of(1) is sent
    assert made == [0, 0, 1]  # looked at once


class OwnTest(keras.Model):
    """Validates by a step of its own."""

    def test_step(self, batch):
        return {}


class OwnTrain(keras.Model):
    """Trains by a step of its own."""

    def train_step(self, batch):
        return {}


def test_a_step_of_ones_own_is_no_step_of_keras():
    for own in (OwnTest(), OwnTrain()):
        assert not _replicas.has_steps_of_keras(own)
    assert _replicas.has_steps_of_keras(keras.Model())


@pytest.mark.parametrize("name", ["mirrored", "multiworker"])
def test_another_backend_has_no_strategies(name, monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(ValueError, match=f"strategy '{name}' needs the TensorFlow backend"):
        _strategy.make_strategy(name)
    assert _strategy.make_strategy("auto") is _strategy.make_strategy("none") is None


@pytest.fixture
def job(monkeypatch):
    """Makes a job of which the parts are given, and notes what is fitted."""

    def make(images=None, **settings):
        given = training.TrainingSettings(**{"validation": 0.25, "epochs": 1, **settings})
        return _job.Job(images or two(), policy.no_augmentation(), given)

    return make


def test_weights_of_classes_are_those_of_what_is_trained_on(job, monkeypatch):
    """What is held out for validation does not count."""
    made, asked = job(class_weights="effective"), []

    def weights(labels, method, **options):
        asked.append((labels.tolist(), method))
        raise Asked

    monkeypatch.setattr(data, "class_weight", weights)
    with pytest.raises(Asked):
        made.run(None, [], None)
    assert asked == [(made.train[1].tolist(), "effective")]
    assert len(made.train[1]) < 12
    several = job(several_labels(), class_weights="effective")
    monkeypatch.setattr(data, "positive_weights", weights)
    with pytest.raises(Asked):
        several.network()
    assert asked[1][1] == "effective"
    assert len(asked[1][0]) == len(several.train[1])


def test_files_that_were_too_many_are_named(job, monkeypatch):
    made = job()

    class Part:
        def check(self):
            raise Asked("a.png cannot be read")

    def fit(*arguments, **options):
        raise tf.errors.InvalidArgumentError(None, None, "in a graph")

    monkeypatch.setattr(training, "fit", fit)
    monkeypatch.setattr(type(made), "network", lambda self: None)
    monkeypatch.setattr(made, "_files", lambda: [Part()])
    with pytest.raises(Asked, match=r"a\.png"):
        made.run(None, [], None)


def test_a_part_that_is_validated_is_not_cropped_at_random(monkeypatch):
    class Files:
        def __init__(self, crop="random"):
            self.crop = crop

        def with_crop(self, crop):
            return Files(crop)

    monkeypatch.setattr(_job, "FilePart", Files)
    monkeypatch.setattr(_job, "some", lambda part, chosen: Files())
    train, validation = _job._parts(Files(), np.array([True, False]))
    assert (train.crop, validation.crop) == ("random", None)


def test_files_that_could_not_be_read_are_listed_up_to_ten():
    bad = {f"{number}.png": "damaged" for number in range(12)}
    lines = _parts.unreadable_lines(bad)
    assert lines[0] == "12 image files could not be read and were left out:"
    assert lines[1:11] == [f"{number}.png: damaged" for number in range(10)]
    assert lines[11:] == ["and 2 more"]
    assert _parts.unreadable_lines({}) == []
    assert len(_parts.unreadable_lines(dict(list(bad.items())[:10]))) == 11


def test_what_is_asked_of_a_crop_counts(monkeypatch):
    class Files:
        def __init__(self, crop):
            self.crop = crop

        def with_crop(self, crop):
            return crop

    @dataclasses.dataclass
    class Opened:
        train: object

    monkeypatch.setattr(data, "ImageFiles", Opened)
    own, usual = data.RandomResizedCrop(), Opened(Files(None))
    assert _parts.cut(usual, None) is usual
    assert _parts.cut(Opened(Files(own)), "none").train is None
    assert _parts.cut(Opened(Files(own)), "random-resized").train is own
    assert isinstance(_parts.cut(usual, "random-resized").train, data.RandomResizedCrop)
    with pytest.raises(ValueError, match="drawn when files are decoded: give stream"):
        _parts.cut(two(), "random-resized")


def test_scores_of_a_part_are_json(tmp_path):
    nothing = np.array([[1, 0, 0], [1, 0, 0]])
    found = _multilabel.score(CHANCES, nothing, NAMES)
    found.save(tmp_path / "scores.json")
    scores = json.loads((tmp_path / "scores.json").read_text())
    assert scores["average_precision"] == [1.0, None, None]
    assert scores["positives"] == [2, 0, 0]
    assert scores["mean_average_precision"] == 1.0
