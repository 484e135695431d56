"""Records and callbacks of training by themselves."""

import csv
import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from rich.console import Console

from keras_cv_extras import training
from keras_cv_extras.training import _fit, _strategy

CHANCES = np.array([[0.75, 0.25], [0.5, 0.5], [0.25, 0.75], [0.125, 0.875]])
LABELS = np.array([0, 0, 0, 1])


@pytest.fixture
def predictions():
    """Three right answers of four, the first of equals being taken; and a worst one, the third."""
    names = ("a.png", "b.png", "c.png", "d.png")
    pictures = {2: np.full((4, 4, 1), 9, "uint8")}
    return training.Predictions(CHANCES, LABELS, names, ("cat", "dog"), pictures)


def test_predictions(predictions, tmp_path):
    assert predictions.given.tolist() == [0, 0, 1, 1]
    assert predictions.worst(2).tolist() == [2, 1]
    predictions.save_csv(tmp_path / "rows.csv")
    rows = list(csv.DictReader((tmp_path / "rows.csv").read_text().splitlines()))
    assert rows[2] == {
        "image": "c.png",
        "true": "cat",
        "given": "dog",
        "correct": "0",
        "probability": "0.750000",
        "p(cat)": "0.250000",
        "p(dog)": "0.750000",
    }
    (tmp_path / "theirs.csv").write_text("notes")
    with pytest.raises(OSError, match="theirs"):
        predictions.save_csv(tmp_path / "theirs.csv")
    assert (tmp_path / "theirs.csv").read_text() == "notes"


def test_evaluation(predictions, tmp_path):
    found = predictions.evaluation()
    assert type(found) is training.Evaluation
    assert found.accuracy == 0.75
    assert found.confusion.tolist() == [[2, 1], [0, 1]]
    assert found.log_loss == pytest.approx(-np.log([0.75, 0.5, 0.25, 0.875]).mean())
    assert found.precision.tolist() == [1.0, 0.5]
    assert found.recall.tolist() == pytest.approx([2 / 3, 1.0])
    found.save(tmp_path / "scores.json")
    assert json.loads((tmp_path / "scores.json").read_text())["f1"] == pytest.approx([0.8, 2 / 3])
    own = training.Evaluation(0.5, 0.4, 0.6, 1.25, np.eye(2), *(np.ones(2),) * 3, ("cat", "dog"))
    assert own.to_dict()["confusion"] == [[1, 0], [0, 1]]
    assert (
        own.table().title == "accuracy 0.5000 (95 %: 0.4000 to 0.6000), log loss 1.2500, 2 images"
    )


@pytest.mark.wide
def test_report(predictions):
    text = training.report(
        predictions,
        title="Cats & dogs",
        data={"from": "a <folder>"},
        settings={"epochs": 7},
        log=[{"epoch": "1", "loss": "0.5", "accuracy": "0.75"}],
        notes=["Training waited."],
    )
    for part in ("Cats &amp; dogs", "a &lt;folder&gt;", "Training waited.", "Learning curves"):
        assert part in text
    assert "<dd>75.00%</dd>" in text.replace(" %", "%").replace("75.0%", "75.00%")
    assert "c.png" in text  # the worst image has its name
    plain = training.report(predictions, title="Cats", data={})
    assert "Learning curves" not in plain
    assert "Settings" not in plain


def test_progress_bar(monkeypatch):
    """A line for every epoch; on a terminal a bar, which is taken away."""
    for terminal in (False, True):
        bar = training.ProgressBar(steps=2, batch_size=32)
        bar._console = Console(record=True, force_terminal=terminal, width=200)
        bar.set_params({"epochs": 3})
        bar.on_epoch_begin(0)
        assert (bar._bar is not None) is terminal
        for batch in range(2):
            bar.on_train_batch_end(batch, {"loss": 1.25})
        if terminal:
            (task,) = bar._bar.tasks
            assert (task.completed, task.total, task.description) == (2, 2, "epoch 1")
            assert task.fields["text"].startswith("loss 1.2500, ")
            assert task.fields["text"].endswith(" images/s")
        logs = {"loss": 0.5, "val_accuracy": 0.75, "images_per_second": 1234.5, "input_wait": 0.25}
        bar.on_epoch_end(0, logs)
        assert bar._bar is None
        said = "epoch   1 of 3: loss 0.5000, val_accuracy 0.7500, 1,234 images/s, 25% waiting"
        assert said in bar._console.export_text()


def test_a_worker_that_is_lost_is_an_error_of_its_own(monkeypatch):
    """Only of several workers, and only where TensorFlow says that it cannot reach one."""
    assert issubclass(training.WorkerLostError, ConnectionError)
    ended = []

    class Run:
        def __init__(self, *_):
            self.place = _strategy.Place(1, workers, 1, 1, workers)

        def train(self, epochs, progress):
            raise error

    monkeypatch.setattr(_fit, "Run", Run)
    monkeypatch.setattr(_strategy, "end_at_once", lambda: ended.append(True))
    model = training.small_cnn((8, 8, 1), 2)
    batches = tf.data.Dataset.from_tensors((np.zeros((2, 8, 8, 1)), np.zeros(2)))
    lost = tf.errors.UnavailableError(None, None, "aborted by: worker 0 is gone\nmore")
    other = tf.errors.ResourceExhaustedError(None, None, "no memory")
    for workers, error, kind, text in (  # noqa: B007 (Run reads them)
        (2, lost, training.WorkerLostError, r"worker 1 lost another one \(worker 0 is gone\)"),
        (2, other, tf.errors.ResourceExhaustedError, "no memory"),
        (1, lost, tf.errors.UnavailableError, "worker 0 is gone"),
    ):
        with pytest.raises(kind, match=text):
            training.fit(model, batches, epochs=1, strategy="none", progress=False)
    assert ended == [True, True]


def test_a_processor_trains_without_xla_and_one_process_writes():
    assert training.jit_compile() is False
    assert training.writes_files() is True


def test_other_workers_write_nothing_and_accelerators_compile(monkeypatch):
    monkeypatch.setattr(_strategy, "place_of", lambda _: _strategy.Place(1, 2, 1, 1, 2))
    assert training.writes_files() is False
    monkeypatch.setattr(keras.distribution, "list_devices", lambda: ["cpu:0", "gpu:0"])
    assert training.jit_compile() == "auto"
    with tf.distribute.OneDeviceStrategy("CPU:0").scope():
        assert training.jit_compile() is False


@pytest.mark.wide
def test_epochs_of_a_checkpoint(tmp_path):
    assert training.trained_epochs(tmp_path / "nothing") == 0
    images, labels = np.zeros((4, 8, 8, 1), "float32"), np.array([0, 1, 0, 1])
    batches = tf.data.Dataset.from_tensors((images, labels))
    model = training.small_cnn((8, 8, 1), 2, width=4)
    training.fit(model, batches, epochs=2, checkpoint=tmp_path / "here", progress=False)
    assert training.trained_epochs(tmp_path / "here") == 2
