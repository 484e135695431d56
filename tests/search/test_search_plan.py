"""Plans, budgets, progress for other terminals, and images of later use."""

import dataclasses
import json
import os
import pathlib
import types

import numpy as np
import pytest

from keras_cv_extras import data, search
from keras_cv_extras.search.stages import _plan, _portfolio, _progress, _request, _splits, _timing
from keras_cv_extras.search.stages._timing import Work
from keras_cv_extras.search.trials import _shared


@pytest.fixture(scope="module")
def digits():
    return data.load("digits")


def make(digits, network, **changes):
    asked = {"trials": 12, "epochs": 8, "train_size": 200, "confirm_seeds": 2, "space": "policy"}
    return _request.make_request(digits, network, search.SearchSettings(**{**asked, **changes}))


@pytest.fixture(scope="module")
def network():
    import keras

    def build():
        layers = [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(10)]
        return keras.Sequential(layers)

    return build


def test_a_plan_counts_what_runs(digits, network, tmp_path):
    request, plan = _plan.decide(make(digits, network), tmp_path, measured=False)
    counts = {stage.name: (stage.trainings, stage.work) for stage in plan.stages}
    tail = 2  # of 8 epochs
    assert counts["shared weights"] == (1, Work(starts=1, resumes=1, epochs=6))
    assert counts["trials"][0] == request.trials == 12
    scored = len(request.parts["validation"][1])
    assert counts["trials"][1] == Work(0, 12, 12 * tail, 12 * scored)
    # A third of 12 trials, and of the 9 entrants and 5 policies of screened ops, twice each.
    assert counts["promoted trials"][0] == 2 * 4 + 2 * 5
    assert counts["portfolio"][0] == 5 + 9 + 5
    # Nine arms, two seeds, whose weights are drawn once; every op at two strengths.
    scored = len(request.parts["confirmation"][1])
    assert counts["confirmation"] == (18, Work(2, 18, 18 * 8, 18 * scored))
    # Two strengths of twelve ops; autocontrast, invert and equalize have none.
    assert counts["appeal of capped ops"][0] == 2 * 12 + 3
    assert [stage.name for stage in plan.stages if stage.at_most] == ["appeal of capped ops"]
    assert plan.num_trainings == sum(count for count, _ in counts.values())
    assert plan.minutes is plan.most_minutes is None
    assert "confirmation images tell differences" in plan.describe()
    ops = ("rotate", "invert", "posterize")  # two signs of five levels, one, five levels
    _, few = _plan.decide(make(digits, network, ops=ops), tmp_path / "ops", measured=False)
    screen = Work(2, 2, 2 * 8, 0, 0, (2 * 5 + 1 + 5) * 200)
    assert few.stages[0] == _plan.Stage("screen of 3 ops", 1, screen)
    full, its = _plan.decide(
        make(digits, network, method="full"), tmp_path / "full", measured=False
    )
    assert {stage.name for stage in its.stages} == {"portfolio", "trials", "confirmation"}
    # Of three ops four trainings, and four with nothing; the weights of a seed are drawn once.
    _, alone = _plan.decide(
        make(digits, network, ops=ops, harm_seeds=4), tmp_path / "alone", measured=False
    )
    scored = len(request.parts["validation"][1])
    work = Work(4, 16, 16 * 8, 16 * scored)
    assert alone.stages[3] == _plan.Stage("harm of the ops", 16, work, at_most=True)
    assert len(alone.stages) == len(few.stages) + 1


def test_a_tuned_control_is_planned_with_all_that_it_may_spend(digits, network):
    request = make(digits, network, tuned_control=True)
    stages = {stage.name: stage for stage in _plan._plan(request, None, None).stages}
    spent = sum(
        stages[name].trainings for name in ("trials", "promoted trials", "appeal of capped ops")
    )
    contest = stages["portfolio"].trainings - 5
    assert stages["tuned RandAugment"].trainings == spent + contest


