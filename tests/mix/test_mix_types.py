"""What a mix keeps of types, shares and weights, and what it draws apart."""

import numpy as np
import pytest

from keras_cv_extras import mix
from keras_cv_extras._base.draws import draws_of
from keras_cv_extras.mix import _long_tail, _masks
from keras_cv_extras.mix._settings import BatchSettings

VALUES = np.arange(24).reshape(2, 3, 4, 1)
WEIGHT = np.float32(0.3)


def test_float64_keeps_its_digits():
    images = VALUES + 1e-9 * VALUES[::-1]
    mixed, _ = mix.mixup(images, np.array([0, 1]), np.array([1, 0]), WEIGHT, compile=False)
    share = float(WEIGHT)
    wanted = (1 - share) * images + share * images[::-1]
    np.testing.assert_allclose(mixed, wanted, rtol=0, atol=1e-13)


def test_integers_are_rounded():
    images = (VALUES * 1000 - 9000).astype("int16")
    mixed, _ = mix.mixup(images, np.array([0, 1]), np.array([1, 0]), 0.0006, compile=False)
    wanted = np.floor(images + 0.0006 * (images[::-1].astype(int) - images) + 0.5)
    np.testing.assert_array_equal(mixed, wanted)


def test_weights_of_a_pool_go_with_weights_of_the_batch():
    images, labels, weights = np.zeros((2, 3, 3, 1)), np.array([0, 1]), np.ones(2, "float32")
    for rows, own in ((labels, (labels, weights)), ((labels, weights), labels)):
        with pytest.raises(ValueError, match="sample weights if and only if the batch has them"):
            mix.MixUp(pool=mix.Pool(images, own))(images, rows, compile=False)


def test_as_many_pixels_are_masked_as_the_share_says():
    values = np.random.default_rng(0).random((3, 500)).astype("float32")
    shares = np.array([0.0, 0.301, 0.9], "float32")
    found = np.asarray(_masks._highest(values, shares))
    assert found.sum(axis=1).tolist() == [0, 151, 450]
    assert values[1][found[1]].min() > values[1][~found[1]].max()


def test_a_partner_of_a_pool_does_not_depend_on_who_is_mixed():
    pool = mix.Pool(np.tile(np.arange(100.0)[:, None, None, None], (1, 2, 2, 1)), np.zeros(100))
    pairing = mix.SamplePairing(weight=1.0, rate=0.5, pool=pool)
    images, _ = pairing(-np.ones((80, 2, 2, 1)), np.zeros(80), compile=False)
    partners = np.asarray(images)[:, 0, 0, 0]
    mixed = partners >= 0
    assert 20 < mixed.sum() < 60
    assert 0.2 < np.mean(partners[mixed] >= 50) < 0.8


def test_a_warm_up_is_no_part_of_a_cycle():
    schedule = mix.Schedule(num_epochs=30, warmup=5, on=8, off=2, end=0)
    epochs = np.arange(30)
    wanted = [(epoch - 5) % 10 < 8 and epoch >= 5 for epoch in range(30)]
    assert schedule.active(epochs).tolist() == wanted


def test_an_argument_of_a_mix_that_cannot_be_is_refused():
    images, labels = VALUES.astype("float32"), np.array([0, 1])
    with pytest.raises(ValueError, match="one row per image, 2, received shape"):
        mix.MixUp()(images, np.float32(1.0), compile=False)
    with pytest.raises(ValueError, match="from 0 to 1, received"):
        mix.mixup(images, labels, np.array([-1, 0]), 0.5, compile=False)
    with pytest.raises(ValueError, match="num_classes must be at least 1"):
        mix.mixup(images, labels, np.array([1, 0]), 0.5, num_classes=0, compile=False)
    with pytest.raises(ValueError, match="num_classes must be at least 1"):
        mix.dense_labels(labels, 0)
    with pytest.raises(ValueError, match="images of a known size"):
        _masks.fourier_masks((None, 4), np.float32([0.5]), None)
    with pytest.raises(ValueError, match=r"BalancedMixUp must be made with balanced=True"):
        mix.RandomMix((mix.MixUp(), mix.BalancedMixUp()), pool=mix.Pool(images, labels))
    with pytest.raises(ValueError, match="label_smoothing must be"):
        BatchSettings(label_smoothing=1.0)
    assert mix.Schedule(10, off=0, end=0).active(np.arange(1, 10)).all()


def test_weights_may_be_a_column():
    images, weights = VALUES.astype("float32"), np.float32([1.0, 3.0])
    mixes = [
        mix.MixUp(num_classes=2)(images, (np.array([0, 1]), own), compile=False)
        for own in (weights, weights[:, None])
    ]
    np.testing.assert_array_equal(mixes[0][1][0], mixes[1][1][0])


