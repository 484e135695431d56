"""What a search tells beside its winner, on numbers whose answer is known."""

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import Ridge

from keras_cv_extras import policy
from keras_cv_extras.policy import Policy, Step
from keras_cv_extras.search.verdict import _insight
from keras_cv_extras.search.verdict._arms import Arm


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
    failed = (Policy.random(5, 2, ops=ops, seed=99), float("nan"))
    assert _insight.op_effects([failed, *candidates]) == effects
    by_op = {one.op: one for one in effects}
    assert by_op["rotate"].effect == pytest.approx(0.10, abs=0.02)
    assert by_op["invert"].effect == pytest.approx(-0.10, abs=0.02)
    found = _insight.Insight(effects, None, 0, None, None)
    assert found.needed == ("rotate",)
    assert found.harmful == ("invert",)
    worse = [_insight.OpEffect(op, value, value, value) for op, value in (("a", -0.1), ("b", -0.2))]
    assert _insight.Insight(tuple(worse), None, 0, None, None).harmful == ("b", "a")
    assert "Ops that help: rotate." in found.describe()


def test_the_interval_of_a_rank_correlation():
    """Of 0.6 over 12 arms: atanh 0.6 = 0.6931, the standard error sqrt(1.18 / 9) = 0.3621."""
    low, high = _insight._interval(0.6, 12)
    assert (low, high) == pytest.approx((-0.01654, 0.88596), abs=2e-5)
    assert _insight._interval(-0.6, 12) == pytest.approx((-high, -low))
    assert _insight._interval(1.0, 12) == pytest.approx((1.0, 1.0), abs=1e-6)


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


def test_low_fidelity_is_a_warning():
    bad = [arm(0.1 * k, 0.9 - 0.1 * k) for k in range(9)]
    found = _insight.insight([], [], bad)
    assert found.fidelity == pytest.approx(-1.0)
    assert "That is low" in found.describe()
    good = _insight.insight([], [(0.5, 0.9), (0.6,)], [arm(0.1 * k, 1e-8 * 8**k) for k in range(9)])
    assert good.best_seen == 0.6  # of first looks
    assert good.fidelity == pytest.approx(1.0)
    assert "That is low" not in good.describe()
    assert _insight.insight([], [], bad[:3]).fidelity is None
    assert _insight.insight([], [], [arm(0.1 * k, 0.5) for k in range(9)]).fidelity is None
    few = _insight.insight([], [], [arm(0.1 * k, 0.1 * v) for k, v in enumerate((7, 5, 6, 8, 4))])
    assert few.fidelity < _insight.LOW_FIDELITY < few.fidelity_interval[1]
    assert "That is low" not in few.describe()
    assert "95 % interval" in few.describe()


def test_the_interval_of_a_rank_correlation_holds():
    """Of 400 draws of nine normal pairs with a known correlation 95 % are within."""
    rng, held = np.random.default_rng(4), 0
    true = 0.5
    spearman = 6 / np.pi * np.arcsin(true / 2)  # of a bivariate normal distribution
    for _ in range(400):
        one = rng.normal(size=9)
        other = true * one + np.sqrt(1 - true**2) * rng.normal(size=9)
        low, high = _insight._interval(stats.spearmanr(one, other).statistic, 9)
        held += low <= spearman <= high
    assert 370 <= held <= 395


def test_the_fit_is_scikit_learns_ridge_regression():
    drawn = [Policy.random(5, 2, ops=("rotate", "invert", "cutout"), seed=n) for n in range(9)]
    accuracy = np.array([0.80, 0.83, 0.79, 0.85, 0.81, 0.78, 0.84, 0.80, 0.82])
    effects = _insight.op_effects(list(zip(drawn, accuracy, strict=True)))
    shares = [_insight.op_shares(one) for one in drawn]
    ops = ("cutout", "invert", "rotate")
    design = np.array([[share.get(op, 0.0) for op in ops] for share in shares])
    ridge = Ridge(alpha=0.02, solver="cholesky").fit(design, accuracy)  # the intercept is free
    found = {one.op: one for one in effects}
    np.testing.assert_allclose([found[op].effect for op in ops], ridge.coef_, atol=1e-9)
    assert [one.op for one in effects] == [ops[place] for place in np.argsort(-ridge.coef_)]
    # Nine policies, four numbers; of three intervals each holds with 1 - 0.05 / 3.
    columns = np.column_stack([np.ones(9), design])
    inverse = np.linalg.inv(columns.T @ columns + np.diag([0, 0.02, 0.02, 0.02]))
    variance = np.sum((accuracy - ridge.predict(design)) ** 2) / 5
    error = np.sqrt(variance * np.diag(inverse @ columns.T @ columns @ inverse))[1:]
    half = stats.t.isf(0.05 / 3 / 2, 5) * error
    np.testing.assert_allclose([found[op].high - found[op].effect for op in ops], half)
    np.testing.assert_allclose([found[op].effect - found[op].low for op in ops], half)
