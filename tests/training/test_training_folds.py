"""Cross-validation: every image is scored once, by a network that has not seen it."""

import csv
import json
import types

import numpy as np
import own_names
import pytest

from keras_cv_extras import data, policy, training
from keras_cv_extras._base.owned import kinds
from keras_cv_extras.training.job import _cross_validate

SETTINGS = training.TrainingSettings(epochs=1, batch_size=64, validation=0)


@pytest.fixture(scope="module")
def few():
    """Ninety digits of three classes, the first of which is there three times."""
    whole = data.load("digits")
    images, labels = whole.train
    rows = np.concatenate([np.flatnonzero(labels == number)[:30] for number in range(3)])
    rows[1] = rows[2] = rows[0]
    held = np.flatnonzero(whole.test[1] < 3)[:20]
    return data.ImageData(
        (images[rows], labels[rows]),
        (whole.test[0][held], whole.test[1][held]),
        ("zero", "one", "two"),
        "few digits",
    )


@pytest.fixture(scope="module")
def done(few, tmp_path_factory):
    """The folder of a cross-validation, its result, and what was told."""
    told, folder = [], tmp_path_factory.mktemp("folds") / "out"
    result = training.cross_validate(
        few, folder, SETTINGS, folds=3, progress=False, tell=told.append
    )
    return folder, result, told


@pytest.mark.wide
def test_every_image_is_scored_once(few, done):
    folder, result, _ = done
    assert result.scores.confusion.sum() == 110
    assert not own_names.unsaid(folder, kinds.FOLDS)
    counts = np.bincount(np.concatenate([few.train[1], few.test[1]]))
    np.testing.assert_array_equal(result.scores.confusion.sum(axis=1), counts)
    with open(folder / "predictions.csv", encoding="utf-8", newline="") as file:
        names = [row[0] for row in list(csv.reader(file))[1:]]
    assert sorted(map(int, names)) == list(range(110))
    assert json.loads((folder / "scores.json").read_text())["accuracy"] == result.scores.accuracy


@pytest.mark.wide
def test_a_fold_is_scored_by_the_network_that_has_not_seen_it(few, done):
    folder, result, _ = done
    images = np.concatenate([few.train[0], few.test[0]])
    with open(folder / "predictions.csv", encoding="utf-8", newline="") as file:
        rows = {int(row[0]): row[-3:] for row in list(csv.reader(file))[1:]}
    fold_of = _cross_validate._folds(_cross_validate._together(few), 3, 0)
    for fold in range(3):
        model = training.load_model(folder / f"fold-{fold + 1}" / "model.keras", compile=False)
        held = np.flatnonzero(fold_of == fold)
        logits = model.predict(images[held], verbose=0).astype("float64")
        wanted = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        found = np.array([rows[row] for row in held], "float64")
        np.testing.assert_allclose(found, wanted, atol=2e-6)


def test_folds_have_each_class_and_images_of_one_content_stay_together(few):
    whole = _cross_validate._together(few)
    fold_of = _cross_validate._folds(whole, 3, 5)
    for number in range(3):
        counts = np.bincount(fold_of[whole.train[1] == number], minlength=3)
        assert counts.max() - counts.min() <= 3  # of one content there are three
    assert len(set(fold_of[:3])) == 1
    assert (fold_of != _cross_validate._folds(whole, 3, 6)).any()


def test_small_classes_do_not_all_fill_the_first_folds():
    images, labels = np.arange(24, dtype="uint8").reshape(24, 1, 1, 1), np.repeat(np.arange(6), 4)
    small = data.ImageData((images, labels), (images[:0], labels[:0]), tuple("abcdef"), "small")
    assert np.bincount(_cross_validate._folds(small, 3, 0)).tolist() == [8, 8, 8]


@pytest.mark.wide
def test_it_goes_on_and_does_nothing_twice(few, done, monkeypatch):
    folder, result, told = done
    assert [line for line in told if line.startswith("fold")] == [
        f"fold {number} of 3" for number in (1, 2, 3)
    ]
    before = (folder / "fold-1" / "model.keras").stat().st_mtime_ns
    again = training.cross_validate(few, folder, SETTINGS, folds=3, progress=False)
    assert again.scores.accuracy == result.scores.accuracy
    assert (folder / "fold-1" / "model.keras").stat().st_mtime_ns == before
    with pytest.raises(ValueError, match="folds"):
        training.cross_validate(few, folder, SETTINGS, folds=4, progress=False)


@pytest.mark.wide
def test_the_report_is_of_all_folds(few, done):
    folder, result, _ = done
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert "few digits, 3 folds" in text
    assert "Accuracy of each fold: " in text
    assert any(note.startswith("Accuracy of each fold: ") for note in result.notes)
    images = np.concatenate([few.train[0], few.test[0]])
    shown = result.predictions
    assert sorted(shown.pictures) == sorted(shown.worst(len(shown.pictures)))
    for place, picture in shown.pictures.items():
        np.testing.assert_array_equal(picture, images[int(shown.names[place])])


def test_the_report_says_what_the_policy_says_of_batches(few, tmp_path, monkeypatch):
    def train(images, *_, **__):
        labels = images.test[1]
        names = tuple(map(str, range(len(labels))))
        found = training.Predictions(np.eye(3)[labels], labels, names, few.class_names)
        return types.SimpleNamespace(predictions=found)

    shown = {}

    def report(*_, settings, **__):
        shown.update(settings)
        return "a report"

    monkeypatch.setattr(_cross_validate, "train", train)
    monkeypatch.setattr(training, "report", report)
    chosen = policy.no_augmentation().with_batch(mix="cutmix", label_smoothing=0.25)
    settings = training.TrainingSettings(policy=chosen)
    training.cross_validate(few, tmp_path / "out", settings, folds=3, progress=False)
    assert (shown["mix"], shown["label_smoothing"]) == ("cutmix", 0.25)
    assert "of batches: cutmix of 100 %" in shown["policy"]


@pytest.mark.parametrize(
    ("folds", "message"), [(1, "folds must be at least 2"), (40, "'zero' has .* fewer than the 40")]
)
def test_wrong_numbers_leave_no_folder(few, tmp_path, folds, message):
    with pytest.raises(ValueError, match=message):
        training.cross_validate(few, tmp_path / "out", SETTINGS, folds=folds, progress=False)
    assert not (tmp_path / "out").exists()


def test_the_log_of_folds_is_their_mean():
    rows = [{"epoch": "1", "loss": "1.0", "val_loss": "4.0"}, {"epoch": "2", "loss": "0.5"}]
    others = [{"epoch": "1", "loss": "3.0", "val_loss": "5.0"}]
    wanted = [{"epoch": "1", "loss": "2.0", "val_loss": "4.5"}]
    assert _cross_validate._mean_log([rows, others]) == wanted  # the second epoch one has alone
    assert _cross_validate._mean_log([rows, rows])[1] == {"epoch": "2", "loss": "0.5"}
    assert _cross_validate._mean_log([rows, []]) == []
