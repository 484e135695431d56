"""`kcx train` and `kcx evaluate` on files, and what they write."""

import csv
import json

import numpy as np
import own_names
import pytest
import skimage.data
from PIL import Image
from typer.testing import CliRunner

from keras_cv_extras import cli
from keras_cv_extras._base.owned import kinds

pytestmark = pytest.mark.slow


def kcx(*arguments):
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """A folder of parts of two photographs, with two files that are no images."""
    folder = tmp_path_factory.mktemp("photographs")
    for name in ("chelsea", "coffee"):
        (folder / name).mkdir()
        pixels = getattr(skimage.data, name)()
        for row in range(40):
            top, left = row * 4, row * 5
            part = Image.fromarray(pixels[top : top + 100, left : left + 120])
            part.save(folder / name / f"{row}.jpg")
    whole = (folder / "coffee" / "0.jpg").read_bytes()
    (folder / "coffee" / "half.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "coffee" / "empty.jpg").touch()
    return folder


@pytest.fixture(scope="module")
def trained(photographs, tmp_path_factory):
    output = tmp_path_factory.mktemp("trained")
    result = kcx(
        *("train", photographs, "--stream", "--image-size", 24, "--output", output),
        *("--epochs", 4, "--batch-size", 16, "--mix", "mixup", "--max-bad", 0.05),
        *("--class-weights", "balanced", "--tensorboard", "--validation", 0.2),
    )
    assert result.exit_code == 0, (result.output, result.exception)
    return output, result.output


def test_training_on_files_says_what_happened(trained, photographs):
    output, text = trained
    assert "images/s" in text
    assert "-bound: " in text
    assert "2 image files could not be read and were left out:" in text
    assert f"{photographs / 'coffee' / 'empty.jpg'}: an empty file" in text
    rows = list(csv.DictReader((output / "log.csv").read_text().splitlines()))
    assert [row["epoch"] for row in rows] == [str(number) for number in range(1, 5)]
    assert float(rows[-1]["images_per_second"]) > 0
    assert 0 <= float(rows[-1]["input_wait"]) <= 1
    assert "val_accuracy" in rows[0]
    settings = json.loads((output / "train.json").read_text())
    assert settings["learning_rate"] == pytest.approx(1e-3)  # half, at a quarter of the batch
    assert any((output / "tensorboard").rglob("events*"))
    assert not own_names.unsaid(output, kinds.TRAINING)
    scores = json.loads((output / "scores.json").read_text())
    assert scores["accuracy"] > 0.5
    predictions = list(csv.DictReader((output / "predictions.csv").read_text().splitlines()))
    assert len(predictions) == np.sum(scores["confusion"])
    correct = [int(row["correct"]) for row in predictions]
    assert np.mean(correct) == pytest.approx(scores["accuracy"])
    assert predictions[0]["image"].endswith(".jpg")


def test_the_report_opens(trained, browser):
    page = browser(trained[0] / "report.html")
    assert page["errors"] == []
    assert page["broken"] == []
    assert page["pictures"] >= 3 + 8  # three figures, and the worst images
    text = (trained[0] / "report.html").read_text()
    for word in ("Confusion", "Calibration", "Worst images", "Learning curves", "an empty file"):
        assert word in text
    assert "http" not in text.replace("http-equiv", "")


def test_evaluation_of_files_and_exit_codes(trained, photographs, tmp_path):
    model = trained[0] / "model.keras"
    options = ("--stream", "--image-size", 24, "--max-bad", 0.05)
    report, table = tmp_path / "report.html", tmp_path / "predictions.csv"
    result = kcx(
        "evaluate", model, photographs, *options, "--report", report, "--predictions", table
    )
    assert result.exit_code == 0, (result.output, result.exception)
    assert "could not be read" in result.output
    assert "Learning curves" not in report.read_text()
    assert table.read_text() == (trained[0] / "predictions.csv").read_text()
    below = kcx("evaluate", model, photographs, *options, "--min-accuracy", 1.01)
    assert below.exit_code == 3
    assert "is below 1.01" in below.output
    assert kcx("evaluate", model).exit_code == 2


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--stream"], "--stream needs --image-size"),
        (["--patience", 2, "--validation", 0], "patience needs validation images"),
        (["--patience", 2, "--average"], "--average and --patience both choose"),
        (["--weights", "imagenet"], "--weights needs --model"),
    ],
)
def test_what_cannot_be_is_said(photographs, tmp_path, options, problem):
    result = kcx("train", photographs, "--output", tmp_path / "out", "--epochs", 1, *options)
    assert result.exit_code != 0
    assert problem in str(result.exception)
    assert not (tmp_path / "out").exists()


def test_too_many_bad_files_stop_a_training(photographs, tmp_path):
    for number in range(3):
        content = (photographs / "coffee" / "half.jpg").read_bytes()
        (photographs / "chelsea" / f"half-{number}.jpg").write_bytes(content)
    try:
        options = ("--stream", "--image-size", 24, "--validation", 0, "--quiet")
        result = kcx("train", photographs, "--output", tmp_path, "--epochs", 1, *options)
    finally:
        for path in photographs.glob("chelsea/half-*.jpg"):
            path.unlink()
    assert "more than the 1 that are accepted" in str(result.exception)
    assert "half-" in str(result.exception)
