"""How oracles suggest, on histories that are given: no tuner, no training."""

import types

import keras_tuner as kt
import numpy as np
import optuna
import pytest

from keras_cv_extras import search
from keras_cv_extras.search.oracles import _space, _suggesting, _tpe

SPACE = {"num_sub_policies": 2, "num_steps": 2, "ops": ("rotate", "invert", "shear_x")}
LOSS = kt.Objective("val_log_loss", "min")


def trial(values, score, status="COMPLETED"):
    return types.SimpleNamespace(
        hyperparameters=types.SimpleNamespace(values=values), score=score, status=status
    )


def history(oracle, *scores):
    """Gives an oracle trials with random values and these scores, all of them finished."""
    values = search.RandomOracle(hyperparameters=oracle.hyperparameters, seed=5)
    trials = [
        trial(values.ask(str(n), n, 0), *(score if isinstance(score, tuple) else (score,)))
        for n, score in enumerate(scores)
    ]
    oracle.trials = {str(n): one for n, one in enumerate(trials)}
    oracle.end_order = list(oracle.trials)
    return [one.hyperparameters.values for one in trials]


def test_known_are_the_first_trials_up_to_the_first_that_is_running():
    oracle = search.RandomOracle(parallel=3)
    history(oracle, *[0.5] * 6)
    assert oracle.known_trials() == ["0", "1", "2", "3"]  # trial 6 knows those up to 6 - 3
    oracle.end_order = ["0", "1", "3"]
    assert oracle.known_trials() == ["0", "1"]
    alone = search.RandomOracle()
    history(alone, *[0.5] * 11)
    assert alone.known_trials() == [str(n) for n in range(11)]


@pytest.mark.parametrize(("objective", "worst"), [(None, 0.2), (LOSS, 0.9)])
def test_failed_trials_score_like_the_worst(objective, worst):
    oracle = search.RandomOracle(objective)
    values = history(oracle, 0.4, (None, "FAILED"), 0.2, 0.9)
    wanted = list(zip(values, (0.4, worst, 0.2, 0.9), strict=True))
    assert oracle.finished_trials() == wanted
    history(oracle, (None, "FAILED"))
    assert oracle.finished_trials() == []


def test_no_number_of_failed_trials_ends_a_search():
    assert search.RandomOracle(max_trials=7).max_consecutive_failed_trials > 7
    assert search.RandomOracle(max_consecutive_failed_trials=2).max_consecutive_failed_trials == 2


def test_the_values_of_a_space():
    found = _space.choices(search.policy_space(**SPACE))
    assert found["sub_policy_1.step_0.op"] == ["rotate", "invert", "shear_x"]
    assert found["sub_policy_0.step_1.rate"] == [n / 10 for n in range(11)]
    space = kt.HyperParameters()
    space.Int("units", 2, 8, step=3)
    space.Fixed("fixed", 4)
    assert _space.choices(space) == {"units": [2, 5, 8], "fixed": [4]}
    space = kt.HyperParameters()
    space.Float("rate", 0.0, 1.0)
    space.Float("slope", 1e-4, 1e-2, sampling="log")
    space.Float("steps", 1.0, 20.0, sampling="log", step=2)
    space.Float("near one", 0.1, 10.0, sampling="reverse_log")
    space.Int("width", 8, 64, sampling="log", step=2)
    space.Int("depth", 1, 4, sampling="log")
    found = _space.choices(space)
    assert found["rate"] == [n / 10 for n in range(11)]
    np.testing.assert_allclose(found["slope"], np.logspace(-4, -2, 11), rtol=1e-6)
    assert found["steps"] == [1.0, 2.0, 4.0, 8.0, 16.0]
    assert found["width"] == [8, 16, 32, 64]
    assert found["depth"] == [1, 2, 3, 4]
    ends = np.array(found["near one"])
    assert (ends[0], ends[-1]) == (0.1, 10.0)
    assert np.all(np.diff(ends, 2) < 0)  # dense at the upper end


def test_a_policy_is_told_in_each_order_of_its_places():
    names = [hp.name for hp in search.policy_space(**SPACE).space] + ["units"]
    orders = _tpe._orders(names)
    assert len(orders) == 4
    for name in names:
        origins = {order[name] for order in orders}
        if name == "units":
            assert origins == {"units"}
        else:
            field = name.rpartition(".")[2]
            assert origins == {f"sub_policy_{i}.step_{j}.{field}" for i in (0, 1) for j in (0, 1)}
    for order in orders:  # none is told twice, and the fields of a step stay together
        assert sorted(order.values()) == sorted(names)
        step = order["sub_policy_0.step_0.op"].rpartition(".")[0]
        assert order["sub_policy_0.step_0.rate"] == f"{step}.rate"
    assert _tpe._orders(["units"]) == [{"units": "units"}]


