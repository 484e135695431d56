"""Scores of synthetic images as records, and the training that writes what it makes."""

import json
import types

import numpy as np
import pytest

from keras_cv_extras import data, generative, training
from keras_cv_extras.generative import _sheet, gan
from keras_cv_extras.generative.gan import _report

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 1)).astype("uint8")
LABELS = np.arange(40) % 2


@pytest.fixture(scope="module")
def network():
    """A measure that nobody has trained, which does for this."""
    return generative.LocalFeatures(training.small_cnn((8, 8, 1), 2), "noise")


def test_scores_are_a_record(network, tmp_path):
    many = np.concatenate([IMAGES] * 3), np.tile(LABELS, 3)  # its 48 features need 96 images
    found = generative.evaluate_made(network, many, many)
    assert type(found) is generative.MadeScores
    assert (found.num_real, found.num_made, set(found.classes)) == (120, 120, {0, 1})
    assert found.scores["local_fid"] == pytest.approx(0, abs=1e-3)
    found.save(tmp_path / "scores.json")
    written = json.loads((tmp_path / "scores.json").read_text())
    assert written["network"] == network.name
    assert written["classes"]["1"] == found.classes[1]
    own = generative.MadeScores("a network", 3, 4, {"local_fid": 1.5}, {0: {"local_fid": None}})
    assert own.to_dict() == {
        "network": "a network",
        "num_real": 3,
        "num_made": 4,
        "scores": {"local_fid": 1.5},
        "classes": {0: {"local_fid": None}},
    }


def test_copies_are_a_record_of_their_originals(network):
    order = np.arange(20)[::-1]
    found = generative.memorization(network, IMAGES[order], IMAGES[:20], IMAGES[20:])
    assert type(found) is generative.Memorization
    assert found.median_ratio == pytest.approx(0, abs=1e-3)
    np.testing.assert_array_equal(found.numbers, order)
    own = generative.Memorization("a network", 0.25, 0.5, np.zeros(2), np.ones(2), 0.125)
    assert own.to_dict() == {
        "network": "a network",
        "suspicious": 0.25,
        "median_ratio": 0.5,
        "threshold": 0.125,
    }


def test_a_training_goes_part_by_part(monkeypatch, tmp_path):
    """Checkpoints, sheets and scores after each part; what is done is not done again."""
    from keras_cv_extras.generative.gan import _training

    model = generative.ConditionalGAN((8, 8, 1), 2, latent_size=4, width=4, seed=0)
    parts, seen = [], []

    def fit(model, batches, *, epochs, checkpoint, callbacks, progress):
        assert not callbacks  # parts of six steps are short enough
        taken = list(batches(epochs - 1))
        seen.extend(images for images, _ in taken)
        parts.append((epochs, len(taken), {len(labels) for _, labels in taken}))
        model.step.assign(6 * epochs)
        losses = {"generator_loss": [0.5] * epochs, "discriminator_loss": [1.5] * epochs}
        return training.History(losses, epochs, 0, model)

    monkeypatch.setattr(training, "fit", fit)
    monkeypatch.setattr(training, "save_model", lambda model, path, **options: path.touch())
    monkeypatch.setattr(_training._sheet, "class_sheet", lambda gan: np.zeros((4, 4), "uint8"))
    options = {"every": 6, "batch_size": 8, "directory": tmp_path, "progress": False}
    rows = generative.train_gan(model, IMAGES, LABELS, steps=12, **options)
    assert [(row["step"], row["generator_loss"]) for row in rows] == [(6, 0.5), (12, 0.5)]
    assert parts == [(1, 6, {8}), (2, 6, {8})]
    source = data.BalancedSource(IMAGES, LABELS, "largest", seed=0)
    whole = list(data.pipeline(source, 8, seed=0, num_epochs=3))  # of five batches each
    np.testing.assert_array_equal(np.stack(seen), np.stack([images for images, _ in whole[:12]]))
    written = json.loads((tmp_path / "progress.json").read_text())
    assert written == {"network": None, "parts": rows}
    assert sorted(path.name for path in (tmp_path / "samples").iterdir()) == [
        "step-000006.png",
        "step-000012.png",
    ]
    assert (tmp_path / "gan.keras").exists()
    assert generative.train_gan(model, IMAGES, LABELS, steps=12, **options) == rows
    assert len(parts) == 2
    assert model.compiled
    with pytest.raises(ValueError, match="steps must be a multiple of every, 6, received 7"):
        generative.train_gan(model, IMAGES, LABELS, steps=7, **options)
    with pytest.raises(ValueError, match="network and held_out must be given together"):
        generative.train_gan(model, IMAGES, LABELS, steps=6, held_out=(IMAGES, LABELS), **options)


