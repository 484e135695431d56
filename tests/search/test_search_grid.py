"""A grid search that was interrupted tries the rest of its grid."""

import keras_tuner as kt
import pytest

from keras_cv_extras.search.oracles import _durable


def oracle(folder):
    space = kt.HyperParameters()
    space.Choice("a", [0, 1])
    space.Choice("b", ["x", "y", "z"], default="y")
    made = kt.oracles.GridSearchOracle(
        objective=kt.Objective("val_accuracy", "max"), hyperparameters=space
    )
    made = _durable.make_durable(made)
    made._set_project_dir(folder, "trials")
    return made


def run(tried, number):
    """Runs some trials, and returns their values."""
    seen = []
    for _ in range(number):
        trial = tried.create_trial("tuner0")
        if trial.status == "STOPPED":
            break
        values = trial.hyperparameters.values
        seen.append((values["a"], values["b"]))
        tried.report(trial.trial_id, "COMPLETED", {"val_accuracy": len(seen) / 10}, None)
    return seen


@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize("first", [1, 2, 5, 6])
def test_resumed(tmp_path, first, running):
    whole = run(oracle(tmp_path / "whole"), 20)
    assert len(set(whole)) == 6
    begun = oracle(tmp_path / "resumed")
    seen = run(begun, first)
    if running:
        begun.create_trial("tuner0")  # killed while this one was running
    begun.save()
    again = oracle(tmp_path / "resumed")
    again.reload()
    seen += run(again, 20)
    assert len(seen) == 6
    assert set(seen) == set(whole)
