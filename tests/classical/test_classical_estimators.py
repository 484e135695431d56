"""What scikit-learn asks of every estimator: its own checks, on images made of its tables."""

import warnings

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import validate_data

from keras_cv_extras import classical
from keras_cv_extras.classical import DescriptorSet

SIDE = 16
OUTPUTS = (
    estimator_checks.check_set_output_transform,
    estimator_checks.check_set_output_transform_pandas,
    estimator_checks.check_global_output_transform_pandas,
    estimator_checks.check_transformer_get_feature_names_out,
    estimator_checks.check_transformer_get_feature_names_out_pandas,
    estimator_checks.check_get_feature_names_out_error,
)


def images_of(rows):
    """Returns 16 coloured fields for each row, which depend on that row alone."""
    weights = np.random.default_rng(0).normal(size=(rows.shape[1], 4 * 4 * 3)) / 3
    fields = np.rint(127.5 + 127.5 * np.tanh(rows.astype("float64") @ weights)).astype("uint8")
    fields = fields.reshape(-1, 4, 4, 3)
    return fields.repeat(SIDE // 4, axis=1).repeat(SIDE // 4, axis=2)


def descriptors_of(rows):
    return DescriptorSet(rows, None, np.arange(len(rows) + 1))


def on_rows(base, made_of=images_of):
    """Returns a transformer of images, or of descriptors, that takes scikit-learn's tables."""
    plain = getattr(base.transform, "__wrapped__", base.transform)  # the new one gives frames

    def made(self, X, reset):
        if isinstance(X, DescriptorSet) or getattr(X, "ndim", 2) == 4:
            return X  # `fit` counts the features of what it was given
        return made_of(validate_data(self, X, reset=reset))

    def fit(self, X, y=None):
        return base.fit(self, made(self, X, reset=True), y)

    def transform(self, X):
        if self.__sklearn_tags__().requires_fit:
            estimator_checks.check_is_fitted(self)
        found = plain(self, made(self, X, reset=False))
        if not isinstance(found, DescriptorSet):
            return found
        sums = np.zeros((len(found), found.values.shape[1]))
        np.add.at(sums, found.owners(), found.values)
        return sums

    def tags(self):
        tags = base.__sklearn_tags__(self)
        tags.input_tags.two_d_array = True
        tags.no_validation = False
        tags.transformer_tags.preserves_dtype = []
        return tags

    own = {"fit": fit, "transform": transform, "__sklearn_tags__": tags, "__module__": __name__}
    return type(base.__name__, (base,), own)


HOG, LBP = on_rows(classical.HOG), on_rows(classical.LBP)
ColorHistogram = on_rows(classical.ColorHistogram)
DenseSIFT, SIFT = on_rows(classical.DenseSIFT), on_rows(classical.SIFT)
SpatialPyramid = on_rows(classical.SpatialPyramid, descriptors_of)
EachDescriptor = on_rows(classical.EachDescriptor, descriptors_of)
ModelFeatures = on_rows(classical.ModelFeatures)


class Images(TransformerMixin, BaseEstimator):
    """The first step of a classifier of rows."""

    def fit(self, X, y=None):
        validate_data(self, X)
        return self

    def transform(self, X):
        estimator_checks.check_is_fitted(self, "n_features_in_")
        return images_of(validate_data(self, X, reset=False))


def of_rows(classifier):
    return classical.ImageClassifier([("images", Images()), *classifier.steps])


# As scikit-learn has it of its own pipelines.
STEPS = "Pipeline changes the `steps` parameter, which it shouldn't."
EXPECTED = dict.fromkeys(
    ("check_estimators_overwrite_params", "check_dont_overwrite_parameters"), STEPS
)


def expected(estimator):
    return EXPECTED if isinstance(estimator, classical.ImageClassifier) else {}


WHOLE = [HOG(pixels_per_cell=8), LBP(), ColorHistogram(grid=2), SpatialPyramid()]
OTHERS = [
    DenseSIFT(step=4),
    SIFT(color="opponent"),
    EachDescriptor(PCA(1)),
    of_rows(classical.make_classifier("color", pixels=SIDE)),
    classical.FisherVector(2),
    classical.VectorQuantization(2),
]
SLOW = [
    classical.SparseCoding(2),
    classical.VLAD(2),
    classical.LLC(2, num_neighbors=2),
    of_rows(classical.make_classifier("bow", pixels=SIDE, num_words=4)),
]


def test_every_estimator_is_checked():
    public = {getattr(classical, name) for name in dir(classical)}
    known = {item.__name__ for item in public if hasattr(item, "get_params")}
    listed = {type(estimator).__name__ for estimator in (*WHOLE, *OTHERS, *SLOW)}
    assert listed | {"ModelFeatures"} == known  # the last has a test of its own


@parametrize_with_checks([*WHOLE, *OTHERS], expected_failed_checks=expected)
def test_is_an_estimator(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks(SLOW, expected_failed_checks=expected)
def test_others_are_estimators(estimator, check):
    check(estimator)


@pytest.mark.filterwarnings("ignore:X (does not have|has feature names)")  # the checks' own
@pytest.mark.parametrize("check", OUTPUTS, ids=lambda check: check.__name__)
@pytest.mark.parametrize(
    "estimator", [*WHOLE, classical.FisherVector(2)], ids=lambda item: type(item).__name__
)
def test_gives_frames_and_names(estimator, check):
    check(type(estimator).__name__, estimator)


@pytest.mark.slow
def test_features_of_a_model_are_an_estimator():
    import keras

    network = keras.Sequential([keras.Input((SIDE, SIDE, 3)), keras.layers.AveragePooling2D(4)])
    features = ModelFeatures(network)
    for estimator, check in estimator_checks.estimator_checks_generator(features):
        if "array_api" not in getattr(check, "func", check).__name__:  # skips itself, always
            check(estimator)
    for check in OUTPUTS:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "X (does not have|has feature names)")
            check("ModelFeatures", features)


def test_grey_images_of_a_model_need_no_axis_of_channels():
    import keras

    class Own(keras.Model):  # Keras adds an axis for those that it knows the inputs of
        def call(self, images):
            return keras.ops.mean(keras.ops.cast(images, "float32"), axis=(1, 2))

    images = np.arange(32, dtype="uint8").reshape(2, 4, 4)
    found = classical.ModelFeatures(Own()).fit(images).transform(images)
    np.testing.assert_array_equal(found, [[7.5], [23.5]])