@pytest.mark.parametrize(
    ("objective", "direction"), [(None, "MAXIMIZE"), (LOSS, "MINIMIZE")], ids=["max", "min"]
)
def test_what_the_sampler_is_told(monkeypatch, objective, direction):
    studies, options = [], []
    make = optuna.create_study

    def create_study(**arguments):
        studies.append(make(**arguments))
        return studies[-1]

    def sampler(**arguments):
        options.append(arguments)
        return optuna.samplers.RandomSampler(seed=arguments["seed"])

    monkeypatch.setattr(optuna, "create_study", create_study)
    monkeypatch.setattr(optuna.samplers, "TPESampler", sampler)
    space = search.policy_space(**SPACE)
    oracle = search.TPEOracle(objective, hyperparameters=space, num_startup_trials=3)
    values = history(oracle, 0.4, 0.6)
    suggested = oracle.ask("2", 17, 2)
    assert set(suggested) == set(values[0])
    (study,) = studies
    assert study.direction.name == direction
    told = [one for one in study.trials if one.state.is_finished()]
    assert [one.value for one in told] == [0.4] * 4 + [0.6] * 4
    assert values[0] in [one.params for one in told[:4]]
    assert options[0]["n_startup_trials"] == 3 * 4  # as each is told in four orders
    assert options[0]["n_ei_candidates"] == 24 // 4  # a quarter at the third attempt
    assert options[0]["seed"] == 17


def different(one, other):
    return sum(one[name] != other[name] for name in one)


@pytest.mark.parametrize("objective", [None, LOSS], ids=["max", "min"])
def test_evolution_changes_the_best_of_those_that_live(objective):
    space = search.policy_space(**SPACE)
    options = {"hyperparameters": space, "population_size": 3, "num_mutations": 2}
    oracle = search.EvolutionOracle(objective, **options, tournament_size=40)
    sign = 1 if objective is None else -1
    values = history(oracle, sign * 0.9, sign * 0.2, sign * 0.5, sign * 0.3)
    for seed in range(4):  # of the last three the third trial is the best
        assert different(oracle.ask("4", seed, 0), values[2]) == 2
        assert different(oracle.ask("4", seed, 3), values[2]) == 5
    children = [oracle.ask("4", seed, 0) for seed in range(30)]
    changed = {name for child in children for name in child if child[name] != values[2][name]}
    assert len(changed) > 8  # of 12
    history(oracle, 0.9, 0.8)  # fewer than live: drawn at random
    assert different(oracle.ask("2", 1, 0), values[2]) > 2


def controller(**options):
    space = search.policy_space(num_sub_policies=1, num_steps=1, ops=("rotate", "invert"))
    return search.ControllerOracle(
        **{"hyperparameters": space, "num_units": 4, "batch_size": 2, "seed": 3, **options}
    )


@pytest.mark.parametrize("advantage", [0.7, -0.7])
def test_the_gradient_is_that_of_the_clipped_gain_and_the_entropy(advantage):
    oracle = controller(entropy_weight=0.3)
    actions = [1, 4, 9]
    logs, _ = oracle._controller.log_probabilities(actions)
    now = np.array([log[action] for log, action in zip(logs, actions, strict=True)])
    # Ratios of 1.65, 0.61 and 1.05: what is likelier by more than a fifth has had its gain.
    old = now - np.array([0.5, -0.5, 0.05])

    def loss():
        logs, _ = oracle._controller.log_probabilities(actions)
        total = 0.0
        for log, action, before in zip(logs, actions, old, strict=True):
            ratio = np.exp(log[action] - before)
            total -= min(ratio * advantage, np.clip(ratio, 0.8, 1.2) * advantage)
            total += 0.3 * np.sum(np.exp(log) * log)
        return total

    gradient = oracle._gradient(actions, old, advantage)
    for name, weight in oracle._controller.weights.items():
        for place in list(np.ndindex(weight.shape))[::5]:
            kept = weight[place]
            weight[place] = kept + 1e-6
            above = loss()
            weight[place] = kept - 1e-6
            below = loss()
            weight[place] = kept
            assert gradient[name][place] == pytest.approx((above - below) / 2e-6, abs=1e-7)