def test_what_has_one_label_keeps_it_whole():
    images = VALUES.astype("float32")
    pairing = mix.SamplePairing(num_classes=2, label_smoothing=0.2)
    _, labels = pairing(images, np.array([0, 1]), compile=False)
    np.testing.assert_allclose(labels, [[0.9, 0.1], [0.1, 0.9]], rtol=1e-6)


def test_mixes_with_fewer_partners_stand_beside_those_with_more():
    images = np.repeat(VALUES, 20, axis=0).astype("float32")
    pool = mix.Pool(images[:3] + 100, np.array([1, 0, 1]))
    kind = mix.RandomMix((mix.MixUp(), mix.Mosaic()), pool=pool, num_classes=2)
    mixed, labels = kind(images, np.zeros(40, "int32"), compile=False)
    assert mixed.shape == images.shape
    np.testing.assert_allclose(np.sum(labels, axis=1), 1, rtol=1e-5)


def test_a_mix_rests_until_its_schedule_begins():
    images = VALUES.astype("float32")
    kind = mix.MixUp(schedule=mix.Schedule(10, warmup=1))
    still, moved = (
        kind(images, np.array([0, 1]), epoch=epoch, compile=False)[0] for epoch in (0, 1)
    )
    np.testing.assert_array_equal(still, images)
    assert np.any(np.asarray(moved) != images)


def test_classes_of_a_pool_may_come_in_any_order():
    labels = np.array([2, 0, 0, 0, 1, 0, 0, 2])
    pool = mix.Pool(np.zeros((8, 1, 1, 1)), labels, balanced=True)
    places = np.asarray(pool.places(draws_of(np.zeros((900, 1)), 0, 0, None), 0))
    shares = np.bincount(labels[places], minlength=3) / 900
    np.testing.assert_allclose(shares, 1 / 3, atol=0.05)
    assert set(places) == set(range(8))


def test_limits_count():
    own, other = np.array([0, 1]), np.array([1, 0])  # nine of one class, three of the other
    relabel = _long_tail.MinorityLabel((9, 3), kappa=3.0, tau=0.5)
    shares = np.float32([[0.4, 0.6], [0.6, 0.4]])
    np.testing.assert_array_equal(relabel(shares, [(own,), (other,)]), [[0, 1], [1, 0]])
    found = _long_tail.balanced_places(np.array([0, 1]), np.float32([0.0, 0.49, 0.5]))
    assert np.asarray(found).tolist() == [0, 0, 1]


def test_settings_of_batches_reach_the_mix():
    made = BatchSettings(mix="cutmix", mix_rate=0.3, mix_alpha=0.7).make_mix(4)
    assert made == mix.CutMix(alpha=0.7, rate=0.3, num_classes=4)


def test_labels_and_partners_are_of_the_classes_of_a_mix():
    images = np.zeros((4, 2, 2, 1), "uint8")
    made = mix.MixUp(num_classes=3)
    with pytest.raises(ValueError, match="3"):
        made(images, np.array([0, 1, 2, 3]), seed=1)
    pool = mix.Pool(images, np.array([0, 1, 2, 3]))
    with pytest.raises(ValueError, match="3"):
        mix.MixUp(num_classes=3, pool=pool)
    assert mix.MixUp(num_classes=4, pool=pool).pool is pool
    with pytest.raises(ValueError, match="label_smoothing needs rows of labels"):
        mix.MixUp(label_smoothing=0.1)(images, np.array([0, 1, 2, 0]), seed=1)
    with pytest.raises(TypeError, match=r"of one output; received a tuple of 3"):
        made(images, (np.zeros(4, int),) * 3, seed=1)
    with pytest.raises(ValueError, match=r"partners must be integers .* received shape \(4, 4\)"):
        mix.mosaic(images, np.zeros(4, int), np.zeros((4, 4), int), 0.5, 0.5)


def test_weights_of_samples_are_floats_and_a_rule_is_true_or_false():
    images, labels = np.zeros((4, 2, 2, 1), "uint8"), np.array([0, 1, 2, 0])
    for weights in (np.ones(4, int), np.ones((4, 2))):
        with pytest.raises(ValueError, match="the second must be floats"):
            mix.MixUp(num_classes=3)(images, (labels, weights), seed=1)
    with pytest.raises(ValueError, match="a mix takes no masks"):
        mix.MixUp(num_classes=3)(images, np.zeros((4, 2, 2)), seed=1)
    with pytest.raises(TypeError, match="balanced must be True or False"):
        mix.ReMix(class_counts=[3, 1, 1], balanced="yes")
