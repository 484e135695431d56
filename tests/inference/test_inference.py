"""Views of images at test time, their fusion, and the model of both."""

import json

import keras
import numpy as np
import pytest
import scipy.special
import tensorflow as tf

from keras_cv_extras import inference, serving
from keras_cv_extras.inference import TestTimeAugment, _model


@pytest.fixture(scope="module")
def images():
    values = np.arange(2 * 20 * 17 * 3) * 7919 % 256
    return values.reshape(2, 20, 17, 3).astype("uint8")


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(3, kernel_initializer="random_normal"),
        ]
    )


def five(images, tall, wide):
    """Where torchvision 0.28 cuts: functional.five_crop."""
    height, width = images.shape[1:3]
    top, left = int(round((height - tall) / 2.0)), int(round((width - wide) / 2.0))
    starts = [(0, 0), (0, width - wide), (height - tall, 0), (height - tall, width - wide)]
    starts.append((top, left))
    return np.stack([images[:, t : t + tall, s : s + wide] for t, s in starts], axis=1)


@pytest.mark.parametrize("size", [8, (7, 10), (20, 17)])
def test_five_and_ten_crops(size, images):
    tall, wide = (size, size) if isinstance(size, int) else size
    wanted = five(images, tall, wide)
    np.testing.assert_array_equal(inference.five_crop(images, size), wanted)
    mirrored = five(images[:, :, ::-1], tall, wide)
    ten = inference.ten_crop(images, size)
    assert ten.dtype == "uint8"
    np.testing.assert_array_equal(ten, np.concatenate([wanted, mirrored], axis=1))
    np.testing.assert_array_equal(inference.center_crop(images, size), wanted[:, 4:])


def test_flips(images):
    views = np.asarray(inference.flip_views(images))
    np.testing.assert_array_equal(views[:, 0], images)
    np.testing.assert_array_equal(views[:, 1], images[:, :, ::-1])


def test_the_144_crops_of_googlenet(images):
    views = np.asarray(inference.inception_crops(images, 14, scales=(16, 17, 18, 20)))
    assert views.shape == (2, 144, 14, 14, 3)
    # At scale 17 nothing is resized: squares at rows 0, 1 and 3 of the portrait.
    views = views[:, 36:72].reshape(2, 3, 2, 6, 14, 14, 3)
    for number, row in enumerate((0, 1, 3)):
        square = images[:, row : row + 17]
        np.testing.assert_array_equal(views[:, number, 0, :5], five(square, 14, 14))
        whole = tf.image.resize(square, (14, 14), antialias=True)
        np.testing.assert_allclose(views[:, number, 0, 5], whole, atol=1e-3)
    np.testing.assert_array_equal(views[:, :, 1], views[:, :, 0, :, :, ::-1])
    landscape = inference.inception_crops(np.swapaxes(images, 1, 2), 14, scales=(17,))
    upright = np.swapaxes(np.asarray(landscape)[:, 0:5], 2, 3)[:, [0, 2, 1, 3, 4]]
    np.testing.assert_array_equal(upright, views[:, 0, 0, :5])


def test_several_scales(images):
    views = np.asarray(inference.multi_scale_crops(images, 8, (9, 17)))
    assert views.shape == (2, 4, 8, 8, 3)
    np.testing.assert_array_equal(views[:, 2:3], inference.center_crop(images, 8))
    np.testing.assert_array_equal(views[:, 1], views[:, 0, :, ::-1])


def test_too_small_images(images):
    for crop in (inference.five_crop, inference.ten_crop, inference.flip_views):
        with pytest.raises(ValueError, match="20 x 17 pixels are smaller than the crop of 8 x 18"):
            crop(images, (8, 18))
    with pytest.raises(ValueError, match="a scale must be at least as large as the crop"):
        inference.inception_crops(images, 14, scales=(13,))
    with pytest.raises(ValueError, match="of a known size"):
        inference.five_crop(images[0], 8)


