"""A search from its stages to its result, with invented scores: what is compared with what."""

import dataclasses
import json
import types

import numpy as np
import pytest
from test_stages import PARTS, Scorer, screened

from keras_cv_extras import search
from keras_cv_extras.search.stages import _plan, _search, _stages, _state, _timing
from keras_cv_extras.search.stages._progress import SearchProgress
from keras_cv_extras.search.verdict import _arms
from keras_cv_extras.search.workers._processes import Role


def noted(monkeypatch, module, name):
    """Lets a function of a module note what it is given."""
    given, function = [], getattr(module, name)

    def noting(*arguments):
        given.append(arguments)
        return function(*arguments)

    monkeypatch.setattr(module, name, noting)
    return given


@pytest.mark.parametrize("space", ["policy", "recipe"])
def test_the_result_is_of_what_was_confirmed(space, tmp_path, monkeypatch):
    # In a search and in its confirmation a trial is now better, now worse than all others.
    scorer = Scorer(lambda chosen, call: (60, 90)[call % 2] if "trial" in f"{chosen.name}" else 70)
    scorer.model = types.SimpleNamespace(name="network")
    labels = np.arange(11) % 3  # four of eleven are of the first class
    values = search.policy_space(num_sub_policies=1, ops=("rotate", "invert"))
    oracle = search.RandomOracle(max_trials=3, hyperparameters=values, seed=1)
    request = types.SimpleNamespace(
        trainer=scorer,
        parts={**PARTS, "confirmation": (PARTS["confirmation"][0], labels)},
        settings=types.SimpleNamespace(budget=5, retrain=False),
        make_oracle=lambda ops: oracle,
        identity=lambda: {"seed": 3},
        **{"staged": True, "space": space, "trials": 3, "ops": ("rotate", "invert")},
        **{"flip": True, "confirm_seeds": 2, "harm_seeds": 0, "tuned_control": True, "seed": 3},
        **{"name": "digits", "of_files": False},
    )
    caps = dataclasses.replace(screened(rotate=0.5, invert=0.0), harmful=("invert",))
    monkeypatch.setattr(_stages, "screen", lambda *arguments, seed: caps)
    monkeypatch.setattr(_search._report, "report", lambda *arguments, **options: "page")
    given = noted(monkeypatch, _search._insight, "insight")
    said = noted(monkeypatch, _arms, "verdict")
    folder = _state.SearchFolder(tmp_path, {})
    found = _search._run(request, folder, SearchProgress(1, shown=False), Role())
    arms = list(found.arms)
    ((candidates, looks, their_arms),) = given
    assert said == [(arms, pytest.approx(4 / 11))]
    assert list(their_arms) == arms
    joined = ["best 5 joined"] * (space == "policy")
    assert [arm.kind for arm in arms] == ["control"] * 6 + ["entrant"] + ["searched"] * (
        2 + len(joined)
    )
    assert arms[5].name.startswith("tuned RandAugment: ")
    assert [arm.name for arm in arms[8:]] == ["best trial", *joined]
    confirmed = 2 * len(arms)
    assert {call["size"] for call in scorer.calls[-confirmed:]} == {11}
    assert {call["size"] for call in scorer.calls[:-confirmed]} == {100}
    # The best by chance is not written.
    assert _arms.winner(arms).name == "best trial"
    assert found.winner is arms[0]
    # What ops are worth is told by policies that were trained alike and differ in them alone.
    trials = [row for row in found.trials if row["kind"] == "trial"]
    none = next(row for row in found.trials if row["name"] == "none")
    told = [(row["policy"], row["val_accuracy"]) for row in (*trials, none)]
    assert candidates == (told if space == "policy" else [])
    assert len(trials) == len(looks) == 3
    assert found.policy.name == "none, chosen on digits"
    assert found.policy.stages == found.winner.policy.stages
    about = json.loads((tmp_path / "policy.json").read_text())["provenance"]
    assert about["verdict"] == found.verdict
    assert (about["harmful"], about["arm"], about["budget"]) == (["invert"], "none", 5)
    assert about["settings"] == {"seed": 3}


@dataclasses.dataclass
class Asked:
    """A request of which a plan needs no more than this."""

    settings: object
    epochs: int = 8
    confirm_seeds: int = 3
    trials: int | None = None

    def lowered(self, *, epochs, confirm_seeds):
        return dataclasses.replace(self, epochs=epochs, confirm_seeds=confirm_seeds)


def test_a_search_goes_on_with_the_plan_that_its_budget_bought(tmp_path, monkeypatch):
    def asked(budget):
        return Asked(types.SimpleNamespace(budget=budget, DEFAULT_TRIALS=50))

    def decide(budget, folder=tmp_path, **options):
        return _plan.decide(asked(budget), folder, **{"measured": False, **options})

    timings = [_timing.Timing(*range(6))]
    monkeypatch.setattr(_timing, "measure", lambda request: timings.pop())
    monkeypatch.setattr(_plan, "_affordable", lambda request, timing, budget: (5, (4, 2)))
    monkeypatch.setattr(_plan, "_plan", lambda request, timing, budget: (timing, budget))
    for _ in range(2):  # the second time nothing is measured
        request, plan = decide(12)
        assert (request.trials, request.epochs, request.confirm_seeds) == (5, 4, 2)
        assert plan == (_timing.Timing(*range(6)), 12)
        monkeypatch.setattr(_plan, "_affordable", lambda *_: (9, (8, 3)))
    for other in (13, None):
        with pytest.raises(ValueError, match=f"with budget=12, received {other}: use the same"):
            decide(other)
    request, plan = decide(None, tmp_path / "none")
    assert (request.trials, request.epochs, request.confirm_seeds) == (50, 8, 3)
    assert plan == (None, None)
