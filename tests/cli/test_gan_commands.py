import json
import shutil

import numpy as np
import own_names
import pytest
from PIL import Image
from typer.testing import CliRunner

from keras_cv_extras import cli, data, generative, training
from keras_cv_extras._base.owned import folders, kinds
from keras_cv_extras._base.text import pages
from keras_cv_extras.generative import gan
from keras_cv_extras.generative.gan import _files

SMALL = ["--width", "4", "--batch-size", "32", "--every", "5", "--quiet"]


def kcx(*arguments):
    return CliRunner().invoke(cli.app, ["gan", *map(str, arguments)])


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A folder of a short training."""
    folder = tmp_path_factory.mktemp("gan")
    # A measure that is there is not trained: one without training does for this.
    with folders.owned(folder, kinds.GAN):
        training.save_model(training.small_cnn((8, 8, 1), 10), folder / "network.keras")
    result = kcx("train", "digits", "--output", folder, "--steps", 10, *SMALL)
    assert result.exit_code == 0, result.output
    return folder


@pytest.mark.parametrize("command", [[], ["train"], ["sample"], ["report"]], ids=" ".join)
def test_help_teaches(command):
    result = kcx(*command, "--help")
    assert result.exit_code == 0
    assert "Usage" in result.output
    assert len(result.output.splitlines()) > 5


def test_help_needs_no_tensorflow(python):
    script = "import sys; from keras_cv_extras import cli; print('tensorflow' in sys.modules)"
    assert python(script).strip() == "False"


@pytest.mark.slow
def test_a_training_that_was_interrupted_goes_on(run, tmp_path):
    """As files say; tests/generative/test_gan.py has the weights to the bit."""
    folder = tmp_path / "copy"
    shutil.copytree(run, folder)
    result = kcx("train", "digits", "--output", folder, "--steps", 15, *SMALL)
    assert result.exit_code == 0, result.output
    progress = json.loads((folder / "progress.json").read_text())
    assert [part["step"] for part in progress["parts"]] == [5, 10, 15]


@pytest.mark.wide
def test_what_a_training_leaves(run):
    progress = json.loads((run / "progress.json").read_text())
    assert [part["step"] for part in progress["parts"]] == [5, 10]
    assert all(part["local_fid"] > 0 for part in progress["parts"])
    assert progress["network"].startswith("small_cnn on digits (")
    assert not own_names.unsaid(run, kinds.GAN)
    for picture in ("samples.png", "samples/step-000005.png"):
        assert np.asarray(Image.open(run / picture)).std() > 0


@pytest.mark.wide
def test_samples_are_a_folder_of_images(run, tmp_path):
    output = tmp_path / "made"
    result = kcx("sample", run / "gan.keras", "--output", output, "--count", 3)
    assert result.exit_code == 0, result.output
    read = data.load(output, test_fraction=0.34)
    assert len(read.class_names) == 10
    assert read.train[0].shape[1:] == (8, 8, 1)
    assert (tmp_path / "made.png").exists()
    one = kcx("sample", run / "gan.keras", "--output", output / "x", "--class", "3", "--count", 1)
    assert one.exit_code == 0, one.output
    assert "1 classes" in one.output


@pytest.mark.wide
def test_samples_go_through_no_link(run, tmp_path, monkeypatch):
    output, foreign = tmp_path / "made", tmp_path / "foreign"
    gan.sample(run / "gan.keras", output, count=1, classes=["3"], sheet=False)
    foreign.mkdir()
    (output / "notes").symlink_to(foreign)
    gan.sample(run / "gan.keras", output, count=1, classes=["3"], sheet=False)
    (output / "4").symlink_to(foreign)
    monkeypatch.setattr(generative.ConditionalGAN, "generate", None)
    with pytest.raises(OSError, match="4: a link, and nothing is written through links in"):
        gan.sample(run / "gan.keras", output, count=1, classes=["3", "4"], sheet=False)
    assert not list(foreign.iterdir())


@pytest.mark.wide
def test_from_python(run, tmp_path):
    made = gan.sample(run / "gan.keras", tmp_path / "made", count=1, classes=["3"], sheet=False)
    assert made == ("3",)
    assert [path.name for path in tmp_path.iterdir()] == ["made"]
    options = {"steps": 10, "every": 5, "width": 4, "batch_size": 32, "progress": False}
    written = gan.train(data.load("digits"), run, **options)
    assert written == (run / "gan.keras", run / "samples.png")


@pytest.mark.slow
def test_report(run, tmp_path, browser):
    output = tmp_path / "report.html"
    arguments = ["--output", output, "--count", 12, "--steps", 5, "--quiet"]
    result = kcx("report", run / "gan.keras", "digits", *arguments)
    assert result.exit_code == 0, result.output
    scores = json.loads(output.with_suffix(".json").read_text())
    assert set(scores["usefulness"]) == {"real_on_real", "made_on_real", "real_on_made"}
    assert 0 <= scores["memorization"]["suspicious"] <= 1
    assert scores["network"].startswith("small_cnn on digits (")
    assert "http" not in output.read_text().replace("http-equiv", "")
    opened = browser(output)
    assert opened.pop("pictures") == 2 + 2 * 10  # two figures; real beside synthetic of each class
    assert not any(opened.values()), opened


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["train", "digits", "--steps", "7", "--every", "5"], "multiple of every"),
        (["train", "nowhere/at/all"], "nowhere/at/all"),
        (["sample", "nothing.keras"], "nothing.keras: no such file"),
        (["report", "nothing.keras", "digits"], "nothing.keras: no such file"),
    ],
)
def test_errors_are_one_line(arguments, problem, monkeypatch, one_line_error):
    monkeypatch.setattr("sys.argv", ["kcx", "gan", *arguments])
    assert problem in one_line_error()


@pytest.mark.wide
def test_other_settings_are_refused(run):
    result = kcx("train", "digits", "--output", run, "--steps", 10, *SMALL, "--loss", "wgan_gp")
    assert "another loss" in str(result.exception)
    other = kcx("sample", run / "gan.keras", "--class", "eleven")
    assert "class must be one of 0, 1," in str(other.exception)
    small = kcx("report", run / "gan.keras", "digits", "--image-size", 9)
    assert "give the data that it was trained on" in str(small.exception)


@pytest.fixture
def asked(monkeypatch):
    """What a training of a GAN was asked for."""
    calls = []

    def train_gan(gan, x, y, **options):
        calls.append({"gan": gan, "x": x, **options})

    monkeypatch.setattr(_files._training, "train_gan", train_gan)
    return calls


@pytest.fixture
def measured(tmp_path):
    """A folder with a network that measures, which would be trained else."""
    for side in (8, 12):
        folder = tmp_path / str(side)
        with folders.owned(folder, kinds.GAN):
            training.save_model(training.small_cnn((side, side, 1), 10), folder / "network.keras")
    return tmp_path


@pytest.mark.wide
def test_classes_of_few_images_are_told_what_helps_more(asked, tmp_path, capsys):
    images = np.random.default_rng(0).integers(0, 256, (50, 8, 8, 1)).astype("uint8")
    for rare in (6, 20):
        parts = images[: 30 + rare], np.repeat([0, 1], [30, rare])
        folder = tmp_path / f"{rare}"
        with folders.owned(folder, kinds.GAN):
            training.save_model(training.small_cnn((8, 8, 1), 2), folder / "network.keras")
        given = data.ImageData(parts, (images[:2] ^ 1, np.arange(2)), ("cat", "lynx"), f"{rare}")
        gan.train(given, folder, steps=5, every=5, width=4)
        said = " ".join(capsys.readouterr().out.split())
        assert ("class 'lynx' is too small (6 to train on)" in said) == (rare == 6)
    assert len(asked) == 2


@pytest.mark.wide
def test_train_options(asked, measured):
    for side, options in ((8, []), (12, ["--learning-rate", 0.25, "--seed", 7])):
        arguments = ["--output", measured / str(side), "--image-size", side, *options]
        result = kcx("train", "digits", *arguments, *SMALL, "--steps", 20)
        assert result.exit_code == 0, (result.output, result.exception)
    plain, other = asked
    assert (plain["seed"], other["seed"]) == (plain["gan"].seed, other["gan"].seed) == (0, 7)
    assert (plain["x"].shape[1:], other["x"].shape[1:]) == ((8, 8, 1), (12, 12, 1))
    assert float(other["gan"].optimizer.learning_rate) == 0.25
    assert float(other["gan"].discriminator_optimizer.learning_rate) == 0.5
    assert float(plain["gan"].optimizer.learning_rate) == pytest.approx(0.001)
    assert (plain["steps"], plain["every"], plain["batch_size"]) == (20, 5, 32)


@pytest.mark.wide
def test_samples_of_a_seed_with_and_without_a_sheet(run, tmp_path):
    pictures = {}
    for name, options in {
        "plain": ["--sheet"],
        "bare": ["--no-sheet"],
        "other": ["--seed", 3],
    }.items():
        output = tmp_path / name
        arguments = ["--output", output, "--count", 1, "--class", 4, *options]
        assert kcx("sample", run / "gan.keras", *arguments).exit_code == 0
        pictures[name] = np.asarray(Image.open(output / "4" / "00000.png"))
    np.testing.assert_array_equal(pictures["plain"], pictures["bare"])
    assert np.any(pictures["plain"] != pictures["other"])
    assert {path.name for path in tmp_path.glob("*.png")} == {"plain.png", "other.png"}


@pytest.mark.wide
def test_report_options(run, tmp_path, monkeypatch):
    """Two images of each class, from which nothing is learned."""
    calls = {}
    scores = generative.MadeScores("a network", 899, 20, {"local_fid": 1.5}, {})
    memory = generative.Memorization("a network", 0.0, 1.0, np.zeros(20), np.zeros(20), 0.1)

    def usefulness(real, made, test, *, steps, seed):
        calls.update(steps=steps, seed=seed, made=made[0])
        return {"real_on_real": 0.9, "made_on_real": 0.5, "real_on_made": 0.4}

    monkeypatch.setattr(_files._evaluation, "evaluate_made", lambda *_: scores)
    monkeypatch.setattr(_files._evaluation, "memorization", lambda *_: memory)
    monkeypatch.setattr(_files._evaluation, "usefulness", usefulness)
    page = lambda gan, **parts: pages.render("_base/text/page.html", title=parts["title"])  # noqa: E731
    monkeypatch.setattr(_files, "gan_report", page)
    output, made = tmp_path / "page.html", []
    options = ["--output", output, "--count", 2, "--steps", 5, "--image-size", 8, "--quiet"]
    for seed in (0, 3):
        result = kcx("report", run / "gan.keras", "digits", *options, "--seed", seed)
        assert result.exit_code == 0, (result.output, result.exception)
        assert (calls["steps"], calls["seed"]) == (5, seed)
        made.append(calls["made"])
    assert made[0].shape == (20, 8, 8, 1)
    assert np.any(made[0] != made[1])
    assert "<title>GAN on digits</title>" in output.read_text()
    written = json.loads(output.with_suffix(".json").read_text())
    assert written["scores"] == {"local_fid": 1.5}
    assert written["class_names"] == [str(number) for number in range(10)]
    assert written["memorization"]["threshold"] == 0.1
    assert written["memorization"]["classes"] == {str(number): 1.0 for number in range(10)}
