"""A training goes on with its own data alone, and a model knows its classes and its images."""

import collections
import csv
import dataclasses
import hashlib
import json
import os
import shutil
import types

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from keras_cv_extras import cli, data, policy, training
from keras_cv_extras._base.owned import marks as _marks
from keras_cv_extras.training.job import _job

OPTIONS = ("--batch-size", 8, "--quiet", "--validation", 0.2)


def kcx(*arguments):
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


def draw(folder, classes, numbers):
    """Writes class folders of 8 x 8 images, each another one."""
    for place, name in enumerate(classes):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number in numbers:
            pixels = np.full((8, 8, 3), 60 + 120 * place, np.uint8)
            pixels.reshape(-1)[: 2 * (number % 90)] = number % 256
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A folder of images, and the folder and output of a training on it."""
    base = tmp_path_factory.mktemp("run")
    photographs = draw(base / "one" / "photographs", ("cat", "dog"), range(30))
    output = base / "output"
    mistaken = kcx("train", photographs, "--output", output, "--model", "resnet19", *OPTIONS)
    assert "resnet19" in str(mistaken.exception)
    assert not output.exists()
    result = kcx("train", photographs, "--output", output, "--epochs", 1, *OPTIONS)
    assert result.exit_code == 0, (result.output, result.exception)
    return types.SimpleNamespace(photographs=photographs, output=output, text=result.output)


def changed(run, folder, *options, output=None):
    """Trains on another folder of the same name; returns the error. Nothing may be touched."""
    output = output or run.output
    before = contents(output)
    result = kcx("train", folder, "--output", output, "--epochs", 1, *OPTIONS, *options)
    assert result.exit_code != 0
    assert contents(output) == before
    return str(result.exception)


@pytest.mark.wide
def test_another_folder_of_the_same_name(run, tmp_path):
    other = draw(tmp_path / "a" / "photographs", ("plane", "ship"), range(30))
    assert "other classes (cat, dog, not plane, ship)" in changed(run, other)
    other = draw(tmp_path / "b" / "photographs", ("cat", "dog"), range(100, 130))
    assert "with other images: give another --output" in changed(run, other)
    draw(shutil.copytree(run.photographs, tmp_path / "c" / "photographs"), ("cat",), [50])
    assert "with other images" in changed(run, tmp_path / "c" / "photographs")
    assert "another image_shape (8, 8, 3, not 6, 6, 3)" in changed(
        run, run.photographs, "--image-size", 6
    )
    interrupted = shutil.copytree(run.output, tmp_path / "interrupted")
    (interrupted / "model.keras").unlink()
    assert "with other images" in changed(run, other, output=interrupted)


@pytest.mark.wide
def test_results_name_files(run):
    with open(run.output / "predictions.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows
    for row in rows:
        assert os.path.samefile(run.photographs / row["true"], os.path.dirname(row["image"]))
    page = (run.output / "report.html").read_text()
    assert all(os.path.basename(row["image"]) in page for row in rows[:5])


@pytest.mark.wide
def test_finished_is_said_and_more_epochs_go_on(run, tmp_path):
    output = shutil.copytree(run.output, tmp_path / "output")
    arguments = ("train", run.photographs, "--output", output, *OPTIONS)
    again = kcx(*arguments, "--epochs", 1)
    assert again.exit_code == 0
    assert "this training has been finished, with 1 epochs" in again.output
    assert (output / "model.keras").read_bytes() == (run.output / "model.keras").read_bytes()
    more = kcx(*arguments, "--epochs", 2)
    assert more.exit_code == 0, more.exception
    assert "has been finished" not in more.output
    assert [row["epoch"] for row in training.read_log(output / "log.csv")] == ["1", "2"]
    assert training.read_about(output / "model.keras")["epochs"] == 2
    assert json.loads((output / "train.json").read_text())["epochs"] == 2
    fewer = kcx(*arguments, "--epochs", 1)
    assert "holds a training of 2 epochs, not 1: give --epochs 2" in str(fewer.exception)


def asked(run, folder, **options):
    model = training.load_model(run.output / "model.keras")
    path = run.output / "model.keras"
    return training.data_for(model, path, folder, image_size=None, **options)


@pytest.mark.wide_but("True")
@pytest.mark.parametrize("stream", [False, True])
def test_what_is_scored_was_not_trained_on(run, tmp_path, stream):
    with np.load(run.output / "samples.npz") as arrays:
        known = np.concatenate([arrays["trained"], arrays["validated"]])
        held_out = arrays["held_out"]
    assert not set(known) & set(held_out)
    assert len(known) + len(held_out) == 60
    same = asked(run, run.photographs, stream=stream)
    assert len(same.files or same.part) == len(held_out)
    said = f"{len(known)} of 60 images are left out: the model was trained or validated on them"
    assert same.notes == (said,)
    grown = draw(shutil.copytree(run.photographs, tmp_path / "grown"), ("cat",), [70, 71])
    more = asked(run, grown, stream=stream)
    paths = more.part.paths if stream else more.files
    assert len(paths) == len(held_out) + 2
    seen = [data.sample_digests(more.images, name) for name in ("train", "test")]
    assert sum(np.isin(digests, known).sum() for digests in seen) == len(known)
    new = [path for path in paths if os.path.basename(path) in ("70.png", "71.png")]
    assert len(new) == 2
    for path in set(paths) - set(new):
        assert os.path.relpath(path, grown) in {
            os.path.relpath(other, run.photographs) for other in (same.files or same.part.paths)
        }


def test_a_model_whose_images_are_not_known_says_so(run, tmp_path):
    shutil.copy(run.output / "model.keras", tmp_path)
    moved = types.SimpleNamespace(output=tmp_path)
    assert "says what it was trained on" in asked(moved, run.photographs).notes[0]


@pytest.mark.wide
def test_classes_go_by_name(run, tmp_path):
    wolves = draw(tmp_path / "wolves", ("dog", "wolf"), range(200, 206))
    for command in ("evaluate", "export"):
        options = ("--output", tmp_path / "written")
        result = kcx(command, run.output / "model.keras", wolves, *options)
        assert "class 'wolf' is not known to the model; the classes are cat, dog" in str(
            result.exception
        )
        assert not (tmp_path / "written").exists()
    dogs = asked(run, draw(tmp_path / "dogs", ("dog",), range(200, 206)))
    assert dogs.images.class_names == ("cat", "dog")
    assert dogs.part[1].tolist() == [1] * 6
    scores = training.evaluate_file(
        run.output / "model.keras",
        tmp_path / "dogs",
        report=tmp_path / "report.html",
        predictions=tmp_path / "predictions.csv",
    ).scores
    assert scores.class_names == ("cat", "dog")
    assert scores.confusion.sum(axis=1).tolist() == [0, 6]
    large = draw(tmp_path / "large", ("cat", "dog"), [300])
    for path in large.rglob("*.png"):
        Image.open(path).resize((20, 16)).save(path)
    assert asked(run, large).part[0].shape == (2, 8, 8, 3)  # the size is the model's
    with pytest.raises(ValueError, match="^image_size 16: .* takes images of 8 x 8"):
        training.data_for(
            training.load_model(run.output / "model.keras"), "m.keras", large, image_size=16
        )


def test_what_a_model_says_of_itself_survives(run, tmp_path):
    about = training.read_about(run.output / "model.keras")
    assert about["class_names"] == ["cat", "dog"]
    assert about["image_shape"] == [8, 8, 3]
    plain = tmp_path / "plain.keras"
    training.save_model(training.load_model(run.output / "model.keras"), plain)
    assert training.read_about(plain) == {}
    for content in (b"", b"PK", json.dumps({}).encode()):
        plain.write_bytes(content)
        assert training.read_about(plain) == {}


def test_the_mark_says_what_was_asked(run):
    identity = _marks.read_mark(run.output)["identity"]
    assert identity["class_names"] == ["cat", "dog"]
    assert identity["data_digest"] == data.identity(data.load(run.photographs))["data_digest"]


def test_parts_do_not_depend_on_other_samples():
    keys = [f"cat/{number}.jpg" for number in range(400)]
    labels = np.arange(400) % 2
    chosen = data.held_out(keys, labels, 0.2, 0, "test")
    assert 0.14 < chosen.mean() < 0.26
    some = np.arange(400) % 7 != 3
    kept = [key for key, use in zip(keys, some, strict=True) if use]
    np.testing.assert_array_equal(data.held_out(kept, labels[some], 0.2, 0, "test"), chosen[some])
    for seed, salt in ((1, "test"), (0, "validation")):
        other = data.held_out(keys, labels, 0.2, seed, salt)
        assert 0.01 < (other & chosen).mean() < 0.08
    assert (data.held_out(keys, labels, 0.4, 0, "test") >= chosen).all()


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_small_classes_keep_a_sample_on_both_sides(count):
    for seed in range(30):
        keys = [f"{name}/{number}" for name in "ab" for number in range(count)]
        labels = np.repeat([0, 1], count)
        for share in (0.1, 0.9):
            chosen = data.held_out(keys, labels, share, seed, "test").reshape(2, count)
            if count > 1:
                assert chosen.any(axis=1).all()
                assert not chosen.all(axis=1).any()
    same = data.held_out([7] * 100, np.zeros(100, int), 0.5, 0, "test")
    assert 30 < same.sum() < 70


def test_samples_that_are_the_same_have_draws_of_their_own():
    keys, seen, wanted = ["a", 7, "b", "a", 7, 7, "a", "c", 7], collections.Counter(), []
    for key in keys:
        text = f"3 test {seen[key]} {key}".encode()
        draw = int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little") / 2**64
        wanted.append(draw)
        seen[key] += 1
    assert len(set(wanted)) == len(keys)
    for share in sorted(wanted):  # one class each, so that nothing but the draw counts
        chosen = data.held_out(keys, np.arange(len(keys)), share, 3, "test")
        assert chosen.tolist() == [draw < share for draw in wanted]


def test_copies_across_parts_and_classes_are_counted(tmp_path):
    folder = tmp_path / "photographs"
    draw(folder / "train", ("cat", "dog"), range(20))
    draw(folder / "test", ("cat", "dog"), range(40, 44))
    shutil.copy(folder / "train/cat/3.png", folder / "test/cat/copy.png")
    for number in range(6):
        shutil.copy(folder / "train/dog/5.png", folder / f"train/dog/copy{number}.png")
    shutil.copy(folder / "train/dog/5.png", folder / "train/cat/copy.png")
    with pytest.warns(UserWarning, match="photographs: 1 of 9 test images are copies"):
        images = data.load(folder, image_size=(8, 8))
    job = _job.Job(images, policy.no_augmentation(), training.TrainingSettings(validation=0))
    assert job.doubts() == []  # its reader has said it
    plain = dataclasses.replace(images, files=None)
    job = _job.Job(plain, policy.no_augmentation(), training.TrainingSettings(validation=0))
    assert job.doubts() == [
        "warning: 1 of 9 test images are copies of training images: scores on them say nothing of "
        "new ones, leave copies out",
        "warning: 1 image has copies in another class: keep each in one class",
    ]
    job = _job.Job(images, policy.no_augmentation(), training.TrainingSettings(validation=0.5))
    assert any("validation images are copies of training images" in line for line in job.doubts())
