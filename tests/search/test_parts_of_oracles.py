"""What oracles keep, read again and learn, without a search."""

import json
import types

import keras_tuner as kt
import numpy as np
import pytest
from test_suggestions import SPACE, controller, different, history

from keras_cv_extras import search
from keras_cv_extras.augment import OPS
from keras_cv_extras.policy import Policy, Step
from keras_cv_extras.policy._stage import SEARCH_OPS
from keras_cv_extras.search.oracles import _controller, _durable, _space, _trial_files
from keras_cv_extras.search.stages import _request


def test_a_controller_begins_with_small_weights_of_its_seed():
    def weights(seed):
        made = _controller.Controller((2, 11), ("op", "rate"), num_units=6, seed=seed).weights
        return np.concatenate([v.ravel() for name, v in made.items() if name != "bias"])

    own = weights(3)
    assert -0.1 <= own.min() < -0.09
    assert 0.09 < own.max() <= 0.1
    assert len(np.unique(own)) == len(own)  # each is drawn anew
    np.testing.assert_array_equal(weights(3), own)
    assert (weights(4) != own).all()


def test_each_choice_of_a_controller_is_drawn_by_itself(monkeypatch):
    made = _controller.Controller((3, 11), ("op", "rate"), num_units=4)
    asked = []

    def ends(seed, count):
        asked.append(seed)
        return np.array([0.0, 0.9999])

    monkeypatch.setattr(_controller, "host_uniform", ends)
    assert made.draw(7).tolist() == [0, 10]
    assert asked == [7]


@pytest.fixture
def kept(tmp_path):
    """Makes controllers that write to one folder."""

    def make(*scores):
        oracle = controller()
        oracle._set_project_dir(str(tmp_path), "trials")
        (tmp_path / "trials").mkdir(exist_ok=True)
        history(oracle, *scores)
        return oracle

    return make


def same(one, other):
    return all(np.array_equal(one[name], other[name]) for name in {*one, *other})


SCORES = (0.9, 0.5, (None, "FAILED"), 0.7, 0.2, 0.6)


def test_what_a_controller_has_learnt_is_read_again(kept):
    first = kept(*SCORES)
    start = {name: value.copy() for name, value in first._controller.weights.items()}
    first.get_state()  # as it is saved
    assert first._learnt == ["0", "1", "3", "4"]  # two batches of what has not failed
    assert first._updates == 2 * 4
    again = kept(*SCORES)
    again._learn()
    assert same(again._controller.weights, first._controller.weights)
    assert not same(again._controller.weights, start)
    for oracle in (first, again):  # and it goes on alike
        history(oracle, *SCORES, 0.8)
        oracle._learn()
        assert len(oracle._learnt) == 6
    assert same(again._controller.weights, first._controller.weights)
    assert again._baseline == first._baseline


def test_a_controller_learns_anew_where_the_trials_are_others(kept):
    fresh = controller()
    history(fresh, 0.9, (None, "FAILED"), 0.5, 0.7, 0.2)
    fresh._set_project_dir = fresh._write = lambda *_: None
    fresh._path = lambda: types.SimpleNamespace(is_file=lambda: False)
    fresh._learn()
    assert fresh._learnt == ["0", "2", "3", "4"]
    known = kept(0.9, 0.5, 0.7, 0.2)
    known._learn()
    read = kept(0.9, (None, "FAILED"), 0.5, 0.7, 0.2)  # beside the file of the other
    history(known, 0.9, (None, "FAILED"), 0.5, 0.7, 0.2)
    for oracle in (known, read):
        oracle._learn()
        assert oracle._learnt == fresh._learnt
        assert same(oracle._controller.weights, fresh._controller.weights)


def test_as_many_as_live_are_drawn_at_random_and_no_more():
    space = search.policy_space(**SPACE)
    options = {"hyperparameters": space, "population_size": 3, "tournament_size": 40}
    oracle = search.EvolutionOracle(**options)
    values = history(oracle, 0.2, 0.9, 0.5)
    assert all(different(oracle.ask("3", seed, 0), values[1]) == 2 for seed in range(4))
    # What is changed takes any of the other values.
    children = [oracle.ask("3", seed, 0) for seed in range(60)]
    rates = {child[name] for child in children for name in child if name.endswith("rate")}
    assert len(rates) == 11


def random_oracle(folder, **options):
    space = search.policy_space(**SPACE)
    oracle = search.RandomOracle(max_trials=2, hyperparameters=space, seed=1, **options)
    oracle._set_project_dir(str(folder), "trials")
    return oracle


def test_a_search_that_was_killed_between_two_files_knows_its_trials(tmp_path):
    """Trials that the oracle's own file does not name yet are run once, all the same."""
    oracle = random_oracle(tmp_path, parallel=2)
    done = oracle.create_trial("one")
    running = oracle.create_trial("two")
    oracle.update_trial(done.trial_id, {"val_accuracy": 0.5})
    done.status = "COMPLETED"
    oracle.end_trial(done)
    assert not oracle.is_complete()
    oracle.save()
    path = tmp_path / "trials" / "oracle.json"
    state = json.loads(path.read_text())
    state |= {"start_order": [], "end_order": [running.trial_id], "tried_so_far": []}
    path.write_text(json.dumps({**state, "id_to_hash": {}}))
    again = random_oracle(tmp_path, parallel=2)
    again.reload()
    assert again.start_order == [done.trial_id, running.trial_id]
    assert again.end_order == [done.trial_id]
    assert again._duplicate(done.hyperparameters.values)
    retried = again.create_trial("three")
    assert retried.trial_id == running.trial_id
    assert retried.hyperparameters.values == running.hyperparameters.values
    again.update_trial(retried.trial_id, {"val_accuracy": 0.6})
    retried.status = "COMPLETED"
    again.end_trial(retried)
    assert again.is_complete()


