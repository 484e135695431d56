"""Scores at a threshold, ranges that do not begin at 0, and what a configuration must hold."""

import inspect

import numpy as np
import pytest
from imblearn.metrics import geometric_mean_score

from keras_cv_extras import metrics, mix
from keras_cv_extras.metrics import _image

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


@pytest.mark.parametrize("name", MADE)
def test_sums_have_the_digits_that_were_asked_for(name):
    """At least those of float32: sums of half precision would stop growing."""
    for asked, kept in (("float64", "float64"), ("float16", "float32"), (None, "float32")):
        metric = getattr(metrics, name)(**MADE[name], dtype=asked)
        assert {variable.dtype for variable in metric.variables} == {kept}


def test_a_prediction_of_weight_zero_may_be_no_number():
    metric = metrics.ExpectedCalibrationError()
    metric.update_state([1, 1], [[np.nan, 1.0], [0.25, 0.75]], sample_weight=[0, 1])
    np.testing.assert_allclose(metric.result(), 0.25, rtol=1e-6)


def test_a_score_of_the_threshold_is_below_it():
    metric = metrics.ExpectedCalibrationError(num_bins=1)
    metric.update_state([1], [0.5])
    assert metric.reliability().accuracy.tolist() == [0.0]
    loss = metrics.HammingLoss("multilabel", threshold=0.5)
    loss.update_state([[0, 1]], [[0.5, 0.75]])
    assert float(loss.result()) == 0


@pytest.mark.filterwarnings("ignore:Recall is ill-defined")
def test_a_class_that_is_only_predicted_counts():
    true, given = [0, 0, 1, 1], [0, 0, 1, 2]
    wanted = geometric_mean_score(true, given, average="multiclass", correction=0.001)
    metric = metrics.GeometricMeanScore(3, correction=0.001)
    np.testing.assert_allclose(score(metric, true, given), wanted, rtol=1e-5)
    assert wanted < 0.1


def test_callbacks_know_which_way_is_better():
    down = {"ExpectedCalibrationError", "HammingLoss", "ImageMeanAbsoluteError"}
    up = {"BalancedAccuracy", "CohenKappa", "GeometricMeanScore", "MatthewsCorrelationCoefficient"}
    for name in sorted(down | up):
        made = getattr(metrics, name)(**MADE[name])
        assert made._direction == ("down" if name in down else "up"), name


def test_the_correction_is_for_recalls_of_0_alone():
    metric = metrics.GeometricMeanScore(2, correction=0.5)
    counts = np.array([[1.0, 3.0], [0.0, 4.0]], "float32")  # recalls of a quarter and 1
    assert float(metric.score(counts)) == pytest.approx(0.5)
    counts[0] = 0, 4
    assert float(metric.score(counts)) == pytest.approx(np.sqrt(0.5))


def test_very_many_samples_have_a_correlation():
    counts = np.array([[6.0, 1.0], [2.0, 5.0]], "float32")
    metric = metrics.MatthewsCorrelationCoefficient(2)
    few = float(metric.score(counts))
    assert 0.5 < few < 0.7
    assert float(metric.score(counts * np.float32(1e12))) == pytest.approx(few, rel=1e-5)


def test_sizes_that_are_not_known_do_not_differ():
    assert not _image._differ((None, 4, 3), (2, None, 3))
    assert _image._differ((None, 4, 3), (2, 5, 3))


def test_three_wrong_values_are_told():
    metric = metrics.ExpectedCalibrationError()
    with pytest.raises(ValueError, match=r"received \[(-?\d+(\.0)?, ){2}-?\d+(\.0)?\]"):
        metric.update_state(np.array([7, 0, 8, 9, 11]), np.full((5, 2), 0.5))


@pytest.mark.parametrize("from_logits", [False, True])
def test_a_score_that_is_no_number_is_told(from_logits):
    metric = metrics.ExpectedCalibrationError(from_logits=from_logits)
    for scores in ([np.nan, 0.4], [[np.nan, 0.4], [0.5, 0.5]]):
        with pytest.raises(ValueError, match="y_pred must hold"):
            metric.update_state([1, 0], np.array(scores))


@pytest.mark.parametrize(("true", "rows"), [([0, 1], 3), ([0, 1, 1], 2)])
def test_there_are_as_many_labels_as_scores(true, rows):
    with pytest.raises(ValueError, match=f"as many samples, received {len(true)} and {rows}"):
        metrics.ExpectedCalibrationError().update_state(true, np.full((rows, 2), 0.5))


def test_one_weight_is_for_all_samples():
    metric = metrics.ExpectedCalibrationError(num_bins=2)
    metric.update_state([0, 1, 1, 0], np.full((4, 2), 0.5), sample_weight=0.5)
    assert np.asarray(metric.bins)[2].sum() == 2


def test_mixed_labels_count_as_their_largest_share():
    images, chances = np.zeros((3, 2, 2, 1)), np.eye(3) * 0.4 + 0.2
    _, labels = mix.mixup(images, np.array([0, 1, 2]), np.array([1, 2, 0]), 0.25)
    mixed = metrics.ExpectedCalibrationError()
    plain = metrics.ExpectedCalibrationError()
    mixed.update_state(labels, chances)
    plain.update_state([0, 1, 2], chances)
    np.testing.assert_allclose(mixed.bins, plain.bins)
