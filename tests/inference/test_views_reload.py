"""What a loaded model of several views still knows."""

import keras
import numpy as np
import pytest
import scipy.special

from keras_cv_extras import inference
from keras_cv_extras.inference import TestTimeAugment

IMAGES = (np.arange(2 * 11 * 10 * 3) * 7919 % 256).reshape(2, 11, 10, 3).astype("float32")


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(1)
    scale = keras.layers.Rescaling(1 / 64)
    head = [keras.layers.GlobalMaxPooling2D(), keras.layers.Dense(3, "linear")]
    return keras.Sequential([keras.Input((None, None, 3)), scale, *head])


@pytest.mark.parametrize(
    "options",
    [
        {"crops": "multi_scale", "scales": (7, 9), "crop_size": (6, 7), "activation": "sigmoid"},
        {"crops": "five", "fusion": "max", "crop_size": 5},
    ],
)
def test_every_argument_is_loaded(options, model):
    better = TestTimeAugment(model, **options, image_size=(11, 10), name="better")
    again = TestTimeAugment.from_config(better.get_config())
    assert again.get_config() == better.get_config()
    assert again.name == "better"
    again.set_weights(better.get_weights())
    wanted = np.asarray(better(IMAGES))
    np.testing.assert_allclose(again(IMAGES), wanted, rtol=1e-5)
    if options["crops"] == "multi_scale":
        views = inference.multi_scale_crops(IMAGES, (6, 7), (7, 9))
        logits = np.stack([np.asarray(model(views[:, n])) for n in range(4)])
        expected = scipy.special.expit(logits).mean(axis=0)
        np.testing.assert_allclose(wanted, expected, atol=1e-5)


def test_geometric_means_of_labels_that_do_not_exclude_each_other():
    logits = np.linspace(-4, 5, 24).reshape(2, 4, 3)
    yes, no = (np.exp(np.log(scipy.special.expit(s * logits)).mean(axis=1)) for s in (1, -1))
    fused = inference.fuse(logits, "geometric", activation="sigmoid")
    np.testing.assert_allclose(scipy.special.expit(np.asarray(fused)), yes / (yes + no), rtol=1e-5)
