"""Trials are read from their files with the score of their metric, and values of their space."""

import json
import math

import keras_tuner as kt
import pytest
from keras_tuner.engine import trial as kt_trial

from keras_cv_extras.search.oracles import _trial_files

ACCURACY = kt.Objective("val_accuracy", "max")
LOSS = kt.Objective("val_log_loss", "min")


def make_trial(metrics=None, score=0.5, status="COMPLETED", **values):
    """A trial of one hyperparameter of each kind, as keras-tuner has it."""
    space = kt.HyperParameters()
    space.Choice("op", ["invert", "rotate"])
    space.Boolean("flip")
    space.Int("number", 1, 4)
    space.Float("rate", 1.0, 2.0)
    space.Fixed("size", 32)
    space.values.update(values)
    trial = kt_trial.Trial(space, trial_id="7", status=status)
    for name, value in ({"val_accuracy": 0.5} if metrics is None else metrics).items():
        trial.metrics.register(name, "max" if name == "val_accuracy" else "min")
        trial.metrics.metrics[name].update(value, step=0)
    trial.score = score
    return trial


@pytest.fixture
def read(tmp_path):
    """Writes a trial's file, and reads it."""

    def through(trial, objective=ACCURACY, folder="trial_7", change=None):
        path = tmp_path / folder / "trial.json"
        path.parent.mkdir(exist_ok=True)
        state = trial.get_state()
        if change is not None:
            change(state)
        path.write_text(json.dumps(state))
        return _trial_files.read_trial(path, objective)

    return through


def test_what_is_written_is_read(read):
    trial = make_trial(op="rotate", flip=True, number=4, rate=2.0)
    found = read(trial)
    assert found.get_state() == trial.get_state()
    assert found.hyperparameters.values["rate"] == 2.0


@pytest.mark.parametrize("status", ["RUNNING", "IDLE", "INVALID", "STOPPED", "FAILED"])
def test_a_trial_that_is_not_completed_needs_no_score(read, status):
    found = read(make_trial(metrics={}, score=None, status=status))
    assert (found.status, found.score) == (status, None)


def test_a_status_that_keras_tuner_does_not_have(read):
    with pytest.raises(ValueError, match="status must be one of 'RUNNING', 'IDLE'"):
        read(make_trial(status="DONE"))


@pytest.mark.parametrize(
    ("name", "value"), [("rate", 2.0 + 1e-7), ("rate", 1.0 - 1e-7), ("number", 1), ("size", 64)]
)
def test_a_rounded_value_is_believed(read, name, value):
    assert read(make_trial(**{name: value})).hyperparameters.values[name] == value


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("op", "solarize", "op must be one of 'invert', 'rotate', received 'solarize'"),
        ("flip", "yes", "flip must be True or False"),
        ("flip", 1, "flip must be True or False"),
        ("number", 2.5, "number must be an integer"),
        ("number", 0, r"number must lie in \[1, 4\], received 0"),
        ("number", 5, r"number must lie in \[1, 4\], received 5"),
        ("rate", 0.99, r"rate must lie in \[1\.0, 2\.0\], received 0\.99"),
        ("rate", 2.01, r"rate must lie in \[1\.0, 2\.0\], received 2\.01"),
        ("rate", "1.5", "rate must be a number"),
    ],
)
def test_a_value_that_its_hyperparameter_does_not_have(read, name, value, message):
    with pytest.raises(ValueError, match=rf"trial_7/trial\.json: .*{message}"):
        read(make_trial(**{name: value}))


def test_a_hyperparameter_without_a_value_is_not_checked(read):
    found = read(make_trial(), change=lambda state: state["hyperparameters"]["values"].pop("op"))
    assert "op" not in found.hyperparameters.values


@pytest.mark.parametrize(("folder", "name"), [("trial_8", "7"), ("trial_x", "x"), ("trial_7", 7)])
def test_a_trial_is_in_the_folder_of_its_number(read, folder, name):
    with pytest.raises(ValueError, match="trial_id must be"):
        read(make_trial(), folder=folder, change=lambda state: state.update(trial_id=name))


@pytest.mark.parametrize(
    ("metrics", "score", "objective", "message"),
    [
        ({"val_accuracy": 0.5}, 0.4, ACCURACY, r"score must be 0\.5, as val_accuracy has it, r"),
        ({"val_accuracy": 0.5}, None, ACCURACY, r"score must be 0\.5"),
        ({"val_log_loss": 2.0, "val_accuracy": 0.5}, 0.5, LOSS, r"score must be 2\.0, as val_log"),
        ({"val_accuracy": 1.5}, 1.5, ACCURACY, r"val_accuracy must be in \[0, 1\]"),
        ({"val_log_loss": 2.0, "val_accuracy": -0.5}, 2.0, LOSS, r"val_accuracy must be in \["),
    ],
)
def test_a_score_that_its_metric_does_not_tell(read, metrics, score, objective, message):
    with pytest.raises(ValueError, match=message):
        read(make_trial(metrics, score), objective)


@pytest.mark.parametrize(
    ("metrics", "score", "objective"),
    [
        ({"val_accuracy": 0.0}, 0.0, ACCURACY),
        ({"val_accuracy": 1.0}, 1.0, ACCURACY),
        ({"val_log_loss": 2.0, "val_accuracy": 0.5}, 2.0, LOSS),
        ({"val_log_loss": 2.0, "val_accuracy": math.nan}, 2.0, LOSS),
        ({"val_log_loss": 2.0}, 0.25, ACCURACY),  # of a metric that the file does not have
    ],
)
def test_a_score_that_is_believed(read, metrics, score, objective):
    found = read(make_trial(metrics, score), objective)
    assert (found.status, found.score) == ("COMPLETED", score)


def test_of_several_values_those_that_are_numbers_count(read):
    trial = make_trial()
    trial.metrics.metrics["val_accuracy"].update(math.nan, step=1)
    trial.metrics.metrics["val_accuracy"].update(0.25, step=2)
    assert read(trial).score == 0.5


@pytest.mark.parametrize("stored", [None, math.nan])
def test_a_trial_whose_score_is_no_number_has_failed(read, stored):
    found = read(make_trial({"val_accuracy": math.nan}, stored))
    assert found.status == "FAILED"
    assert math.isnan(found.score)


def test_what_an_oracle_need_not_have(tmp_path):
    """Files of keras-tuner's own oracles, and of a search that did not keep whether it stopped."""
    oracle = kt.oracles.RandomSearchOracle(objective="val_accuracy")
    state = oracle.get_state() | {"tried_so_far": ["a"], "seed": None, "seed_state": None}
    state["id_to_hash"] = {"0": None}
    path = tmp_path / "oracle.json"
    path.write_text(json.dumps(state))
    assert _trial_files.read_oracle(path) == json.loads(json.dumps(state))
    path.write_text(json.dumps(state | {"stopped": 1}))
    with pytest.raises(ValueError, match="stopped must be True or False"):
        _trial_files.read_oracle(path)


@pytest.mark.parametrize(
    ("place", "changes"),
    [
        (3, {"config": {"name": "rate"}}),
        (3, {"class_name": "Other"}),
        (3, {"min_value": None}),
        (2, {"max_value": 10**400}),
        (0, {"values": 3}),
    ],
)
def test_a_space_that_is_damaged_is_one_line(read, place, changes):
    def change(state):
        one = state["hyperparameters"]["space"][place]
        (one if set(changes) <= {"config", "class_name"} else one["config"]).update(changes)

    with pytest.raises(ValueError, match=r"trial_7/trial\.json: ") as seen:
        read(make_trial(), change=change)
    assert "\n" not in str(seen.value)
