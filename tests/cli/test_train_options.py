"""Every option of `kcx train` and `kcx evaluate` changes what it says, where nothing is trained."""

import json
import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from typer.testing import CliRunner

from keras_cv_extras import cli, data, losses, mix, policy, training


def kcx(*arguments):
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


@pytest.fixture
def asked(monkeypatch):
    """What a training was asked for. It leaves the network, which is right 9 of 10 times."""
    calls = []

    def pipeline(part, batch_size, policy=None, mix=None, seed=0, **options):
        batches = tf.data.Dataset.from_tensor_slices(part).batch(batch_size)
        batches.asked = {"policy": policy, "mix": mix, "seed": seed, "labels": part[1], **options}
        return batches

    def watch(clock, batches):
        return batches

    def fit(model, batches, validation, **options):
        made = batches(4)
        calls.append(types.SimpleNamespace(**options, model=model, validation=validation))
        calls[-1].batches, calls[-1].pipeline = made, getattr(made, "asked", None)
        model.optimizer.build(model.trainable_variables)
        return training.History({}, options["epochs"], 0, model)

    def predict(model, part, class_names, **options):
        labels = np.asarray(part[1][:10]).astype("int64")
        said = np.where(np.arange(10) == 3, (labels + 1) % 10, labels)
        names = tuple(map(str, range(10)))
        return training.Predictions(np.eye(10)[said] * 0.9 + 0.01, labels, names, class_names)

    monkeypatch.setattr(data, "pipeline", pipeline)
    monkeypatch.setattr(training.InputClock, "watch", watch)
    monkeypatch.setattr(training, "fit", fit)
    monkeypatch.setattr(training, "predict", predict)
    monkeypatch.setattr(training, "report", lambda found, *, title, **parts: f"report: {title}")
    return calls


@pytest.fixture
def train(asked, tmp_path):
    def run(*options, code=0):
        number = len(list(tmp_path.iterdir()))
        output = tmp_path / str(number)
        result = kcx("train", "digits", "--output", output, *options)
        assert result.exit_code == code, (result.output, result.exception)
        found = asked.pop()
        found.output, found.text = output, result.output
        found.settings = json.loads((output / "train.json").read_text())
        return found

    return run


def optimizer_of(found):
    return keras.optimizers.serialize(found.model.optimizer)["config"]


def callback(found, kind):
    return [one for one in found.callbacks if isinstance(one, kind)]


def held_out(found):
    return sum(len(labels) for _, labels in found.validation)


def first(found):
    return [np.asarray(part) for part in next(iter(found.batches))]


def test_what_is_not_given_is_the_recipe_s(train):
    found, recipe = train(), training.recipe(None)
    config = optimizer_of(found)
    assert config["learning_rate"]["config"]["warmup_target"] == recipe.learning_rate == 2e-3
    assert config["weight_decay"] == recipe.weight_decay == 1e-4
    assert config["use_ema"] is recipe.average is False
    assert found.model.loss.get_config()["label_smoothing"] == 0
    assert found.epochs == recipe.epochs
    assert len(first(found)[0]) == recipe.batch_size
    assert len(first(found)) == 2  # no weights
    assert callback(found, keras.callbacks.EarlyStopping) == []
    assert callback(found, keras.callbacks.TensorBoard) == []
    assert len(callback(found, training.ProgressBar)) == 1
    assert 75 < held_out(found) < 105  # about a tenth of 898, by what is in the images
    assert found.settings["seed"] == 0


def test_numbers_of_the_optimizer(train):
    found = train(
        *("--learning-rate", 0.25, "--weight-decay", 0.125, "--label-smoothing", 0.5),
        *("--average", "--epochs", 3, "--batch-size", 32, "--quiet"),
    )
    config = optimizer_of(found)
    assert config["learning_rate"]["config"]["warmup_target"] == 0.25
    assert config["weight_decay"] == 0.125
    assert config["use_ema"] is True
    assert found.model.loss.get_config()["label_smoothing"] == 0.5
    assert found.epochs == 3
    assert len(first(found)[0]) == 32
    assert callback(found, training.ProgressBar) == []


