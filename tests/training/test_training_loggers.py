"""Trackers of experiments beside log.csv: what they are told, and that they end."""

import contextlib
import sys
import types

import keras
import numpy as np
import pytest
from typer.testing import CliRunner

from keras_cv_extras import cli, data, training
from keras_cv_extras.training.job import loggers


class Told(keras.callbacks.Callback):
    """Keeps what a tracker's callback would send."""

    rows: list = []

    def on_epoch_end(self, epoch, logs=None):
        self.rows.append({"epoch": epoch, **logs})


@contextlib.contextmanager
def _run(events, **options):
    events.append(options)
    yield
    events.append("ended")


@pytest.fixture
def trackers(monkeypatch):
    """Stand-ins with the documented interface of W&B and MLflow; returns what they were told."""
    events = []
    monkeypatch.setattr(Told, "rows", events)
    modules = {
        "wandb": {"init": lambda **options: _run(events, **options)},
        "wandb.integration": {},
        "wandb.integration.keras": {"WandbMetricsLogger": Told},
        "mlflow": {
            "start_run": lambda **options: _run(events, **options),
            "log_params": events.append,
        },
        "mlflow.keras": {"MlflowCallback": Told},
    }
    for name, members in modules.items():
        module = types.ModuleType(name)
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, name, module)
    return events


def _train(output, logger):
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 1), np.uint8)
    labels = np.arange(40) % 2
    source = data.ImageData((images, labels), (images[:10], labels[:10]), ("a", "b"), "two")
    settings = training.TrainingSettings(epochs=2, batch_size=20, policy="none")
    training.train(source, output, settings, logger=logger, progress=False)


@pytest.mark.wide
@pytest.mark.parametrize("name", ["wandb", "mlflow"])
def test_a_tracker_is_told_settings_and_epochs(tmp_path, trackers, name):
    _train(tmp_path / "mine", name)
    if name == "wandb":
        begun = trackers.pop(0)
        assert begun["name"] == "mine"
        assert begun["dir"] == str(tmp_path / "mine")
        asked = begun["config"]
    else:
        assert trackers.pop(0) == {"run_name": "mine"}
        asked = trackers.pop(0)
        assert all(isinstance(value, str) and len(value) <= 500 for value in asked.values())
    assert int(asked["epochs"]) == 2
    assert [row["epoch"] for row in trackers[:-1]] == [0, 1]
    assert {"loss", "accuracy"} <= set(trackers[0])
    assert trackers[-1] == "ended"
    assert (tmp_path / "mine" / "log.csv").is_file()


@pytest.mark.parametrize("name", ["wandb", "mlflow"])
def test_a_run_has_the_name_of_the_folder_and_ends(tmp_path, trackers, name):
    loggers.check(name)
    settings = {"policy": "p" * 600, "epochs": 2}
    with loggers.logged(name, tmp_path / "mine", settings) as callbacks:
        assert [type(callback) for callback in callbacks] == [Told]
        assert "ended" not in trackers
    if name == "wandb":
        (begun, ended) = trackers
        assert begun == {
            "config": settings,
            "project": "keras_cv_extras",
            "name": "mine",
            "dir": str(tmp_path / "mine"),
        }
    else:
        (begun, asked, ended) = trackers
        assert begun == {"run_name": "mine"}
        assert asked == {"policy": "p" * 500, "epochs": "2"}
    assert ended == "ended"


def test_a_tracker_that_is_not_there_is_named_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(ImportError, match=r"logger='wandb' needs the package wandb: pip install"):
        _train(tmp_path / "mine", "wandb")
    with pytest.raises(ValueError, match="logger must be"):
        _train(tmp_path / "mine", "wand")
    command = ["train", "digits", "--logger", "wandb", "--output", str(tmp_path / "mine")]
    assert isinstance(CliRunner().invoke(cli.app, command).exception, ImportError)
    assert not (tmp_path / "mine").exists()


@pytest.mark.parametrize("package", [False, True])
def test_the_folder_of_runs_is_no_tracker(tmp_path, monkeypatch, package):
    monkeypatch.delitem(sys.modules, "wandb", raising=False)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    (tmp_path / "wandb").mkdir()
    if package:
        (tmp_path / "wandb" / "__init__.py").touch()
        loggers.check("wandb")
    else:
        with pytest.raises(ImportError, match="needs the package wandb"):
            loggers.check("wandb")
    assert "wandb" not in sys.modules
