"""What a chosen policy is said to be worth, where that is known: in simulated confirmations."""

import numpy as np
import pytest

from keras_cv_extras.search.verdict import _arms, _expected, _insight

NUM_ARMS, NUM_IMAGES, SEEDS, REPLICATES = 9, 240, 3, 200


def confirmation(rng, spread, seeds=SEEDS):
    """Returns arms and their true accuracies: images are hard or easy, trainings differ."""
    difficulty = rng.normal(0, 1.5, NUM_IMAGES)
    worth = rng.normal(1.0, spread, NUM_ARMS)
    arms, true = [], []
    fresh = rng.normal(0, 1.5, 20_000)  # other images, which tell what an arm is worth
    for number in range(NUM_ARMS):
        luck = rng.normal(0, 0.15, seeds)  # of each training
        chance = 1 / (1 + np.exp(-(worth[number] + luck[:, None] - difficulty)))
        correct = rng.random((seeds, NUM_IMAGES)) < chance
        kind = "control" if number < 5 else "searched"
        mean = float(correct.mean())
        arms.append(_arms.Arm(f"arm {number}", kind, None, mean, 0, 1, 0.0, mean, correct))
        new = worth[number] + rng.normal(0, 0.15, fresh.size) - fresh
        true.append(float(np.mean(1 / (1 + np.exp(-new)))))
    return arms, true


@pytest.mark.parametrize(("spread", "seed"), [(0.0, 0), (0.15, 1)])
def test_the_expected_value_is_unbiased_over_replicates(spread, seed):
    rng = np.random.default_rng(seed)
    gaps, lucky, held = [], [], 0
    for _ in range(REPLICATES):
        arms, true = confirmation(rng, spread)
        chosen, best = _arms.chosen(arms), _arms.winner(arms)
        value, low, high = _expected.expected_of_choice(arms)
        gaps.append(value - true[arms.index(chosen)])
        lucky.append(best.accuracy - true[arms.index(best)])
        held += low <= true[arms.index(chosen)] <= high
    error = np.std(gaps, ddof=1) / np.sqrt(REPLICATES)
    assert abs(np.mean(gaps)) < 3 * error
    assert abs(np.mean(gaps)) < 0.5 * np.mean(lucky)
    # The score by which the best was chosen is too high, far beyond chance.
    assert np.mean(lucky) > 5 * np.std(lucky, ddof=1) / np.sqrt(REPLICATES)
    assert held >= 0.9 * REPLICATES


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


def test_one_training_tells_nothing_of_its_luck():
    arms, _ = confirmation(np.random.default_rng(0), 0.0, seeds=1)
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
