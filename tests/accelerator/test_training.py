"""A training and an export on an accelerator."""

import numpy as np
import pytest

from accelerator.devices import BACKEND

if BACKEND != "tensorflow":
    pytest.skip("training and serving are TensorFlow's", allow_module_level=True)

import tensorflow as tf

from keras_cv_extras import data, policy, serving, training


@pytest.fixture(scope="module")
def digits():
    return data.load("digits")


@pytest.fixture(scope="module")
def trained(digits, device):
    """A small network, trained by a strategy over the accelerator, and what was told of it."""
    shape, names = digits.train[0].shape[1:], digits.class_names
    strategy = tf.distribute.MirroredStrategy([device])

    def batches(epoch):
        chosen = policy.flip_crop(flip=False)
        return data.pipeline(digits.train, 64, policy=chosen, epoch=epoch)

    return training.fit(
        lambda: training.small_cnn(shape, len(names)),
        batches,
        epochs=6,
        strategy=strategy,
        progress=False,
    )


def test_a_mirrored_training_learns(trained, digits):
    losses = trained.history["loss"]
    assert losses[-1] < losses[0] / 2
    assert training.evaluate(trained.model, *digits.test, digits.class_names).accuracy > 0.8


def test_predictions_are_those_of_the_processor(trained, digits, device):
    images = digits.test[0].astype("float32")
    with tf.device(device):
        found = trained.model(images)
    with tf.device("/CPU:0"):
        wanted = trained.model(images)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)


def test_an_export_answers_as_the_model_did(trained, digits, tmp_path):
    """In a process of its own, with whatever devices that finds."""
    path = tmp_path / "1"
    serving.export(trained.model, path, class_names=digits.class_names, images=digits.test[0][:16])
    found = serving.verify(path)
    assert found.num_images >= 16
    assert max(found.differences.values()) < 1e-4
