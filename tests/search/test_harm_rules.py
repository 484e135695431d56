"""Which ops a search calls harmful, on gains that are drawn: no model, no training."""

import dataclasses

import numpy as np
import pytest

from keras_cv_extras.search import Screen
from keras_cv_extras.search.verdict import _harm

OPS = [f"op{number}" for number in range(10)]
SPREAD, ERROR, FREEDOM = 0.01, 0.005, 12


def drawn(rng, effects):
    """What trainings with each op alone and with nothing might have told."""
    nothing = rng.normal(0, SPREAD)
    alone = {}
    for op, effect in zip(OPS, effects, strict=True):
        gains = effect + rng.normal(0, SPREAD, 2) + rng.normal(0, ERROR, 2) - nothing
        alone[op] = [(1.0, gains[0], ERROR), (0.5, gains[1], ERROR)]
    spread = SPREAD * np.sqrt(rng.chisquare(FREEDOM) / FREEDOM)
    return _harm.harmful_ops(alone, spread, FREEDOM)


def test_ops_that_do_nothing_are_hardly_ever_called_harmful():
    """200 searches with ten ops each, one of which is to be called harmful in 2.5 % at most."""
    rng = np.random.default_rng(0)
    alarms = [len(drawn(rng, [0.0] * 10)) for _ in range(200)]
    assert max(alarms) <= 1
    assert sum(map(bool, alarms)) <= 5


def test_ops_that_harm_are_found_among_those_that_do_not():
    rng = np.random.default_rng(1)
    effects = [-0.15, -0.12] + [0.0, 0.02] * 4
    found = [drawn(rng, effects) for _ in range(200)]
    assert sum({"op0", "op1"} <= set(names) for names in found) >= 190
    assert sum(len({*names} - {"op0", "op1"}) for names in found) <= 5


@pytest.mark.parametrize(
    ("rows", "harms"),
    [
        ([(1.0, -0.1, 0.01)], True),
        ([(1.0, -0.1, 0.01), (0.5, -0.1, 0.01)], True),
        ([(1.0, -0.1, 0.01), (0.5, 0.0, 0.01)], False),  # at half of its strength it does not
        ([(1.0, -0.1, 0.05)], False),  # within two errors of the images
        ([(1.0, float("nan"), 0.01)], False),
        ([(1.0, 0.1, 0.01)], False),
    ],
)
def test_an_op_harms_if_it_does_so_at_every_strength(rows, harms):
    assert _harm.harmful_ops({"rotate": rows}, SPREAD, FREEDOM) == (("rotate",) if harms else ())


def test_the_most_harmful_comes_first_and_without_repeats_nothing_is_said():
    alone = {"invert": [(1.0, -0.2, 0.01)], "rotate": [(1.0, -0.3, 0.01), (0.5, -0.25, 0.01)]}
    assert _harm.harmful_ops(alone, SPREAD, FREEDOM) == ("rotate", "invert")
    assert _harm.harmful_ops(alone, 0.1, FREEDOM) == ()  # trainings differ by as much
    assert _harm.harmful_ops(alone, float("nan"), 0) == ()
    # By Holm, the level of the second is that of one op; by Bonferroni it would be half of it.
    close = {"invert": [(1.0, -0.21, 0.1)], "rotate": [(1.0, -0.9, 0.1)]}
    assert _harm.harmful_ops(close, 0.0, FREEDOM) == ("rotate", "invert")
    close["cutout"] = [(1.0, 0.0, 0.1)]
    assert _harm.harmful_ops(close, 0.0, FREEDOM) == ("rotate",)


def test_the_spread_is_that_of_repeated_trainings():
    nan = float("nan")
    spread, freedom = _harm.spread_of([(0.5,), (0.6, 0.7), (0.1, 0.2, 0.3), (0.4, nan), ()])
    assert freedom == 3
    assert spread == pytest.approx(np.sqrt((0.005 + 0.02) / 3))
    spread, freedom = _harm.spread_of([(0.5,)])
    assert np.isnan(spread)
    assert freedom == 0


def test_an_op_that_keeps_labels_up_to_half_of_its_strength_is_limited_alone():
    rows = ((1.0, -0.2, 0.01), (0.5, -0.3, 0.01))
    caps = {"rotate": 0.4, "cutout": 0.5, "invert": 0.0, "zoom": 0.2, "equalize": 1.0}
    numbers = {op: np.array([0.5]) for op in caps}
    alone = {"rotate": rows, "cutout": rows[:1], "invert": rows[:1], "zoom": rows}
    found = Screen(0.9, numbers, numbers, caps, (), 10, alone=alone).reinstate({"zoom": 1.0})
    assert found.harmful == ()
    judged = found.judged(SPREAD, FREEDOM)
    assert judged.limited == ("rotate", "cutout", "invert")
    assert judged.harmful == ("rotate", "invert")
    assert judged.describe().splitlines() == [
        "rotate: its results are not recognised above strength 0.4 (40.0 points), limited to "
        "that; it harms: trained with alone, it costs 20.0 points at least",
        "cutout: its results are not recognised above strength 0.5 (40.0 points), limited to that",
        "invert: its results are not recognised (40.0 points), left out; it harms: trained with "
        "alone, it costs 20.0 points at least",
        "not recognised, but training with them helps: zoom",
    ]
    # What was tried alone by a trial counts where the screen has not limited it.
    more = {"equalize": ((1.0, -0.25, 0.01),), "cutout": rows[:1], "color": ((1.0, 0.0, 0.01),)}
    judged = found.judged(SPREAD, FREEDOM, more)
    assert judged.harmful == ("equalize", "rotate", "invert")
    assert "\nequalize: it harms: trained with alone, it costs 25.0 points" in judged.describe()
    # So it does where the networks of the screen cannot tell.
    weak = dataclasses.replace(judged, clean=0.3)
    assert not weak.can_tell
    assert "equalize: it harms" in weak.describe()
    again = Screen.from_dict(judged.to_dict())
    assert (again.harmful, again.alone) == (judged.harmful, judged.alone)
    old = {key: v for key, v in judged.to_dict().items() if key not in ("alone", "harmful")}
    assert Screen.from_dict(old).harmful == ()
