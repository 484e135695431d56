import keras
import numpy as np
import pytest

from keras_cv_extras import data, policy
from keras_cv_extras.generative import (
    ConditionalGAN,
    LocalFeatures,
    TooFewImagesError,
    _synthesis,
    evaluate_made,
    memorization,
    usefulness,
)

COUNTS = [40, 25, 8]


@pytest.fixture(scope="module")
def digits():
    """Zeros, ones and twos, ever fewer of them."""
    images, labels = data.load("digits").train
    rows = [np.flatnonzero(labels == item)[:count] for item, count in enumerate(COUNTS)]
    rows = np.concatenate(rows)
    return images[rows], labels[rows]


@pytest.fixture(scope="module")
def gan():
    return ConditionalGAN((8, 8, 1), 3, latent_size=4, width=4, seed=1)


@pytest.fixture(scope="module")
def agreeing():
    """A classifier that calls about half of all images a 1, and the others a 2."""
    images = keras.Input((8, 8, 1))
    mean = keras.ops.mean(keras.ops.cast(images, "float32"), axis=(1, 2, 3))
    wave = 20 * keras.ops.sin(20 * mean)
    return keras.Model(images, keras.ops.stack([-1e3 + 0 * mean, wave, -wave], axis=-1))


def test_to_dataset_fills_up_to_the_largest_class(gan, digits):
    dataset = gan.to_dataset(digits[1], seed=4, batch_size=16)
    assert int(dataset.cardinality()) == 15 + 32
    images, labels = map(np.stack, zip(*dataset.as_numpy_iterator(), strict=True))
    assert images.dtype == np.uint8
    assert np.bincount(labels).tolist() == [0, 15, 32]
    assert np.bincount(labels[:10], minlength=3).min(initial=9, where=[False, True, True]) >= 3
    again = gan.generate(labels[labels == 1], seed=4)
    assert np.abs(images[labels == 1].astype(int) - again).max() <= 1
    for one, other in zip(dataset, images, strict=True):
        np.testing.assert_array_equal(one[0], other)  # the same in every pass


@pytest.mark.wide
def test_counts_with_and_without_real_images(gan, digits):
    cases = [
        (None, {0: 2, 2: 3}, [2, 0, 3]),
        (None, 4, [4, 4, 4]),
        (digits[1], 50, [10, 25, 42]),
        (np.eye(3)[digits[1]], {2: 10}, [0, 0, 2]),
    ]
    for labels, balance_to, wanted in cases:
        made = [int(label) for _, label in gan.to_dataset(labels, balance_to=balance_to)]
        assert np.bincount(made, minlength=3).tolist() == wanted


@pytest.mark.wide
def test_it_mixes_into_a_pipeline(gan, digits):
    import tensorflow as tf

    images, labels = digits
    real = tf.data.Dataset.from_tensor_slices((images, labels))
    both = real.concatenate(gan.to_dataset(labels))
    flip = policy.Policy([[policy.Step("flip_horizontal", 0.5)]])
    batches = data.pipeline(both, 32, policy=flip, seed=1)
    seen = np.concatenate([labels for _, labels in batches])
    assert np.bincount(seen).tolist() == [40, 40, 40]


def test_resample_puts_made_images_behind(gan, digits):
    images, labels = digits
    x, y = gan.resample(images, labels, seed=2)
    np.testing.assert_array_equal(x[: sum(COUNTS)], images)
    assert x.dtype == images.dtype
    assert y.dtype == labels.dtype
    assert np.bincount(y).tolist() == [40, 40, 40]
    with pytest.raises(ValueError, match="Split first"):
        data.split(x, y, [0.5, 0.5])
    same = gan.resample(images, labels, balance_to={0: 40})
    assert len(same[0]) == sum(COUNTS)


