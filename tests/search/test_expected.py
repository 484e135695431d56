"""What a chosen policy is said to be worth, where that is known: in simulated confirmations."""

import numpy as np
import pytest
from scipy import special, stats

from keras_cv_extras.search.verdict import _arms, _expected, _insight

NUM_ARMS, NUM_IMAGES, SEEDS, REPLICATES = 9, 240, 3, 1000
HARD, LUCK = 1.5, 0.15  # deviations of the images' difficulties, and of trainings
MOST_BIAS = 0.003  # of accuracy


def confirmation(rng, spread, seeds=SEEDS):
    """Returns arms and their true accuracies: images are hard or easy, trainings differ."""
    difficulty = rng.normal(0, HARD, NUM_IMAGES)
    worth = rng.normal(1.0, spread, NUM_ARMS)
    luck = rng.normal(0, LUCK, (NUM_ARMS, seeds, 1))
    chance = special.expit(worth[:, None, None] + luck - difficulty)
    arms = []
    for number, correct in enumerate(rng.random(chance.shape) < chance):
        kind = "control" if number < 5 else "searched"
        mean = float(correct.mean())
        arms.append(_arms.Arm(f"arm {number}", kind, None, mean, 0, 1, 0.0, mean, correct))
    # Of all images and all trainings: the integral over a normal distribution.
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    new = special.expit(worth[:, None] + np.hypot(HARD, LUCK) * nodes)
    return arms, new @ weights / weights.sum()


@pytest.mark.wide
@pytest.mark.parametrize(("spread", "seed"), [(0.0, 0), (0.15, 1), (0.4, 2)])
def test_the_expected_value_is_unbiased_over_replicates(spread, seed, monkeypatch):
    monkeypatch.setattr(_expected, "_DRAWS", 500)
    rng = np.random.default_rng(seed)
    gaps, lucky, held = [], [], 0
    for _ in range(REPLICATES):
        arms, true = confirmation(rng, spread)
        chosen, best = _arms.chosen(arms), _arms.winner(arms)
        value, low, high = _expected.expected_of_choice(arms)
        # What all arms owe to easy images is no luck of the choice, and is 0 on average.
        easy = np.mean([arm.accuracy for arm in arms]) - np.mean(true)
        gaps.append(value - true[arms.index(chosen)] - easy)
        lucky.append(best.accuracy - true[arms.index(best)] - easy)
        held += low <= true[arms.index(chosen)] <= high
    assert abs(np.mean(gaps)) < MOST_BIAS
    # The score by which the best was chosen is too high, far beyond chance.
    assert np.mean(lucky) > 2 * MOST_BIAS
    assert held >= 0.93 * REPLICATES


def test_where_no_luck_chose_nothing_is_taken_off():
    """One arm, or one that is far above all others, is worth what it scored."""
    rng = np.random.default_rng(3)

    def arm(name, share):
        correct = rng.random((3, 400)) < share
        return _arms.Arm(name, "control", None, correct.mean(), 0, 1, 0.0, share, correct)

    weak, strong = arm("weak", 0.3), arm("strong", 0.9)
    for arms in ([strong], [weak, strong]):
        value, low, high = _expected.expected_of_choice(arms)
        assert value == pytest.approx(strong.accuracy, abs=1e-9)
        assert low < value < high


@pytest.mark.parametrize("apart", [0.8, 1.2])
def test_the_luck_of_two_arms_is_what_a_normal_distribution_says(apart):
    """The first is chosen unless the second looks better by more than the standard error."""
    rng = np.random.default_rng(5)
    easy = rng.random(300) < 0.5
    one, other = (
        np.where(easy, rng.random((2, 300)) < 0.7, rng.random((2, 300)) < 0.3) for _ in range(2)
    )
    one[0, :15] = False  # trainings differ by more than their images explain
    other[1, :15] = False
    order = np.argsort(one.mean(axis=0) - other.mean(axis=0))
    wanted = apart * _arms.compare("b", "a", {"a": one, "b": other}).error
    for place in order[::-1]:
        if other.mean() - one.mean() < wanted:
            one[:, place], other[:, place] = False, True
    arms = [
        _arms.Arm(name, "control", None, float(own.mean()), 0, 1, 0.0, 0.5, own)
        for name, own in (("a", one), ("b", other))
    ]
    means = np.array([one.mean(), other.mean()])
    by_images = np.cov(np.stack([one.mean(axis=0), other.mean(axis=0)])) / 300
    trainings = sum(own.mean(axis=1).var(ddof=1) for own in (one, other)) / 2 / 2
    explained = np.mean([own.var(axis=0, ddof=1).mean() / own.size for own in (one, other)])
    assert trainings > 1.5 * explained > 0
    covariance = by_images + np.eye(2) * (trainings - explained)
    deviation = np.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    error = _arms.compare("b", "a", {"a": one, "b": other}).error
    added = np.sqrt(0.1)
    place = (error - (means[1] - means[0])) / (added * deviation)
    first = stats.norm.cdf(place)
    luck = deviation * stats.norm.pdf(place) / added
    found, _, _ = _expected.expected_of_choice(arms)
    assert found == pytest.approx(means @ [first, 1 - first] - luck, abs=0.15 * deviation)


def test_one_training_tells_nothing_of_its_luck():
    arms, _ = confirmation(np.random.default_rng(0), 0.0)
    once, _ = confirmation(np.random.default_rng(0), 0.0, seeds=1)
    assert _expected.expected_of_choice([*arms[1:], *once[:1]]) is None
    arms = once
    assert _expected.expected_of_choice(arms) is None
    found = _insight.insight([], [], arms)
    assert (found.expected, found.expected_interval) == (None, None)
    assert found.to_dict()["expected"] is None
    assert _expected.expected_of_choice([]) is None


def test_a_report_says_what_to_expect_with_its_interval():
    arms, _ = confirmation(np.random.default_rng(0), 0.0)
    found = _insight.insight([], [], arms)
    low, high = found.expected_interval
    assert low < found.expected < high
    assert f"{found.expected:.2%} (95 % interval {low:.2%} to {high:.2%})" in found.describe()
    assert found.to_dict()["expected_interval"] == [round(low, 6), round(high, 6)]
