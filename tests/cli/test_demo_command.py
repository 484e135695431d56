"""`kcx demo`: what its options change, where nothing is searched, trained or exported."""

import json
import types

import numpy as np
import pytest
from typer.testing import CliRunner

from keras_cv_extras import cli, data, policy, search, serving, training
from keras_cv_extras.cli import _demo
from keras_cv_extras.search.stages import _splits


def kcx(*arguments):
    return CliRunner().invoke(cli.app, ["demo", *map(str, arguments)])


@pytest.fixture
def calls(monkeypatch):
    """What each step was asked for."""
    seen = {"train": []}
    digits = data.load("digits")

    def load(name, *, seed):
        seen["load"] = (name, seed)
        return digits

    found = policy.flip_crop()
    arm = search.Arm("found", "searched", found, 0.9, 0.85, 0.95, 0.3, 0.9, np.ones((1, 2), bool))

    def search_policy(images, build_model, **options):
        seen["search"] = options
        gain = search.Comparison(0.034, 0.012, 0.056, 0.01)
        return types.SimpleNamespace(
            policy=seen.get("wins", found),
            winner=arm,
            arms=(arm,),
            verdict="a verdict",
            compare=lambda *names: seen.update(compared=names) or gain,
        )

    def train_model(images, chosen, output, **options):
        seen["train"].append({"policy": chosen, "output": output, **options})
        return output.name

    def evaluate(model, images, labels, class_names):
        chances = np.eye(10)[labels[:10]] * 0.9 + 0.01
        names = tuple(map(str, range(10)))
        return training.Predictions(chances, labels[:10], names, class_names).evaluation()

    monkeypatch.setattr(data, "load", load)
    monkeypatch.setattr(search, "search_policy", search_policy)
    monkeypatch.setattr(_demo, "_train_model", train_model)
    monkeypatch.setattr(training, "evaluate", evaluate)
    monkeypatch.setattr(
        serving, "export", lambda model, path, **options: seen.update(export=(model, path))
    )
    monkeypatch.setattr(serving, "verify", lambda path: f"verified {path.name}")
    return seen


def test_options(calls, tmp_path):
    output = tmp_path / "here"
    result = kcx("--output", output, "--trials", 7, "--epochs", 3, "--seed", 5)
    assert result.exit_code == 0, (result.output, result.exception)
    asked = calls["search"]
    assert calls["load"] == ("mnist_5k", 5)
    assert (asked["trials"], asked["seed"]) == (7, 5)
    assert asked["directory"] == output / "search"
    assert asked["progress"] is True
    none, found = calls["train"]
    assert (none["policy"], found["policy"]) == (policy.no_augmentation(), policy.flip_crop())
    assert (none["output"], found["output"]) == (output / "train-none", output / "train-found")
    assert [(one["epochs"], one["seed"], one["progress"]) for one in (none, found)] == [
        (3, 5, True)
    ] * 2
    assert calls["export"] == ("train-found", output / "saved_model")
    settings = {"trials": 7, "epochs": 3, "seed": 5, "smoke": False}
    assert json.loads((output / "demo.json").read_text()) == settings
    assert json.loads((output / "evaluation.json").read_text())["accuracy"] == 1
    for text in ("1 of 5", "a verdict", "5 of 5", "verified saved_model", "found (searched)"):
        assert text in result.output


def test_the_gain_is_said_with_its_interval_and_why_there_is_one(calls, tmp_path):
    result = kcx("--output", tmp_path)
    assert result.exit_code == 0, (result.output, result.exception)
    text = " ".join(result.output.split())
    assert "against none, confirmed: +3.4 points (95 % interval +1.2 to +5.6)" in text
    assert calls["compared"] == ("found", "none")
    assert "Augmentation should help here: of each digit the search trains on 10" in text
    settings = calls["search"]
    assert settings["train_size"] == 100
    assert settings["space"] == "recipe"


def test_the_demo_takes_no_more_images_than_there_are():
    sizes = {name: n for name, n in _demo._SEARCH.items() if name.endswith("_size")}
    del sizes["batch_size"]
    parts = _splits.split_for_search(*data.load(_demo._DATA).train, **sizes, seed=0)
    assert [len(labels) for _, labels in parts.values()] == list(sizes.values())
    few = _demo._SMOKE_SEARCH["train_size"]
    _splits.split_for_search(*data.load(_demo._SMOKE_DATA).train, train_size=few, seed=0)


def test_no_policy_is_trained_twice(calls, tmp_path):
    calls["wins"] = policy.no_augmentation()
    result = kcx("--output", tmp_path)
    assert result.exit_code == 0, (result.output, result.exception)
    (only,) = calls["train"]
    assert only["output"] == tmp_path / "train-none"
    assert calls["export"] == ("train-none", tmp_path / "saved_model")
    assert "against none" not in result.output
    assert str(tmp_path / "train-none" / "model.keras") in "".join(result.output.split())


def test_quiet_and_another_demo_in_the_folder(calls, tmp_path):
    result = kcx("--output", tmp_path, "--quiet")
    assert result.exit_code == 0, (result.output, result.exception)
    assert calls["search"]["progress"] is calls["train"][0]["progress"] is False
    assert "1 of 5" not in result.output
    assert "finished in" in result.output
    other = kcx("--output", tmp_path, "--trials", 3)
    assert "holds a demo with" in str(other.exception)
