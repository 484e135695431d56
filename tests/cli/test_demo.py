"""`kcx demo`: all five steps, on tiny images; what is there is not done again."""

import json

import own_names
import pytest
from typer.testing import CliRunner

from keras_cv_extras import cli
from keras_cv_extras._base.owned import kinds
from keras_cv_extras.policy import Policy, no_augmentation


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "all"
    return folder, CliRunner().invoke(cli.app, ["demo", "--smoke", "--output", str(folder)])


@pytest.mark.slow
def test_all_steps(demo):
    folder, result = demo
    assert result.exit_code == 0, result.output
    for step in ("1 of 5", "2 of 5", "3 of 5", "4 of 5", "5 of 5", "finished in"):
        assert step in result.output
    written = {path.name for path in folder.glob("[!.]*")}
    chosen = Policy.load(folder / "search" / "policy.json")
    trained = {"train-none"}
    if chosen.stages != no_augmentation().stages:  # else it is the same training
        trained.add("train-found")
    assert written == {"demo.json", "evaluation.json", "saved_model", "search"} | trained
    assert json.loads((folder / "evaluation.json").read_text())["accuracy"] > 0.05
    assert chosen.sub_policies
    assert not own_names.unsaid(folder, kinds.DEMO)
    card = json.loads((folder / "saved_model" / "model_card.json").read_text())
    assert card["class_names"] == [str(digit) for digit in range(10)]


@pytest.mark.slow
@pytest.mark.rare
def test_what_is_done_is_not_done_again(demo, monkeypatch):
    folder, _ = demo

    def training(*args, **kwargs):
        raise AssertionError("a training began")

    monkeypatch.setattr("keras_cv_extras.training.fit", training)
    again = CliRunner().invoke(cli.app, ["demo", "--smoke", "--output", str(folder), "--quiet"])
    assert again.exit_code == 0, again.output
    accuracy = json.loads((folder / "evaluation.json").read_text())["accuracy"]
    assert f"{accuracy:.4f}" in again.output


@pytest.mark.slow
def test_another_demo_is_another_folder(demo):
    folder, _ = demo
    other = CliRunner().invoke(cli.app, ["demo", "--output", str(folder)])
    assert "holds a demo with" in str(other.exception)
    assert "give another --output" in str(other.exception)
