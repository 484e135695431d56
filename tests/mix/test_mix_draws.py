"""What mixes draw: from which distributions, and every number for one thing alone."""

import dataclasses

import numpy as np
import pytest
import scipy.stats

from keras_cv_extras import mix
from keras_cv_extras._base.draws import draws_of
from keras_cv_extras.mix import _base, _pool

COUNT = 600
DRAWS = draws_of(np.zeros((COUNT, 1)), 3, 1, None)
LABELS = np.arange(COUNT) % 3


def numbers(kind, size=(8, 8), draws=DRAWS):
    return [np.asarray(part, "float64") for part in kind.numbers(draws, size)]


def correlation(first, second):
    return abs(np.corrcoef(first, second)[0, 1])


@pytest.mark.parametrize(
    ("kind", "law"),
    [
        (mix.MixUp(alpha=0.7), (0.7, 0.7)),
        (mix.CutMix(alpha=0.8), (0.8, 0.8)),
        (mix.ReMix([9, 1], alpha=0.5), (0.5, 0.5)),
        (mix.BalancedMixUp(alpha=0.3), (0.3, 1.0)),
    ],
)
def test_weights_are_of_the_distribution_that_was_asked_for(kind, law):
    weights = numbers(kind)[0]
    assert scipy.stats.kstest(weights, scipy.stats.beta(*law).cdf).pvalue > 0.001


def test_boxes_and_points_lie_anywhere():
    _, x, y = numbers(mix.CutMix())
    assert correlation(x, y) < 0.15  # 3.6 standard errors
    x, y = numbers(mix.Mosaic(centre=(0.2, 0.4)))
    assert correlation(x, y) < 0.15
    for place in (x, y):
        assert 0.2 <= place.min() < 0.21
        assert 0.39 < place.max() <= 0.4


def test_sides_of_boxes_are_rounded():
    """Half of 13 and of 10 pixels, a box of 7 by 5, which lies inside of the image."""
    images = np.zeros((2, 13, 10, 1), "uint8")
    images[1] = 1
    mixed, labels = mix.cutmix(images, [0, 1], np.array([1, 0]), 0.25, compile=False)
    inside = np.asarray(mixed)[0, ..., 0]
    assert inside.any(axis=1).sum() == 7
    assert inside.any(axis=0).sum() == 5
    np.testing.assert_allclose(labels[0], [[0, 1 - 35 / 130], [1, 35 / 130]], rtol=1e-6)


@pytest.mark.wide
def test_decay_makes_patches_smooth():
    draws = draws_of(np.zeros((4, 1)), 3, 1, None)
    edges = {}
    for decay in (0.5, 3.0):
        (mask,) = numbers(mix.FMix(decay=decay), (16, 16), draws)
        edges[decay] = np.abs(np.diff(mask, axis=2)).mean()
    assert edges[0.5] > 2 * edges[3.0]


def test_the_mix_that_is_chosen_does_not_tell_its_weight():
    kind = mix.RandomMix([mix.MixUp(alpha=1.0), mix.MixUp(alpha=1.0)])
    plan = kind.plan((LABELS,), DRAWS, (8, 8))
    choice = np.asarray(plan["numbers"][0])
    first, second = (np.asarray(own["numbers"][0]) for own in plan["plans"])
    assert correlation(choice, first) < 0.15
    assert correlation(choice, second) < 0.15
    assert correlation(first, second) < 0.15


def test_a_mosaic_has_four_images():
    places = [np.asarray(part) for part in mix.Mosaic().places((LABELS,), DRAWS)]
    all_four = np.stack([np.arange(COUNT), *places])
    assert all(len(set(column)) == 4 for column in all_four.T)


