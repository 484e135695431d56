import json

import joblib
import pytest
from sklearn import svm
from typer.testing import CliRunner

from keras_cv_extras import classical, cli, data


def kcx(*arguments):
    return CliRunner().invoke(cli.app, ["classical", *map(str, arguments)])


@pytest.mark.parametrize("command", [[], ["train"], ["evaluate"]], ids=" ".join)
def test_help_teaches(command):
    result = kcx(*command, "--help")
    assert result.exit_code == 0
    assert "Usage" in result.output
    assert len(result.output.splitlines()) > 5


@pytest.mark.wide
def test_train_and_evaluate(tmp_path):
    output = tmp_path / "model"
    options = ["--output", output, "--system", "llc", "--num-words", 32, "--train-size", 300]
    result = kcx("train", "digits", *options)
    assert result.exit_code == 0, result.output
    assert "4 of 4 classifier: LinearSVC" in result.output
    assert "accuracy" in result.output
    model = tmp_path / "model.skops"
    scores = tmp_path / "scores.json"
    again = kcx("evaluate", model, "digits", "--output", scores)
    assert again.exit_code == 0, again.output
    assert json.loads(scores.read_text())["accuracy"] > 0.8
    assert f"accuracy {json.loads(scores.read_text())['accuracy']:.4f}" in result.output
    other = kcx("evaluate", model, "digits", "--image-size", 9)
    assert "takes images of (8, 8, 1)" in str(other.exception)


def test_pickles_are_named(tmp_path):
    model = tmp_path / "model.joblib"
    options = ["--output", model, "--system", "hog", "--train-size", 100, "--quiet"]
    result = kcx("train", "digits", *options)
    assert result.exit_code == 0, result.output
    assert "note: " in result.output
    assert "is written as a pickle" in result.output
    assert "1 of 2" not in result.output
    assert "is read as a pickle" in kcx("evaluate", model, "digits").output


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["train", "nowhere/at/all"], "nowhere/at/all"),
        (["train", "digits", "--system", "hog", "--num-words", "3"], "are not for 'hog'"),
        (["train", "digits", "--system", "llc", "--num-words", "999999"], "too few for num_words"),
        (["train", "digits", "--system", "hog", "--color", "rgb"], "color is not for 'hog'"),
        (["train", "digits", "--color", "opponent"], "images of three colours"),
        (["train", "digits", "--train-size", "100000"], "--train-size must be at most"),
        (["evaluate", "nothing.skops", "digits"], "nothing.skops: no such file"),
        (["evaluate", "setup.cfg", "digits"], "setup.cfg"),
    ],
)
def test_errors_are_one_line(arguments, problem, monkeypatch, one_line_error):
    monkeypatch.setattr("sys.argv", ["kcx", "classical", *arguments])
    assert problem in one_line_error()


def test_classifier_image_size_and_seed(tmp_path):
    options = ["--system", "hog", "--train-size", 40, "--image-size", 12, "--quiet"]
    for number, more in enumerate(
        (
            ["--classifier", "kernel_svm", "--seed", 5],
            ["--classifier", "linear_svm"],
        )
    ):
        output = tmp_path / f"{number}.joblib"
        result = kcx("train", "digits", "--output", output, *options, *more)
        assert result.exit_code == 0, (result.output, result.exception)
    kernel, linear = (joblib.load(tmp_path / f"{number}.joblib") for number in (0, 1))
    assert kernel.data_["image_shape"] == [12, 12, 1]
    assert type(kernel.steps[-1][1]) is svm.SVC
    assert type(linear.steps[-1][1]) is svm.LinearSVC
    assert kernel.steps[-1][1].random_state == 5
    assert linear.steps[-1][1].random_state == 0
    result = kcx("evaluate", tmp_path / "0.joblib", "digits", "--image-size", 12)
    assert "accuracy 0." in result.output


def test_from_python(tmp_path):
    told, digits = [], data.load("digits")
    scores, path = classical.train(
        digits, tmp_path / "m.skops", system="hog", train_size=100, tell=told.append
    )
    assert isinstance(scores, classical.ClassicalScores)
    assert told[0] == repr(digits)
    assert told[-1].startswith("2 of 2 classifier: LinearSVC, ")
    assert sum(scores.images) == len(digits.test[1])
    assert classical.evaluate(path, digits) == scores
