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
