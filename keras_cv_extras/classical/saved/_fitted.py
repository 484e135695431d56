"""What compiled code of scikit-learn takes as it is: refused here if it leads outside of itself."""

import math
from typing import Any

import numpy as np
from sklearn import cluster, decomposition
from sklearn.base import RegressorMixin
from sklearn.linear_model._base import LinearClassifierMixin
from sklearn.mixture._base import BaseMixture
from sklearn.neighbors._base import NeighborsBase
from sklearn.svm._base import BaseLibSVM, BaseSVC

_OF_FEATURES = ("coef_", "components_", "cluster_centers_", "means_", "mean_", "_fit_X")
_DUAL, _SIGMOID = ("dual_coef_", "_dual_coef_"), ("_probA", "_probB")
_OTHERS = ("intercept_", "_intercept_", "weights_", "support_vectors_", "precisions_cholesky_")
_NUMBERS = (*_OF_FEATURES, *_OTHERS, *_DUAL, *_SIGMOID, "scale_", "explained_variance_")
# Shapes of arrays by the types that hold them: c is the number of classes, f that of features, and
# what other letters stand for is the same in all arrays of an estimator.
_SHAPES = {
    "StandardScaler": {"mean_": "f", "var_": "f", "scale_": "f"},
    "MinMaxScaler": {"min_": "f", "scale_": "f"},
    "MaxAbsScaler": {"scale_": "f"},
    "RobustScaler": {"center_": "f", "scale_": "f"},
    "GaussianNB": {"theta_": "cf", "var_": "cf", "class_prior_": "c"},
    "_BaseDiscreteNB": {"class_log_prior_": "c", "class_count_": "c"},
    "MultinomialNB": {"feature_log_prob_": "cf"},
    "ComplementNB": {"feature_log_prob_": "cf"},
    "BernoulliNB": {"feature_log_prob_": "cf"},
    "NearestCentroid": {"centroids_": "cf"},
    "LinearDiscriminantAnalysis": {"xbar_": "f", "means_": "cf", "priors_": "c", "scalings_": "fs"},
    "QuadraticDiscriminantAnalysis": {"means_": "cf", "priors_": "c"},
    "_PLS": {"_x_mean": "f", "_x_std": "f", "coef_": "tf", "intercept_": "t", "x_rotations_": "fk"},
    "_BasePCA": {"components_": "kf", "mean_": "f", "explained_variance_": "k"},
    "FactorAnalysis": {"components_": "kf", "noise_variance_": "f", "mean_": "f"},
    "FastICA": {"components_": "kf", "mean_": "f", "mixing_": "fk"},
    "TruncatedSVD": {"components_": "kf"},
    "_BaseNMF": {"components_": "kf"},
    "_BaseSparseCoding": {"components_": "kf"},
    "LatentDirichletAllocation": {"components_": "kf", "exp_dirichlet_component_": "kf"},
    "BernoulliRBM": {"components_": "kf", "intercept_hidden_": "k", "intercept_visible_": "f"},
    "RBFSampler": {"random_weights_": "fk", "random_offset_": "k"},
    "SkewedChi2Sampler": {"random_weights_": "fk", "random_offset_": "k"},
    "Nystroem": {"components_": "mf", "normalization_": "mm"},
    "_BaseKMeans": {"cluster_centers_": "kf"},
    "EllipticEnvelope": {"location_": "f", "covariance_": "ff", "precision_": "ff"},
    "KernelPCA": {"eigenvalues_": "k", "eigenvectors_": "nk", "X_fit_": "nf"},
}
_COUNTED = ("n_components_", "n_clusters")  # what k is, where one of these is there
_NEARLY = 1e-3  # what a sum of weights in float32 may be away from 1


def check(found):
    """Raises if an estimator, or one in it, holds arrays that nothing fitted has.

    Trees are followed, libsvm reads what its numbers and counts say, and distances are computed of
    as many columns as the images have, all without a look at the arrays' sizes.
    """
    waiting, seen = [found], set()
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list | tuple):
            waiting += one
        elif isinstance(one, np.ndarray):
            waiting += one.ravel().tolist() if one.dtype == object else ()
        elif hasattr(one, "get_params"):
            waiting += vars(one).values()
            _check_estimator(one)