def test_a_budget_buys_trials_and_lowers_seeds_before_epochs(monkeypatch):
    @dataclasses.dataclass
    class Asked:
        epochs: int
        confirm_seeds: int
        trials: int | None = None

    def plan(asked, timing, budget, *, epochs, confirm_seeds):
        minutes = (asked.trials + confirm_seeds) * epochs
        return types.SimpleNamespace(most_minutes=minutes, minutes=minutes / 2)

    monkeypatch.setattr(_plan, "_plan", plan)
    for budget, trials, lengths in (
        *((104, 10, (8, 3)), (103, 9, (8, 3)), (40, 2, (8, 3)), (39, 2, (8, 2))),
        *((31, 5, (4, 2)), (16, 2, (4, 2))),
    ):
        assert _plan._affordable(Asked(8, 3), None, budget) == (trials, lengths)
    assert _plan._affordable(Asked(8, 1), None, 23) == (4, (4, 1))  # never more than was asked
    with pytest.raises(ValueError, match="2 trials of 4 epochs, with 2 trainings .* take 16.0"):
        _plan._affordable(Asked(8, 3), None, 15)


def test_what_the_confirmation_can_tell():
    """2.8 standard errors; two policies of 90 %, half of whose errors are the same."""
    stages = _plan.Stage("a", 2, Work(epochs=10)), _plan.Stage("b", 3, Work(images=5), True)
    plan = _plan.Plan(stages, _timing.Timing(0, 0, 3.0, 12.0, 0, 0), 1, None, 1000)
    assert plan.resolution == pytest.approx(2.8 * np.sqrt(2 * 0.1 * 0.9 / 2 / 1000))
    assert plan.minutes == pytest.approx(1.0)
    assert plan.most_minutes == pytest.approx(1.5)
    assert plan.num_trainings == 5
    assert "<= 5" in plan.describe()
    assert "half of those at most it takes 1.0 minutes" in plan.describe()


@pytest.mark.wide
def test_a_budget_decides_the_trials_once(digits, network, tmp_path, monkeypatch):
    timing = _timing.Timing(*[1.0, 0.1, 1.0, 1e-4, 0.5, 1e-4])
    monkeypatch.setattr(_timing, "measure", lambda request: timing)
    request = make(digits, network, trials=None, budget=12)
    chosen, plan = _plan.decide(request, tmp_path, measured=False)
    assert plan.minutes < plan.most_minutes <= 12 < plan.most_minutes + 0.2
    slower = dataclasses.replace(timing, epochs=3.0)
    monkeypatch.setattr(_timing, "measure", lambda request: slower)
    again, same = _plan.decide(request, tmp_path, measured=False)
    assert same.minutes == plan.minutes
    assert again.trials == chosen.trials
    assert again.settings.budget == chosen.settings.budget == plan.budget == 12
    other = make(digits, network, trials=None, budget=13)
    with pytest.raises(ValueError, match=r"holds a search with budget=12"):
        _plan.decide(other, tmp_path, measured=False)
    small = make(digits, network, trials=None, budget=0.1)
    with pytest.raises(ValueError, match="budget of 0.1 minutes is too small: 2 trials of 4"):
        _plan.decide(small, tmp_path / "small", measured=False)
    with pytest.raises(ValueError, match="trials or budget, not both"):
        make(digits, network, budget=1)
    oracle = search.RandomOracle(max_trials=3, hyperparameters=search.policy_space())
    assert make(digits, network, trials=None, oracle=oracle).trials == 3
    with pytest.raises(ValueError, match="give an oracle or a budget, not both"):
        make(digits, network, trials=None, budget=1, oracle=oracle)


@pytest.mark.parametrize(("asked", "wanted"), [("auto", False), (True, True), (False, False)])
def test_digits_are_mirrored_only_if_that_is_asked_for(asked, wanted, digits, network):
    request = make(digits, network, flip=asked)
    assert request.flip is wanted


