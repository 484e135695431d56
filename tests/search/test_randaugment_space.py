"""The space of RandAugment behind a flip and a crop, and what scores of neighbours say there."""

import collections
import itertools

import keras
import keras_tuner as kt
import numpy as np
import pytest
from scipy import stats

from keras_cv_extras import data, policy, search
from keras_cv_extras.search.oracles import _recipes, _space
from keras_cv_extras.search.stages import _neighbors, _plan, _request

FORM = {"form": "randaugment"}


def values_of(space=None, **changes):
    space = search.recipe_space(**FORM) if space is None else space
    found = {hp.name: hp.default for hp in space.space}
    return {**found, **{f"recipe.{name}": value for name, value in changes.items()}}


def network():
    layers = [keras.Input((8, 8, 1)), keras.layers.Rescaling(1 / 255), keras.layers.Flatten()]
    return keras.Sequential([*layers, keras.layers.Dense(10)])


def test_its_points_are_randaugment_alone_and_behind_flip_and_crop():
    usual = policy.RAND_AUGMENT_OPS[1:]  # the identity comes by itself
    space = search.recipe_space(ops=usual, **FORM)
    drawn = {"num_ops": 3, "strength": 0.3}
    alone = search.policy_from(values_of(space, **drawn))
    assert alone.stages == policy.rand_augment(3, 0.3).stages
    behind = search.policy_from(values_of(space, **drawn, flip=0.5, padding=1 / 8))
    assert behind.stages == (policy.flip_crop() + policy.rand_augment(3, 0.3)).stages
    cropped = search.policy_from(values_of(space, **drawn, padding=1 / 8))
    assert cropped.stages == (policy.flip_crop(flip=False) + policy.rand_augment(3, 0.3)).stages
    capped = search.policy_from(values_of(space, **drawn), caps={"rotate": 0.1})
    strengths = {steps[0].op: steps[0].strength for steps in capped.sub_policies}
    assert (strengths["rotate"], strengths["shear_x"]) == (0.1, 0.3)


def test_it_has_four_numbers_and_for_digits_three():
    def free(**options):
        fixed = kt.engine.hyperparameters.Fixed
        space = search.recipe_space(**FORM, **options).space
        return [hp.name.removeprefix("recipe.") for hp in space if not isinstance(hp, fixed)]

    assert free() == ["num_ops", "strength", "flip", "padding"]
    assert free(flip=False) == ["num_ops", "strength", "padding"]
    assert free(crop="random-resized")[-1] == "area"
    assert free(crop="none", also=("repeats",)) == ["num_ops", "strength", "flip", "repeats"]
    with pytest.raises(ValueError, match="form must be one of 'any', 'randaugment'"):
        search.recipe_space(form="grid")
    largest = policy.StackShape().holding([_recipes.largest_recipe(policy.SEARCH_OPS)])
    assert largest.holds(search.policy_from(values_of(num_ops=3, flip=0.5, padding=1 / 8)))


def test_ops_are_those_of_randaugment_and_what_an_appeal_has_lifted():
    assert _recipes.rand_augment_ops(("rotate", "invert", "cutout")) == ("rotate",)
    assert _recipes.rand_augment_ops(("rotate", "invert"), ("invert",)) == ("rotate", "invert")
    assert _recipes.rand_augment_ops(("invert", "cutout")) == ("invert", "cutout")


@pytest.mark.parametrize("count", [6, 12, 20, 40])
def test_half_of_the_trials_are_spread_over_all_values(count):
    space = search.recipe_space(**FORM)
    found = _space.spread_out(space, count)
    assert len({tuple(point.items()) for point in found}) == count
    for names in (["recipe.flip", "recipe.padding"], ["recipe.num_ops"]):
        options = [_space.choices(space)[name] for name in names]
        counts = collections.Counter(tuple(point[name] for name in names) for point in found)
        assert set(counts) == set(itertools.product(*options))
        assert max(counts.values()) - min(counts.values()) <= 2
    strengths = np.log([point["recipe.strength"] for point in found])
    assert np.ptp(strengths) > 0.6 * np.log(20)
    flipped = [point["recipe.flip"] > 0 for point in found]
    if count >= 20:  # one number does not go with another
        assert abs(np.corrcoef(strengths, flipped)[0, 1]) < 0.4


def test_a_grid_is_no_larger_than_it_is():
    space = search.recipe_space(**FORM)
    found = _space.spread_out(space, 1000)
    assert len(found) == len({tuple(point.items()) for point in found}) == 3 * 11 * 2 * 2


def test_a_search_asks_for_it_and_begins_with_trials_that_are_spread():
    asked = {"trials": 12, "train_size": 100, "space": "randaugment"}
    request = _request.make_request(data.load("digits"), network, search.SearchSettings(**asked))
    assert request.identity()["space"] == "randaugment"
    oracle = request.make_oracle(("rotate", "brightness"))
    names = {hp.name for hp in oracle.get_space().space}
    assert "recipe.padding" in names
    assert "recipe.flip" not in names  # of digits left and right matter
    first = [oracle.populate_space(str(number))["values"] for number in range(6)]
    assert first == _space.spread_out(oracle.get_space(), 6)
    # An oracle of one's own decides the space.
    own = search.RandomOracle(max_trials=2, hyperparameters=search.recipe_space(**FORM))
    settings = search.SearchSettings(oracle=own, train_size=100)
    assert _request.make_request(data.load("digits"), network, settings).space == "randaugment"