def _check_estimator(one):
    of_trees = [part for part in _parts(one) if hasattr(part, "tree_")]
    if any(_is_wrong(part.tree_, one.n_features_in_) for part in of_trees):
        raise ValueError("a tree in it leads outside of itself")
    held = vars(one)
    for name in _NUMBERS:
        array = held.get(name)
        if name == "_fit_X" and held.get("metric") == "nan_euclidean":
            continue  # which leaves out what is missing
        if array is not None and not _is_finite(array):
            raise ValueError(f"{_of(name, one)} holds what is no finite number")
    features = held.get("n_features_in_")
    for name in _OF_FEATURES:
        array = held.get(name)
        if array is not None and features is not None and np.shape(array)[-1:] != (features,):
            raise ValueError(f"{_of(name, one)} is not of {features} features")
    for kind, (fitted, name, is_right) in _RULES.items():
        if isinstance(one, kind) and any(each in held for each in fitted) and not is_right(one):
            raise ValueError(f"{_of(name, one)} do not fit together")
    wrong = _of_wrong_shape(one)
    if wrong is not None:
        shape = np.shape(held[wrong])
        raise ValueError(f"{_of(wrong, one)} has the shape {shape}, which no fitted one has")


def _of_wrong_shape(one):
    """Returns the name of the first array of a shape that no fitted estimator has, or None."""
    held = vars(one)
    sizes, classes = {"f": held.get("n_features_in_")}, held.get("classes_")
    if isinstance(classes, np.ndarray):
        sizes["c"] = len(classes)
        if classes.ndim != 1 or held.get("n_classes_", len(classes)) != len(classes):
            return "classes_"
    counts = (held.get(name) for name in _COUNTED)
    sizes["k"] = next((count for count in counts if isinstance(count, int)), None)
    for kind in type(one).__mro__:
        for name, letters in _SHAPES.get(kind.__name__, {}).items():
            array = held.get(name)
            if array is None:
                continue
            shape = np.shape(array)
            if len(shape) != len(letters):
                return name
            for letter, size in zip(letters, shape, strict=True):
                if sizes.get(letter) is None:
                    sizes[letter] = size
                if sizes[letter] != size:
                    return name
    return None


def _of(name, one):
    return f"{name} of the {type(one).__name__} in it"


def _is_finite(array):
    array = np.asarray(array)
    return array.dtype.kind in "bfiu" and bool(np.isfinite(array).all())


def _has(array, *shape, dtype="f4 f8"):
    return isinstance(array, np.ndarray) and array.shape == shape and array.dtype.str[1:] in dtype


def _is_machine(one: Any) -> bool:
    """Returns whether the arrays of a support vector machine are as many as its counts say."""
    held, number, of_classes = vars(one), len(one.support_), isinstance(one, BaseSVC)
    classes = len(held["classes_"]) if of_classes else 2
    pairs, rows = math.comb(classes, 2), one.shape_fit_[0]
    alone = callable(one.kernel) or one.kernel == "precomputed"  # rows are known by their numbers
    if callable(one.kernel):
        rows = min(rows, len(held["_BaseLibSVM__Xfit"]))
    elif alone:
        rows = min(rows, one.n_features_in_)
    vectors = (0, 0) if alone else (number, one.n_features_in_)
    return (
        _has(one.support_, number, dtype="i4")
        and all(0 <= row < rows for row in one.support_)
        and _has(one.support_vectors_, *vectors, dtype="f8")
        and _has(one._n_support, classes, dtype="i4")
        and (one._n_support >= 0).all()
        and (one._n_support.sum() == number or not of_classes)
        and all(_has(held[name], classes - 1, number, dtype="f8") for name in _DUAL)
        and all(_has(held[name], pairs, dtype="f8") for name in ("intercept_", "_intercept_"))
        and all(len(held[name]) in (pairs, 0) and held[name].ndim == 1 for name in _SIGMOID)
        and not (one._sparse or "_impl" in held)
        and math.isfinite(one._gamma)
    )


