"""What a mix keeps of types, shares and weights, and what it draws apart."""

import numpy as np
import pytest

from keras_cv_extras import mix
from keras_cv_extras.mix import _masks

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
