"""Recipes: nine numbers that stand for a policy, in every oracle, tuner and search."""

import collections
import csv
import json

import keras
import keras_tuner as kt
import numpy as np
import pytest

from keras_cv_extras import data, policy, search
from keras_cv_extras._base import engine
from keras_cv_extras.augment import OPS as OPS_OF_THE_LIBRARY
from keras_cv_extras.search.oracles import _recipes
from keras_cv_extras.search.stages import _plan, _request

OPS = ("rotate", "shear_x", "brightness", "invert", "cutout")
RARE = (pytest.mark.slow, pytest.mark.rare)


def values_of(space=None, **changes):
    space = search.recipe_space(ops=OPS) if space is None else space
    found = {hp.name: hp.default for hp in space.space}
    return found | {f"recipe.{name}": value for name, value in changes.items()}


def shares(found, draws=4000):
    """Returns which share of images gets which ops, by drawing as the policy says."""
    rng = np.random.default_rng(0)
    weights = np.array(found.weights) / sum(found.weights)
    names = [steps[0].op for steps in found.sub_policies]
    drawn = rng.choice(len(names), (draws, found.stages[0].num_draws), p=weights)
    return collections.Counter(
        frozenset(names[n] for n in row) - {"identity"} for row in drawn.tolist()
    )


def test_a_recipe_is_a_policy_of_one_op_each():
    found = search.policy_from(values_of(num_ops=2, strength=0.4, spread=0.5))
    assert found.stages[0].num_draws == 2
    by_op = {steps[0].op: steps[0].strength for steps in found.sub_policies}
    assert by_op == {
        "identity": None,
        **dict.fromkeys(("rotate", "shear_x", "brightness", "cutout"), (0.2, 0.4)),
        "invert": None,
    }
    same = search.policy_from(values_of(strength=0.4, spread=0.0))
    assert {steps[0].strength for steps in same.sub_policies} == {None, 0.4}
    any_strength = search.policy_from(values_of(strength=1.0, spread=1.0))
    assert any_strength.sub_policies[1][0].strength == (0.0, 1.0)


@pytest.mark.parametrize("num_ops", [1, 2, 3])
@pytest.mark.parametrize("untouched", [0.0, 0.25, 0.5])
def test_the_share_of_images_that_are_left_alone(num_ops, untouched):
    found = search.policy_from(values_of(num_ops=num_ops, untouched=untouched))
    alone = shares(found)[frozenset()] / 4000
    assert alone == pytest.approx(untouched, abs=0.03)


def test_kinds_have_their_weights_however_many_ops_they_have():
    """Two of geometry, two of colour, one that erases: 1 to 0.5 to 0."""
    found = search.policy_from(values_of(num_ops=1, geometry=1.0, colour=0.5, erasing=0.0))
    weights = dict(zip((steps[0].op for steps in found.sub_policies), found.weights, strict=True))
    assert weights == {
        "identity": 0,
        "rotate": pytest.approx(1 / 3),
        "shear_x": pytest.approx(1 / 3),
        "brightness": pytest.approx(1 / 6),
        "invert": pytest.approx(1 / 6),
    }
    space = search.recipe_space(ops=("rotate", "brightness", "invert"))
    found = search.policy_from(values_of(space, num_ops=1, geometry=1.0, colour=1.0))
    assert found.weights[1:] == pytest.approx((1 / 2, 1 / 4, 1 / 4))
    nothing = search.policy_from(values_of(geometry=0.0, colour=0.0, erasing=0.0))
    assert [steps[0].op for steps in nothing.sub_policies] == ["identity"]


def test_every_op_has_a_kind():
    kinds = {op: _recipes.kind_of_op(op) for op in OPS_OF_THE_LIBRARY}
    assert {kinds[op] for op in ("random_resized_crop", "flip_horizontal", "elastic")} == {
        "geometry"
    }
    assert {kinds[op] for op in ("cutout", "grid_mask", "coarse_dropout")} == {"erasing"}
    assert {kinds[op] for op in ("clahe", "gaussian_noise", "solarize_add")} == {"colour"}
    named = {*_recipes._GEOMETRY, *_recipes._ERASING}
    assert named <= set(OPS_OF_THE_LIBRARY)


def test_strengths_above_a_cap_are_cut():
    found = search.policy_from(values_of(strength=0.8, spread=0.5), caps={"rotate": 0.3})
    by_op = {steps[0].op: steps[0].strength for steps in found.sub_policies}
    assert by_op["rotate"] == 0.3
    assert by_op["shear_x"] == (0.4, 0.8)


