"""Arrays of estimators that were read: as many numbers as what is fitted has, or refused."""

import numpy as np
import pytest
from sklearn import (
    base,
    cluster,
    covariance,
    cross_decomposition,
    decomposition,
    discriminant_analysis,
    kernel_approximation,
    linear_model,
    mixture,
    naive_bayes,
    neighbors,
    neural_network,
    pipeline,
    preprocessing,
)

from keras_cv_extras.classical.saved import _fitted

X, Y = np.random.default_rng(0).random((30, 4)), np.arange(30) % 3
# Arrays, and the axes of them whose length follows from something else in the estimator.
DISCRETE = {"feature_log_prob_": (0, 1), "class_log_prior_": (0,), "class_count_": (0,)}
SAMPLER = {"random_weights_": (0, 1), "random_offset_": (0,)}
AXES = {
    preprocessing.StandardScaler(): {"mean_": (0,), "var_": (0,), "scale_": (0,)},
    preprocessing.MinMaxScaler(): {"min_": (0,), "scale_": (0,)},
    preprocessing.MaxAbsScaler(): {"scale_": (0,)},
    preprocessing.RobustScaler(): {"center_": (0,), "scale_": (0,)},
    naive_bayes.GaussianNB(): {"theta_": (0, 1), "var_": (0, 1), "class_prior_": (0,)},
    naive_bayes.MultinomialNB(): DISCRETE,
    naive_bayes.ComplementNB(): DISCRETE,
    naive_bayes.BernoulliNB(): DISCRETE,
    neighbors.NearestCentroid(): {"centroids_": (0, 1)},
    discriminant_analysis.LinearDiscriminantAnalysis(): {
        "xbar_": (0,),
        "means_": (0, 1),
        "priors_": (0,),
        "scalings_": (0,),
    },
    discriminant_analysis.QuadraticDiscriminantAnalysis(): {"means_": (0, 1), "priors_": (0,)},
    cross_decomposition.PLSRegression(2): {
        "_x_mean": (0,),
        "_x_std": (0,),
        "coef_": (0, 1),
        "intercept_": (0,),
        "x_rotations_": (0,),
    },
    decomposition.IncrementalPCA(2): {
        "components_": (0, 1),
        "mean_": (0,),
        "explained_variance_": (0,),
    },
    decomposition.FactorAnalysis(2): {"components_": (1,), "noise_variance_": (0,), "mean_": (0,)},
    decomposition.FastICA(2): {"components_": (0, 1), "mean_": (0,), "mixing_": (0, 1)},
    decomposition.TruncatedSVD(2): {"components_": (1,)},
    decomposition.NMF(2, max_iter=500): {"components_": (0, 1)},
    decomposition.MiniBatchDictionaryLearning(2, max_iter=5): {"components_": (1,)},
    decomposition.LatentDirichletAllocation(2, max_iter=2): {
        "components_": (0, 1),
        "exp_dirichlet_component_": (0, 1),
    },
    neural_network.BernoulliRBM(2, n_iter=2): {
        "components_": (0, 1),
        "intercept_hidden_": (0,),
        "intercept_visible_": (0,),
    },
    kernel_approximation.RBFSampler(n_components=3): SAMPLER,
    kernel_approximation.SkewedChi2Sampler(n_components=3): SAMPLER,
    kernel_approximation.Nystroem(n_components=3): {
        "components_": (0, 1),
        "normalization_": (0, 1),
    },
    cluster.BisectingKMeans(2): {"cluster_centers_": (0, 1)},
    cluster.MiniBatchKMeans(2): {"cluster_centers_": (0, 1)},
    covariance.EllipticEnvelope(): {
        "location_": (0,),
        "covariance_": (0, 1),
        "precision_": (0, 1),
    },
    decomposition.KernelPCA(2): {
        "eigenvalues_": (0,),
        "eigenvectors_": (0, 1),
        "X_fit_": (0, 1),
    },
}
SCALER = next(iter(AXES))
CASES = [(kind, name) for kind, names in AXES.items() for name in names]


@pytest.fixture(scope="module")
def fitted():
    """Fits each estimator once, and returns copies of it."""
    made = {}

    def copy(kind):
        if kind not in made:
            made[kind] = base.clone(kind).fit(X, Y)
        one = base.clone(kind)
        vars(one).update(vars(made[kind]))
        return one

    return copy


@pytest.mark.parametrize("kind", AXES, ids=lambda kind: type(kind).__name__)
def test_what_is_fitted_has_the_right_shapes(kind, fitted):
    _fitted.check(fitted(kind))


@pytest.mark.parametrize(
    ("kind", "name"), CASES, ids=[f"{type(kind).__name__}-{name}" for kind, name in CASES]
)
def test_no_array_is_longer_or_shorter_than_the_others_say(kind, name, fitted):
    good = getattr(fitted(kind), name)
    wrong = [good[..., None], good[None]]
    for axis in AXES[kind][name]:
        wrong += [good.take([0], axis), good.repeat(2, axis)]
    for array in wrong:
        if array.shape != good.shape:
            one = fitted(kind)
            setattr(one, name, array)
            with pytest.raises(ValueError, match=f"of the {type(kind).__name__} in it"):
                _fitted.check(one)


@pytest.mark.parametrize(
    "within",
    [
        lambda one: [one],
        lambda one: (1, one),
        lambda one: {"a": {"b": one}},
        lambda one: np.array([None, one], object),
        lambda one: pipeline.make_pipeline(one, linear_model.LogisticRegression()),
    ],
)
def test_what_is_wrong_is_found_wherever_it_is(within, fitted):
    one = fitted(SCALER)
    _fitted.check(within(one))
    one.scale_ = one.scale_[:1]
    with pytest.raises(ValueError, match="scale_ of the StandardScaler in it has the shape"):
        _fitted.check(within(one))


def test_what_holds_itself_is_looked_at_once(fitted):
    one = fitted(SCALER)
    one.mine = {"again": one}
    _fitted.check(one)


@pytest.mark.parametrize(
    ("error", "right"), [(0.0, True), (2e-5, True), (-2e-5, True), (0.01, False), (-0.01, False)]
)
def test_shares_of_a_mixture_add_up_to_one(error, right):
    one = mixture.GaussianMixture(2, random_state=0).fit(X)
    one.weights_ = (one.weights_ * (1 + error)).astype("float32")
    if right:
        _fitted.check(one)
    else:
        with pytest.raises(ValueError, match="components of the GaussianMixture in it do not fit"):
            _fitted.check(one)


def test_no_share_of_a_mixture_is_below_0():
    one = mixture.GaussianMixture(2, random_state=0).fit(X)
    one.weights_ = np.array([1.5, -0.5])
    with pytest.raises(ValueError, match="components of the GaussianMixture in it do not fit"):
        _fitted.check(one)


@pytest.mark.parametrize("form", ["full", "tied", "diag", "spherical"])
def test_each_form_of_a_mixture_has_its_own_shape(form):
    one = mixture.GaussianMixture(3, covariance_type=form, random_state=0).fit(X)
    _fitted.check(one)
    one.precisions_cholesky_ = one.precisions_cholesky_[:-1]
    with pytest.raises(ValueError, match="components of the GaussianMixture in it do not fit"):
        _fitted.check(one)


def test_as_many_classes_as_are_counted():
    one = neighbors.NearestCentroid().fit(X, Y)
    one.n_classes_ = 3
    _fitted.check(one)
    one.n_classes_ = 4
    with pytest.raises(ValueError, match="classes_ of the NearestCentroid in it"):
        _fitted.check(one)