class Mine(kt.Oracle):
    """An oracle of one's own, with what it suggests."""

    suggested = None

    def populate_space(self, trial_id):
        return self.suggested


@pytest.mark.parametrize(
    "wrong", [{"status": "RUNNING"}, {"status": "RUNNING", "values": 3}, {"status": "?"}, None]
)
def test_a_suggestion_without_values_is_refused(wrong):
    oracle = _durable.make_durable(Mine(objective="val_accuracy", max_trials=3))
    oracle.suggested = wrong
    with pytest.raises(ValueError, match="Mine must suggest a dictionary with a status such as"):
        oracle.populate_space("0")
    for oracle.suggested in (
        {"status": "RUNNING", "values": {"a": 1}},
        {"status": "IDLE"},
        {"status": "INVALID"},
        {"status": "STOPPED", "values": None},
    ):
        assert oracle.populate_space("0") == oracle.suggested


def test_a_switch_in_a_trials_file_is_true_or_false():
    switch = kt.HyperParameters()
    switch.Boolean("augment")
    _trial_files._check_value(switch.space[0], True)
    with pytest.raises(TypeError, match="augment must be True or False"):
        _trial_files._check_value(switch.space[0], 1)


VALUES = {
    f"sub_policy_{row}.step_{column}.{field}": value
    for row in (0, 1)
    for column in (0, 1)
    for field, value in (
        ("op", "rotate"),
        ("rate", 0.1 * (row + 2 * column + 1)),
        ("strength", 0.5),
    )
}


def test_a_policy_is_made_of_values_in_any_order():
    made = search.policy_from(VALUES)
    assert search.policy_from(dict(reversed(VALUES.items()))) == made
    rates = [[step.rate for step in steps] for steps in made.sub_policies]
    assert rates == [[0.1, 0.3], [0.2, 0.4]]  # without 0.30000000000000004
    assert search.values_from(made) == pytest.approx(VALUES)
    fewer = {name: v for name, v in VALUES.items() if name != "sub_policy_1.step_0.rate"}
    with pytest.raises(ValueError, match=r"^sub_policy_1\.step_0\.rate has no value"):
        search.policy_from(fewer)


@pytest.mark.parametrize(
    "step", [Step("rotate", 0.5, 0.55), Step("rotate", 0.55, 0.5), Step("rotate", 0.5, value=9.0)]
)
def test_a_policy_between_the_values_of_the_space_has_none(step):
    with pytest.raises(ValueError, match="sub-policy 0, step 0 is not in the space"):
        search.values_from(Policy([[step]]))
    without = Policy([[Step("invert", 0.5)]])
    assert search.values_from(without)["sub_policy_0.step_0.strength"] == 0.0


def test_a_recipe_flips_as_often_as_it_says():
    values = {hp.name: hp.default for hp in search.recipe_space().space}
    made = search.policy_from(values | {"recipe.flip": 0.25})
    assert made.stages[0].sub_policies[0][0].rate == 0.25


def test_no_value_of_a_space_is_left_out_by_rounding():
    space = kt.HyperParameters()
    space.Float("decades", 1.0, 1000.0, sampling="log", step=10)
    space.Int("units", 2, 20)
    found = _space.choices(space)
    assert found["decades"] == [1.0, 10.0, 100.0, 1000.0]
    assert found["units"] == list(range(2, 21))


def test_a_model_asks_for_all_that_it_needs_before_the_first_trial():
    space = search.policy_space(**SPACE)
    first = [{hp.name: hp.default for hp in space.space}]
    oracle = search.RandomOracle(max_trials=3, hyperparameters=space, first=first)
    more = kt.HyperParameters()
    more.Int("units", 2, 4, default=3)
    oracle.update_space(more)
    assert oracle._first[0]["units"] == 3
    oracle.update_space(more)  # what is known is nothing new
    other = kt.HyperParameters()
    other.Choice("kind", ["deep", "wide"])
    with other.conditional_scope("kind", ["deep"]):
        other.Int("depth", 1, 2)
    with pytest.raises(ValueError, match="'depth' is conditional, which RandomOracle does not"):
        oracle.update_space(other)
    oracle.trials["0"] = None
    oracle.update_space(more)
    late = kt.HyperParameters()
    late.Int("late", 1, 2)
    with pytest.raises(ValueError, match="build_model asks for 'late', for which it did not ask"):
        oracle.update_space(late)


def test_ops_that_are_searched_in_fit_the_channels():
    for channels, wanted in ((1, False), (3, True)):
        found = _request._searched_ops(None, np.zeros((1, 4, 4, channels)))
        assert ("color" in found) == wanted
    two = _request._searched_ops(None, np.zeros((1, 4, 4, 2)))
    assert two == tuple(op for op in SEARCH_OPS if OPS[op].channels is None)
    assert 0 < len(two) < len(SEARCH_OPS)
    with pytest.raises(ValueError, match="an op must be one of"):
        _request._searched_ops(["none such"], np.zeros((1, 4, 4, 3)))


@pytest.mark.parametrize("trials", [1, 2, 5, 7, 1000])
def test_a_grid_is_spread_over_its_combinations(trials):
    space = kt.HyperParameters()
    space.Choice("a", [0, 1, 2, 3])
    space.Choice("b", [0, 1, 2])
    oracle = search.GridOracle(max_trials=trials, hyperparameters=space)
    every = [{"a": a, "b": b} for a in range(4) for b in range(3)]
    places = np.rint(np.linspace(0, 11, min(trials, 12))).astype(int)
    assert oracle._grid == [every[place] for place in places]