def test_the_space():
    names = [hp.name for hp in search.recipe_space().space]
    assert [name.removeprefix("recipe.") for name in names] == [
        *("ops", "num_ops", "strength", "spread", "untouched", "geometry", "colour", "erasing"),
        *("flip", "padding"),
    ]
    plain = {hp.name for hp in search.recipe_space(flip=False, crop="none").space}
    assert not plain & {"recipe.flip", "recipe.padding", "recipe.area"}
    resized = {hp.name for hp in search.recipe_space(crop="random-resized").space}
    assert "recipe.area" in resized - {"recipe.padding"}
    with pytest.raises(ValueError, match="crop must be one of"):
        search.recipe_space(crop="square")
    assert "sample_pairing" not in values_of(search.recipe_space())["recipe.ops"]
    grey = {hp.name for hp in search.recipe_space(ops=("invert",)).space}
    assert grey & {"recipe.geometry", "recipe.colour", "recipe.erasing"} == {"recipe.colour"}
    with pytest.raises(ValueError, match="an op must be one of"):
        search.recipe_space(ops=("tilt",))
    with pytest.raises(ValueError, match="needs no second image"):
        search.recipe_space(ops=("sample_pairing",))
    with pytest.raises(ValueError, match="hold no recipe.spread"):
        search.policy_from({"recipe.ops": "rotate", "recipe.num_ops": 1})


def test_what_is_tried_first_lies_in_the_space_and_does_something():
    for ops in (OPS, ("rotate",), ("invert", "brightness"), ("cutout",)):
        space = search.recipe_space(ops=ops)
        first = _recipes.first_recipes(space)
        assert first
        search.RandomOracle(hyperparameters=space, first=first)  # it checks the names
        for one in first:
            made = search.policy_from(values_of(space) | one)
            assert {steps[0].op for steps in made.sub_policies} - {"identity"}
    flipped, cropped = (
        [search.policy_from(values_of(space) | one) for one in _recipes.first_recipes(space)]
        for space in (search.recipe_space(ops=OPS), search.recipe_space(ops=OPS, flip=False))
    )
    # What flip and crop alone are worth is known before anything is suggested.
    assert policy.flip_crop().stages in [made.stages for made in flipped]
    assert policy.flip_crop(flip=False).stages in [made.stages for made in cropped]


def test_a_mirror_and_a_crop_come_before_the_ops(tmp_path):
    before = {"flip": 0.5, "padding": 1 / 8}
    found = search.policy_from(values_of(**before), name="trial 3")
    assert found.stages == policy.flip_crop().stages + search.policy_from(values_of()).stages
    assert (found.name, found.stages[1].num_draws) == ("trial 3", 2)
    alone = values_of(geometry=0.0, colour=0.0, erasing=0.0, **before)
    assert search.policy_from(alone).stages == policy.flip_crop().stages
    resized = search.policy_from(values_of(search.recipe_space(ops=OPS), area=0.25))
    (step,) = resized.sub_policies[0]
    assert (step.op, step.value) == ("random_resized_crop", 0.25)
    assert search.policy_from(values_of(flip=0.0, padding=0.0, area=1.0)).stages[0].num_draws == 2
    # In a file, and back.
    found.save(tmp_path / "policy.json")
    assert policy.Policy.load(tmp_path / "policy.json") == found
    assert "flip_horizontal" in found.describe()
    # A search with digits has no mirror, and all recipes fit into the program of the largest.
    for flip in (True, False):
        shape = policy.StackShape().holding([_recipes.largest_recipe(OPS, flip=flip)])
        assert shape.holds(found) is flip
        assert shape.holds(search.policy_from(values_of(padding=1 / 16)))


@pytest.mark.wide
def test_a_population_gives_recipes_the_pixels_of_one_by_one():
    images = data.load("digits").train[0][:6]
    recipes = [values_of(flip=0.5, padding=1 / 8, num_ops=1), values_of(num_ops=3)]
    found = [search.policy_from(values) for values in recipes]
    shape, samples = policy.StackShape().holding(found), np.arange(6)
    stack = policy.stack_policies(found, shape, images)

    def together(rows, partners, seeds, samples, *stack):
        draws = seeds, np.uint32(1), samples
        return policy.execute_stack(rows, partners, draws, stack, branches=shape.branches)

    both = np.stack([images, images])
    numbers = np.stack([samples, samples])
    arrays = [keras.ops.convert_to_tensor(np.asarray(part)) for part in stack]
    partners = images, numbers.astype("int32")
    seeds, numbers = np.uint32([3, 4]), np.uint32(numbers)
    results = engine.compiled(together)(both, partners, seeds, numbers, *arrays)
    for seed, one, result in zip((3, 4), found, np.asarray(results), strict=True):
        alone = policy.Padded(one, shape)(images, seed=seed, epoch=1, samples=samples)
        # Another loop is compiled otherwise, and an op in floats may be cut to the level below.
        assert np.abs(result.astype(int) - np.asarray(alone)).max() <= 1
        assert np.mean(result != images) > 0.1