def test_fusions_equal_numpy():
    logits = np.linspace(-4, 5, 24).reshape(2, 4, 3)[:, :, [1, 0, 2]] ** 2 / 5
    chance = scipy.special.softmax(logits, axis=-1)
    normal = lambda values: values / values.sum(axis=-1, keepdims=True)  # noqa: E731
    wanted = {
        "probability": chance.mean(axis=1),
        "logit": scipy.special.softmax(logits.mean(axis=1), axis=-1),
        "geometric": normal(np.exp(np.log(chance).mean(axis=1))),
        "max": normal(chance.max(axis=1)),
    }
    for fusion, values in wanted.items():
        fused = scipy.special.softmax(np.asarray(inference.fuse(logits, fusion)), axis=-1)
        np.testing.assert_allclose(fused, values, atol=1e-6, err_msg=fusion)
    chance = scipy.special.expit(logits)
    wanted = {
        "probability": chance.mean(axis=1),
        "logit": scipy.special.expit(logits.mean(axis=1)),
        "max": chance.max(axis=1),
    }
    for fusion, values in wanted.items():
        fused = inference.fuse(logits, fusion, activation="sigmoid")
        np.testing.assert_allclose(scipy.special.expit(np.asarray(fused)), values, atol=1e-6)
    far = inference.fuse(np.float32([[[900, 0], [0, 900]]]))
    np.testing.assert_allclose(scipy.special.softmax(far), [[0.5, 0.5]], atol=1e-6)
    with pytest.raises(ValueError, match="fusion must be one of"):
        inference.fuse(logits, "median")


@pytest.mark.parametrize(("crops", "views"), [("flip", 2), ("ten", 10), ("multi_scale", 8)])
def test_model_is_the_mean_over_its_views(crops, views, model, images):
    better = TestTimeAugment(model, crops, image_size=(20, 17))
    floats = images.astype("float32")
    cut = {
        "flip": lambda: inference.flip_views(floats, 8),
        "ten": lambda: inference.ten_crop(floats, 8),
        "multi_scale": lambda: inference.multi_scale_crops(floats, 8, (9, 10, 11, 13)),
    }[crops]()
    assert cut.shape[1] == views
    logits = [np.asarray(model(cut[:, number])) for number in range(views)]
    wanted = scipy.special.softmax(np.stack(logits), axis=-1).mean(axis=0)
    np.testing.assert_allclose(better.predict(floats, verbose=0), wanted, atol=1e-5)


@pytest.mark.wide
def test_saved_loaded_and_served(model, images, tmp_path):
    better = TestTimeAugment(model, "five", "geometric", image_size=(20, 17), name="better")
    floats = images.astype("float32")
    wanted = better.predict(floats, verbose=0)
    np.testing.assert_allclose(wanted.sum(axis=1), 1, atol=1e-6)
    json.dumps(better.get_config())
    better.save(tmp_path / "better.keras")
    loaded = keras.models.load_model(tmp_path / "better.keras")
    assert type(loaded) is TestTimeAugment
    assert loaded.name == "better"
    np.testing.assert_allclose(loaded.predict(floats, verbose=0), wanted, atol=1e-6)
    serving.export(better, tmp_path / "served", class_names=["a", "b", "c"], images=images)
    served = tf.saved_model.load(str(tmp_path / "served"))
    answer = served.signatures["predict_images"](images=tf.constant(floats))
    np.testing.assert_allclose(answer["probabilities"], wanted, atol=1e-5)


@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_models_that_give_probabilities(activation, model, images):
    ended = keras.Sequential([model, keras.layers.Dense(3, activation=activation)])
    better = TestTimeAugment(ended, "flip", image_size=(20, 17))
    floats = images.astype("float32")
    views = inference.flip_views(floats, 8)
    wanted = (np.asarray(ended(views[:, 0])) + np.asarray(ended(views[:, 1]))) / 2
    np.testing.assert_allclose(better.predict(floats, verbose=0), wanted, atol=1e-5)


def test_sizes_by_default_and_wrong_arguments(model):
    assert TestTimeAugment(model).input_shape == (None, 9, 9, 3)
    assert TestTimeAugment(model, "flip").input_shape == (None, 8, 8, 3)
    with pytest.raises(ValueError, match="smaller than the crop of 8 x 8"):
        TestTimeAugment(model, "ten", image_size=7)
    with pytest.raises(ValueError, match="crops must be one of"):
        TestTimeAugment(model, "twelve")
    with pytest.raises(ValueError, match="scales go with"):
        TestTimeAugment(model, "ten", scales=(9,))
    with pytest.raises(TypeError, match="model must be a Keras model"):
        TestTimeAugment("model")
    free = keras.Sequential([keras.Input((None, None, 3)), keras.layers.GlobalAveragePooling2D()])
    with pytest.raises(ValueError, match="crop_size must be given"):
        TestTimeAugment(free)
    assert TestTimeAugment(free, "ten", crop_size=7).output_shape == (None, 3)