@pytest.mark.wide
def test_a_recipe_that_averages_may_be_told_not_to(train, monkeypatch):
    monkeypatch.setattr(training, "recipe", lambda *_, **__: training.Recipe(average=True))
    assert optimizer_of(train())["use_ema"] is True
    assert optimizer_of(train("--no-average"))["use_ema"] is False


@pytest.mark.wide
def test_the_seed_is_that_of_the_weights_the_split_and_the_order(train):
    one, same, other = train(), train("--seed", 0), train("--seed", 5)
    assert other.settings["seed"] == 5
    for wanted, found in zip(one.model.get_weights(), same.model.get_weights(), strict=True):
        np.testing.assert_array_equal(found, wanted)
    assert np.any(one.model.get_weights()[0] != other.model.get_weights()[0])
    assert [run.pipeline["seed"] for run in (one, same, other)] == [0, 0, 5]
    np.testing.assert_array_equal(one.pipeline["labels"], same.pipeline["labels"])
    assert not np.array_equal(one.pipeline["labels"], other.pipeline["labels"])


@pytest.mark.wide
def test_layers_compute_in_the_precision(train):
    found = train("--precision", "mixed_bfloat16")
    kinds = [layer.compute_dtype for layer in found.model.layers]
    assert "bfloat16" in kinds
    assert kinds[-1] == "float32"
    assert found.settings["precision"] == "mixed_bfloat16"
    assert {layer.compute_dtype for layer in train().model.layers} == {"float32"}


def test_patience_stops_by_the_validation_accuracy(train):
    (stop,) = callback(train("--patience", 4), keras.callbacks.EarlyStopping)
    assert (stop.patience, stop.monitor, stop.restore_best_weights) == (4, "val_accuracy", True)


@pytest.mark.wide
def test_validation_is_a_share_or_nothing(train):
    assert train("--validation", 0).validation is None
    half = train("--validation", 0.5)
    assert 400 < held_out(half) < 500


def test_policy_and_mix(train):
    plain = train().pipeline
    assert (plain["policy"], plain["mix"], plain["epoch"]) == (policy.no_augmentation(), None, 4)
    found = train("--policy", "crop", "--mix", "cutmix")
    assert found.pipeline["policy"] == policy.flip_crop(flip=False)
    assert found.pipeline["mix"] == mix.CutMix(num_classes=10)
    assert isinstance(found.model.loss, losses.LogLoss)
    assert next(iter(found.validation))[1].shape[1:] == (10,)  # rows of labels, too


def test_what_a_policy_file_says_of_batches(train, tmp_path):
    batch = {"mix": "cutmix", "mix_rate": 0.5, "repeats": 2, "label_smoothing": 0.25}
    chosen, file = policy.flip_crop().with_batch(**batch), tmp_path / "policy.json"
    chosen.save(file)
    found = train("--policy", file)
    assert found.pipeline["mix"] == mix.CutMix(rate=0.5, num_classes=10)
    assert found.pipeline["num_repeats"] == 2
    assert found.model.loss.get_config()["label_smoothing"] == 0.25
    assert (found.settings["mix"], found.settings["label_smoothing"]) == ("cutmix", 0.25)
    plain = train("--policy", file, "--mix", "none", "--label-smoothing", 0)
    assert plain.pipeline["mix"] is None
    assert plain.model.loss.get_config()["label_smoothing"] == 0
    assert (plain.settings["mix"], plain.settings["label_smoothing"]) == ("none", 0)
    assert plain.settings["policy"]["batch"] == {"repeats": 2}