def test_progress_is_told_to_other_terminals(tmp_path):
    with pytest.raises(FileNotFoundError, match="no search has been started here"):
        search.describe_progress(tmp_path)
    with _progress.SearchProgress(14, folder=tmp_path, shown=False) as shown:
        shown.stage("trials")
        shown.settle(5, 1)  # of five that there could be
        shown.skip(3)
        assert json.loads((tmp_path / "progress.json").read_text())["seconds_left"] is None
        assert shown.advance("trial 3", 0.5)
        assert not shown.advance("trial 4", 0.4)
        assert not shown.advance("trial 5", float("nan"))
        shown.confirmed("wild", float("nan"))
        shown.confirmed("none", 0.6)
        shown.confirmed("crop", 0.5)
        (bar,) = shown._progress.tasks
        assert (bar.completed, bar.total) == (6, 10)
        text = search.describe_progress(tmp_path)
        assert "trials: 6 of 10 trainings done" in text
        assert "best seen: 50.00% (trial 3)" in text
        assert "best confirmed: 60.00% (none)" in text
        assert "left" in text
    assert "finished: 10 of 10" in search.describe_progress(tmp_path)
    path = pathlib.Path(tmp_path, "progress.json")
    fields = {**json.loads(path.read_text()), "stage": "trials", "pid": 2**22 + 1}
    path.write_text(json.dumps(fields))
    assert "not running" in search.describe_progress(tmp_path)
    assert _progress._is_running(os.getpid())


def test_images_of_later_use_are_scored_on(digits):
    images, labels = digits.train
    later = (255 - digits.test[0], digits.test[1])
    parts = _splits.split_for_search(images, labels, validation_data=later, train_size=200, seed=0)
    assert {name: len(values[1]) for name, values in parts.items()} == {
        "train": 200,
        "validation": 449,
        "confirmation": 449,
    }
    assert parts["train"][0].mean() < 128 < parts["confirmation"][0].mean()
    with pytest.raises(ValueError, match="validation_data must hold images like the training"):
        _splits.split_for_search(
            images, labels, validation_data=(images[:, :4], labels), train_size=200, seed=0
        )


def test_the_portfolio_holds_what_people_try_by_hand():
    entrants = _portfolio.entrant_policies(seed=3)
    assert sum(name.startswith("RandAugment") for name in entrants) == 4
    assert {"AutoAugment cifar10", "AutoAugment svhn", "AutoAugment imagenet"} <= set(entrants)
    again = _portfolio.entrant_policies(seed=3)
    assert entrants == again
    control = _portfolio.control_policies(flip=False, seed=3)["random policy"]
    drawn = [control, entrants["random policy 2"], entrants["random policy 3"]]
    assert len({one.sub_policies for one in drawn}) == 3


def test_screened_ops_enter_as_a_grid_of_rand_augment():
    ops, caps = ("rotate", "equalize", "shear_x", "invert"), {"rotate": 0.3}
    found = _portfolio.screened_policies(ops, caps, trials=7)
    uniform, first, second, third = found.values()
    assert uniform.name == _portfolio.SCREENED
    assert [one.stages[0].num_draws for one in (first, second, third)] == [2, 1, 2]
    assert [step.op for (step,) in first.sub_policies] == [
        "identity", "rotate", "equalize", "shear_x"
    ]  # fmt: skip
    found = _portfolio.screened_policies(ops, caps, trials=100)
    assert len(found) == 1 + len(_portfolio.SCREENED_GRID)
    strong = found["screened RandAugment(2, 0.5)"].sub_policies
    assert [step.strength for (step,) in strong] == [None, 0.3, None, 0.5]
    alone = _portfolio.screened_policies(("invert",), {}, trials=1)
    assert [step.op for (step,) in list(alone.values())[1].sub_policies] == ["identity", "invert"]


def test_each_op_is_tried_alone_first_where_half_of_the_trials_are_left(digits, network):
    ops = ("rotate", "invert")
    oracle = make(digits, network, trials=4, ops=ops).make_oracle(ops)
    first = search.policy_from(oracle._first[0])
    assert {step.op for steps in first.sub_policies for step in steps} == {"rotate"}
    assert [steps[0].strength for steps in first.sub_policies] == [0.2, 0.4, 0.6, 0.8, 1.0]
    second = search.policy_from(oracle._first[1])
    assert {steps[0].rate for steps in second.sub_policies} == {0.5}
    assert make(digits, network, trials=3, ops=ops).make_oracle(ops)._first == []
    with pytest.raises(ValueError, match="first names 'tilt'"):
        search.RandomOracle(first=[{"tilt": 1.0}])


def test_a_quarter_of_the_epochs_is_left_to_a_trial():
    assert [_shared.common_epochs(n) for n in (2, 3, 4, 8, 20)] == [1, 2, 3, 6, 15]


