"""Policies made of policies, AugMix, repeated augmentation."""

import numpy as np
import pytest
import scipy.stats

from keras_cv_extras import policy
from keras_cv_extras.policy import Policy, Step

COUNT = 400


@pytest.fixture(scope="module")
def ramps():
    """Images that tell which of flip, mirror and inversion they went through."""
    image = np.add.outer(np.arange(2) * 100, np.arange(2) * 10).astype("uint8")[..., None]
    return np.broadcast_to(image, (COUNT, 2, 2, 1)).copy()


def kinds(images):
    """For each image whether it is mirrored, upside down, inverted."""
    values = np.asarray(images).astype(int)[..., 0]
    inverted = values.sum(axis=(1, 2)) > 2 * 255
    values = np.where(inverted[:, None, None], 255 - values, values)
    mirrored = values[:, 0, 0] % 100 > values[:, 0, 1] % 100
    upside_down = values[:, 0, 0] > values[:, 1, 0]
    return np.stack([mirrored, upside_down, inverted], axis=1)


MIRROR, TURN, INVERT = Step("flip_horizontal"), Step("flip_vertical"), Step("invert")


def test_random_apply_takes_all_steps_or_none(ramps):
    both = Policy([[MIRROR, INVERT]]) + Policy([[TURN]])
    done = kinds(policy.random_apply(both, 0.25)(ramps, seed=1)).sum(axis=1)
    assert set(done) == {0, 3}
    assert scipy.stats.binomtest(int((done == 3).sum()), COUNT, 0.25).pvalue > 0.001


def test_random_choice_is_weighted_and_per_image(ramps):
    choice = policy.random_choice([Policy([[MIRROR]]), Policy([[INVERT], [TURN]])], [1, 3])
    done = kinds(choice(ramps, seed=1))
    assert (done.sum(axis=1) == 1).all()
    wanted = np.array([1 / 4, 3 / 8, 3 / 8]) * COUNT
    assert scipy.stats.chisquare(done.sum(axis=0), wanted).pvalue > 0.001


def test_random_order_uses_all_orders():
    order = policy.random_order([Step("solarize", value=128.0), Step("invert"), TURN])
    image = np.full((COUNT, 1, 1, 1), 200, "uint8")
    # solarize then invert: 200 -> 55 -> 200; invert then solarize: 200 -> 55 -> 55
    # Turned, one pixel is the same; with this op a program is of these alone, and soon compiled.
    result = np.asarray(order(image, seed=1)).ravel()
    assert set(result) == {55, 200}
    assert scipy.stats.binomtest(int((result == 55).sum()), COUNT).pvalue > 0.001
    assert len(policy.random_order([MIRROR, TURN, INVERT]).sub_policies) == 6


@pytest.mark.wide
def test_some_of_takes_so_many(ramps):
    done = kinds(policy.some_of([MIRROR, TURN, INVERT], 2)(ramps, seed=1))
    assert (done.sum(axis=1) == 2).all()
    assert scipy.stats.chisquare(done.sum(axis=0)).pvalue > 0.001
    twice = kinds(policy.some_of([MIRROR, TURN, INVERT], 2, replace=True)(ramps, seed=1))
    assert set(twice.sum(axis=1)) == {0, 2}, "twice the same is none"


def test_composition_is_a_policy(tmp_path):
    choice = policy.random_choice([policy.flip_crop(), policy.rand_augment(2)], [1, 1])
    assert len(choice.sub_policies) == 1 + 14**2
    choice.save(tmp_path / "policy.json")
    assert Policy.load(tmp_path / "policy.json") == choice


def test_wrong_composition():
    with pytest.raises(ValueError, match="same fill, value_range and num_levels"):
        policy.random_choice([policy.flip_crop(), policy.flip_crop(fill=9)])
    with pytest.raises(ValueError, match="more than 4096 combinations"):
        policy.random_apply(policy.rand_augment(4))
    with pytest.raises(ValueError, match="weights must hold one number per policy"):
        policy.random_choice([policy.flip_crop()], [1, 2])
    with pytest.raises(ValueError, match="at most the number of steps"):
        policy.some_of([MIRROR], 2)
    with pytest.raises(ValueError, match="takes 1 to 6 steps"):
        policy.random_order([MIRROR] * 7)
    with pytest.raises(TypeError, match="must hold Policies"):
        policy.random_choice([MIRROR])


