import json
import types

import numpy as np
import pytest
from PIL import Image
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


@pytest.mark.wide
def test_policy_convert_and_show(tmp_path):
    file = tmp_path / "policy.json"
    result = kcx("policy", "convert", "svhn", file, "--spec", "tpu")
    assert result.exit_code == 0, result.output
    assert policy.Policy.load(file) == policy.auto_augment("svhn", spec="tpu")
    result = kcx("policy", "show", file, "--data", "digits", "--columns", 2)
    assert result.exit_code == 0, result.output
    assert "25 sub-policies" in result.output
    assert (tmp_path / "policy.png").read_bytes().startswith(b"\x89PNG")


def test_policy_show_takes_the_names_that_training_takes(tmp_path):
    shown = tmp_path / "shown.png"
    options = ("--data", "digits", "--columns", 2, "--output", shown)
    result = kcx("policy", "show", "crop", *options)
    assert result.exit_code == 0, result.output
    assert result.output.startswith("crop: ")
    assert shown.read_bytes().startswith(b"\x89PNG")
    result = kcx("policy", "show", "cropped", *options)
    assert "must be a file or one of none, flip_crop" in str(result.exception)


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
        (["train", "digits", "--policy", "nothing"], "policy must be a file or one of"),
        (["evaluate", "nothing.keras", "digits"], "nothing.keras: no such file"),
        (["policy", "show", "nothing.json"], "nothing.json: no such file"),
        (["policy", "convert", "nothing.json", "out.json"], "nothing.json: no such file"),
    ],
)
def test_errors_are_one_line(arguments, problem, monkeypatch, one_line_error):
    monkeypatch.setattr("sys.argv", ["kcx", *arguments])
    assert problem in one_line_error()


@pytest.mark.wide
def test_train_a_network_by_its_name(tmp_path):
    options = ["digits", "--output", tmp_path, "--epochs", 1, "--quiet"]
    options += ["--validation", 0, "--batch-size", 449]  # half of the images
    result = kcx("train", *options, "--model", "lenet5")
    assert result.exit_code == 0, result.output
    settings = json.loads((tmp_path / "train.json").read_text())
    assert settings["model"] == "lenet5"
    result = kcx("train", "digits", "--output", tmp_path / "other", "--model", "lenet6")
    assert "did you mean lenet5" in str(result.exception)


@pytest.fixture
def drawn(monkeypatch):
    """What a sheet was asked for."""
    calls = []

    def policy_sheet(chosen, images, *, columns, seed):
        calls.append({"policy": chosen, "images": images, "columns": columns, "seed": seed})
        return types.SimpleNamespace(savefig=lambda path, **_: path.write_bytes(b"a picture"))

    monkeypatch.setattr(policy, "policy_sheet", policy_sheet)
    return calls


def test_policy_show_options(drawn, tmp_path):
    file, picture = tmp_path / "policy.json", tmp_path / "other.png"
    policy.flip_crop().save(file)
    options = ["--data", "digits", "--image-size", 12, "--columns", 3, "--seed", 5]
    result = kcx("policy", "show", file, *options, "--output", picture)
    assert result.exit_code == 0, (result.output, result.exception)
    assert picture.read_bytes() == b"a picture"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other.png", "policy.json"]
    (call,) = drawn
    assert (call["policy"], call["columns"], call["seed"]) == (policy.flip_crop(), 3, 5)
    assert call["images"].shape[1:] == (12, 12, 1)


def test_policy_convert_in_pixels_and_with_losses(tmp_path):
    """Model Garden shifts by pixels, and has no blur."""
    file = tmp_path / "policy.json"
    moved = [[policy.Step("translate_x", 1.0, 0.1)]]
    policy.Policy(moved).save(file)
    levels = []
    for size in (16, 32):
        out = tmp_path / f"{size}.json"  # with no mark: what has another text is not replaced
        arguments = ["policy", "convert", file, out, "--to", "model_garden"]
        result = kcx(*arguments, "--image-size", size)
        assert result.exit_code == 0, (result.output, result.exception)
        levels.append({abs(row[0][2]) for row in json.loads(out.read_text())}.pop())
    assert levels[0] > 0
    assert levels[1] == pytest.approx(2 * levels[0])
    assert kcx(*arguments).exit_code != 0  # how many pixels, it cannot know
    policy.Policy([[policy.Step("gaussian_blur", 1.0, 0.5)], *moved]).save(file)
    strict = kcx(*arguments, "--image-size", 16)
    assert "gaussian_blur" in str(strict.exception)
    out.unlink()
    with pytest.warns(UserWarning, match="gaussian_blur"):
        result = kcx(*arguments, "--image-size", 16, "--lossy")
    assert result.exit_code == 0, (result.output, result.exception)


def test_a_sheet_shows_images_of_all_classes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, value in (("black", 0), ("white", 255)):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(9):  # nine and nine, of which eight are shown
            image = Image.fromarray(np.full((8, 8, 3), value, "uint8"))
            image.putpixel((0, 0), (number, 0, 0))  # each another image
            image.save(tmp_path / "photos" / name / f"{number}.png")
    shown = []

    def sheet(chosen, images, **options):
        shown.extend(np.median(image) for image in images[: options["columns"]])
        raise ValueError("seen")

    monkeypatch.setattr(policy, "policy_sheet", sheet)
    assert "seen" in str(kcx("policy", "show", "crop", "--data", "photos").exception)
    assert len(shown) == 8
    assert set(shown) == {0, 255}
