"""Noise has the distribution that it is named after, and is a function of its key."""

import numpy as np
import pytest
from scipy import stats

from keras_cv_extras import augment

KEYED = ["gaussian_noise", "speckle_noise", "poisson_noise", "salt_and_pepper"]
NUMBERS = {"gaussian_noise": 20.0, "speckle_noise": 0.2, "poisson_noise": 10.0}


def noisy(name, level, value, *, size=200, key=11, **options):
    image = np.full((size, size, 3), level, "float32")
    return np.asarray(getattr(augment, name)(image, value, key, **options), "float64")


@pytest.mark.wide_but("gaussian_noise")
@pytest.mark.parametrize("name", KEYED)
def test_another_key_gives_other_noise(name, batch):
    value = NUMBERS.get(name, 0.3)
    function = getattr(augment, name)
    first, again, other = (np.asarray(function(batch, value, key)) for key in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert (first != other).mean() > 0.1
    # Images of one key have the same noise; each has its own with a key of its own.
    same = np.stack([batch[0]] * len(batch))
    result = np.asarray(function(same, value, [1, 1, 2, *range(3, 12)]))
    np.testing.assert_array_equal(result[0], result[1])
    assert (result[0] != result[2]).any()


@pytest.mark.wide_but("gaussian_noise")
@pytest.mark.slow_but(*({*KEYED} - {"poisson_noise"}))  # to count photons compiles long
@pytest.mark.parametrize("name", KEYED)
def test_channels_together_or_apart(name):
    value = NUMBERS.get(name, 0.3)
    together = noisy(name, 100, value, per_channel=False)
    assert (together == together[..., :1]).all()
    apart = noisy(name, 100, value, per_channel=True).reshape(-1, 3)
    assert np.abs(np.corrcoef(apart.T) - np.eye(3)).max() < 0.02


def test_gaussian_noise_is_normal():
    noise = noisy("gaussian_noise", 128, 20.0).ravel() - 128
    assert stats.kstest(noise / 20, "norm").pvalue > 0.01
    assert abs(stats.skew(noise)) < 0.03
    assert abs(stats.kurtosis(noise)) < 0.05
    # Neighbours are not related, nor values four apart, which share a counter.
    for lag in (1, 2, 3, len(noise) // 4, 600):
        assert abs(np.corrcoef(noise[lag:], noise[:-lag])[0, 1]) < 0.012


def test_speckle_noise_grows_with_the_level():
    for level in (30, 120):
        factors = noisy("speckle_noise", level, 0.2).ravel() / level
        assert stats.kstest((factors - 1) / 0.2, "norm").pvalue > 0.01


@pytest.mark.wide
@pytest.mark.filterwarnings("ignore:all images lie in")  # as dark as they are meant to be
@pytest.mark.parametrize("expected", [0.02, 0.5, 1.0, 3.9, 4.1, 7.0, 25.0, 200.0])
def test_poisson_noise_counts_photons(expected):
    gain = 0.5 if expected > 20 else 5.0
    counts = np.rint(noisy("poisson_noise", expected * gain, gain).ravel() / gain).astype(int)
    values = np.arange(counts.max() + 1)
    empirical = np.cumsum(np.bincount(counts)) / len(counts)
    exact = stats.poisson.cdf(values, expected)
    # The quantile of 1 percent of the Kolmogorov distribution, and what is approximated.
    assert np.abs(empirical - exact).max() < 1.63 / np.sqrt(len(counts)) + 1e-3
    assert abs(counts.mean() - expected) < 4 * np.sqrt(expected / len(counts)) + 1e-3 * expected
    assert abs(counts.var() / expected - 1) < 0.04


def test_poisson_quantiles_are_almost_exact():
    from keras_cv_extras.augment import _noise

    normal = stats.norm.ppf((np.arange(65536) + 0.5) / 65536).astype("float32")
    for expected in (4.0, 6.3, 11.0, 60.0):
        counts = np.asarray(_noise._expand(np.full(65536, expected, "float32"), normal))
        uniform = np.sort((np.arange(65536) + 0.5) / 65536)
        wrong = counts != stats.poisson.ppf(uniform, expected)
        assert wrong.mean() < 7e-3
        assert counts.min() >= 0
        reached = np.searchsorted(counts, np.arange(60), side="right") / 65536
        assert np.abs(reached - stats.poisson.cdf(np.arange(60), expected)).max() < 1.5e-3


def test_few_photons_are_counted_out():
    from keras_cv_extras.augment import _noise

    halves = np.arange(15, 65536, 16)
    counts = np.asarray(_noise._count_out(np.full(len(halves), 4.0, "float32"), halves))
    wanted = stats.poisson.ppf((halves + 0.5) / 65536, 4.0)
    assert (counts != wanted).mean() < 1e-3
    assert counts[-1] == wanted[-1]
    bright = np.full((16, 16, 3), 200, "float32")  # of 2,000 photons
    noise = np.asarray(augment.poisson_noise(bright, 0.1, 3, compile=False))
    assert 3.5 < noise.std() < 5.5
    noise = np.asarray(augment.poisson_noise(bright, 0.01, 3, compile=False))
    assert 1.2 < noise.std() < 1.6
    for gain in (0.0, 1 / 16384):
        same = augment.poisson_noise(bright, np.float32(gain), 3, compile=False)
        np.testing.assert_array_equal(same, bright)


def test_salt_and_pepper_hits_shares_that_grow():
    image = np.full((200, 200, 3), 100, "uint8")
    before = np.zeros((200, 200), bool)
    for amount in (0.0, 0.05, 0.2, 1.0):
        result = np.asarray(augment.salt_and_pepper(image, amount, 3))
        hit = (result != 100).all(axis=-1)
        np.testing.assert_array_equal(hit, (result != 100).any(axis=-1))
        assert abs(hit.mean() - amount) < 0.006
        assert abs((result[..., 0] == 255).mean() - amount / 2) < 0.006
        assert abs((result[..., 0] == 0).mean() - amount / 2) < 0.006
        assert (hit | ~before).all()
        before = hit
    large = np.full((512, 512, 1), 100, "uint8")  # has every random number
    for amount in (0.0, 1.0):
        changed = np.asarray(augment.salt_and_pepper(large, amount, 3, compile=False)) != 100
        assert changed.mean() == amount


@pytest.mark.wide
def test_integers_are_rounded(batch):
    for name, value in NUMBERS.items():
        function = getattr(augment, name)
        exact = np.asarray(function(batch.astype("float32"), value, 4), "float64")
        whole = np.asarray(function(batch, value, 4), "float64")
        assert np.abs(whole - exact).max() <= 0.5
