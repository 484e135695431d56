"""The calibration error against scikit-learn's bins and a loop."""

import keras
import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy.special import expit, softmax
from sklearn.calibration import calibration_curve

from keras_cv_extras.metrics import BalancedAccuracy, ExpectedCalibrationError, plot_reliability


def brute_force(correct, confidence, num_bins, weights=None):
    weights = np.ones(len(correct)) if weights is None else weights
    error = 0.0
    for low in np.arange(num_bins) / num_bins:
        inside = (confidence > low) & (confidence <= low + 1 / num_bins)
        if inside.any():
            share = weights[inside].sum() / weights.sum()
            gap = np.average(correct[inside], weights=weights[inside]) - np.average(
                confidence[inside], weights=weights[inside]
            )
            error += share * abs(gap)
    return error


@pytest.fixture
def answers():
    random = np.random.default_rng(0)
    logits = random.normal(size=(600, 5)) * 2
    true = np.where(random.random(600) < 0.5, logits.argmax(-1), random.integers(0, 5, 600))
    return true, logits


@pytest.mark.parametrize("num_bins", [1, 10, 15])
def test_error_and_bins(answers, num_bins):
    true, logits = answers
    chances = softmax(logits, -1)
    correct, confidence = chances.argmax(-1) == true, chances.max(-1)
    metric = ExpectedCalibrationError(num_bins)
    metric.update_state(true, chances)
    want = brute_force(correct, confidence, num_bins)
    assert float(metric.result()) == pytest.approx(want, abs=1e-6)
    bins = metric.reliability()
    accuracy, mean = calibration_curve(correct, confidence, n_bins=num_bins)
    filled = bins.count > 0
    np.testing.assert_allclose(bins.accuracy[filled], accuracy, atol=1e-6)
    np.testing.assert_allclose(bins.confidence[filled], mean, atol=1e-6)
    assert bins.count.sum() == 600
    assert not bins.accuracy[~filled].any()
    assert not bins.confidence[~filled].any()


def test_logits_rows_and_weights(answers):
    true, logits = answers
    chances = softmax(logits, -1)
    weights = np.random.default_rng(1).uniform(0.2, 2, 600)
    want = brute_force(chances.argmax(-1) == true, chances.max(-1), 15, weights)
    for labels in (true, true[:, None], np.eye(5)[true]):
        metric = ExpectedCalibrationError(from_logits=True)
        metric.update_state(labels, logits, sample_weight=weights)
        assert float(metric.result()) == pytest.approx(want, abs=1e-6)


def test_one_score_for_two_classes():
    random = np.random.default_rng(2)
    logits = random.normal(size=300) * 3
    true = (random.random(300) < expit(0.5 * logits)).astype("int64")
    chances = expit(logits)
    want = brute_force((chances > 0.5) == true, np.maximum(chances, 1 - chances), 15)
    for from_logits, values in (
        (False, chances),
        (False, np.stack([1 - chances, chances], -1)),
        (True, logits[:, None]),
    ):
        metric = ExpectedCalibrationError(from_logits=from_logits)
        metric.update_state(true, values)
        assert float(metric.result()) == pytest.approx(want, abs=1e-6)


def test_a_calibrated_classifier_has_none():
    metric = ExpectedCalibrationError(num_bins=10)
    metric.update_state([0] * 7 + [1] * 3, np.tile([[0.7, 0.3]], (10, 1)))
    assert float(metric.result()) == pytest.approx(0, abs=1e-6)


def test_confidence_on_an_edge_is_in_the_bin_below():
    metric = ExpectedCalibrationError(num_bins=5)
    metric.update_state([0, 0, 0], np.array([[0.6, 0.4], [1, 0], [0.61, 0.39]], "float32"))
    assert metric.reliability().count.tolist() == [0, 0, 1, 1, 1]


def test_half_precision_may_exceed_one():
    chances = keras.ops.cast(np.array([[1.0078125, 0.0], [0.25, 0.75]]), "bfloat16")
    metric = ExpectedCalibrationError()
    metric.update_state([0, 1], chances)
    assert float(metric.result()) == pytest.approx(0.125)
    assert metric.reliability().count.tolist() == [0] * 11 + [1, 0, 0, 1]


def test_without_samples():
    metric = ExpectedCalibrationError()
    assert float(metric.result()) == 0
    assert not np.isnan(metric.reliability()).any()
    assert isinstance(plot_reliability(metric), Figure)


@pytest.mark.parametrize(
    ("true", "predicted", "message"),
    [
        ([0], [[3.0, -1.0]], r"y_pred must hold probabilities \(or give from_logits\)"),
        ([0], [[0.9, -0.1]], r"y_pred must hold probabilities"),
        ([0], [-0.1], r"y_pred must hold probabilities"),
        ([0], [[np.nan, 0.5]], "y_pred must hold probabilities"),
        ([2], [[0.5, 0.5]], r"y_true must hold whole numbers in \[0, 2\)"),
        ([0], [[[0.5, 0.5]]], r"received shape \(1, 1, 2\)"),
    ],
)
def test_what_is_refused(true, predicted, message):
    with pytest.raises(ValueError, match=message):
        ExpectedCalibrationError().update_state(true, predicted)


def test_figure(answers, tmp_path):
    true, logits = answers
    metric = ExpectedCalibrationError(from_logits=True)
    metric.update_state(true, logits)
    figure = plot_reliability(metric)
    above, below = figure.axes
    filled = metric.reliability().count > 0
    assert len(above.patches) == filled.sum()
    assert f"{float(metric.result()):.4f}" in above.get_title()
    assert sum(bar.get_height() for bar in below.patches) == pytest.approx(1)
    figure.savefig(tmp_path / "reliability.png")
    again = plot_reliability(metric.reliability())
    assert again.axes[0].get_title() == above.get_title()


def test_figure_of_something_else():
    for value in (BalancedAccuracy(2), [1, 2, 3]):
        with pytest.raises(TypeError, match="reliability must be an ExpectedCalibrationError"):
            plot_reliability(value)
