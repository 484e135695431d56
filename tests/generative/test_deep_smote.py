import keras
import numpy as np
import pytest

from keras_cv_extras import data
from keras_cv_extras.generative import DeepSMOTE
from keras_cv_extras.generative._deep_smote import same_class_partners


@pytest.fixture(scope="module")
def digits():
    """Zeros and ones, 8 x 8: many of the one, few of the other."""
    images, labels = data.load("digits").train
    rows = np.concatenate([np.flatnonzero(labels == 0)[:80], np.flatnonzero(labels == 1)[:20]])
    return images[rows], labels[rows]


@pytest.fixture(scope="module")
def trained(digits):
    keras.utils.set_random_seed(0)
    model = DeepSMOTE((8, 8, 1), code_size=8, width=8)
    model.compile(keras.optimizers.Adam(5e-3), jit_compile=False)
    history = model.fit(*digits, epochs=40, batch_size=50, verbose=0)
    return model, history.history


def test_partners_permute_every_class():
    labels = np.array([2, 0, 2, 1, 0, 2, 5])
    partners = keras.ops.convert_to_numpy(same_class_partners(labels))
    assert sorted(partners.tolist()) == list(range(7))
    np.testing.assert_array_equal(labels[partners], labels)
    moved = np.isin(labels, [0, 2])
    assert np.all((partners != np.arange(7)) == moved)
    one_hot = np.eye(6)[labels]
    np.testing.assert_array_equal(same_class_partners(one_hot), partners)
    np.testing.assert_array_equal(same_class_partners(labels[:, None]), partners)


@pytest.mark.wide
def test_both_errors_fall_and_are_reported(trained):
    _, history = trained
    assert set(history) == {"loss", "reconstruction", "permutation"}
    for name in ("reconstruction", "permutation"):
        assert history[name][-1] < 0.5 * history[name][0]
    np.testing.assert_allclose(
        history["loss"], np.add(history["reconstruction"], history["permutation"]), rtol=1e-4
    )


def test_loss_is_the_two_mean_squares(digits):
    images, labels = digits[0][70:90], digits[1][70:90]
    model = DeepSMOTE((8, 8, 1), code_size=4, width=4, penalty=0.5)
    loss = model.compute_loss(images, labels, model(images))
    wanted = images / 255
    codes = model.encode(images)
    partners = np.asarray(same_class_partners(labels))
    own = np.mean((model.decode(codes) / 255 - wanted) ** 2)
    other = np.mean((model.decode(codes[partners]) / 255 - wanted) ** 2)
    np.testing.assert_allclose(float(loss), own + 0.5 * other, rtol=1e-4)


def test_the_range_of_values_changes_nothing_else(digits):
    """Images in [-1, 1] have the codes and the loss of those in [0, 255]."""
    images, labels = digits[0][70:90], digits[1][70:90]
    model = DeepSMOTE((8, 8, 1), code_size=4, width=4)
    other = DeepSMOTE((8, 8, 1), code_size=4, width=4, value_range=(-1, 1))
    for network, own in ((other.encoder, model.encoder), (other.decoder, model.decoder)):
        network.set_weights(own.get_weights())
    scaled = (images / 127.5 - 1).astype("float32")
    codes = model.encode(images)
    np.testing.assert_allclose(other.encode(scaled), codes, atol=1e-4)
    np.testing.assert_allclose(
        127.5 * (other.decode(codes) + 1), model.decode(codes), rtol=1e-4, atol=1e-2
    )
    found, wanted = (
        one.compute_loss(given, labels, one(given))
        for one, given in ((other, scaled), (model, images))
    )
    np.testing.assert_allclose(found, wanted, rtol=1e-4)
    with pytest.raises(ValueError, match=r"must lie in value_range, \(-1, 1\)"):
        other.encode(images)


@pytest.mark.wide
def test_resampled_images_are_of_their_class(trained, digits):
    images, labels = digits
    model, _ = trained
    new, new_labels = model.resample(images, labels, seed=1)
    assert new.dtype == np.uint8
    assert new.shape == (160, 8, 8, 1)
    np.testing.assert_array_equal(new[:100], images)
    assert np.bincount(new_labels).tolist() == [80, 80]
    means = np.stack([images[labels == item].mean(axis=0) for item in (0, 1)])
    distance = ((new[100:, None] - means) ** 2).sum(axis=(2, 3, 4))
    assert np.mean(distance.argmin(axis=1) == 1) > 0.95
    assert len({image.tobytes() for image in new[100:]}) > 50
    with pytest.raises(ValueError, match="Split first"):
        data.split(new, new_labels, [0.5, 0.5])


@pytest.mark.wide
def test_saved_model_gives_the_same_images(trained, digits, tmp_path):
    model, _ = trained
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.get_config()["value_range"] == model.value_range
    np.testing.assert_allclose(
        loaded.decode(loaded.encode(digits[0][:5])),
        model.decode(model.encode(digits[0][:5])),
        atol=1e-3,
    )


@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 3), (5, 9, 1)])
def test_any_size_comes_back(shape):
    model = DeepSMOTE(shape, code_size=2, width=2, value_range=(-1, 1))
    images = np.zeros((2, *shape), "float32")
    decoded = model.decode(model.encode(images))
    assert decoded.shape == images.shape
    assert decoded.min() >= -1
    assert decoded.max() <= 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"image_shape": (3, 8, 1)}, "at least 4 x 4"),
        ({"image_shape": (8, 8)}, "image_shape"),
        ({"penalty": -1}, "penalty"),
        ({"value_range": (1, 1)}, "value_range"),
    ],
)
def test_wrong_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        DeepSMOTE(**{"image_shape": (8, 8, 1), **options})
