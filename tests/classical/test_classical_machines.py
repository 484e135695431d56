"""Counts and arrays of support vectors, neighbours, trees and weights fit together, or not."""

import warnings

import numpy as np
import pytest
from sklearn import base, ensemble, linear_model, neighbors, svm

from keras_cv_extras import classical
from keras_cv_extras.classical.saved import _fitted

X, Y = np.random.default_rng(0).random((30, 4)), np.arange(30) % 3


def put(name, value):
    """Returns a function that gives an estimator another attribute, or changes the one it has."""

    def change(model):
        new = value(getattr(model, name)) if callable(value) else value
        vars(model)[name] = new

    return change


def at(place, value):
    """Returns a function that writes a number into a copy of an array."""

    def change(array):
        array = array.copy()
        array.flat[place] = value
        return array

    return change


def cast(dtype):
    return lambda array: array.astype(dtype)


def fit(kind, targets=Y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return base.clone(kind).fit(X, targets)


def refused_once_changed(kind, targets, change, said):
    model = fit(kind, targets)
    _fitted.check(model)
    change(model)
    with pytest.raises(ValueError, match=said.format(type(kind).__name__)):
        _fitted.check(model)


SVC, SVR, OWN = svm.SVC(), svm.SVR(), svm.SVC(kernel=classical.chi_square)
GIVEN = svm.SVC(kernel="precomputed")
MACHINES = {
    "a row too many": (SVC, put("support_", at(-1, 30))),
    "rows of 64 bits": (SVC, put("support_", cast("int64"))),
    "vectors of 32 bits": (SVC, put("support_vectors_", cast("float32"))),
    "vectors where there are none": (OWN, put("support_vectors_", np.zeros((3, 4)))),
    "counts of 64 bits": (SVC, put("_n_support", cast("int64"))),
    "counts of two classes": (SVC, put("_n_support", lambda counts: counts[:2])),
    "other counts": (SVC, put("_n_support", lambda counts: counts - np.int32([1, 0, 0]))),
    "more counts": (SVC, put("_n_support", lambda counts: counts + np.int32([1, 0, 0]))),
    "a count below 0": (SVR, put("_n_support", at(0, -1))),
    "weights of 32 bits": (SVC, put("_dual_coef_", cast("float32"))),
    "weights of one class": (SVC, put("dual_coef_", lambda weights: weights[:1])),
    "intercepts of fewer pairs": (SVC, put("intercept_", lambda numbers: numbers[:2])),
    "own intercepts of fewer pairs": (SVC, put("_intercept_", lambda numbers: numbers[:2])),
    "probabilities of fewer pairs": (SVC, put("_probA", np.zeros(2))),
    "probabilities by columns": (SVC, put("_probB", np.zeros((3, 1)))),
    "a sparse one": (SVC, put("_sparse", True)),
    "another library": (SVC, put("_impl", "c_svc")),
    "a width of NaN": (SVC, put("_gamma", np.nan)),
    "a width without end": (SVC, put("_gamma", np.inf)),
    "fewer rows to compare with": (OWN, put("_BaseLibSVM__Xfit", lambda rows: rows[:3])),
    "a class less": (SVC, put("classes_", np.arange(2))),
}


@pytest.mark.parametrize("kind", [SVC, SVR, OWN, svm.SVC(probability=True), svm.OneClassSVM()])
def test_a_machine_that_is_fitted_is_right(kind):
    _fitted.check(fit(kind))
    _fitted.check(base.clone(kind))


@pytest.mark.parametrize("name", MACHINES)
def test_a_machine_that_does_not_fit_together(name):
    kind, change = MACHINES[name]
    refused_once_changed(kind, Y, change, "support vectors of the {} in it do")


def test_a_machine_of_a_given_kernel_has_as_many_rows_as_it_is_given():
    model = base.clone(GIVEN).fit(X @ X.T, Y)
    _fitted.check(model)
    model.support_[-1] = 29
    _fitted.check(model)
    model.n_features_in_ = 29
    with pytest.raises(ValueError, match="support vectors of the SVC in it do not fit together"):
        _fitted.check(model)


CLASSES = neighbors.KNeighborsClassifier(algorithm="brute")
VALUES = neighbors.KNeighborsRegressor(algorithm="brute")
ROWS = neighbors.NearestNeighbors(algorithm="brute")
NEIGHBORS = {
    "another count": (CLASSES, Y, put("n_samples_fit_", 29)),
    "another method": (CLASSES, Y, put("_fit_method", "kd_tree")),
    "fewer rows": (CLASSES, Y, put("_fit_X", lambda rows: rows[:29])),
    "fewer labels": (CLASSES, Y, put("_y", lambda labels: labels[:29])),
    "a class too many": (CLASSES, Y, put("_y", at(0, 3))),
    "a class before the first": (CLASSES, Y, put("_y", at(0, -1))),
    "labels of floats": (CLASSES, Y, put("_y", cast("float64"))),
    "classes without labels": (ROWS, None, put("classes_", np.arange(3))),
    "no targets": (VALUES, Y, lambda model: delattr(model, "_y")),
    "a target of NaN": (VALUES, Y / 2, put("_y", at(0, np.nan))),
    "targets of three axes": (VALUES, Y, put("_y", np.zeros((30, 1, 1)))),
    "fewer targets": (VALUES, Y, put("_y", np.zeros(29))),
    "a label of another column": (CLASSES, np.stack([Y, Y % 2], 1), put("_y", at(1, 2))),
    "one column of labels": (CLASSES, np.stack([Y, Y], 1), put("_y", lambda y: y[:, :1])),
}


@pytest.mark.parametrize("name", NEIGHBORS)
def test_neighbours_that_do_not_fit_together(name):
    refused_once_changed(*NEIGHBORS[name], "rows of the {} in it do not fit")


LOGISTIC, RIDGE, PLAIN = (
    linear_model.LogisticRegression(),
    linear_model.Ridge(),
    linear_model.LinearRegression(fit_intercept=False),
)
TWO = Y % 2
WEIGHTS = {
    "rows of two classes": (LOGISTIC, Y, put("coef_", np.zeros((2, 4)))),
    "one row of three classes": (LOGISTIC, Y, put("coef_", np.zeros((1, 4)))),
    "a class more": (LOGISTIC, Y, put("classes_", np.arange(4))),
    "two rows and one intercept": (LOGISTIC, TWO, put("coef_", np.zeros((2, 4)))),
    "an intercept too many": (LOGISTIC, TWO, put("intercept_", np.zeros(2))),
    "an intercept of two targets": (RIDGE, np.stack([Y, Y], 1), put("intercept_", 0.0)),
    "an intercept of none": (PLAIN, np.stack([Y, Y], 1), put("intercept_", 0.5)),
    "intercepts by rows": (RIDGE, Y, put("intercept_", np.zeros((1, 1)))),
}


@pytest.mark.parametrize("name", WEIGHTS)
def test_weights_that_do_not_fit_together(name):
    refused_once_changed(*WEIGHTS[name], "coefficients of the {} in it do")


@pytest.mark.parametrize("kind", [RIDGE, PLAIN, LOGISTIC])
def test_weights_of_one_target_have_one_intercept(kind):
    _fitted.check(fit(kind, TWO))


def test_rows_of_truth_values_are_numbers():
    model = neighbors.NearestNeighbors(metric="jaccard", algorithm="brute").fit(X > 0.5)
    assert model._fit_X.dtype == bool
    _fitted.check(model)


NODES = [("left_child", int), ("right_child", int), ("feature", int)]


@pytest.mark.parametrize(
    ("node", "wrong"),
    [
        ((1, 2, 0), False),
        ((2, 1, 3), False),
        ((0, 2, 0), True),  # to itself: without end
        ((1, 0, 0), True),
        ((3, 2, 0), True),  # the first that is not there
        ((1, 3, 0), True),
        ((1, 2, 4), True),
        ((1, 2, -1), True),
    ],
)
def test_each_node_leads_to_later_ones(node, wrong):
    nodes = np.array([node, (-1, -1, -2), (-1, -1, -2)], NODES)
    tree = type("Tree", (), {"__getstate__": lambda self: {"nodes": nodes}})()
    assert _fitted._is_wrong(tree, 4) == wrong


@pytest.mark.parametrize(
    "kind",
    [ensemble.RandomForestClassifier(2), ensemble.GradientBoostingClassifier(n_estimators=2)],
)
def test_the_trees_of_an_ensemble_are_followed(kind):
    model = fit(kind)
    _fitted.check(model)
    model.n_features_in_ = 1
    with pytest.raises(ValueError, match="a tree in it leads outside of itself"):
        _fitted.check(model)