@pytest.mark.wide
# Six points are few for keras-tuner's Gaussian process, of which scikit-learn warns.
@pytest.mark.filterwarnings("ignore:The optimal value found:UserWarning")
@pytest.mark.parametrize(
    "make",
    [
        search.TPEOracle,
        pytest.param(search.EvolutionOracle, marks=RARE),
        search.RandomOracle,
        pytest.param(
            lambda **options: kt.oracles.RandomSearchOracle(
                objective=kt.Objective("val_accuracy", "max"), **options
            ),
            marks=RARE,
        ),
        lambda **options: kt.oracles.BayesianOptimizationOracle(
            objective=kt.Objective("val_accuracy", "max"), num_initial_points=3, **options
        ),
    ],
    ids=["tpe", "evolution", "random", "keras-tuner random", "keras-tuner bayesian"],
)
def test_oracles_try_recipes_and_learning_rates_together(make, tmp_path, monkeypatch):
    """No training: the score is best at mild strengths and a learning rate of 0.01."""

    def score(self, trial):
        values = trial.hyperparameters.values
        seen.append(values)
        gap = _gap(values)
        return {"val_accuracy": 1 - 0.2 * gap, "val_log_loss": gap, "seconds": 0.0}

    seen = []
    space = search.recipe_space(ops=OPS)
    space.Float("learning_rate", 1e-4, 1.0, sampling="log")
    oracle = make(max_trials=6, hyperparameters=space, seed=1)
    images, labels = (part[:20] for part in data.load("digits").train)
    monkeypatch.setattr(search.PolicyTuner, "run_trial", score)

    def network(hp):
        rate = hp.get("learning_rate")
        layers = [keras.layers.Flatten(), keras.layers.Dense(10)]
        model = keras.Sequential([keras.Input((8, 8, 1)), *layers])
        model.compile(keras.optimizers.SGD(rate), "sparse_categorical_crossentropy")
        return model

    tuner = search.PolicyTuner(
        oracle, network, (images, labels), (images, labels), directory=tmp_path
    )
    tuner.search()
    assert len(seen) == 6
    best = tuner.oracle.get_best_trials(1)[0]
    assert best.score == max(1 - 0.2 * _gap(values) for values in seen)
    assert isinstance(tuner.best_policies(1)[0], policy.Policy)


def test_an_oracle_that_is_given_decides_the_space():
    asked = {"trials": 4, "epochs": 2, "train_size": 100, "confirm_seeds": 2}
    oracle = search.TPEOracle(max_trials=4, hyperparameters=search.recipe_space(ops=OPS))
    digits = data.load("digits")

    def spaces(**changes):
        settings = search.SearchSettings(**{**asked, **changes})
        request = _request.make_request(digits, network, settings)
        return request.space, request.identity().get("space")

    assert spaces(oracle=oracle) == ("recipe", "recipe")
    assert spaces(space="policy") == ("policy", None)
    assert spaces(space="recipe") == ("recipe", "recipe")
    policies = search.TPEOracle(max_trials=4, hyperparameters=search.policy_space(ops=OPS))
    assert spaces(oracle=policies, space="recipe") == ("policy", None)


def test_hyperband_halves_recipes_over_epochs(tmp_path, monkeypatch):
    def score(self, trial):
        epochs.append(trial.hyperparameters.values["tuner/epochs"])
        gap = abs(np.log10(trial.hyperparameters.values["recipe.strength"] / 0.2))
        return {"val_accuracy": 1 - 0.2 * gap, "val_log_loss": gap, "seconds": 0.0}

    epochs = []
    monkeypatch.setattr(search.PolicyTuner, "run_trial", score)
    oracle = kt.oracles.HyperbandOracle(
        objective=kt.Objective("val_accuracy", "max"),
        max_epochs=9,
        hyperparameters=search.recipe_space(ops=OPS),
        seed=1,
    )
    images, labels = (part[:20] for part in data.load("digits").train)
    part = (images, labels)
    tuner = search.PolicyTuner(oracle, network, part, part, epochs=9, directory=tmp_path)
    tuner.search()
    counts = collections.Counter(epochs)
    assert counts[min(counts)] > counts[9] > 0
    assert tuner.best_policies(1)[0].stages


