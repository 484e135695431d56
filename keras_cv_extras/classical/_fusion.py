"""Fuses several systems into one, and makes features of Keras models."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    clone,
)
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import Normalizer
from sklearn.svm import LinearSVC

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import ArrayLike
from keras_cv_extras.classical._hog import unwrapped
from keras_cv_extras.classical._input import NeedsNoFit, chunks
from keras_cv_extras.classical._presets import ImageClassifier

if TYPE_CHECKING:
    import keras

METHODS = ("voting", "stacking", "concatenation")


def fuse(
    systems: dict[str, Any],
    *,
    method: str = "voting",
    classifier: Any | None = None,
    folds: int = 3,
    seed: int = 0,
) -> Any:
    """Makes one classifier of several systems that take images.

    Args:
        systems: a dictionary of names and pipelines, as `make_classifier` gives them. With
            "concatenation" also transformers, whose result is one row per image.
        method: "voting": the mean of probabilities if every system gives them, else the majority;
            "stacking": a classifier of their outputs for images that they were not fitted on;
            "concatenation": a classifier of all their features side by side, each system's scaled
            to length 1, without their own classifiers.
        classifier: of "stacking" and "concatenation"; None for a logistic regression and a
            linear SVM.
        folds: of "stacking": each system is fitted this many times and once more.
        seed: an integer, for the classifier that None makes.

    Returns:
        A scikit-learn classifier, not yet fitted.

    Raises:
        TypeError, ValueError: if an argument is not as above.

    Example:
        >>> both = {"hog": make_classifier("hog"), "lbp": make_classifier("lbp")}
        >>> fuse(both, method="stacking").fit(images, labels)
    """
    checks.one_of("method", method, METHODS)
    checks.integer("folds", folds, minimum=2)
    checks.integer("seed", seed, minimum=0)
    if not isinstance(systems, dict) or len(systems) < 2:
        raise ValueError("systems must be a dictionary of two or more names and pipelines")
    parts = [(name, clone(system)) for name, system in systems.items()]
    if method == "voting":
        soft = all(hasattr(system, "predict_proba") for _, system in parts)
        return VotingClassifier(parts, voting="soft" if soft else "hard")
    if method == "stacking":
        classifier = LogisticRegression(max_iter=1000) if classifier is None else classifier
        return StackingClassifier(parts, classifier, cv=folds)
    features = [(name, _features(system)) for name, system in parts]
    classifier = LinearSVC(dual="auto", random_state=seed) if classifier is None else classifier
    return ImageClassifier([("features", FeatureUnion(features)), ("classifier", classifier)])


def _features(system):
    if isinstance(system, Pipeline) and not hasattr(system[-1], "transform"):
        system = system[:-1]
    steps = list(system.steps) if isinstance(system, Pipeline) else [("features", system)]
    return Pipeline([*steps, ("length", Normalizer())])


class ModelFeatures(NeedsNoFit, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """What a Keras model makes of images, as a transformer: CNN embeddings for any classifier.

    Args:
        model: a built Keras model that takes the images; it does its own preprocessing.
        layer: the name of the layer whose output is taken, None for the model's.
        batch_size: images at a time.

    Example:
        >>> network = kcx.models.build("resnet50", (32, 32, 3), 10)
        >>> embeddings = ModelFeatures(network, layer="avg_pool")
        >>> fuse({"cnn": embeddings, "hog": HOG()}, method="concatenation")
    """

    def __init__(
        self, model: "keras.Model", *, layer: str | None = None, batch_size: int = 256
    ) -> None:
        self.model = model
        self.layer = layer
        self.batch_size = batch_size

    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Checks the parameters; the model is not trained.

        Args:
            X: images, as the model takes them.
            y: ignored.

        Returns:
            This object.
        """
        self._n_features_out = unwrapped(self, X[:1]).shape[1]
        return self

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Runs the model.

        Args:
            X: images, as the model takes them.

        Returns:
            float32 `(count, features)`; maps of features are averaged over their places.

        Raises:
            TypeError, ValueError: if a parameter is wrong.
        """
        import keras

        from keras_cv_extras._base.images import value_range  # loads Keras

        checks.integer("batch_size", self.batch_size, minimum=1)
        if not isinstance(self.model, keras.Model):
            raise TypeError(f"model must be a Keras model, received {type(self.model).__name__}")
        model = self.model
        if self.layer is not None:
            names = [layer.name for layer in model.layers]
            checks.one_of("layer", self.layer, names)
            inputs = model.inputs[0] if len(model.inputs) == 1 else model.inputs
            model = keras.Model(inputs, model.get_layer(self.layer).output)
        X = np.asarray(X)
        X = X[..., None] if X.ndim == 3 else X
        value_range.check_for(model, X)
        parts = [
            keras.ops.convert_to_numpy(model(X[part], training=False))
            for part in chunks(len(X), self.batch_size)
        ]
        features = np.concatenate(parts).astype(np.float32)
        while features.ndim > 2:
            features = features.mean(axis=1)
        return features
