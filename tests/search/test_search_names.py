"""The records of a search by themselves, and what is public beside the search."""

import importlib.metadata

import numpy as np
import pytest

import keras_cv_extras
from keras_cv_extras import policy, search
from keras_cv_extras.search.workers import _processes

ARM = {
    "name": "an arm",
    "policy": policy.no_augmentation(),
    "accuracy": 0.5,
    "low": 0.4,
    "high": 0.6,
    "log_loss": 1.5,
    "search_accuracy": 0.55,
    "correct": np.array([[True, False]]),
}


@pytest.mark.parametrize("kind", ["control", "entrant", "searched"])
def test_an_arm_is_searched_or_known(kind):
    arm = search.Arm(kind=kind, **ARM)
    assert arm.is_searched is (kind == "searched")
    assert "correct" not in repr(arm)
    with pytest.raises(AttributeError):
        arm.accuracy = 1.0


def test_a_comparison_is_a_difference_with_its_interval():
    """Of two arms that answer alike there is no difference, and no doubt."""
    from keras_cv_extras.search.verdict import _arms

    answers = {"one": np.ones((2, 8), bool), "other": np.ones((2, 8), bool)}
    assert _arms.compare("one", "other", answers) == search.Comparison(0.0, 0.0, 0.0, 0.0)
    assert search.Comparison(0.25, 0.125, 0.375, 0.0625).difference == 0.25


def test_an_insight_names_what_helps_and_what_harms():
    effects = (
        search.OpEffect("rotate", 0.02, 0.0125, 0.0300001),
        search.OpEffect("color", 0.01, -0.01, 0.03),
        search.OpEffect("invert", -0.03, -0.04, -0.02),
        search.OpEffect("solarize", -0.05, -0.06, -0.04),
    )
    insight = search.Insight(effects, 0.75, 5, 0.9, None)
    assert insight.needed == ("rotate",)
    assert insight.harmful == ("solarize", "invert")
    fields = insight.to_dict()
    assert fields["effects"][0] == {"op": "rotate", "effect": 0.02, "low": 0.0125, "high": 0.03}
    assert (fields["fidelity"], fields["num_arms"]) == (0.75, 5)
    assert (fields["best_seen"], fields["expected"]) == (0.9, None)


def test_the_result_of_a_search_holds_its_parts(tmp_path):
    arm = search.Arm(kind="searched", **ARM)
    insight = search.Insight((), None, 1, None, None)
    found = search.SearchResult(arm.policy, arm, (arm,), "none won", (), None, insight, tmp_path)
    assert (found.policy, found.winner, found.arms) == (arm.policy, arm, (arm,))
    assert (found.verdict, found.trials, found.screen) == ("none won", (), None)
    assert (found.insight, found.directory) == (insight, tmp_path)


def test_a_grid_goes_through_all_combinations_in_their_order():
    space = search.rand_augment_space(num_ops=(1, 2, 3), strengths=(0.2, 0.4))
    whole = search.GridOracle(hyperparameters=space, seed=3)
    values = [whole.ask(f"{number:02d}", 0, 0) for number in range(6)]
    assert [tuple(sorted(one.values(), reverse=True)) for one in values] == [
        (count, strength) for count in (1, 2, 3) for strength in (0.2, 0.4)
    ]
    assert whole.ask("00", 99, 1) == values[1]  # the first was tried already
    some = search.GridOracle(max_trials=2, hyperparameters=space)
    assert [some.ask(number, 0, 0) for number in ("00", "01")] == [values[0], values[-1]]


def test_the_uniform_policy_gives_an_image_one_op_of_any_strength():
    made = search.uniform_policy(["rotate", "invert", "color"], caps={"color": 0.5})
    steps = list(made.stages[0].sub_policies)
    assert steps == [
        (policy.Step("identity"),),
        (policy.Step("rotate", 1.0, (0.0, 1.0)),),
        (policy.Step("invert", 1.0),),
        (policy.Step("color", 1.0, (0.0, 0.5)),),
    ]
    assert (made.name, made.stages[0].num_draws) == ("uniform", 1)


def test_versions_of_what_a_search_depends_on():
    found = search.versions()
    assert found["backend"] == "tensorflow"
    assert found["versions"]["keras_cv_extras"] == keras_cv_extras.__version__
    for name in ("keras", "keras-tuner"):
        assert found["versions"][name] == importlib.metadata.version(name)


def test_processes_of_a_search_on_this_machine(monkeypatch, tmp_path):
    """A chief, and workers that find it, each with a file for what it prints."""
    calls = []

    def supervise(processes, *, report):
        calls.append((processes, report))
        return 5

    monkeypatch.setattr(_processes, "supervise", supervise)
    assert search.workers.launch(["a"], tmp_path, 2, end_with_search=True, report=print) == 5
    (((chief, *workers), report),) = calls
    assert report is print
    assert [process.command for process in (chief, *workers)] == [["a"]] * 3
    roles = [search.workers.role_in(tmp_path, one.environment) for one in (chief, *workers)]
    assert [role.kind for role in roles] == ["chief", "worker", "worker"]
    assert len({role.address for role in roles}) == 1
    assert [worker.log for worker in workers] == [
        tmp_path.resolve() / "logs" / f"worker-{number}.log" for number in range(2)
    ]
    other = search.workers.role_in(tmp_path / "other", workers[0].environment)
    assert other.kind == "alone"
