"""A small model and its export, which every test of servers asks."""

import keras
import numpy as np
import pytest

from keras_cv_extras import serving, training

CLASS_NAMES = ("cat", "dog", "owl", "fox", "cow", "ant", "bat")
SHAPE = (24, 20, 3)


@pytest.fixture(scope="session")
def classifier():
    """A network with random weights, for images of 24 x 20 pixels and seven classes."""
    keras.utils.set_random_seed(2)
    return training.small_cnn(SHAPE, len(CLASS_NAMES), width=8)


@pytest.fixture(scope="session")
def probabilities_of(classifier):
    """What Keras says of images, computed in float64 from its logits."""

    def probabilities(images):
        logits = classifier.predict(images, verbose=0).astype("float64")
        exponents = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return exponents / exponents.sum(axis=-1, keepdims=True)

    return probabilities


@pytest.fixture(scope="session")
def exported(classifier, batch, tmp_path_factory):
    """A SavedModel that fails a request with a bad image."""
    path = tmp_path_factory.mktemp("served") / "1"
    serving.export(classifier, path, class_names=CLASS_NAMES, images=batch)
    return path


@pytest.fixture(scope="session")
def reporting(classifier, tmp_path_factory):
    """A SavedModel that answers a bad image with what is wrong with it."""
    path = tmp_path_factory.mktemp("reporting") / "1"
    serving.export(classifier, path, class_names=CLASS_NAMES, on_bad_image="report", top_k=2)
    return path
