"""Mistakes in arguments are said in the words of the command line, before anything is done."""

import re
import sys

import pytest

from keras_cv_extras import cli
from keras_cv_extras.cli import _words


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("train digits --min-accuracy nan", "--min-accuracy must be a share"),
        ("train digits --min-accuracy 90", "--min-accuracy must be a share"),
        ("evaluate model.keras digits --min-accuracy -1", "--min-accuracy must be a share"),
        ("search run digits --also mix", "--also is a part of recipes: give --space recipe"),
        ("train digits --seed -1", "--seed must be at least 0"),
        ("train digits --seed 4294967296", "--seed must be at most 4294967295"),
        ("train digits --learning-rate inf", "--learning-rate must be finite"),
        ("train digits --image-size 0", "--image-size must be at least 1"),
        ("train digits --batch-size 0", "--batch-size must be at least 1"),
        ("train digits --model resnet19", "--model must be one of those that kcx models lists"),
        ("evaluate m.keras digits --report r --predictions r", "two files would be written there"),
    ],
)
def test_one_line_with_the_option(one_line_error, monkeypatch, arguments, message):
    monkeypatch.setattr(sys, "argv", ["kcx", *arguments.split()])
    assert re.search(message, one_line_error())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("train nope", "unknown data set 'nope': known are mnist_5k, "),
        ("train ./nope/there", "nope/there: no such folder"),
        ("train nope.csv", "nope.csv: no such file"),
        ("train HERE", "HERE: no class folders"),
        ("train FILE", "FILE: a file; give a folder"),
        ("train digits --policy nope.json", "nope.json: no such file"),
        ("train digits --weights nope.h5 --model lenet5", "nope.h5: no such file"),
        ("train digits --root nope", "nope: no such folder, which --root names"),
        ("evaluate FILE nope", "unknown data set 'nope'"),
        ("evaluate HERE digits", "HERE: a folder; give the path of a file"),
        ("pack nope out", "unknown data set 'nope'"),
        ("search run nope", "unknown data set 'nope'"),
        ("search status nope", "nope: no such file or folder"),
        ("classical train nope", "unknown data set 'nope'"),
        ("classical evaluate nope digits", "nope: no such file"),
        ("gan train nope", "unknown data set 'nope'"),
        ("gan report FILE nope", "unknown data set 'nope'"),
        ("gan sample nope", "nope: no such file"),
        ("export FILE nope", "unknown data set 'nope'"),
        ("export FILE digits --policy nope.json", "nope.json: no such file"),
        ("export FILE digits --calibration nope", "nope: no such file"),
        ("verify nope", "nope: no such file or folder"),
        ("predict nope a.png", "nope: no such file or folder"),
        ("policy show nope.json", "nope.json: no such file"),
        ("policy show crop --data nope", "unknown data set 'nope'"),
        ("policy convert nope.json other.json", "nope.json: no such file"),
    ],
)
def test_what_is_missing_is_said_before_tensorflow_is_loaded(
    one_line_error, monkeypatch, tmp_path_factory, arguments, message
):
    here = tmp_path_factory.mktemp("given")
    (here / "file").touch()
    (here / "empty").mkdir()
    arguments = arguments.replace("FILE", str(here / "file")).replace("HERE", str(here / "empty"))
    monkeypatch.setattr(sys, "argv", ["kcx", *arguments.split()])
    for name in ("train", "serving", "gan", "search", "classical", "policy"):
        module = sys.modules[f"keras_cv_extras.cli._{name}"]
        monkeypatch.setattr(module, "import_tensorflow", loaded)
    text = one_line_error()
    assert message.replace("FILE", str(here / "file")).replace("HERE", str(here / "empty")) in text


def loaded():
    raise AssertionError("TensorFlow was loaded")


def test_no_data_at_all(one_line_error, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["kcx", "train", ""])
    assert "DATA is empty" in one_line_error()


def test_what_a_text_complains_of_is_an_option():
    options = {"top_k": "--top-k", "source_format": "--from"}
    assert _words.translated("top_k must be 1", options) == "--top-k must be 1"
    assert _words.translated("source_format must be 1", options) == "--from must be 1"
    assert _words.translated("top must be 1", options) == "top must be 1"
    assert _words.translated("top_k is odd", options) == "top_k is odd"


@pytest.mark.parametrize(
    "error", [MemoryError(), type("ResourceExhaustedError", (Exception,), {})("OOM of 60 lines")]
)
def test_memory_that_is_lacking(monkeypatch, error):
    def run():
        raise error

    monkeypatch.setattr(cli, "app", run)
    with pytest.raises(SystemExit, match="^error: out of memory: take smaller images"):
        cli.main()


def test_a_bug_is_not_hidden(monkeypatch):
    monkeypatch.setattr(cli, "app", lambda: {}["bug"])
    with pytest.raises(KeyError, match="bug"):
        cli.main()
