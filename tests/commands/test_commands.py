import json

import pytest
from typer.testing import CliRunner

from keras_cv_extras import cli, policy

COMMANDS = [
    [],
    ["demo"],
    ["search"],
    ["search", "run"],
    ["search", "status"],
    ["search", "report"],
    ["train"],
    ["evaluate"],
    ["export"],
    ["verify"],
    ["predict"],
    ["gallery"],
    ["policy"],
    ["policy", "show"],
    ["policy", "convert"],
    ["bench"],
    ["bench", "policies"],
    ["bench", "ops"],
    ["bench", "losses"],
    ["bench", "input"],
]


def kcx(*arguments):
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_teaches(command):
    result = kcx(*command, "--help")
    assert result.exit_code == 0
    assert "Usage" in result.output
    assert len(result.output.splitlines()) > 5


def test_policy_convert_and_show(tmp_path):
    file = tmp_path / "policy.json"
    result = kcx("policy", "convert", "svhn", file, "--spec", "tpu")
    assert result.exit_code == 0, result.output
    assert policy.Policy.load(file) == policy.auto_augment("svhn", spec="tpu")
    result = kcx("policy", "show", file, "--data", "digits", "--columns", 2)
    assert result.exit_code == 0, result.output
    assert "25 sub-policies" in result.output
    assert (tmp_path / "policy.png").read_bytes().startswith(b"\x89PNG")


def test_policy_convert_from_a_file(tmp_path):
    levels = tmp_path / "levels.json"
    levels.write_text(json.dumps([[["ShearX", 0.9, 4], ["Invert", 0.2, None]]]))
    assert kcx("policy", "convert", levels, tmp_path / "out.json").exit_code == 0
    made = policy.Policy.load(tmp_path / "out.json")
    assert made.sub_policies[0][0].op == "shear_x"
    assert made.name == "levels"


def test_policy_convert_between_libraries(tmp_path):
    file = tmp_path / "policy.json"
    assert kcx("policy", "convert", "svhn", file, "--spec", "tpu").exit_code == 0
    for library in ("torchvision", "albumentations", "dali", "model_garden"):
        there, back = tmp_path / f"{library}.there", tmp_path / f"{library}.json"
        result = kcx("policy", "convert", file, there, "--to", library)
        assert result.exit_code == 0, result.output
        result = kcx("policy", "convert", there, back, "--from", library)
        assert result.exit_code == 0, result.output
        again, wanted = policy.Policy.load(back), policy.Policy.load(file)
        if library == "model_garden":  # which reflects, where it does not say so
            wanted = policy.from_model_garden("svhn")
        assert again.stages == wanted.stages
    text, made = tmp_path / "timm.txt", tmp_path / "timm.json"
    assert kcx("policy", "convert", "rand-m9-n3-inc1", made, "--from", "timm").exit_code == 0
    assert kcx("policy", "convert", made, text, "--to", "timm").exit_code == 0
    assert text.read_text() == "rand-m9-n3-inc1\n"
    named = "RandAugment num_ops=3 magnitude=7"
    assert kcx("policy", "convert", named, made, "--from", "torchvision").exit_code == 0
    assert policy.Policy.load(made).stages[0].num_draws == 3
    result = kcx("policy", "convert", file, text, "--to", "timm")
    assert "timm cannot say this policy exactly" in str(result.exception)


def test_train_evaluate(tmp_path):
    output = tmp_path / "train"
    options = ["digits", "--output", output, "--policy", "crop", "--epochs", 2, "--quiet"]
    result = kcx("train", *options)
    assert result.exit_code == 0, result.output
    assert "accuracy" in result.output
    model = output / "model.keras"
    assert model.exists()
    again = kcx("train", *options)
    assert again.exit_code == 0, again.output
    other = kcx("train", *options, "--seed", 3)
    assert "a training with another seed" in str(other.exception)
    result = kcx("evaluate", model, "digits", "--output", tmp_path / "scores.json")
    assert result.exit_code == 0, result.output
    assert json.loads((tmp_path / "scores.json").read_text())["accuracy"] > 0.1
    wrong = kcx("evaluate", model, "mnist_5k")
    assert wrong.exit_code != 0


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["train", "nowhere/at/all"], "nowhere/at/all"),
        (["train", "digits", "--policy", "nothing.json"], "policy must be a file or one of"),
        (["evaluate", "nothing.keras", "digits"], "nothing.keras: no such file"),
        (["policy", "show", "nothing.json"], "nothing.json: no such file"),
        (["policy", "convert", "nothing.json", "out.json"], "nothing.json: no such file"),
    ],
)
def test_errors_are_one_line(arguments, problem, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["kcx", *arguments])
    with pytest.raises(SystemExit) as error:
        cli.main()
    text = str(error.value.code)
    assert text.startswith("error: ")
    assert problem in text
    assert "\n" not in text
    assert list(tmp_path.iterdir()) == []


def test_train_a_network_by_its_name(tmp_path):
    options = ["digits", "--output", tmp_path, "--epochs", 1, "--quiet"]
    options += ["--validation", 0, "--batch-size", 449]  # half of the images
    result = kcx("train", *options, "--model", "lenet5")
    assert result.exit_code == 0, result.output
    settings = json.loads((tmp_path / "train.json").read_text())
    assert settings["model"] == "lenet5"
    result = kcx("train", "digits", "--output", tmp_path / "other", "--model", "lenet6")
    assert "did you mean lenet5" in str(result.exception)