def _is_projection(one):
    count, features = len(one.components_), one.n_features_in_
    return (
        _has(one.components_, count, features)
        and _has(one.mean_, features)
        and _has(one.explained_variance_, count)
        and (one.explained_variance_ >= 0).all()
    )


def _is_mixture(one):
    count, size = one.means_.shape
    shapes = {"full": (count, size, size), "tied": (size, size), "diag": (count, size)}
    shape = {**shapes, "spherical": (count,)}[one.covariance_type]
    return (
        _has(one.means_, count, one.n_features_in_)
        and _has(one.precisions_cholesky_, *shape)
        and _has(one.weights_, count)
        and (one.weights_ >= 0).all()
        and abs(one.weights_.sum() - 1) < _NEARLY
    )


def _are_clusters(one):
    count = len(one.cluster_centers_)
    return count > 0 and _has(one.cluster_centers_, count, one.n_features_in_)


def _are_neighbors(one: Any) -> bool:
    held, count = vars(one), len(one._fit_X)
    if (one.n_samples_fit_, one._fit_method) != (count, "brute"):
        return False  # a tree of neighbours is of no type that is trusted
    if one._fit_X.shape != (count, one.n_features_in_):
        return False
    if "_y" not in held:
        return "classes_" not in held and not isinstance(one, RegressorMixin)
    if "classes_" not in held:
        return one._y.ndim < 3 and len(one._y) == count and _is_finite(one._y)
    classes = one.classes_ if one.outputs_2d_ else [one.classes_]
    if one._y.shape != ((count, len(classes)) if one.outputs_2d_ else (count,)):
        return False
    labels, most = one._y.reshape(count, -1), list(map(len, classes))
    return labels.dtype.kind in "iu" and bool(((labels >= 0) & (labels < most)).all())


def _is_linear(one: Any) -> bool:
    """Returns whether each row of weights has its own intercept."""
    weights, rows = np.atleast_2d(one.coef_), len(np.atleast_2d(one.coef_))
    if "classes_" in vars(one):
        classes = len(one.classes_)
        rows = 1 if classes == 2 and rows == 1 else classes
    if not _has(weights, rows, one.n_features_in_):
        return False
    if np.shape(one.intercept_) != ():
        return np.shape(one.intercept_) == (rows,)
    # One number stands for all rows where there is none to add.
    return rows == 1 or not (one.intercept_ or getattr(one, "fit_intercept", True))


_RULES = {
    BaseLibSVM: (("support_", "dual_coef_", "shape_fit_"), "support vectors", _is_machine),
    decomposition.PCA: (("components_",), "components", _is_projection),
    BaseMixture: (("means_",), "components", _is_mixture),
    cluster.KMeans: (("cluster_centers_",), "centres", _are_clusters),
    cluster.MiniBatchKMeans: (("cluster_centers_",), "centres", _are_clusters),
    NeighborsBase: (("_fit_X",), "rows", _are_neighbors),
    LinearClassifierMixin: (("coef_",), "coefficients", _is_linear),
    RegressorMixin: (("coef_",), "coefficients", _is_linear),
}


def _parts(estimator):
    """Returns an estimator, and those of an ensemble that are given the rows as they are."""
    if type(estimator).__module__.startswith(("sklearn.ensemble._forest", "sklearn.ensemble._gb")):
        trees = getattr(estimator, "estimators_", ())  # one that is not fitted has none
        return [estimator, *np.ravel(np.asarray(trees, object))]
    return [estimator]


def _is_wrong(tree, num_features):
    nodes = tree.__getstate__()["nodes"]
    inner = nodes["left_child"] != -1
    places = np.arange(len(nodes))[inner]
    features = nodes["feature"][inner]
    right = (features >= 0) & (features < num_features)
    for child in ("left_child", "right_child"):  # which follow their parent, so that a way ends
        right &= (nodes[child][inner] > places) & (nodes[child][inner] < len(nodes))
    return not right.all()
