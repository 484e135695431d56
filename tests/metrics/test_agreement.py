"""Metrics of a confusion matrix against scikit-learn and imbalanced-learn."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from imblearn.metrics import geometric_mean_score
from sklearn.metrics import balanced_accuracy_score, cohen_kappa_score, matthews_corrcoef

from keras_cv_extras import metrics
from keras_cv_extras.metrics import (
    BalancedAccuracy,
    CohenKappa,
    GeometricMeanScore,
    MatthewsCorrelationCoefficient,
)


def kappa(weights):
    def oracle(true, predicted, count, **options):
        return cohen_kappa_score(
            true, predicted, weights=weights, labels=range(count), replace_undefined_by=0, **options
        )

    return oracle


def balanced(adjusted):
    def oracle(true, predicted, count, **options):
        score = balanced_accuracy_score(true, predicted, adjusted=adjusted, **options)
        return np.nan_to_num(score, neginf=0)  # only one class: x / 0

    return oracle


def g_mean(correction):
    return lambda true, predicted, count, **options: geometric_mean_score(
        true, predicted, average="multiclass", correction=correction, **options
    )


CASES = {
    "kappa": (lambda count: CohenKappa(count), kappa(None)),
    "linear kappa": (lambda count: CohenKappa(count, weightage="linear"), kappa("linear")),
    "quadratic kappa": (
        lambda count: CohenKappa(count, weightage="quadratic"),
        kappa("quadratic"),
    ),
    "matthews": (
        MatthewsCorrelationCoefficient,
        lambda true, predicted, count, **options: matthews_corrcoef(true, predicted, **options),
    ),
    "balanced": (BalancedAccuracy, balanced(False)),
    "adjusted": (lambda count: BalancedAccuracy(count, adjusted=True), balanced(True)),
    "g-mean": (GeometricMeanScore, g_mean(0.0)),
    "corrected g-mean": (lambda count: GeometricMeanScore(count, correction=0.01), g_mean(0.01)),
}


def expected(name, *arguments, **options):
    with warnings.catch_warnings():  # the oracles warn of undefined scores
        warnings.simplefilter("ignore")
        return CASES[name][1](*arguments, **options)


def score(metric, *arguments, **options):
    metric.update_state(*arguments, **options)
    return float(metric.result())


def answers(random, num_classes, samples, skill=0.6):
    """Labels of a skewed distribution, and answers that are right at the rate `skill`."""
    shares = random.dirichlet(np.full(num_classes, 0.7))
    true = random.choice(num_classes, samples, p=shares)
    guesses = random.integers(0, num_classes, samples)
    return true, np.where(random.random(samples) < skill, true, guesses)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("num_classes", [2, 3, 10])
def test_equals_the_oracle(name, num_classes):
    random = np.random.default_rng(num_classes)
    true, predicted = answers(random, num_classes, 500)
    weights = random.uniform(0.1, 3, 500).astype("float32")
    make = CASES[name][0]
    want = expected(name, true, predicted, num_classes)
    assert score(make(num_classes), true, predicted) == pytest.approx(want, abs=2e-6)
    weighted = score(make(num_classes), true, predicted, sample_weight=weights)
    want = expected(name, true, predicted, num_classes, sample_weight=weights.astype("float64"))
    assert weighted == pytest.approx(want, abs=2e-6)


LABELS = st.integers(2, 5).flatmap(
    lambda count: st.tuples(
        st.just(count),
        st.lists(
            st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), min_size=1, max_size=20
        ),
    )
)


@pytest.mark.wide
@settings(max_examples=80, deadline=None)
@given(LABELS)
def test_any_labels(case):
    """Classes without samples, classes only predicted, one class alone: never a NaN."""
    count, pairs = case
    true, predicted = np.array(pairs).T
    for name, (make, _) in CASES.items():
        got = score(make(count), true, predicted)
        assert got == pytest.approx(expected(name, true, predicted, count), abs=5e-6), name


@pytest.mark.parametrize("name", CASES)
def test_without_samples_the_result_is_zero(name):
    metric = CASES[name][0](4)
    assert float(metric.result()) == 0
    assert score(metric, [1, 2], [1, 1], sample_weight=[0.0, 0.0]) == 0
    assert score(metric, np.zeros((0,), "int32"), np.zeros((0, 4), "float32")) == 0


@pytest.mark.parametrize("name", CASES)
def test_one_class_alone(name):
    """Chance cannot be told from skill: 0, but the recalls are 1."""
    got = score(CASES[name][0](3), [2, 2, 2], [2, 2, 2])
    assert got == (1 if name in ("balanced", "g-mean", "corrected g-mean") else 0)


@pytest.mark.parametrize("name", ["kappa", "quadratic kappa", "matthews"])
@pytest.mark.parametrize("unit", [1, 0.37])
def test_a_rare_class_keeps_its_figures(name, unit):
    """Two in a million: differences from the total would leave one figure in float32."""
    counts = np.array([[9_999_800, 7, 3], [6, 8, 5], [1, 2, 3]])
    true, predicted = (axis.ravel() for axis in np.indices((3, 3)))
    weights = (counts.ravel() * unit).astype("float32")
    got = score(CASES[name][0](3), true, predicted, sample_weight=weights)
    exact = weights.astype("float64")
    want = expected(name, true, predicted, 3, sample_weight=exact)
    assert got == pytest.approx(want, rel=1e-5)


def test_examples_of_addons():
    true, predicted = [4, 4, 3, 4, 2, 4, 1, 1], [4, 4, 3, 4, 4, 2, 1, 1]
    assert score(CohenKappa(5, sparse_labels=True), true, predicted) == pytest.approx(0.61904764)
    weights = [1, 1, 2, 5, 10, 2, 3, 3]
    got = score(CohenKappa(5, sparse_labels=True), true, predicted, sample_weight=weights)
    assert got == pytest.approx(0.37209308)
    true, predicted = [[1.0], [1.0], [1.0], [0.0]], [[1.0], [0.0], [1.0], [1.0]]
    assert score(MatthewsCorrelationCoefficient(2), true, predicted) == pytest.approx(-1 / 3)


def test_kappa_of_a_regression():
    true = np.array([0, 1, 2, 3, 4, 4, 0])
    numbers = np.array([[0.2], [1.4], [1.6], [2.4], [3.7], [7.0], [-1.2]], "float32")
    nearest = [0, 1, 2, 2, 4, 4, 0]
    metric = CohenKappa(5, weightage="quadratic", regression=True)
    want = cohen_kappa_score(true, nearest, weights="quadratic", labels=range(5))
    assert score(metric, true[:, None], numbers) == pytest.approx(want, abs=1e-6)
    with pytest.raises(ValueError, match=r"y_pred must hold one number per sample.*\(2, 5\)"):
        metric.update_state([0, 1], np.zeros((2, 5)))


def test_forms_of_labels_and_predictions():
    random = np.random.default_rng(3)
    true = random.integers(0, 4, 40)
    scores = random.normal(size=(40, 4)).astype("float32")
    want = matthews_corrcoef(true, scores.argmax(-1))
    rows = np.eye(4)[true]
    for labels in (
        true,
        true[:, None],
        true.astype("float32"),
        true.astype("uint8"),
        rows,
        rows.astype("uint8"),
        rows * 0.7 + 0.075,
    ):
        for predictions in (
            scores,
            scores.argmax(-1),
            scores.argmax(-1)[:, None].astype("float32"),
            keras.ops.cast(scores * 100, "bfloat16"),
        ):
            got = score(MatthewsCorrelationCoefficient(4), labels, predictions)
            assert got == pytest.approx(want, abs=1e-6)


def test_two_classes_by_one_score():
    true, logits = np.array([0, 1, 1, 0, 1, 0]), np.array([-2, 0.2, 3, 0.1, -0.5, -1], "float32")
    want = matthews_corrcoef(true, logits > 0)
    chances = 1 / (1 + np.exp(-logits))
    for values in (chances, chances[:, None], np.stack([1 - chances, chances], -1)):
        assert score(MatthewsCorrelationCoefficient(2), true, values) == pytest.approx(want)
    assert score(
        MatthewsCorrelationCoefficient(2, threshold=0.0), true, logits[:, None]
    ) == pytest.approx(want)


def test_many_classes_in_half_precision():
    true = np.arange(4100, dtype="int32")
    rows = keras.ops.cast(keras.ops.one_hot(true, 4100), "float16")
    assert score(BalancedAccuracy(4100), true, rows) == pytest.approx(1)


@pytest.mark.parametrize(
    ("true", "predicted", "message"),
    [
        ([3], [0], r"y_true must hold whole numbers in \[0, 3\).*received \[3.0\]"),
        ([-1], [0], "y_true must hold"),
        ([0.5], [0], "y_true must hold"),
        ([[0, 0, 0]], [0], r"y_true must hold.*rows that name one class.*\[\[0.0, 0.0, 0.0\]\]"),
        ([[1, 1, 0]], [0], r"y_true must hold.*rows that name one class.*\[\[1.0, 1.0, 0.0\]\]"),
        ([2**40 + 1], [0], "y_true must hold"),
        ([0], [5], r"y_pred must hold classes in \[0, 3\)"),
        ([0], [[0.1, np.nan, 0.2]], "y_pred must hold classes.*without NaN"),
        ([[0, 1]], [0], r"y_true must hold classes.*received shape \(1, 2\)"),
        ([0], [[0.1, 0.2]], r"y_pred must hold scores \(batch, 3\).*received shape \(1, 2\)"),
        ([[[0]]], [0], "y_true must hold classes"),
        ([0, 1], [0], "as many samples, received 2 and 1"),
    ],
)
def test_what_is_refused(true, predicted, message):
    true = np.array(true)
    with pytest.raises(ValueError, match=message):
        BalancedAccuracy(3).update_state(true, np.array(predicted))


def test_equal_shares_are_of_one_class_and_several_labels_of_none():
    metric = BalancedAccuracy(3)
    metric.update_state(np.array([[0.5, 0.5, 0], [2, 1, 0], [2, 2, 0], [-1, 1, 1]]), [0, 0, 0, 1])
    assert float(metric.result()) == 1
    for votes in ([[2, 2, 0], [0, 3, 0]], [[0.5, 0.5, 0], [0, 1, 0]]):
        kappa = CohenKappa(3)
        kappa.update_state(np.array(votes), [0, 1])
        assert float(kappa.result()) == 1
    metric.update_state(np.array([[1, 1, 0]]), [0], sample_weight=[0])
    compiled = tf.function(metric.update_state, autograph=False)
    compiled(tf.constant([[0.0, 1, 1]]), tf.constant([1]))
    assert np.isnan(metric.result())


def test_no_samples_at_all():
    rows, empty = np.zeros((0, 3), "float32"), np.zeros(0, "int32")
    for metric in (
        BalancedAccuracy(3),
        metrics.ExpectedCalibrationError(),
        metrics.HammingLoss(mode="multiclass", threshold=0.5),
    ):
        metric.update_state(rows, rows)
        metric.update_state(empty, rows)
        assert float(metric.result()) == 0


def test_weights_that_are_refused():
    metric = BalancedAccuracy(3)
    with pytest.raises(ValueError, match=r"sample_weight must be of shape.*received \(2, 3\)"):
        metric.update_state([0, 1], [0, 1], sample_weight=np.ones((2, 3)))
    with pytest.raises(ValueError, match="sample_weight and y_pred must have as many samples"):
        metric.update_state([0, 1], [0, 1], sample_weight=np.ones(3))


def test_samples_of_weight_zero_may_hold_anything():
    metric = BalancedAccuracy(3)
    assert score(metric, [0, -1, 1], [0, 2, 2], sample_weight=[1, 0, 1]) == 0.5


def test_kappa_with_sparse_labels_refuses_rows():
    with pytest.raises(ValueError, match="sparse_labels=True"):
        CohenKappa(3, sparse_labels=True).update_state(np.eye(3), np.eye(3))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: CohenKappa(1), "num_classes must be at least 2"),
        (lambda: CohenKappa(3, weightage="cubic"), "weightage must be one of.*'cubic'"),
        (lambda: GeometricMeanScore(3, correction=2), "correction must be in"),
        (lambda: BalancedAccuracy(2, threshold=float("nan")), "threshold must be finite"),
    ],
)
def test_arguments_that_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