def test_the_first_picture_does_not_wait_for_the_first_part(monkeypatch, tmp_path, capsys):
    from keras_cv_extras.generative.gan import _training

    monkeypatch.setattr(_training._sheet, "class_sheet", lambda gan: np.zeros((4, 4), "uint8"))
    path = tmp_path / "samples.png"
    for batches, seen in ((range(50), 24), (range(9, 50, 10), 29)):  # the others ten at a time
        first = _training._FirstPicture(path, 500, True)
        for batch in batches:
            first.on_train_batch_end(batch)
            assert path.exists() == (batch == seen)
            path.unlink(missing_ok=True)
        said = capsys.readouterr().out
        assert said.count("\n") == 1
        assert said.startswith(f"step     {seen + 1} of 500: a first picture is in {path} (")


def test_steps_are_counted_in_a_folder_of_their_own(monkeypatch, tmp_path, capsys):
    from keras_cv_extras.generative.gan import _training

    model = generative.ConditionalGAN((8, 8, 1), 2, latent_size=4, width=4, seed=0)

    def fit(model, batches, *, epochs, checkpoint, callbacks, progress):
        model.step.assign(100 + 6 * epochs)  # of a training before
        losses = {"generator_loss": [0.5] * epochs, "discriminator_loss": [1.5] * epochs}
        return training.History(losses, epochs, 0, model)

    monkeypatch.setattr(training, "fit", fit)
    monkeypatch.setattr(training, "save_model", lambda model, path, **options: path.touch())
    monkeypatch.setattr(_training._sheet, "class_sheet", lambda gan: np.zeros((4, 4), "uint8"))
    options = {"every": 6, "batch_size": 8, "directory": tmp_path}
    rows = generative.train_gan(model, IMAGES, LABELS, steps=12, **options)
    assert [row["step"] for row in rows] == [106, 112]
    assert "step      6 of 12" in capsys.readouterr().out


def test_a_sheet_has_a_row_for_each_class():
    model = generative.ConditionalGAN((8, 8, 1), 3, latent_size=4, width=4, seed=0)
    picture = generative.class_sheet(model, columns=4, seed=2, side=16)
    again = generative.class_sheet(model, columns=4, seed=2, side=16)
    np.testing.assert_array_equal(again, picture)
    assert picture.dtype == "uint8"
    height, width = picture.shape[:2]
    assert 3 * 16 <= height < width < 6 * 16
    assert np.any(picture != generative.class_sheet(model, columns=4, seed=3, side=16))


def test_a_row_of_a_sheet_is_of_one_class_and_all_have_the_same_numbers():
    asked = []

    def generate(labels, *, numbers, seed):
        asked.append((labels.tolist(), numbers.tolist(), seed))
        return np.uint8(80 * labels + numbers).reshape(-1, 1, 1, 1).repeat(4, 1).repeat(4, 2)

    maker = types.SimpleNamespace(num_classes=3, value_range=(0, 255), generate=generate)
    picture = generative.class_sheet(maker, columns=2, seed=7, side=4)
    assert asked == [([0, 0, 1, 1, 2, 2], [0, 1, 0, 1, 0, 1], 7)]
    np.testing.assert_array_equal(picture[4::6, 4::6, 0], [[0, 1], [80, 81], [160, 161]])