def test_partners_of_a_pool_are_drawn_and_augmented_one_by_one():
    seen = []

    def policy(images, *, seed, epoch, samples):
        seen.append((int(seed), int(epoch)))
        np.testing.assert_array_equal(samples, np.arange(COUNT))
        return images

    classes = np.repeat(np.arange(10), 10)
    images = np.arange(100, dtype="float32").reshape(100, 1, 1, 1)
    pool = mix.Pool(images, classes, policy=policy, balanced=True)
    later = dataclasses.replace(DRAWS, epoch=DRAWS.epoch + 4)
    drawn = [np.asarray(part).ravel().astype(int) for part, _ in pool.draw(later, 3)]
    assert len({seed for seed, _ in seen}) == 3
    assert int(DRAWS.seed) not in {seed for seed, _ in seen}, "it is the image's own"
    assert {epoch for _, epoch in seen} == {5}
    # The tens are the class, the ones which image of it.
    columns = [part // 10 for part in drawn] + [part % 10 for part in drawn]
    related = np.abs(np.corrcoef(columns) - np.eye(6))
    assert related.max() < 0.16


def test_the_last_fifth_of_a_training_is_not_mixed():
    ends = {count: mix.Schedule(num_epochs=count).end for count in (3, 20, 24, 100)}
    assert ends == {3: 1, 20: 4, 24: 5, 100: 20}  # at least a fifth, and at least one epoch


def test_patches_are_a_function_of_seed_epoch_and_sample():
    images = np.zeros((3, 12, 12, 1), "uint8")
    images[1:] = 1

    def patches(**words):
        places = np.array([1, 0, 0])
        mixed, _ = mix.fmix(images, [0, 1, 1], places, 0.4, compile=False, **words)
        return np.asarray(mixed)[..., 0]

    first = patches(seed=1, epoch=2)
    np.testing.assert_array_equal(patches(seed=1, epoch=2, samples=[0, 1, 2]), first)
    for other in ({"seed": 3, "epoch": 2}, {"seed": 1, "epoch": 3}):
        assert np.any(patches(**other) != first)
    moved = patches(seed=1, epoch=2, samples=[2, 1, 2])
    assert np.any(moved[0] != first[0])
    np.testing.assert_array_equal(moved[1:], first[1:])
    # The sample decides: image 0 of sample 2 has the patch of image 2, where that shows image 0.
    np.testing.assert_array_equal(moved[0] == 1, first[2] == 0)


def test_a_schedule_and_a_rate_both_count():
    numbers = np.arange(200).astype("uint8")
    many = np.tile(numbers[:, None, None, None], (1, 2, 2, 1))
    schedule = mix.Schedule(num_epochs=10, warmup=1, on=9, off=1, end=0)
    made = mix.MixUp(9.0, rate=0.3, schedule=schedule)

    def mixed(epoch):
        _, labels = made(many, np.zeros(200, int), seed=1, epoch=epoch, compile=False)
        return (np.asarray(labels)[:, 0, 1] < 1).mean()

    assert mixed(0) == 0
    assert 0.17 < mixed(1) < 0.43


def test_mixes_of_a_random_one_draw_for_themselves():
    both = mix.RandomMix([mix.MixUp(1.0), mix.MixUp(1.0)])
    images = np.zeros((50, 2, 2, 1), "float32")
    draws = draws_of(images, 1, 0, np.arange(50))
    one, other = both.plan((np.zeros(50, int),), draws, (2, 2))["plans"]
    assert (np.asarray(one["numbers"][0]) != np.asarray(other["numbers"][0])).all()
    assert len({_base._RATE, _base._RING, _base._POOL}) == 3


@pytest.mark.parametrize(
    ("mixes", "options", "message"),
    [
        ([mix.MixUp(), mix.CutMix()], {"weights": (0, 0)}, "not all of them 0"),
        ([mix.MixUp(), mix.CutMix()], {"weights": (1,)}, "one number per mix, 2"),
        ([mix.MixUp(num_classes=3)], {}, "are arguments of RandomMix"),
        ([mix.MixUp(label_smoothing=0.1)], {}, "are arguments of RandomMix"),
    ],
)
def test_what_a_random_mix_refuses(mixes, options, message):
    with pytest.raises(ValueError, match=message):
        mix.RandomMix(mixes, **options)


def test_a_pool_of_columns_and_of_nothing():
    images = np.arange(6 * 4, dtype="uint8").reshape(6, 2, 2, 1)
    column = mix.Pool(images, np.array([[2], [0], [1], [2], [0], [2]]), balanced=True)
    assert np.asarray(column._counts).tolist() == [2, 1, 3]
    assert np.asarray(column._order).tolist() == [1, 4, 2, 0, 3, 5]
    with pytest.raises(ValueError, match="images must have shape"):
        mix.Pool(images[:, :0], np.arange(6))
    highest = np.nextafter(np.float32(1), np.float32(0))
    for count in (1, 7, (1 << 24) + 1, 100_000_001):
        assert int(_pool._whole(highest, count)) < count