@pytest.mark.wide
def test_rare_classes_count_more(train):
    _, labels, weights = first(train("--class-weights", "balanced"))
    assert weights.shape == (64,)
    counts = np.bincount(train().pipeline["labels"])
    np.testing.assert_allclose(weights, (counts.sum() / 10 / counts)[labels], rtol=1e-6)


def test_a_network_by_its_name_on_images_of_another_size(train):
    found = train("--model", "lenet5", "--image-size", 12, "--tensorboard")
    assert found.model.name == "lenet5"
    assert found.model.input_shape == (None, 12, 12, 1)
    (board,) = callback(found, keras.callbacks.TensorBoard)
    assert board.log_dir == str(found.output / "tensorboard")


def test_weights_begin_where_a_file_ends(train, tmp_path):
    first = train("--model", "lenet5", "--seed", 3)
    path = tmp_path / "begin.weights.h5"
    first.model.save_weights(path)
    found = train("--model", "lenet5", "--weights", path)
    assert found.settings["weights"] == str(path)
    np.testing.assert_array_equal(found.model.get_weights()[0], first.model.get_weights()[0])


def test_an_accuracy_below_what_was_asked_for_is_an_exit_code(train):
    assert "is below" not in train("--min-accuracy", 0.9).text
    assert "accuracy 0.9000 is below 0.95" in train("--min-accuracy", 0.95, code=3).text


def test_evaluate_writes_what_it_is_asked_for(train, tmp_path):
    model = train("--image-size", 12).output / "model.keras"
    files = [tmp_path / name for name in ("scores.json", "report.html", "predictions.csv")]
    result = kcx(
        *("evaluate", model, "digits", "--image-size", 12),
        *("--output", files[0], "--report", files[1], "--predictions", files[2]),
    )
    assert result.exit_code == 0, (result.output, result.exception)
    assert json.loads(files[0].read_text())["accuracy"] == 0.9
    assert files[1].read_text() == f"report: {model} on digits"
    assert files[2].read_text().count("\n") == 11
    below = kcx("evaluate", model, "digits", "--image-size", 12, "--min-accuracy", 0.91)
    assert below.exit_code == 3
    assert "accuracy 0.9000 is below 0.91" in below.output


def test_streams_take_a_folder_and_accept_some_bad_files(monkeypatch, tmp_path):
    """What comes of them, the tests of files say."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photographs" / "cat").mkdir(parents=True)
    calls = []

    def image_files(name, image_size, *, crop, **options):
        calls.append((name, image_size, crop, options))
        raise ValueError("seen")

    monkeypatch.setattr(data, "image_files", image_files)
    options = ("--stream", "--image-size", 24, "--max-bad", 0.25)
    assert str(kcx("train", "photographs", *options).exception) == "seen"
    decoding = {"resize": "crop", "jpeg": "whole"}
    assert calls == [("photographs", 24, None, {"max_bad": 0.25, **decoding})]


def test_folds(tmp_path, monkeypatch):
    calls = []
    scores = training.Evaluation(0.5, 0.4, 0.6, 1.0, np.ones((2, 2)), *[np.ones(2)] * 3, ("a", "b"))

    def cross_validate(data, output, settings, **options):
        calls.append((data, output, settings, options))
        return training.TrainingResult(scores, ("Accuracy of each fold: 50.0%, 50.0%.",), ())

    monkeypatch.setattr(training, "cross_validate", cross_validate)
    run = kcx("train", "digits", "--folds", 2, "--epochs", 3, "--output", tmp_path / "out")
    assert run.exit_code == 0, run.output
    assert "Accuracy of each fold" in run.output
    ((source, output, settings, options),) = calls
    assert (source, output, settings.epochs) == ("digits", tmp_path / "out", 3)
    assert options["folds"] == 2
    for wrong in (("--folds", 1), ("--folds", 2, "--stream", "--image-size", 8)):
        assert kcx("train", "digits", "--output", tmp_path / "out", *wrong).exit_code == 2
