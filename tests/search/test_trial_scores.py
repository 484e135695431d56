"""The score of a trial is that of its metric."""

import types

import keras_tuner
import pytest
from keras_tuner.src.engine import metrics_tracking

from keras_cv_extras.search.oracles import _trial_files


def test_a_trial_has_the_score_that_its_metric_tells():
    metrics = metrics_tracking.MetricsTracker()
    metrics.register("val_accuracy", "max")
    metrics.update("val_accuracy", 0.5, step=0)
    objective = keras_tuner.Objective("val_accuracy", "max")
    good, other = (types.SimpleNamespace(score=score, metrics=metrics) for score in (0.5, 0.4))
    _trial_files._check_score(good, objective)
    with pytest.raises(ValueError, match=r"score must be 0\.5, as val_accuracy has it"):
        _trial_files._check_score(other, objective)