def test_other_data_has_another_name():
    images, labels = np.arange(8, dtype="uint8").reshape(2, 2, 2, 1), np.array([0, 1])
    name = _splits.digest(images, labels)
    assert name == _splits.digest(images.copy(), labels.copy())
    assert name != _splits.digest(images, labels[::-1])
    assert name != _splits.digest(images ^ 1, labels)
    assert name != _splits.digest(images.reshape(4, 2, 1, 1), labels)


def test_a_request_is_of_its_data_sizes_seed_and_workers(network, monkeypatch):
    monkeypatch.setattr(_request, "_trainer", lambda *arguments, **options: None)
    images = np.arange(60, dtype="uint8")[:, None, None, None] * np.ones((1, 2, 2, 1), "uint8")
    labels, later = np.arange(60) % 3, (200 + images // 2, np.arange(60) % 3)
    sizes = {"train_size": 20, "validation_size": 11, "confirmation_size": 15}

    def asked(labels=labels, later=None, **changes):
        settings = search.SearchSettings(
            **{"trials": 4, "ops": ("rotate",), "space": "policy", "seed": 5, **sizes, **changes}
        )
        return _request.make_request((images, labels), network, settings, validation_data=later)

    for given in (None, later):
        request = asked(later=given, workers=2)
        parts = _splits.split_for_search(images, labels, validation_data=given, **sizes, seed=5)
        for name, (own, their_labels) in parts.items():
            assert len(own) == sizes[f"{name}_size"]
            np.testing.assert_array_equal(request.parts[name][0], own)
            np.testing.assert_array_equal(request.parts[name][1], their_labels)
    darker = (later[0] - 1, later[1])
    names = {
        one.digest for one in (asked(), asked(2 - labels), asked(later=later), asked(later=darker))
    }
    assert len(names) == 4
    oracle = request.make_oracle(("rotate",))
    assert (oracle.parallel, oracle._own_seed, oracle.max_trials) == (2, 5, 4)
    assert {hp.default for hp in oracle.get_space().space if hp.name.endswith(".op")} == {"rotate"}


def test_what_recipes_say_of_batches_is_asked_of_a_search(digits, network):
    also = ("mix", "label_smoothing")
    request = make(digits, network, space="recipe", crop="random-resized", also=also)
    assert request.identity()["also"] == list(also)
    assert request.identity()["crop"] == "random-resized"
    names = {hp.name for hp in request.make_oracle(("rotate",)).get_space().space}
    assert {"recipe.mix_alpha", "recipe.label_smoothing", "recipe.area"} <= names
    assert not names & {"recipe.padding", "recipe.repeats"}
    assert "also" not in make(digits, network, space="recipe").identity()
    with pytest.raises(TypeError, match="data must be .images, labels., two arrays, received list"):
        _request.make_request([1, 2, 3], network, search.SearchSettings())


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"trials": 0}, "trials must be at least 1"),
        ({"method": "quick"}, "method must be one of"),
        ({"oracle": "guess"}, "oracle must be one of"),
        ({"flip": "yes"}, "flip must be True, False or 'auto'"),
        ({"epochs": 1}, "method='staged' divides a training of at least 2 epochs"),
        ({"budget": 0}, "budget must be"),
        ({"confirm_seeds": 0}, "confirm_seeds must be at least 1"),
        ({"harm_seeds": -1}, "harm_seeds must be at least 0"),
        ({"harm_seeds": 2}, "harm_seeds must be 0 or at least 3"),
        ({"harm_seeds": 4, "method": "full"}, "harm_seeds needs method='staged'"),
        ({"space": "recipe", "crop": "square"}, "crop must be one of"),
        ({"space": "recipe", "also": ("cutmix",)}, "also must be one of 'mix', 'repeats'"),
        (
            {"space": "policy", "also": ("mix",)},
            "also is a part of recipes: give space='recipe' or 'randaugment'",
        ),
        ({"trails": 3}, "trails"),
    ],
)
def test_settings_check_themselves(options, problem, digits, network, tmp_path):
    with pytest.raises((TypeError, ValueError), match=problem):
        search.SearchSettings(**options)
    with pytest.raises((TypeError, ValueError), match=problem):
        search.search_policy(digits, network, directory=tmp_path, **options)
    assert list(tmp_path.iterdir()) == []
