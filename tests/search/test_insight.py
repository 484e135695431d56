"""What a search tells beside its winner, on numbers whose answer is known."""

import numpy as np
import pytest

from keras_cv_extras import policy
from keras_cv_extras.policy import Policy, Step
from keras_cv_extras.search import _insight
from keras_cv_extras.search._arms import Arm


def arm(seen, confirmed):
    return Arm("arm", "searched", None, confirmed, 0, 1, 0.0, seen, np.ones((1, 2), bool))


def test_the_share_of_images_that_get_an_op():
    rows = [[Step("invert", 0.5), Step("invert", 0.5)], [Step("rotate", 1.0, 0.5)]]
    shares = _insight.op_shares(Policy(rows))
    assert shares == {"invert": pytest.approx(0.375), "rotate": pytest.approx(0.5)}
    weighted = _insight.op_shares(Policy(rows, weights=(3, 1)))
    assert weighted == {"invert": pytest.approx(0.5625), "rotate": pytest.approx(0.25)}
    twice = _insight.op_shares(policy.rand_augment(2))
    assert twice["rotate"] == pytest.approx(1 - (13 / 14) ** 2)
    assert "identity" not in twice


def test_effects_are_found_through_noise_and_only_real_ones_are_named():
    ops = ("rotate", "invert", "cutout", "shear_x", "posterize")
    truth = {"rotate": 0.10, "invert": -0.10}
    rng = np.random.default_rng(0)
    candidates = []
    for seed in range(40):
        drawn = Policy.random(5, 2, ops=ops, seed=seed)
        shares = _insight.op_shares(drawn)
        value = 0.8 + sum(truth.get(op, 0) * share for op, share in shares.items())
        candidates.append((drawn, value + rng.normal(0, 0.004)))
    effects = _insight.op_effects(candidates)
    by_op = {one.op: one for one in effects}
    assert by_op["rotate"].effect == pytest.approx(0.10, abs=0.02)
    assert by_op["invert"].effect == pytest.approx(-0.10, abs=0.02)
    found = _insight.Insight(effects, None, 0, None, None)
    assert found.needed == ("rotate",)
    assert found.harmful == ("invert",)
    assert "Ops that help: rotate." in found.describe()


def test_intervals_of_all_ops_hold_at_once():
    """With no effect at all, an op is named in about one search of twenty."""
    ops = policy.SEARCH_OPS[:8]
    drawn = [Policy.random(5, 2, ops=ops, seed=seed) for seed in range(30)]
    rng = np.random.default_rng(1)
    wrong = 0
    for _ in range(200):
        noise = rng.normal(0.8, 0.01, len(drawn))
        effects = _insight.op_effects(list(zip(drawn, noise, strict=True)))
        wrong += any(one.low > 0 or one.high < 0 for one in effects)
    assert wrong <= 20  # 10 are expected


def test_too_few_policies_tell_nothing():
    assert _insight.op_effects([(policy.no_augmentation(), 0.9)]) == ()
    few = [(Policy.random(seed=seed), 0.9) for seed in range(3)]
    assert _insight.op_effects(few) == ()


def test_the_luck_of_the_best_is_taken_off():
    rng = np.random.default_rng(2)
    true = rng.normal(0.8, 0.003, 200)
    looks = []
    first = true + rng.normal(0, 0.01, 200)
    promoted = first >= np.sort(first)[-60]
    for value, seen, again in zip(true, first, promoted, strict=True):
        looks.append((seen, *(value + rng.normal(0, 0.01, 2 * again))))
    expected = _insight.expected_of_best(looks)
    real = true[np.argmax(first)]
    assert abs(expected - real) < 0.25 * (first.max() - real)
    assert _insight.expected_of_best([(0.8,)] * 5) is None


def test_low_fidelity_is_a_warning():
    bad = [arm(0.1 * k, 0.9 - 0.1 * k) for k in range(5)]
    found = _insight.insight([], [], bad)
    assert found.fidelity == pytest.approx(-1.0)
    assert "That is low" in found.describe()
    good = _insight.insight([], [], [arm(0.1 * k, 0.1 * k) for k in range(5)])
    assert good.fidelity == pytest.approx(1.0)
    assert "That is low" not in good.describe()
    assert _insight.insight([], [], bad[:3]).fidelity is None
