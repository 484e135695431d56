"""How many views there are, what they are resized by, and what fusing keeps."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_cv_extras import inference
from keras_cv_extras.inference import _crops, _model

IMAGES = np.random.default_rng(0).random((2, 20, 26, 1)).astype("float32")


@pytest.mark.parametrize("crops", sorted(_model._VIEWS))
def test_views_are_counted(crops):
    scales = (9, 12) if crops in _model._SCALED else None
    views = _model._VIEWS[crops](IMAGES, (8, 8), scales)
    assert views.shape == (2, _model._num_views(crops, scales), 8, 8, 1)


def test_images_are_filtered_where_they_shrink():
    wanted = ops.image.resize(IMAGES, (10, 13), antialias=True)
    np.testing.assert_allclose(_crops._scaled(IMAGES, 10, (8, 8)), wanted, rtol=1e-6)
    with pytest.raises(ValueError, match="a scale must be at least as large as the crop"):
        _crops.check_scale(40, (32, 48))


def test_fused_logits_are_the_logarithms_of_mean_probabilities():
    logits = np.random.default_rng(1).normal(size=(3, 4, 5)).astype("float32")
    mean = np.mean(ops.softmax(logits, axis=-1), axis=1)
    np.testing.assert_allclose(np.exp(inference.fuse(logits)), mean, rtol=1e-5)


def test_views_and_fusion_compute_in_their_own_types():
    before = keras.config.dtype_policy()
    try:
        keras.config.set_dtype_policy("mixed_bfloat16")
        assert _model.Fuse(2, "max", "softmax", True).compute_dtype == "float32"
        assert not _model._Views("flip", (8, 8), None).autocast
    finally:
        keras.config.set_dtype_policy(before)
    layers = [keras.Input((8, 8, 1), dtype="uint8"), keras.layers.Rescaling(1 / 255)]
    model = keras.Sequential([*layers, keras.layers.Flatten(), keras.layers.Dense(2)])
    assert inference.TestTimeAugment(model, "flip").inputs[0].dtype == "uint8"


def test_a_model_that_ends_in_a_fusion_says_its_activation():
    model = keras.Sequential([keras.Input((3,)), _model.Fuse(1, "max", "sigmoid", True)])
    assert _model.output_activation(model) == ("sigmoid", True)