def test_copies_are_said_of_each_class():
    scores = dict.fromkeys(_report.SCORES)
    made = generative.MadeScores("n", 9, 9, scores, {0: {**scores, "agreement": 1.0}})
    rows = _report._classes(made, ("cat",), np.array([7]), {0: 0.5}, 0.25)
    assert [row[4] for row in rows] == ["25.0 %", "50.0 %"]


def test_a_short_row_of_a_sheet_is_clear_where_it_ends():
    rows = [np.full((count, 4, 4, 1), 200, "uint8") for count in (1, 3)]
    picture = _sheet.sheet(rows, side=4, clear=True)
    assert picture.shape == (2 * 6 + 2, 3 * 6 + 2, 4)
    assert picture[4::6, 4::6, 3].tolist() == [[255, 0, 0], [255, 255, 255]]
    assert picture[4, 4].tolist() == [200, 200, 200, 255]
    assert _sheet.sheet([np.full((1, 4, 4, 1), 0.5)], (0, 1), side=4)[4, 4, 0] == 128  # of 127.5


def test_steps_are_whole_parts():
    assert gan.check_steps(500, 250) is None
    with pytest.raises(ValueError, match="steps must be a multiple of every, 250, received 300"):
        gan.check_steps(300, 250)
    with pytest.raises(ValueError, match="every must be at least 1"):
        gan.check_steps(300, 0)


def test_the_page_of_a_gan():
    model = generative.ConditionalGAN((8, 8, 1), 2, latent_size=4, width=4, seed=0)
    numbers = dict.fromkeys(
        ("local_fid", "local_kid", "precision", "recall", "density", "coverage"), 0.25
    )
    classes = {0: {**numbers, "agreement": 0.5}, 1: {**numbers, "agreement": 1.0}}
    text = gan.gan_report(
        model,
        title="Cats & dogs",
        class_names=("cat", "dog"),
        train=(IMAGES[:30], np.sort(LABELS)[:30]),
        made=(IMAGES, LABELS),
        scores=generative.MadeScores("a network", 40, 40, {**numbers, "local_fid": 1.5}, classes),
        memory=generative.Memorization("a network", 0.1, 0.5, LABELS, np.ones(40), 0.125),
        useful={"real_on_real": 0.9, "made_on_real": 0.5, "real_on_made": 0.4},
        parts=[],
    )
    for part in (
        "Cats &amp; dogs",
        ">dog</figcaption>",
        "1.50",
        "40 synthetic images against 40 real ones",
    ):
        assert part in " ".join(text.split())
    assert "<dt>smallest class</dt><dd>10</dd>" in text
    assert text.count("<img") == 5  # two rows for each class, and the pairs
    assert ">copies</th>" in text
    memory = generative.Memorization("n", 0.1, 0.5, LABELS, np.where(LABELS == 0, 0, 1), 0.5)
    assert memory.of_classes(LABELS) == {0: 1.0, 1: 0.0}


@pytest.mark.parametrize(
    ("recall", "suspicious", "last", "made", "words"),
    [
        (0.5, 0.01, 2.0, 0.9, [("alone gets 90.0 %",)]),
        (0.5, 0.01, 1.0, 0.9, [("train for more steps",), ("alone gets",)]),
        (0.05, 0.01, 1.0, 0.9, [("collapsed", "another seed"), ("alone gets",)]),
        (0.5, 0.25, 2.0, 0.5, [("25.0 %", "may be copies"), ("alone gets", "BalancedSource")]),
        (0.5, 0.03, 2.0, 0.9, [("3.0 %", "may be copies"), ("alone gets",)]),
    ],
)
def test_the_page_of_a_gan_says_first_what_to_do(recall, suspicious, last, made, words):
    scores = generative.MadeScores("n", 9, 9, {"precision": 0.9, "recall": recall}, {})
    memory = generative.Memorization("n", suspicious, 0.5, LABELS, np.ones(40), 0.1)
    parts = [{"step": 1, "local_fid": 1.5}, {"step": 2}, {"step": 3, "local_fid": last}]
    lines = _report._advice(scores, memory, {"made_on_real": made, "real_on_real": 0.8}, parts)
    assert len(lines) == len(words)
    for line, wanted in zip(lines, words, strict=True):
        assert all(word in line for word in wanted)
