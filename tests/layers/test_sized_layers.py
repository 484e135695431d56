"""Layers whose result has a size of its own."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import augment, data, layers, policy

LAYERS = {
    "RandomCrop": {},
    "RandomResizedCrop": {"area": (0.2, 0.6), "antialias": True},
    "JitteredResize": {"scale": (0.5, 2.0), "fill": (1, 2, 3)},
}


@pytest.mark.wide_but("RandomCrop")
@pytest.mark.parametrize("name", LAYERS)
def test_shape_config_and_draws(name, batch):
    cls = getattr(layers, name)
    layer = cls((16, 12), seed=3, **LAYERS[name])
    copy = keras.layers.deserialize(keras.layers.serialize(layer))
    assert type(copy) is cls
    assert copy.get_config() == layer.get_config()
    assert layer.compute_output_shape((None, 24, 20, 3)) == (None, 16, 12, 3)
    same = np.repeat(batch[:1], 12, axis=0)
    first = np.asarray(layer(same))
    assert first.shape == (12, 16, 12, 3)
    assert first.dtype == "uint8"
    np.testing.assert_array_equal(copy(same), first)
    assert len({image.tobytes() for image in first}) > 6, "one draw per image"
    assert (np.asarray(layer(same)) != first).any(), "new draws at every call"
    assert layer(batch[0]).shape == (16, 12, 3)
    assert layer(batch, training=False).shape == (12, 16, 12, 3)
    np.testing.assert_array_equal(layer(batch, training=False), copy(batch, training=False))


@pytest.mark.wide_but("RandomCrop")
@pytest.mark.parametrize("name", LAYERS)
def test_inside_a_data_set_and_a_model(name, batch, tmp_path):
    layer = getattr(layers, name)((16, 12), seed=3, value_range=(0, 1), **LAYERS[name])
    scaled = (batch / 255).astype("float32")
    dataset = tf.data.Dataset.from_tensor_slices(scaled).batch(12).map(layer)
    result = next(iter(dataset)).numpy()
    assert result.shape == (12, 16, 12, 3)
    assert 0 <= result.min() <= result.max() <= 1
    model = keras.Sequential([keras.Input((24, 20, 3)), layer, keras.layers.Flatten()])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.predict(scaled, verbose=0), model(scaled, training=False))


@pytest.mark.wide
def test_inference_is_what_the_functions_give(batch):
    small = {"size": (16, 12)}
    np.testing.assert_array_equal(
        layers.RandomCrop((16, 12))(batch, training=False), augment.center_crop(batch, (16, 12))
    )
    np.testing.assert_array_equal(
        layers.RandomResizedCrop((16, 12))(batch, training=False),
        augment.resize(batch, **small, mode="crop"),
    )
    np.testing.assert_array_equal(
        layers.JitteredResize((16, 12), fill=7)(batch, training=False),
        augment.resize(batch, **small, mode="pad", fill=7),
    )


def test_wrong_arguments():
    with pytest.raises(ValueError, match="size must be a positive integer or 2 of them"):
        layers.RandomCrop((3, 4, 5))
    with pytest.raises(ValueError, match=r"area must lie in \[0, 1\]"):
        layers.RandomResizedCrop(8, area=2.0)
    with pytest.raises(ValueError, match="interpolation must be one of"):
        layers.JitteredResize(8, interpolation="cubic")


def test_crops_of_a_stream_go_into_a_pipeline():
    """TensorFlow moves steps of a graph into branches, where some need what they no longer know."""
    images = np.random.default_rng(0).integers(0, 256, (8, 60, 70, 3)).astype("uint8")
    crop = layers.RandomResizedCrop(32, seed=1)
    cropped = tf.data.Dataset.from_tensor_slices(images).map(crop).map(lambda image: (image, 0))
    batches = list(data.pipeline(cropped, 4, policy.rand_augment(), shuffle=False))
    assert [batch[0].shape for batch in batches] == [(4, 32, 32, 3)] * 2
