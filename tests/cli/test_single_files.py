"""Functions and commands that write one file replace their own, and nobody else's."""

import zipfile

import keras
import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB

from keras_cv_extras import classical, cli, inference, policy, training
from keras_cv_extras._base import files
from keras_cv_extras._base.owned import written
from keras_cv_extras._base.text import pages
from keras_cv_extras.bench import _measure
from keras_cv_extras.generative._evaluation import MadeScores
from keras_cv_extras.training.evaluation import _evaluate
from keras_cv_extras.training.evaluation._predictions import Predictions

CHANCES, LABELS = np.eye(2), np.arange(2)
FLIP = policy.flip_crop()


def convert(to):
    return lambda path: policy.convert("cifar10", path, to=to, strict=False, image_size=32)


PAGE = pages.render("_base/text/page.html", title="title")

WRITERS = {
    "policy": FLIP.save,
    "schedule": policy.PolicySchedule({0: FLIP}).save,
    "calibration": inference.Calibration(2.0).save,
    "scores": _evaluate.score(CHANCES, LABELS, ["a", "b"]).save,
    "predictions": Predictions(CHANCES, LABELS, ("1", "2"), ("a", "b")).save_csv,
    "made scores": MadeScores("network", 2, 2, {}, {}).save,
    "page": lambda path: files.write_text(path, PAGE, written.is_ours),
    "bench": lambda path: _measure.write_report(path, "ops", []),
    "kcx": convert("kcx"),
    "torchvision": convert("torchvision"),
    "dali": convert("dali"),
    "albumentations": convert("albumentations"),
    "model_garden": convert("model_garden"),
    "timm": lambda path: policy.convert("rand-m9-n2", path, source_format="timm", to="timm"),
}


@pytest.mark.filterwarnings("ignore::UserWarning")  # of what the other libraries do not have
@pytest.mark.parametrize("name", WRITERS)
def test_a_file_of_ones_own_alone_is_replaced(tmp_path, name):
    path = tmp_path / "file"
    path.write_text("")
    WRITERS[name](path)
    first = path.read_bytes()
    WRITERS[name](path)
    assert len(path.read_bytes()) == len(first) > 0
    foreign = b'{"accuracy": 1, "format": "somebody\'s", "by": "keras_cv_extras"}'
    path.write_bytes(foreign)
    with pytest.raises(FileExistsError, match=r"^[^\n]*/file: a file that this did not write"):
        WRITERS[name](path)
    assert path.read_bytes() == foreign
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def save_model(path, **options):
    training.save_model(
        keras.Sequential([keras.Input((1,)), keras.layers.Flatten()]), path, **options
    )
    assert training.load_model(path).count_params() == 0


def save_model_with_names(path, **options):
    about = {"class_names": ["a"]}
    training.save_model(
        keras.Sequential([keras.Input((1,)), keras.layers.Flatten()]), path, about=about, **options
    )
    assert training.read_about(path) == about


def save_classifier(path, **options):
    classical.save(GaussianNB().fit(CHANCES, LABELS), path, **options)
    assert classical.load(path).predict(CHANCES).tolist() == [0, 1]


MODELS = [
    (save_model, "model.keras"),
    (save_model_with_names, "model.keras"),
    (save_classifier, "model.skops"),
    (save_classifier, "model.joblib"),
]


@pytest.mark.wide
@pytest.mark.filterwarnings("ignore:.*as a pickle")
@pytest.mark.parametrize(("save", "name"), MODELS)
def test_a_model_of_somebody_is_replaced_when_asked_for(tmp_path, save, name):
    path = tmp_path / name
    save(path)
    save(path)
    keras.Sequential([keras.Input((1,)), keras.layers.Flatten()]).save(tmp_path / "other.keras")
    foreign = (tmp_path / "other.keras").read_bytes()
    for content in (foreign, b"precious", foreign + b" written by somebody"):
        path.write_bytes(content)
        with pytest.raises(FileExistsError, match=r"^[^\n]*did not write[^\n]*overwrite=True$"):
            save(path)
        assert path.read_bytes() == content
    save(path, overwrite=True)
    save(path)
    assert {file.name for file in tmp_path.iterdir()} == {name, "other.keras"}


def test_a_model_of_an_earlier_version_is_replaced(tmp_path):
    """Those with class names in them can be told from others."""
    path = tmp_path / "model.keras"
    save_model_with_names(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b""
    save_model(path)


def test_a_log_of_keras_is_left_alone(tmp_path):
    path = tmp_path / "log.csv"
    for content in ("epoch,loss\n0,2.5\n", "name,score\na,1\n", "1 2 3\n"):
        path.write_text(content)
        with pytest.raises(FileExistsError, match="did not write"):
            training.CsvLog(path).on_train_begin()
        assert path.read_text() == content
    path.write_text("epoch,loss\n1,2.5\n")
    training.CsvLog(path).on_train_begin()


def test_a_classifier_is_not_trained_in_vain(tmp_path):
    (tmp_path / "model.skops").write_text("precious")
    with pytest.raises(FileExistsError, match=r"model.skops: a file that this did not write"):
        classical.train("no such data", tmp_path / "model")
    with pytest.raises(FileExistsError, match="did not write"):
        classical.evaluate("nothing.skops", "digits", output=tmp_path / "model.skops")


COMMANDS = [
    (["policy", "show", "own.json"], "own.png"),
    (["policy", "show", "own.json", "--output", "a.png"], "a.png"),
    (["gallery"], "kcx-gallery.html"),
    (["evaluate", "model.keras", "digits", "--output", "scores.json"], "scores.json"),
    (["evaluate", "model.keras", "digits", "--report", "a.html"], "a.html"),
    (["evaluate", "model.keras", "digits", "--predictions", "a.csv"], "a.csv"),
    (["classical", "evaluate", "a.skops", "digits", "--output", "a.json"], "a.json"),
    (["classical", "train", "digits", "--output", "a.joblib"], "a.joblib"),
    (["gan", "report", "gan.keras", "digits"], "report.html"),
    (["bench", "ops", "--output", "rows.json"], "rows.json"),
    (["policy", "convert", "cifar10", "notes.json"], "notes.json"),
]


@pytest.mark.parametrize(("command", "name"), COMMANDS, ids=lambda value: " ".join(value[:2]))
def test_commands_leave_a_foreign_file_alone(tmp_path, monkeypatch, command, name):
    monkeypatch.chdir(tmp_path)
    FLIP.save("own.json")
    (tmp_path / name).write_text("precious")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    monkeypatch.setattr("sys.argv", ["kcx", *command])
    with pytest.raises(SystemExit) as error:
        cli.main()
    assert f"{name}: a file that this did not write" in str(error.value.code)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_sheet_is_replaced_by_the_next(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    FLIP.save("own.json")
    for columns in "12":
        command = ["policy", "show", "own.json", "--data", "digits", "--columns", columns]
        monkeypatch.setattr("sys.argv", ["kcx", *command])
        with pytest.raises(SystemExit) as error:
            cli.main()
        assert error.value.code in (0, None)
    assert written.is_ours(tmp_path / "own.png")
    monkeypatch.setattr("sys.argv", ["kcx", "policy", "show", "own.json", "--output", "own.pdf"])
    with pytest.raises(SystemExit, match="must be a file that ends in .png"):
        cli.main()


def test_scores_of_another_program_are_left_alone(tmp_path):
    path = tmp_path / "scores.json"
    path.write_text('{"accuracy": 1.0}')
    with pytest.raises(FileExistsError, match="did not write"):
        training.evaluate_file(tmp_path / "model.keras", "digits", output=path)