def test_a_joint_search_finds_learning_rate_and_strength_where_both_are_known(
    tmp_path, monkeypatch
):
    """Scores with the noise of a validation part of 1,000 images."""

    def build(hp):
        hp.Float("learning_rate", 1e-4, 1.0, sampling="log")
        return network()

    def score(self, trial):
        values = trial.hyperparameters.values
        accuracy = 1 - 0.2 * _gap(values) + rng.normal(0, 0.01)
        seen.append((accuracy, values))
        return {"val_accuracy": accuracy, "val_log_loss": 0.0, "seconds": 0.0}

    rng, seen = np.random.default_rng(0), []
    monkeypatch.setattr(search.PolicyTuner, "run_trial", score)
    oracle = search.TPEOracle(max_trials=40, hyperparameters=search.recipe_space(ops=OPS), seed=2)
    part = tuple(part[:20] for part in data.load("digits").train)
    search.PolicyTuner(oracle, build, part, part, directory=tmp_path).search()
    _, best = max(seen, key=lambda pair: pair[0])
    assert 0.1 < best["recipe.strength"] < 0.4
    assert 0.003 < best["learning_rate"] < 0.03
    # It has learnt: late trials are nearer than early ones.
    gaps = [_gap(values) for _, values in seen]
    assert np.mean(gaps[-15:]) < 0.7 * np.mean(gaps[:15])


def _gap(values):
    gap = abs(np.log10(values["recipe.strength"] / 0.2))
    return gap + abs(np.log10(values["learning_rate"] / 0.01))


def network():
    layers = [
        keras.Input((8, 8, 1)),
        keras.layers.Rescaling(1 / 255),
        keras.layers.Flatten(),
        keras.layers.Dense(10),
    ]
    return keras.Sequential(layers)


@pytest.mark.wide
def test_a_search_of_recipes_from_the_data_to_its_files(tmp_path):
    asked = {"trials": 3, "epochs": 2, "train_size": 200, "confirm_seeds": 2, "space": "recipe"}
    asked |= {"ops": ("rotate", "brightness"), "harm_seeds": 3}
    digits = data.load("digits")
    found = search.search_policy(digits, network, directory=tmp_path, progress=False, **asked)
    names = [arm.name for arm in found.arms]
    assert names[-1] == "best trial"
    assert not any("joined" in name for name in names)
    assert found.insight.effects == ()
    assert policy.Policy.load(tmp_path / "policy.json") == found.policy
    assert found.policy.provenance["settings"]["space"] == "recipe"
    with (tmp_path / "trials.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == "trial"]
    assert len(rows) == 3
    stages = [trial["policy"].stages for trial in found.trials[-3:]]
    assert any(one[-1].weights for one in stages)
    for row, trial in zip(rows, found.trials[-3:], strict=True):
        # The whole policy stands in the table: weights and draws with it.
        fields = json.loads(row["policy"])
        one = trial["policy"].stages
        assert isinstance(fields, dict) == (len(one) > 1 or one[0].weights is not None)
        if isinstance(fields, dict):
            assert policy.Policy.from_dict(fields).stages == trial["policy"].stages
    request = _request.make_request(digits, network, search.SearchSettings(**asked))
    plan = {stage.name: stage.trainings for stage in _plan._plan(request, None, None).stages}
    assert plan["confirmation"] == len(list((tmp_path / "confirmation").glob("*.json")))
    # Each op alone was trained with from fresh weights, beside nothing.
    alone, cost = found.screen.alone, found.policy.provenance["cost"]["harm"]["trainings"]
    most = max(map(len, alone.values()))
    assert set(alone) == {"rotate", "brightness"}
    assert cost == most + sum(map(len, alone.values())) <= plan["harm of the ops"] == 9
    assert found.policy.provenance["harmful"] == list(found.screen.harmful)
    assert found.policy.provenance["settings"]["harm_seeds"] == 3
    again = search.search_policy(digits, network, directory=tmp_path, progress=False, **asked)
    assert again.policy == found.policy
    with pytest.raises(ValueError, match="holds a search with other arguments: .*space"):
        search.search_policy(
            digits, network, directory=tmp_path, progress=False, **{**asked, "space": "policy"}
        )
