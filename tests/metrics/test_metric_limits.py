"""Scores at a threshold, ranges that do not begin at 0, and what a configuration must hold."""

import inspect

import numpy as np
import pytest

from keras_cv_extras import metrics

MADE = {
    "BalancedAccuracy": {"num_classes": 2, "adjusted": True, "threshold": 0.25},
    "CohenKappa": {
        "num_classes": 2,
        "weightage": "linear",
        "sparse_labels": True,
        "regression": True,
        "threshold": 0.25,
    },
    "ExpectedCalibrationError": {"num_bins": 7, "from_logits": True},
    "GeometricMeanScore": {"num_classes": 2, "correction": 0.1, "threshold": 0.25},
    "HammingLoss": {"mode": "multilabel", "threshold": 0.25},
    "ImageMeanAbsoluteError": {"value_range": (-1.0, 1.0)},
    "MatthewsCorrelationCoefficient": {"num_classes": 2, "threshold": 0.25},
    "MultiLabelConfusionMatrix": {"num_classes": 3, "threshold": 0.25},
}


def score(metric, *arguments):
    metric.update_state(*arguments)
    return np.asarray(metric.result())


@pytest.mark.parametrize("name", MADE)
def test_the_configuration_holds_every_argument(name):
    kind, given = getattr(metrics, name), {**MADE[name], "name": "mine", "dtype": "float64"}
    assert set(given) == set(inspect.signature(kind.__init__).parameters) - {"self"}
    config = kind.from_config(kind(**given).get_config()).get_config()
    assert {key: config[key] for key in given if key != "dtype"} == {
        key: value for key, value in given.items() if key != "dtype"
    }


def test_only_a_score_above_the_threshold_is_given_the_class():
    scores, true = np.float32([0.25, 0.5, 0.75]), np.array([0, 0, 1])
    for threshold, recalls in ((0.5, 1.0), (0.25, 0.75)):
        metric = metrics.BalancedAccuracy(2, threshold=threshold)
        assert score(metric, true, scores) == recalls


def test_only_a_score_above_the_threshold_gives_the_label():
    true, scores = [[0, 1, 1]], np.float32([[0.5, 0.5, 0.75]])
    assert score(metrics.HammingLoss("multilabel", threshold=0.5), true, scores) == pytest.approx(
        1 / 3
    )
    found = score(metrics.MultiLabelConfusionMatrix(3), true, scores)
    assert found.tolist() == [[[1, 0], [0, 0]], [[0, 0], [1, 0]], [[0, 0], [0, 1]]]
    right = np.float32([[0.5, 0.25, 0.25]])
    assert score(metrics.HammingLoss("multiclass", threshold=0.5), [0], right) == 1
    assert score(metrics.HammingLoss("multiclass", threshold=0.25), [0], right) == 0


def test_errors_are_shares_of_the_whole_range():
    black, white = np.full((1, 2, 2, 1), -1.0), np.ones((1, 2, 2, 1))
    error = metrics.image_mean_absolute_error(black, white, value_range=(-1, 1))
    assert float(error[0]) == 1
    metric = metrics.ImageMeanAbsoluteError((-1, 1))
    images = np.concatenate([black, white])
    metric.update_state(images, np.concatenate([white, white]), sample_weight=[3.0, 1.0])
    assert float(metric.result()) == 0.75