def points_of(rows):
    space = search.recipe_space(**FORM)
    found = []
    for row in rows:
        point = space.copy()
        point.values = {**{hp.name: hp.default for hp in space.space}, **row}
        found.append(point)
    return found


def test_neighbours_correct_luck():
    """Of 24 trials the one that looks best is better by the model, on average over 200 searches."""

    def worth(row):
        dose = np.log(row["recipe.strength"] * row["recipe.num_ops"] / 0.4)
        return 0.6 - 0.02 * dose**2 + 0.05 * (row["recipe.flip"] + 4 * row["recipe.padding"])

    rows = _space.spread_out(search.recipe_space(**FORM), 24)
    points, truth = points_of(rows), np.array([worth(row) for row in rows])
    rng = np.random.default_rng(0)
    gains = []
    for _ in range(200):
        scores = truth + rng.normal(0, 0.04, len(rows))
        model = _neighbors.smoothed(points, [(score,) for score in scores])
        gains.append(truth[np.argmax(model)] - truth[np.argmax(scores)])
    assert np.mean(gains) > 4 * np.std(gains) / len(gains) ** 0.5
    # Without noise it changes next to nothing.
    np.testing.assert_allclose(
        _neighbors.smoothed(points, [(one,) for one in truth]), truth, atol=0.005
    )


def test_trainings_count_by_their_number_and_what_diverged_counts_for_nothing():
    points = points_of(_space.spread_out(search.recipe_space(**FORM), 4))
    nan = float("nan")
    scores = [(0.5,), (0.52, 0.54), (nan,), (0.51, nan)]
    found = _neighbors.smoothed(points, scores)
    assert found[2] == found[3] == -np.inf
    assert found[:2].tolist() == [0.5, pytest.approx(0.53)]  # too few to say more
    assert _neighbors.smoothed(points, [(0.5,)] * 4).tolist() == [0.5] * 4
    rng = np.random.default_rng(1)
    rows = points_of(_space.spread_out(search.recipe_space(**FORM), 20))
    values = rng.normal(0.6, 0.05, 20)
    values[3] = 0.9
    once = _neighbors.smoothed(rows, [(value,) for value in values])
    often = _neighbors.smoothed(rows, [(v,) * (50 if k == 3 else 1) for k, v in enumerate(values)])
    assert often[3] - 0.6 > 1.5 * (once[3] - 0.6)


def test_worth_is_the_mean_of_a_gaussian_process_of_the_likeliest_signal():
    """Its mean and scale have a density of their own, here by brute force."""
    rows = [
        {"recipe.num_ops": ops, "recipe.strength": strength, "recipe.flip": flip}
        for ops, strength, flip in zip(
            (1, 2, 3, 1, 3, 2), np.geomspace(0.05, 1, 6), (0, 0.5, 0.5, 0.5, 0, 0), strict=True
        )
    ]
    scores = [(0.45, 0.46), (0.70,), (0.58, 0.66, 0.62), (0.52,), (0.55,), (0.56,)]
    means, counts = np.array([np.mean(own) for own in scores]), np.array(list(map(len, scores)))
    places = np.array([[row["recipe.num_ops"] / 3, k / 5] for k, row in enumerate(rows)])
    squares = ((places[:, None] - places) ** 2).sum(axis=2)
    flips = np.array([row["recipe.flip"] for row in rows])
    shared = np.exp(-squares / (2 * 0.4**2)) * np.where(flips[:, None] == flips, 1.0, 0.5)

    def fit(signal):
        covariance = signal * shared + np.diag(1 / counts)
        white = np.linalg.inv(np.linalg.cholesky(covariance))
        (mean,), *_ = np.linalg.lstsq(white.sum(axis=1)[:, None], white @ means)
        variance = np.mean((white @ (means - mean)) ** 2)
        density = stats.multivariate_normal(np.full(6, mean), variance * covariance)
        return density.logpdf(means), mean + signal * shared @ white.T @ white @ (means - mean)

    wanted = max(map(fit, 10 ** np.linspace(-2, 2, 17)), key=lambda one: one[0])[1]
    found = _neighbors.smoothed(points_of(rows), scores)
    np.testing.assert_allclose(found, wanted, rtol=1e-9)
    assert np.abs(found - means).max() > 0.1


@pytest.mark.wide
def test_a_search_from_the_data_to_its_files(tmp_path):
    asked = {"trials": 4, "epochs": 2, "train_size": 200, "confirm_seeds": 2}
    asked |= {"ops": ("rotate", "brightness"), "space": "randaugment", "tuned_control": True}
    digits = data.load("digits")
    found = search.search_policy(digits, network, directory=tmp_path, progress=False, **asked)
    arms = [arm.name for arm in found.arms]
    assert arms[0] == "best trial"  # where it ties, it is written
    assert arms[1:6] == ["none", "crop", "RandAugment", "TrivialAugment", "random policy"]
    assert arms[6].startswith("tuned RandAugment")
    assert not any("joined" in name for name in arms)
    assert policy.Policy.load(tmp_path / "policy.json") == found.policy
    assert found.policy.provenance["settings"]["space"] == "randaugment"
    request = _request.make_request(digits, network, search.SearchSettings(**asked))
    plan = {stage.name: stage for stage in _plan._plan(request, None, None).stages}
    spent = found.policy.provenance["cost"]
    assert plan["confirmation"].trainings == spent["confirmation"]["trainings"] == 2 * len(arms)
    assert plan["promoted trials"].trainings == spent["promoted"]["trainings"]
    again = search.search_policy(digits, network, directory=tmp_path, progress=False, **asked)
    assert again.verdict == found.verdict
