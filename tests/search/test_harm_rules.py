"""Which ops a search calls harmful, on gains that are drawn: no model, no training.

The spreads are those of a real task: Fashion-MNIST turned by -10 to 10 degrees, the angle being the
label, in four trainings of each op.
"""

import dataclasses

import numpy as np
import pytest
from scipy import stats

from keras_cv_extras.search import Screen
from keras_cv_extras.search.verdict import _harm

# Standard deviation from seed to seed of what each of 15 ops adds, and what ops that do nothing
# that counts add.
SPREADS = np.array([18, 20, 16, 24, 24, 3, 18, 11, 16, 2, 5, 5, 5, 5, 13]) / 1000
NOTHING = np.array([4, -9, 5, -3, 0, -1, 0, -6, -5, 0, -9, 5, -8, 1, -5]) / 1000
OPS = [f"op{number}" for number in range(15)]
NOISIEST, SEEDS, IMAGES, SEARCHES = 4, 4, 1000, 400
PATTERN = np.tile([0.42, -0.42], IMAGES // 2)  # of the images, some are now right, some wrong


def drawn(rng, effects):
    """Returns the ops that a search names, and how many trainings that took."""
    # The images are the same for every seed.
    effects = effects + rng.normal(0, 0.42 / IMAGES**0.5, len(OPS))
    asked = []

    def train(pairs):
        asked.extend(pairs)
        places = [OPS.index(op) for op, _ in pairs[1:]]
        gains = effects[places] + rng.normal(0, SPREADS[places])
        return [np.zeros(IMAGES), *(gain + PATTERN for gain in gains)]

    alone = _harm.try_alone(OPS, SEEDS, train)
    return _harm.harmful_ops(alone, SEEDS), len(asked)


def test_ops_that_do_nothing_are_hardly_ever_called_harmful():
    rng = np.random.default_rng(0)
    found = [drawn(rng, NOTHING) for _ in range(SEARCHES)]
    # Of 6,000 ops: 10 would be one in 2.5 % of the searches.
    assert sum(len(names) for names, _ in found) <= 10
    # All would take 64.
    assert np.mean([trainings for _, trainings in found]) < 36


@pytest.mark.wide_but("-0.09-0.9")
@pytest.mark.parametrize(("effect", "share"), [(-0.09, 0.9), (-0.12, 0.98)])
def test_an_op_that_harms_is_named_though_it_is_the_noisiest(effect, share):
    rng, effects = np.random.default_rng(1), NOTHING.copy()
    effects[NOISIEST] = effect
    found = [drawn(rng, effects)[0] for _ in range(SEARCHES)]
    assert sum(OPS[NOISIEST] in names for names in found) >= share * SEARCHES
    assert sum(len({*names} - {OPS[NOISIEST]}) for names in found) <= 10


def test_an_op_is_trained_with_as_long_as_it_is_suspected():
    gains = {"rotate": [-0.2, -0.1], "invert": [-0.2, 0.3], "cutout": [0.1], "zoom": [None]}
    asked = []

    def train(pairs):
        asked.append(pairs)
        rows = [None if op and gains[op][n] is None else (op and gains[op][n]) for op, n in pairs]
        return [np.zeros(2)] + [None if row is None else row + PATTERN[:2] for row in rows[1:]]

    alone = _harm.try_alone(tuple(gains), 2, train)
    assert asked == [
        [(None, 0), ("rotate", 0), ("invert", 0), ("cutout", 0), ("zoom", 0)],
        [(None, 1), ("rotate", 1), ("invert", 1)],
    ]
    error = pytest.approx(0.42 / 2**0.5)
    assert alone == {
        "rotate": ((pytest.approx(-0.2), error), (pytest.approx(-0.1), error)),
        "invert": ((pytest.approx(-0.2), error), (pytest.approx(0.3), error)),
        "cutout": ((pytest.approx(0.1), error),),
        "zoom": (),  # its training diverged: it says nothing
    }
    # Nothing is left to compare with.
    assert _harm.try_alone(["rotate"], 2, lambda pairs: [None] * len(pairs)) == {"rotate": ()}


@pytest.mark.parametrize(
    ("rows", "harms"),
    [
        ([(-0.10, 0.01), (-0.11, 0.01), (-0.12, 0.01)], True),
        ([(-0.10, 0.05), (-0.11, 0.05), (-0.12, 0.05)], False),  # within two errors of the images
        ([(-0.01, 0.0), (-0.02, 0.0), (-0.03, 0.0)], False),  # by a point, which is the margin
        ([(-0.01, 0.01), (-0.11, 0.01), (-0.21, 0.01)], False),  # the seeds may explain it
        ([(-0.10, 0.01), (-0.11, 0.01)], False),  # it was cleared
        ([(0.10, 0.01), (0.11, 0.01), (0.12, 0.01)], False),
        ([], False),
    ],
)
def test_an_op_harms_if_its_trainings_are_worse_beyond_chance(rows, harms):
    found = _harm.harmful_ops({"rotate": rows, "invert": [(0.0, 0.01)]}, 3)
    assert found == (("rotate",) if harms else ())


def test_chances_are_those_of_students_and_of_welchs_test():
    gains = np.array([-0.03, -0.06, -0.02, -0.05])
    exact = tuple((gain, 0.0) for gain in gains)
    spread, freedom = _harm._spread_of([exact])
    wanted = stats.ttest_1samp(gains, -0.01, alternative="less").pvalue
    assert _harm._chance(exact, spread, freedom) == pytest.approx(wanted)
    # The images are a second sample, so large that its spread is known.
    own, images = gains.mean(), 10**7
    rows = tuple((gain, 0.01) for gain in gains)
    one, other = (own, gains.std(ddof=1), 4), (-0.01, 0.01 * images**0.5, images)
    options = {"equal_var": False, "alternative": "less"}
    wanted = stats.ttest_ind_from_stats(*one, *other, **options).pvalue
    assert _harm._chance(rows, spread, freedom) == pytest.approx(wanted, rel=1e-4)
    # Where two ops are judged at once, the first must be below half of the level.
    for high, harms in ((0.99, True), (1.01, False)):
        place = stats.t.isf(high * 0.025 / 2, 3) * gains.std(ddof=1) / 2
        gain = gains - own - 0.01 - place
        rows = {"rotate": tuple((float(one), 0.0) for one in gain), "invert": ((0.0, 0.0),)}
        assert _harm.harmful_ops(rows, 4) == (("rotate",) if harms else ())
    two = ((0.1, 0.0), (0.2, 0.0))  # a pair tells of the spread, too
    assert _harm._spread_of([two, two[:1]]) == (pytest.approx(0.005**0.5), 1)
    # An op that costs less than a point is not suspected.
    assert not _harm._costs(((-0.009, 0.0),))
    assert _harm.harmful_ops({"rotate": exact[:3], "invert": ((-0.01, 0.0),) * 4}, 4) == ()


def test_the_most_harmful_comes_first_and_the_level_is_that_of_all_ops_together():
    def rows(gain, error=0.01):
        return ((gain - 0.01, error), (gain, error), (gain + 0.01, error))

    alone = {"invert": rows(-0.2), "rotate": rows(-0.3)}
    assert _harm.harmful_ops(alone, 3) == ("rotate", "invert")
    # By Holm, the level of the second is that of one op; by Bonferroni it would be half of it.
    close = {"invert": rows(-0.22, 0.1), "rotate": rows(-0.9, 0.1)}
    assert _harm.harmful_ops(close, 3) == ("rotate", "invert")
    # An op that was cleared counts as one that was looked at.
    assert _harm.harmful_ops({**close, "cutout": ((0.0, 0.1),)}, 3) == ("rotate",)
    exact = {"rotate": ((-0.2, 0.0),) * 3}
    assert _harm.harmful_ops(exact, 3) == ("rotate",)
    # One training of each op does not say how much trainings differ.
    assert _harm.harmful_ops({"rotate": ((-0.3, 0.01),)}, 1) == ()


def test_a_screen_says_what_harms_beside_what_it_limits():
    caps = {"rotate": 0.4, "cutout": 0.5, "invert": 0.0, "zoom": 0.2, "equalize": 1.0}
    numbers = {op: np.array([0.5]) for op in caps}
    found = Screen(0.9, numbers, numbers, caps, (), 10).reinstate({"zoom": 1.0})
    assert found.harmful == ()
    rows = ((-0.2, 0.01), (-0.21, 0.01), (-0.19, 0.01))
    alone = {"rotate": rows, "cutout": ((0.1, 0.01),), "equalize": rows[:1], "zoom": ()}
    judged = found.judged(alone, 3)
    assert judged.limited == ("rotate", "cutout", "invert")
    assert judged.harmful == ("rotate",)
    assert judged.describe().splitlines() == [
        "rotate: its results are not recognised above strength 0.4 (40.0 points), limited to "
        "that; it harms: trained with alone, it costs 20.0 points",
        "cutout: its results are not recognised above strength 0.5 (40.0 points), limited to that",
        "invert: its results are not recognised (40.0 points), left out",
        "not recognised, but training with them helps: zoom",
    ]
    judged = found.judged({**alone, "equalize": rows}, 3)
    assert set(judged.harmful) == {"rotate", "equalize"}
    assert "\nequalize: it harms: trained with alone, it costs 20.0 points" in judged.describe()
    # So it does where the networks of the screen cannot tell.
    weak = dataclasses.replace(judged, clean=0.3)
    assert not weak.can_tell
    assert "equalize: it harms" in weak.describe()
    again = Screen.from_dict(judged.to_dict())
    assert (again.harmful, again.alone) == (judged.harmful, judged.alone)
    old = {key: v for key, v in judged.to_dict().items() if key not in ("alone", "harmful")}
    assert Screen.from_dict(old).harmful == ()
