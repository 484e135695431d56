"""Metrics of several labels against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from sklearn.metrics import hamming_loss, multilabel_confusion_matrix

from keras_cv_extras.metrics import HammingLoss, MultiLabelConfusionMatrix

RANDOM = np.random.default_rng(0)
TRUE = RANDOM.integers(0, 2, (60, 5))
SCORES = RANDOM.random((60, 5)).astype("float32")
WEIGHTS = RANDOM.uniform(0.1, 2, 60)
CLASSES = RANDOM.integers(0, 5, 60)


def score(metric, *arguments, **options):
    metric.update_state(*arguments, **options)
    return np.asarray(metric.result())


def test_hamming_loss_of_labels():
    metric = HammingLoss("multilabel", threshold=0.3)
    assert score(metric, TRUE, SCORES) == pytest.approx(hamming_loss(TRUE, SCORES > 0.3))
    metric = HammingLoss("multilabel", threshold=0.3)
    want = hamming_loss(TRUE, SCORES > 0.3, sample_weight=WEIGHTS)
    got = score(metric, TRUE, SCORES, sample_weight=WEIGHTS[:, None])
    assert got == pytest.approx(want, abs=1e-6)


def test_hamming_loss_of_classes():
    want = hamming_loss(CLASSES, SCORES.argmax(-1), sample_weight=WEIGHTS)
    for labels in (CLASSES, CLASSES[:, None], np.eye(5)[CLASSES]):
        got = score(HammingLoss("multiclass"), labels, SCORES, sample_weight=WEIGHTS)
        assert got == pytest.approx(want, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(
    array_shapes(min_dims=2, max_dims=2, max_side=6).flatmap(
        lambda shape: st.tuples(*[arrays("int32", shape, elements=st.integers(0, 1))] * 2)
    )
)
def test_any_rows_of_zeros_and_ones(rows):
    true, given_rows = rows
    want = np.mean(true != given_rows)
    assert score(HammingLoss("multilabel"), true, given_rows) == pytest.approx(want)
    want = multilabel_confusion_matrix(
        np.pad(true, ((0, 0), (0, 1))), np.pad(given_rows, ((0, 0), (0, 1)))
    )
    metric = MultiLabelConfusionMatrix(true.shape[1])
    assert np.array_equal(score(metric, true, given_rows), want[:-1])


def test_hamming_examples_of_addons():
    true = np.array([[1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 1, 0, 0]], "float32")
    scores = [[0.8, 0.1, 0.1, 0], [0.2, 0, 0.8, 0], [0.05, 0.05, 0.1, 0.8], [1, 0, 0, 0]]
    assert score(HammingLoss("multiclass", threshold=0.6), true, scores) == pytest.approx(0.25)
    true = [[1, 0, 1, 0], [0, 1, 0, 1], [0, 0, 0, 1]]
    scores = [[0.82, 0.5, 0.90, 0], [0, 1, 0.4, 0.98], [0.89, 0.79, 0, 0.3]]
    assert score(HammingLoss("multilabel", threshold=0.8), true, scores) == pytest.approx(1 / 6)


def test_equal_scores_of_all_classes_are_not_right():
    flat = np.full((4, 4), 0.25, "float32")
    assert score(HammingLoss("multiclass"), np.arange(4), flat) == 0.75


def test_a_class_below_the_threshold_is_wrong():
    scores = np.array([[0.5, 0.3, 0.2], [0.9, 0.1, 0.0]], "float32")
    assert score(HammingLoss("multiclass", threshold=0.6), [0, 0], scores) == 0.5


def test_confusion_of_scores():
    want = multilabel_confusion_matrix(TRUE, SCORES > 0.5)
    metric = MultiLabelConfusionMatrix(5, dtype="int32")
    got = score(metric, TRUE, SCORES)
    assert got.dtype == "int32"
    assert np.array_equal(got, want)
    want = multilabel_confusion_matrix(TRUE, SCORES > 0.2, sample_weight=WEIGHTS)
    metric = MultiLabelConfusionMatrix(5, threshold=0.2)
    got = score(metric, TRUE, SCORES, sample_weight=WEIGHTS)
    np.testing.assert_allclose(got, want, rtol=1e-5)


def test_confusion_of_classes():
    want = multilabel_confusion_matrix(CLASSES, SCORES.argmax(-1), labels=range(5))
    metric = MultiLabelConfusionMatrix(5, threshold=None)
    assert np.array_equal(score(metric, CLASSES, SCORES), want)
    metric = MultiLabelConfusionMatrix(5)
    assert np.array_equal(score(metric, CLASSES[:, None], SCORES.argmax(-1)), want)


def test_one_label():
    got = score(MultiLabelConfusionMatrix(1), [[1], [0], [1]], [[0.9], [0.2], [0.3]])
    assert got.tolist() == [[[1, 0], [1, 1]]]
    assert score(HammingLoss("multilabel", threshold=0.5), [[1], [0]], [[0.9], [0.8]]) == 0.5


def test_without_samples():
    assert float(HammingLoss("multilabel").result()) == 0
    assert not np.any(MultiLabelConfusionMatrix(3).result())


@pytest.mark.parametrize(
    ("make", "true", "predicted", "message"),
    [
        (lambda: HammingLoss("multilabel"), [[2, 0]], [[1, 0]], "y_true must hold rows of 0 and 1"),
        (lambda: HammingLoss("multilabel"), [1], [[1, 0]], r"rows \(batch, 2\).*\(1,\)"),
        (lambda: HammingLoss("multilabel"), [[1, 0]], [[np.nan, 0]], "scores without NaN"),
        (lambda: HammingLoss("multiclass"), [1], [1], "rows of at least 2 scores"),
        (lambda: HammingLoss("multiclass"), [4], [[0.1, 0.9]], r"whole numbers in \[0, 2\)"),
        (lambda: MultiLabelConfusionMatrix(3), [[1, 0]], [[1, 0, 0]], r"y_true must hold rows"),
        (lambda: MultiLabelConfusionMatrix(3), [3], [1], r"classes in \[0, 3\)"),
        (lambda: MultiLabelConfusionMatrix(2), [[0.5, 0]], [[1, 0]], "rows of 0 and 1"),
    ],
)
def test_what_is_refused(make, true, predicted, message):
    with pytest.raises(ValueError, match=message):
        make().update_state(true, predicted)


def test_arguments_that_are_refused():
    with pytest.raises(ValueError, match="mode must be one of 'multiclass', 'multilabel'"):
        HammingLoss("binary")
    with pytest.raises(ValueError, match="num_classes must be at least 1"):
        MultiLabelConfusionMatrix(0)