def test_three_augment(batch):
    three = policy.three_augment()
    grey = policy.Policy([three.stages[0].sub_policies[0]])(batch, compile=False)
    assert np.ptp(np.asarray(grey).astype(int), axis=-1).max() == 0
    assert len(three.stages) == 2
    assert len(three.stages[0].sub_policies) == 3
    assert three(batch, seed=1, compile=False).dtype == "uint8"


def test_augmix_chain_lengths_are_equally_likely():
    chain = policy.augmix_chain()
    (stage,) = chain.stages
    assert len(stage.sub_policies) == 9 + 81 + 729
    lengths = np.array([len(steps) for steps in stage.sub_policies])
    weights = np.array(stage.weights) / sum(stage.weights)
    for length in (1, 2, 3):
        assert abs(weights[lengths == length].sum() - 1 / 3) < 1e-9


def test_lengths_of_augmix_chain_in_any_sequence():
    wanted = policy.augmix_chain(lengths=(1, 2), fill=(1, 2, 3))
    for lengths in ([1, 2], range(1, 3), np.array([1, 2])):
        assert policy.augmix_chain(lengths=lengths, fill=[1, 2, 3]) == wanted
    assert policy.augmix_chain(lengths=[2]) is policy.augmix_chain(lengths=(2,))
    wrong = {
        "must not be empty": (),
        "must be a sequence of integers": 2,
        "must be an integer": (1.0,),
        "must be at most 3": [4],
    }
    for message, lengths in wrong.items():
        with pytest.raises((TypeError, ValueError), match=f"lengths {message}"):
            policy.augmix_chain(lengths=lengths)


@pytest.mark.wide
def test_augmix_is_the_mixture_of_its_chains(batch):
    """Equal to NumPy's mixture, with the weights drawn again."""
    from keras_cv_extras._base import random
    from keras_cv_extras._base.draws import draws_of
    from keras_cv_extras.policy import _views

    result = np.asarray(policy.augmix(batch, width=2, seed=5, epoch=1), "float64")
    draws = draws_of(batch, 5, 1, None)
    own = draws.apart(0)
    first = np.asarray(own.beta(0, 1.0, 1.0), "float64")[:, None, None, None]
    share = np.asarray(own.beta(2, 1.0, 1.0), "float64")[:, None, None, None]
    seeds = [
        np.asarray(draws.seed) ^ np.asarray(random.as_word(_views._STREAM * number))
        for number in (1, 2)
    ]
    chains = [
        np.asarray(policy.augmix_chain()(batch, seed=int(seed), epoch=1), "float64")
        for seed in seeds
    ]
    mixture = first * chains[0] + (1 - first) * chains[1]
    exact = (1 - share) * batch + share * mixture
    assert np.abs(result - exact).max() <= 0.5 + 1e-3
    again = policy.augmix(batch, width=2, seed=5, epoch=1)
    np.testing.assert_array_equal(again, result)
    floats = policy.augmix(
        batch.astype("float32") / 255,
        width=2,
        seed=5,
        epoch=1,
        value_range=(0, 1),
        chain=Policy([[MIRROR, INVERT], [TURN, INVERT]]),
    )
    assert np.asarray(floats).max() <= 1 + 1e-6


@pytest.mark.wide
def test_repeats_differ_and_the_first_is_the_policy(batch):
    flip = policy.flip_crop()
    images = policy.repeated_augment(flip, batch, num_repeats=3, seed=1, epoch=2)
    parts = np.split(np.asarray(images), 3)
    np.testing.assert_array_equal(parts[0], flip(batch, seed=1, epoch=2))
    assert np.any(parts[1] != parts[2])
    _, labels = policy.repeated_augment(flip, batch, {"a": np.arange(12)}, num_repeats=2)
    np.testing.assert_array_equal(labels["a"], np.tile(np.arange(12), 2))
