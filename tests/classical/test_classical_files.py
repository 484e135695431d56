"""Files of classifiers that somebody else made: refused, or read as what they are."""

import io
import json
import zipfile
from typing import Any

import numpy as np
import pytest
from sklearn import (
    base,
    cluster,
    decomposition,
    discriminant_analysis,
    ensemble,
    linear_model,
    mixture,
    naive_bayes,
    neighbors,
    preprocessing,
    svm,
)

from keras_cv_extras import classical
from keras_cv_extras.classical.saved import _save

skops_io = pytest.importorskip("skops.io")
X, Y = np.random.default_rng(0).random((30, 4)), np.arange(30) % 2


def node(module, name, loader, content, **more):
    fields = {"__class__": name, "__module__": module, "__loader__": loader}
    return {**fields, "content": content, "__id__": 1, **more}


def text(value):
    return node("builtins", "str", "JsonNode", json.dumps(value), is_json=True)


def array(shape, dtype="<f8"):
    file = io.BytesIO()
    header = {"descr": dtype, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue() + bytes(64)


ARRAY = node("numpy", "ndarray", "NdArrayNode", "x", type="numpy", file="a.npy")


def function(module, name):
    return node(module, name, "FunctionNode", {"module_path": module, "function": name})


HOSTILE = {
    "a function": (function("os", "system"), "not trusted: os.system"),
    "a function of NumPy": (function("numpy", "load"), "not trusted: numpy.load"),
    "what writes": (function(_save.__name__, "save"), "not trusted: .*_save.save"),
    "a type": (
        node("subprocess", "Popen", "TypeNode", {"__class__": "Popen", "__module__": "subprocess"}),
        "not trusted: subprocess.Popen",
    ),
    "a method": (
        node("builtins", "str", "MethodNode", {"func": "format", "obj": text("x")}),
        "not trusted: builtins.str, builtins.str.format",
    ),
    "a call": (
        node(
            "operator",
            "methodcaller",
            "OperatorFuncNode",
            {"__class__": "tuple"},
            attrs=node("builtins", "tuple", "TupleNode", [text("system")]),
        ),
        "not trusted: operator.methodcaller",
    ),
    "a mapped file": (
        node("numpy", "memmap", "ObjectNode", text("x")),
        "not trusted: numpy.memmap",
    ),
    "a loader that there is not": (node("os", "x", "EvilNode", {}), "Can't find loader EvilNode"),
    "a path": ({**ARRAY, "file": "../../etc/passwd"}, "no item named"),
    "a text": (text("no estimator"), "it holds a str, which is no estimator"),
    "a list": (node("builtins", "list", "ListNode", []), "it holds a list, which is no estimator"),
    "itself": (
        node("builtins", "list", "ListNode", [node("builtins", "list", "CachedNode", None)]),
        "recursion",
    ),
}


def written(path, root, **files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("_npy", ".npy"), content)
        schema = {**root, "protocol": skops_io._protocol.PROTOCOL, "_skops_version": "0.16.0"}
        archive.writestr("schema.json", json.dumps(schema))
    return path


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_no_classifier_is_refused(kind, tmp_path):
    root, message = HOSTILE[kind]
    path = written(tmp_path / "x.skops", root)
    with pytest.raises(ValueError, match=f"not a classifier that can be read .*{message}"):
        classical.load(path)


@pytest.mark.parametrize("shape", [(10**11,), (2_500_000_000,), (99,)])
def test_an_array_that_the_file_lacks_is_not_made(shape, tmp_path):
    """Eighteen gibibytes were asked of the system for a file of a kilobyte."""
    path = written(tmp_path / "x.skops", ARRAY, a_npy=array(shape))
    with pytest.raises(ValueError, match="a.npy in it says .* bytes, and holds less"):
        classical.load(path)


def test_an_array_of_objects_is_a_pickle(tmp_path):
    path = written(tmp_path / "x.skops", ARRAY, a_npy=array((3,), "|O"))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        classical.load(path)


def test_a_small_file_of_very_many_parts_is_refused_before_they_are_made(tmp_path, monkeypatch):
    monkeypatch.setattr(_save, "_FREE_PARTS", 3)
    path = classical.save(linear_model.LogisticRegression().fit(X, Y), tmp_path / "x.skops")
    assert classical.load(path).predict(X).shape == (30,)  # as large as its parts are
    packed = written(tmp_path / "y.skops", {**ARRAY, "more": [{"__loader__": ""}] * 1000})
    with pytest.raises(ValueError, match="it has more than .* parts, as no file of its size"):
        classical.load(packed)


def test_a_forest_that_is_not_fitted_stands_in_what_is(tmp_path):
    """Estimators of estimators keep the one that they were given."""
    forest = ensemble.RandomForestClassifier(2, random_state=0)
    model = ensemble.VotingClassifier([("forest", forest)]).fit(X, Y)
    path = classical.save(model, tmp_path / "x.skops")
    np.testing.assert_array_equal(classical.load(path).predict(X), model.predict(X))


@pytest.mark.parametrize(
    ("field", "value"),
    [("left_child", 10**9), ("right_child", 0), ("left_child", -7), ("feature", 4)],
)
@pytest.mark.parametrize("made", [ensemble.RandomForestClassifier, ensemble.ExtraTreesClassifier])
def test_a_tree_that_leads_outside_of_itself(made, field, value, tmp_path):
    """Predictions read memory of others, or did not end."""
    model = made(2, random_state=0).fit(X, Y)
    path = classical.save(model, tmp_path / "good.skops")
    np.testing.assert_array_equal(classical.load(path).predict(X), model.predict(X))
    tree = model.estimators_[1].tree_
    state = tree.__getstate__()
    state["nodes"] = state["nodes"].copy()
    state["nodes"][field][0] = value
    tree.__setstate__(state)
    path = classical.save(model, tmp_path / "bad.skops")
    with pytest.raises(ValueError, match="a tree in it leads outside of itself"):
        classical.load(path)


def test_a_tree_of_more_features_than_its_forest(tmp_path):
    model = ensemble.RandomForestClassifier(2, random_state=0).fit(X, Y)
    wider = ensemble.RandomForestClassifier(2, random_state=0).fit(np.fliplr(np.tile(X, 9)), Y)
    model.estimators_[0] = wider.estimators_[0]
    path = classical.save(model, tmp_path / "bad.skops")
    with pytest.raises(ValueError, match="a tree in it leads outside of itself"):
        classical.load(path)


def lead(name, place, value):
    """Returns a function that writes a number into an array of an estimator."""

    def change(model):
        getattr(model, name).flat[place] = value

    return change


def cut(*names):
    """Returns a function that keeps two columns, or numbers, of arrays of an estimator."""

    def change(model):
        vars(model).update({name: getattr(model, name)[..., :2].copy() for name in names})

    return change


def without(name):
    """Returns a function that takes an attribute from an estimator."""
    return lambda model: delattr(model, name)


def negative(model):
    model._n_support += np.array([-(10**6), 10**6], "int32")


KERNEL = svm.SVC(kernel=classical.chi_square)
BRUTE = neighbors.KNeighborsClassifier(algorithm="brute")
MIXTURE = mixture.GaussianMixture(2, covariance_type="diag")
PROJECTION = decomposition.PCA(3, whiten=True)
DAMAGED = {
    "a row of no image": (KERNEL, lead("support_", 0, 10**9), "support vectors"),
    "a row before the first": (svm.SVR(), lead("support_", 0, -1), "support vectors"),
    "fewer rows": (KERNEL, cut("_BaseLibSVM__Xfit", "support_"), "support vectors"),
    "fewer than none": (svm.SVC(), negative, "support vectors"),
    "fewer weights": (svm.SVC(), cut("dual_coef_", "_dual_coef_"), "support vectors"),
    "fewer columns": (svm.NuSVC(), cut("support_vectors_"), "support vectors"),
    "a weight of NaN": (svm.OneClassSVM(), lead("_dual_coef_", 0, np.nan), "no finite number"),
    "axes": (PROJECTION, cut("components_"), "components_ of the PCA .* not of 4 features"),
    "variances": (PROJECTION, cut("explained_variance_"), "components of the PCA"),
    "a variance below 0": (PROJECTION, lead("explained_variance_", 0, -1), "components"),
    "a mean of NaN": (PROJECTION, lead("mean_", 0, np.nan), "mean_ .* no finite number"),
    "precisions": (MIXTURE, cut("precisions_cholesky_"), "components of the GaussianMixture"),
    "a share of 2": (MIXTURE, lead("weights_", 0, 2), "components of the GaussianMixture"),
    "centres": (cluster.MiniBatchKMeans(2), cut("cluster_centers_"), "not of 4 features"),
    "neighbours": (BRUTE, cut("_fit_X"), "_fit_X of the .* not of 4 features"),
    "a class that is none": (BRUTE, lead("_y", 0, 10**9), "rows of the KNeighborsClassifier"),
    "a coefficient": (svm.LinearSVC(), lead("coef_", 0, np.inf), "no finite number"),
    "coefficients": (linear_model.LogisticRegression(), cut("coef_"), "not of 4 features"),
    "centres of any width": (cluster.KMeans(2), without("n_features_in_"), "n_features_in_"),
    "rows of any width": (BRUTE, without("n_features_in_"), "n_features_in_"),
    "any number of rows": (BRUTE, without("n_samples_fit_"), "n_samples_fit_"),
}
FITTED = (
    linear_model.RidgeClassifier(),  # of two classes its weights are one row without an axis
    linear_model.LogisticRegression(),
    linear_model.LogisticRegression(fit_intercept=False),
    linear_model.SGDClassifier(),
    linear_model.RidgeClassifier(fit_intercept=False),  # whose intercept is one number
    svm.LinearSVC(),
    svm.SVC(probability=True),
    neighbors.KNeighborsClassifier(metric="nan_euclidean", algorithm="brute"),
)


@pytest.mark.parametrize("kind", FITTED, ids=lambda kind: type(kind).__name__)
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.filterwarnings("ignore:The `probability` parameter:FutureWarning")
def test_what_is_fitted_is_read(kind, classes, tmp_path):
    rows = np.random.default_rng(0).normal(size=(30, 4))
    if "nan_euclidean" in kind.get_params().values():
        rows[0, 0] = np.nan
    model = base.clone(kind).fit(rows, np.arange(30) % classes)
    loaded = classical.load(classical.save(model, tmp_path / "model.skops"))
    np.testing.assert_array_equal(loaded.predict(rows), model.predict(rows))


@pytest.mark.parametrize("kind", DAMAGED)
def test_arrays_that_no_fitted_estimator_has(kind, tmp_path):
    """Compiled code reads what counts and numbers say, without a look at the arrays."""
    made, damage, message = DAMAGED[kind]
    model: Any = base.clone(made)
    model.fit(X, Y)
    path = classical.save(model, tmp_path / "good.skops")
    ask = "transform" if hasattr(model, "transform") else "predict"
    np.testing.assert_array_equal(getattr(classical.load(path), ask)(X), getattr(model, ask)(X))
    damage(model)
    path = classical.save(model, tmp_path / "bad.skops")
    with pytest.raises(ValueError, match=f"not a classifier that can be read .*{message}"):
        classical.load(path)


def mean(values):
    return float(np.mean(values))


THREE, TWO_TARGETS = np.arange(30) % 3, np.random.default_rng(1).random((30, 2))
NEAREST = neighbors.KNeighborsRegressor(algorithm="brute")
SPREAD = {
    "an intercept of classes": (linear_model.LogisticRegression(), THREE, "intercept_", mean),
    "an intercept of an SVM": (svm.LinearSVC(), THREE, "intercept_", mean),
    "an intercept where there is none": (
        *(svm.LinearSVC(fit_intercept=False), THREE, "intercept_"),
        lambda given: given + 0.5,
    ),
    "an intercept of targets": (linear_model.Ridge(), TWO_TARGETS, "intercept_", mean),
    "intercepts of a target": (
        linear_model.SGDRegressor(),
        Y,
        "intercept_",
        lambda b: b.repeat(30),
    ),
    "fewer targets": (NEAREST, TWO_TARGETS, "_y", lambda y: y[:9]),
    "targets with an axis": (NEAREST, TWO_TARGETS, "_y", lambda y: y[:, None]),
    "labels by columns": (BRUTE, np.stack([Y, THREE], axis=1), "_y", lambda y: y.T.copy()),
    "labels with an axis": (BRUTE, Y, "_y", lambda y: y[:, None]),
    "a variance of classes": (naive_bayes.GaussianNB(), THREE, "var_", lambda a: a[..., :1]),
    "a prior of classes": (naive_bayes.BernoulliNB(), THREE, "class_log_prior_", lambda a: a[:1]),
    "fewer classes": (naive_bayes.GaussianNB(), THREE, "classes_", lambda a: a[:-1]),
    "classes with an axis": (linear_model.Perceptron(), THREE, "classes_", lambda a: a[:, None]),
    "a mean of features": (discriminant_analysis.LinearDiscriminantAnalysis(), Y, "xbar_", mean),
    "a scale of features": (preprocessing.StandardScaler(), Y, "scale_", lambda a: a[:1]),
    "fewer centres": (cluster.KMeans(2, n_init=1), Y, "cluster_centers_", lambda a: a[:1]),
}


@pytest.mark.parametrize("kind", SPREAD)
def test_arrays_that_would_be_spread_over_others(kind, tmp_path):
    """NumPy computes with them, without a word."""
    made, targets, name, change = SPREAD[kind]
    model: Any = base.clone(made).fit(X, targets)
    path = classical.save(model, tmp_path / "good.skops")
    ask = "predict" if hasattr(model, "predict") else "transform"
    np.testing.assert_array_equal(getattr(classical.load(path), ask)(X), getattr(model, ask)(X))
    setattr(model, name, change(getattr(model, name)))
    path = classical.save(model, tmp_path / "bad.skops")
    with pytest.raises(
        ValueError, match=f"of the {type(made).__name__} in it (do not fit|has the shape)"
    ):
        classical.load(path)


def test_a_tree_of_neighbours_is_not_trusted(tmp_path):
    model = neighbors.KNeighborsClassifier(algorithm="kd_tree").fit(X, Y)
    path = classical.save(model, tmp_path / "x.skops")
    with pytest.raises(ValueError, match="types that are not trusted: .*KDTree"):
        classical.load(path)