def test_the_filter_keeps_what_the_classifier_agrees_with(gan, agreeing):
    dataset = gan.to_dataset(balance_to={1: 20, 2: 20}, classifier=agreeing, confidence=0.9)
    images, labels = map(np.stack, zip(*dataset.as_numpy_iterator(), strict=True))
    given = np.asarray(agreeing(images))
    np.testing.assert_array_equal(given.argmax(axis=-1), labels)
    probability = np.exp(given - given.max(axis=-1, keepdims=True))
    probability /= probability.sum(axis=-1, keepdims=True)
    assert probability[np.arange(40), labels].min() > 0.85
    with pytest.raises(TooFewImagesError, match="only 0 of .* images of class 0"):
        gan.to_dataset(balance_to={0: 3}, classifier=agreeing)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"balance_to": "max"}, "needs labels"),
        ({"balance_to": "most"}, "balance_to must be one of"),
        ({"balance_to": {3: 5}}, "classes from 0 to 2"),
        ({"balance_to": {1: -5}}, "at least 0"),
        ({"balance_to": 0}, "no image beyond"),
        ({"labels": [0, 1, 1, 2], "balance_to": 1}, "at least the 2 images"),
        ({"labels": [0, 4]}, "classes from 0 to 2"),
        ({"balance_to": 3, "confidence": 2}, "confidence"),
    ],
)
def test_wrong_arguments(gan, options, message):
    with pytest.raises(ValueError, match=message):
        gan.to_dataset(**options)
    with pytest.raises(TypeError, match="balance_to must be"):
        gan.to_dataset(balance_to=None)
    with pytest.raises(ValueError, match=r"np.unique\(names, return_inverse=True\)\[1\]"):
        gan.generate(["cat", "dog"])


def test_the_filter_is_as_strict_as_was_asked(gan, digits, agreeing, monkeypatch):
    def chosen(gan, counts, **options):
        asked.append(options)
        raise InterruptedError

    asked, given = [], {"seed": 3, "classifier": agreeing, "confidence": 0.75}
    monkeypatch.setattr(_synthesis, "chosen_images", chosen)
    for call in (
        lambda: gan.to_dataset(digits[1], **given),
        lambda: gan.resample(*digits, **given),
    ):
        with pytest.raises(InterruptedError):
            call()
    assert asked == [given, given]


def test_test_images_are_refused(gan):
    digits = data.load("digits")
    with pytest.raises(ValueError, match="whole test part"):
        gan.resample(*digits.test)


@pytest.fixture(scope="module")
def network(digits):
    return LocalFeatures.train(*digits, data="three digits", steps=40, seed=0)


@pytest.mark.wide
def test_the_measure_is_named_and_repeatable(network, digits):
    assert network.name.startswith("small_cnn on three digits (")
    images, labels = digits
    assert np.mean(network.logits(images).argmax(axis=1) == labels) > 0.9
    assert network.features(images).shape == (len(images), 48)


@pytest.mark.wide
def test_scores_tell_real_from_noise(network, tmp_path):
    (images, labels), (held_out, held_out_labels) = (
        (x[y < 3], y[y < 3]) for x, y in (data.load("digits").train, data.load("digits").test)
    )
    real = evaluate_made(network, (held_out, held_out_labels), (images, labels))
    noise = np.random.default_rng(0).integers(0, 256, images.shape).astype("uint8")
    bad = evaluate_made(network, (held_out, held_out_labels), (noise, labels))
    assert real.network == network.name
    assert real.scores["local_fid"] < 0.2 * bad.scores["local_fid"]
    assert real.scores["precision"] > bad.scores["precision"]
    assert set(real.classes) == {0, 1, 2}
    assert real.classes[0]["agreement"] > 0.9
    real.save(tmp_path / "scores.json")
    few = evaluate_made(network, (held_out, held_out_labels), (images[:3], labels[:3]))
    assert few.scores["precision"] is None


@pytest.mark.wide
def test_copies_are_found(network, digits):
    images, labels = digits
    test = data.load("digits").test
    held_out = test[0][np.isin(test[1], [0, 1, 2])]
    copies = memorization(network, images[::-1], images, held_out)
    assert copies.suspicious == 1
    np.testing.assert_array_equal(images[copies.numbers], images[::-1])
    other = memorization(network, held_out, images, held_out)
    assert other.suspicious <= 0.02
    np.testing.assert_allclose(other.median_ratio, 1)
    assert set(other.to_dict()) == {"network", "suspicious", "median_ratio", "threshold"}


@pytest.mark.slow
def test_usefulness_of_real_and_of_worthless_images(digits):
    test = data.load("digits").test
    kept = np.isin(test[1], [0, 1, 2])
    test = test[0][kept], test[1][kept]
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, digits[0].shape).astype("uint8"), digits[1]
    result = usefulness(digits, noise, test, steps=40)
    assert result["real_on_real"] > 0.8
    assert result["made_on_real"] < 0.7
    assert set(result) == {"real_on_real", "made_on_real", "real_on_made"}
