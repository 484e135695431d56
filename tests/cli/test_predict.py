"""`kcx predict`: models of every format, and files of every kind."""

import importlib.util
import os

import keras
import numpy as np
import pytest
from PIL import Image

from keras_cv_extras import cli, serving, training

NAMES = [f"digit {number}" for number in range(10)]
FORMATS = ["model.keras", "saved_model", "reporting", "litert", "litert/model.tflite"]
ONNX = importlib.util.find_spec("onnxruntime") and importlib.util.find_spec("tf2onnx")


@pytest.fixture(scope="module")
def place(linear_digits, tmp_path_factory):
    """A linear model of the digits in every format, some images, and what is none."""
    folder = tmp_path_factory.mktemp("predict")
    digits, model = linear_digits
    training.save_model(model, folder / "model.keras", about={"class_names": NAMES})
    options = {"class_names": NAMES, "images": digits.test[0]}
    serving.export(model, folder / "saved_model", **options)
    serving.export(model, folder / "reporting", on_bad_image="report", **options)
    serving.export(model, folder / "litert", format="litert", **options)
    if ONNX:
        serving.export(model, folder / "onnx", format="onnx", **options)
    for number in range(3):
        Image.fromarray(digits.test[0][number, ..., 0]).save(folder / f"{number}.png")
    given = keras.ops.softmax(model.predict(digits.test[0][:3], verbose=0)).numpy()
    return folder, given


BAD = {
    "nothing.png": "no such file",
    "folder.png": "a folder; name the files in it",
    "empty.png": "an empty file",
    "pipe.png": "not a regular file",
    "link.png": "a broken link",
    "device.png": "not a regular file",
    "torn.jpg": "damaged",
    "text.png": "an unsupported format; it must be JPEG, PNG, BMP, GIF or WEBP",
    "picture.tif": "an unsupported format; it must be JPEG, PNG, BMP, GIF or WEBP",
    "huge.png": "80000 x 1000 pixels, more than the 64,000,000 that are accepted",
}


@pytest.fixture(scope="module")
def bad(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bad")
    (folder / "folder.png").mkdir()
    (folder / "empty.png").touch()
    os.mkfifo(folder / "pipe.png")
    (folder / "link.png").symlink_to("nowhere")
    (folder / "device.png").symlink_to(os.devnull)
    (folder / "torn.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    (folder / "text.png").write_text("not a picture")
    Image.new("L", (4, 4)).save(folder / "picture.tif")
    Image.new("1", (80_000, 1000)).save(folder / "huge.png")
    return folder


def check_answers(answers, place, given):
    assert [answer.file for answer in answers] == [place / f"{n}.png" for n in range(3)]
    for answer, chances in zip(answers, given, strict=True):
        order = np.argsort(-chances)[:5]
        assert answer.reason == ""
        assert [name for name, _ in answer.classes] == [NAMES[number] for number in order]
        np.testing.assert_allclose([v for _, v in answer.classes], chances[order], atol=1e-5)


@pytest.mark.wide
@pytest.mark.parametrize("name", FORMATS)
def test_every_format_answers_alike(place, bad, name):
    folder, given = place
    files = [folder / "0.png", *(bad / file for file in BAD), folder / "1.png", folder / "2.png"]
    answers = list(serving.predict_files(folder / name, files))
    check_answers([answers[0], *answers[-2:]], folder, given)
    assert {answer.file.name: answer.reason for answer in answers[1:-2]} == BAD
    assert all(isinstance(answer, serving.FileAnswer) for answer in answers)
    assert all(answer.classes is None for answer in answers[1:-2])


@pytest.mark.wide
@pytest.mark.skipif(not ONNX, reason="needs keras-cv-extras[onnx]")
@pytest.mark.parametrize("name", ["onnx", "onnx/model.onnx"])
def test_onnx(place, bad, name):
    test_every_format_answers_alike(place, bad, name)


@pytest.mark.wide
def test_onnx_is_an_extra(place, tmp_path, monkeypatch):
    (tmp_path / "model.onnx").write_bytes(b"")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"pip install 'keras-cv-extras\[onnx\]'"):
        serving.predict_files(tmp_path / "model.onnx", [])


def run(monkeypatch, *arguments):
    monkeypatch.setattr("sys.argv", ["kcx", "predict", *map(str, arguments)])
    with pytest.raises(SystemExit) as error:
        cli.main()
    return error.value.code


@pytest.mark.wide
def test_a_line_for_each_file_and_the_exit_code(place, bad, monkeypatch, capsys):
    folder, given = place
    first, last = (f"{folder / name}: {NAMES[given[row].argmax()]} 0." for row, name in
                   enumerate(["0.png", "1.png"]))  # fmt: skip
    files = [folder / "0.png", bad / "empty.png", folder / "1.png"]
    code = run(monkeypatch, folder / "saved_model", *files)
    assert code == "error: 1 of 3 files were not answered"
    told = capsys.readouterr()
    lines = told.out.splitlines()
    assert lines[0].startswith(first)
    assert lines[1].startswith(last)
    assert told.err.splitlines()[-1] == f"{bad / 'empty.png'}: not answered: an empty file"
    assert not run(monkeypatch, folder / "model.keras", folder / "0.png")


@pytest.mark.wide
def test_names_reach_the_terminal_without_orders_to_it(place, tmp_path, monkeypatch, capsys):
    folder, _ = place
    run(monkeypatch, folder / "model.keras", tmp_path / "a\x1b[31m.png")
    assert "\x1b" not in capsys.readouterr().err


@pytest.mark.wide
def test_what_is_no_model(place, tmp_path, monkeypatch):
    folder, _ = place
    assert "no such file or folder" in run(monkeypatch, tmp_path / "none", folder / "0.png")
    assert "no export there" in run(monkeypatch, tmp_path, folder / "0.png")
    assert "a folder that kcx export wrote" in run(monkeypatch, folder / "0.png", folder / "1.png")
    (tmp_path / "model_card.json").write_bytes((folder / "litert/model_card.json").read_bytes())
    assert "model.tflite is missing" in run(monkeypatch, tmp_path, folder / "0.png")