def test_steps_are_adams():
    oracle = controller(learning_rate=0.1)
    before = {name: value.copy() for name, value in oracle._controller.weights.items()}
    for slope in (2.0, -1.0):
        oracle._adam({name: np.full_like(value, slope) for name, value in before.items()})
    # After the first step 0.1; then means of (0.9 * 0.2 - 0.1) / 0.19 and of 4 and 1.
    mean = (0.9 * 0.2 - 0.1) / (1 - 0.9**2)
    square = (0.999 * 0.004 + 0.001) / (1 - 0.999**2)
    wanted = 0.1 + 0.1 * mean / np.sqrt(square)
    for name, value in oracle._controller.weights.items():
        np.testing.assert_allclose(before[name] - value, wanted, rtol=1e-6)


@pytest.mark.parametrize(("objective", "better"), [(None, 0), (LOSS, 1)], ids=["max", "min"])
def test_what_scored_better_becomes_likelier(objective, better):
    oracle = controller(objective=objective, learning_rate=0.05)
    values = history(oracle, 0.9, 0.5)
    values[1].update({name: v for name, v in values[0].items() if name.endswith("strength")})
    values[0]["sub_policy_0.step_0.op"], values[1]["sub_policy_0.step_0.op"] = "rotate", "invert"

    def chances():
        logs, _ = oracle._controller.log_probabilities([0, 0, 0])
        return np.exp(logs[0])

    before = chances()
    oracle._update(["0", "1"])
    assert chances()[better] > before[better]
    sign = 1 if objective is None else -1
    # From the mean of the first batch, a twentieth towards each score.
    assert oracle._baseline == pytest.approx(
        sign * ((0.7 + 0.05 * (0.9 - 0.7)) * 0.95 + 0.05 * 0.5)
    )
    assert oracle._learnt == ["0", "1"]


def test_random_suggestions_reach_every_value():
    ends = (0.0, 0.33, 0.34, 0.66, 0.67, 0.999999)  # a third of the numbers for each
    assert [_suggesting.at("abc", place) for place in ends] == list("aabbcc")
    draws = _suggesting.host_uniform(5, 4000)
    assert 0 <= draws.min() < 0.01
    assert 0.99 < draws.max() < 1
    assert abs(draws.mean() - 0.5) < 0.02
    assert len(np.unique(draws)) > 3990
    assert np.all(_suggesting.host_uniform(6, 4000) != draws)
    np.testing.assert_array_equal(_suggesting.host_uniform(5, 10), draws[:10])
    oracle = search.RandomOracle(hyperparameters=search.policy_space(**SPACE), seed=3)
    values = [oracle.ask("0", seed, 0) for seed in range(150)]
    for name, options in _space.choices(oracle.hyperparameters).items():
        assert {one[name] for one in values} == set(options)


def test_a_repeated_suggestion_is_asked_for_again():
    oracle = search.RandomOracle(max_trials=3, hyperparameters=search.policy_space(**SPACE), seed=3)
    asked = []
    oracle.ask = lambda trial_id, seed, attempt: asked.append((seed, attempt)) or {"a": attempt}
    oracle._duplicate = lambda values: values["a"] < 2
    assert oracle._suggest("0") == {"a": 2}
    assert [attempt for _, attempt in asked] == [0, 1, 2]
    assert len({seed for seed, _ in asked}) == 3
    oracle._duplicate = lambda values: True
    assert oracle._suggest("0") is None


def test_a_trial_waits_for_those_that_it_may_know():
    for parallel in (1, 3):
        oracle = search.RandomOracle(max_trials=9, parallel=parallel)
        states = [oracle.populate_space(str(number))["status"] for number in range(5)]
        assert states == ["RUNNING"] * parallel + ["IDLE"] * (5 - parallel)


def test_scores_count_by_the_spread_of_their_batch():
    def weights(scale):
        space = search.policy_space(num_sub_policies=1, ops=("rotate", "invert"))
        oracle = search.ControllerOracle(
            max_trials=4, hyperparameters=space, num_units=3, entropy_weight=0.1
        )
        for number, score in enumerate((0.1, 0.4, 0.2, 0.7)):
            values = {name: own[number % len(own)] for name, own in oracle._choices.items()}
            point = types.SimpleNamespace(values=values)
            oracle.trials[str(number)] = types.SimpleNamespace(
                score=scale * score, hyperparameters=point
            )
        oracle._update(list(oracle.trials))
        return oracle._controller.weights

    for one, other in zip(weights(1.0).values(), weights(0.01).values(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