def test_images_of_another_size_are_told_which_one_is_wanted(model, images):
    better = TestTimeAugment(model, "five", image_size=(20, 18))
    wanted = "takes images of 20 x 18, of which it cuts 8 x 8, received 20 x 17: resize them, or"
    for ask in (better, lambda given: better.predict(given, verbose=0)):
        with pytest.raises(ValueError, match=wanted):
            ask(images.astype("float32"))


def test_nothing_is_dropped_from_views():
    inner = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten()])
    inner.add(keras.layers.Dropout(0.9))
    inner.add(keras.layers.Dense(3))
    better = TestTimeAugment(inner, "flip", name="mine")
    images = np.random.default_rng(0).random((4, 8, 8, 1)).astype("float32")
    one, same = (np.asarray(better(images)) for _ in range(2))
    np.testing.assert_array_equal(one, same)
    views = [np.asarray(inner(part)) for part in (images, images[:, :, ::-1])]
    wanted = scipy.special.softmax(np.stack(views), axis=-1).mean(axis=0)
    np.testing.assert_allclose(one, wanted, atol=1e-5)
    again = TestTimeAugment.from_config(better.get_config())
    assert again.name == "mine"


@pytest.mark.parametrize(("side", "larger"), [(8, 9), (24, 27), (32, 37), (7, 8)])
def test_images_are_an_eighth_larger_than_their_crops(side, larger):
    inner = keras.Sequential([keras.Input((side, side, 1)), keras.layers.Flatten()])
    inner.add(keras.layers.Dense(2))
    assert TestTimeAugment(inner, "five").input_shape[1:3] == (larger, larger)


def test_views_of_views_are_refused(model):
    better = TestTimeAugment(model, "flip")
    around = keras.Sequential([keras.Input((8, 8, 3)), better])
    with pytest.raises(TypeError, match="TestTimeAugment already"):
        TestTimeAugment(around, "flip")


def test_a_scale_must_hold_the_crop(model):
    with pytest.raises(ValueError, match="7"):
        TestTimeAugment(model, "multi_scale", scales=(9, 7))


def test_the_activation_that_is_asked_for_counts(model, images):
    floats = images.astype("float32")[:, :8, :8]
    given = np.asarray(TestTimeAugment(model, "center", activation="sigmoid")(floats))
    np.testing.assert_allclose(given, scipy.special.expit(np.asarray(model(floats))), atol=1e-5)


@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_small_probabilities_stay_small(activation):
    small = keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Flatten()])
    small.add(keras.layers.Dense(2, activation=activation, kernel_initializer="zeros"))
    small.layers[-1].bias.assign([-6.0, 6.0])
    found = np.asarray(TestTimeAugment(small, "flip", "geometric")(np.ones((1, 2, 2, 1))))
    np.testing.assert_allclose(found, small(np.ones((1, 2, 2, 1))), rtol=1e-3)
    layer = _model.Fuse(2, "max", activation, False)
    again = _model.Fuse.from_config(layer.get_config())
    assert (again.num_views, again.fusion) == (2, "max")
    assert (again.activation, again.from_logits) == (activation, False)


def test_a_softmax_at_the_end_gives_probabilities():
    logits = keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Flatten()])
    logits.add(keras.layers.Dense(3))
    ended = keras.Sequential([logits, keras.layers.Softmax()])
    assert _model.output_activation(ended) == ("softmax", False)
    assert _model.output_activation(logits) == ("softmax", True)
    for shape in ((2, 3), (2, 3, 4, 5)):
        with pytest.raises(ValueError, match="logits must"):
            inference.fuse(np.zeros(shape), "logit")
    with pytest.raises(ValueError, match="scales must hold at least one number"):
        inference.multi_scale_crops(np.zeros((1, 9, 9, 3)), 8, scales=())
