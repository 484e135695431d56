"""RandAugment tuned as a control: it gets what the search got, to the training."""

import json

import keras
import numpy as np
import pytest

from keras_cv_extras import data, search
from keras_cv_extras.search.stages import _plan, _request
from keras_cv_extras.search.stages import _tuned_control as control


def network():
    layers = [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(10)]
    return keras.Sequential(layers)


@pytest.mark.parametrize("trainings", [1, 2, 3, 4, 5, 9, 10, 36, 64, 101])
def test_every_training_is_spent(trainings):
    calls = []

    def score(items):
        calls.append(len(items))
        for name, policy in items:
            assert name not in names
            names.add(name)
            assert policy.stages[0].num_draws == int(name[0])
        return [0.5] * len(items)

    names = set()
    control.tune(trainings, score)
    assert sum(calls) == trainings
    assert calls[0] == control.num_tried(trainings)


def test_the_best_third_can_be_scored_again():
    assert [control.num_tried(n) for n in (1, 3, 5, 10, 15, 60)] == [1, 1, 3, 6, 9, 36]


def test_the_best_is_found_through_noise():
    rng = np.random.default_rng(0)

    def score(items):
        values = [one.sub_policies[-1][0].strength for _, one in items]
        return [0.9 - 0.1 * abs(np.log(v / 0.2)) + rng.normal(0, 0.01) for v in values]

    name, policy, scores = control.tune(60, score)
    assert 0.1 < policy.sub_policies[-1][0].strength < 0.4
    assert len(scores) >= 3
    assert "strength" in name
    bad = control.tune(9, lambda items: [float("nan")] * len(items))
    assert np.isnan(bad[2]).all()


def test_one_lucky_training_does_not_win():
    first = iter(np.linspace(0.7, 0.8, control.num_tried(15)))
    _, _, scores = control.tune(15, lambda items: [next(first, 0.1) for _ in items])
    assert scores == (0.8, 0.1, 0.1)
    # All trainings count alike: the mean decides, not the best of them.
    rows = iter([*np.linspace(0.7, 0.8, control.num_tried(15)), 0.1, 0.7, 0.7, 0.8, 0.7, 0.7])
    _, _, scores = control.tune(15, lambda items: [next(rows) for _ in items])
    assert np.mean(scores) > 0.7


def test_settings_are_spread_over_all_strengths():
    for count in (1, 2, 3, 5, 12):
        found = control.grid(count)
        assert len(found) == count
    strengths = sorted({p.sub_policies[-1][0].strength for p in control.grid(12).values()})
    assert (strengths[0], strengths[-1]) == (0.05, 1.0)
    np.testing.assert_allclose(np.diff(np.log(strengths)), np.log(20) / 3, rtol=0.01)
    assert [len({n[0] for n in control.grid(k)}) for k in (3, 12)] == [3, 3]


@pytest.mark.wide
@pytest.mark.parametrize("method", ["staged", "full"])
def test_it_gets_as_many_trainings_as_the_search(method, tmp_path):
    asked = {"trials": 2, "epochs": 2, "train_size": 100, "confirm_seeds": 2, "method": method}
    asked |= {"ops": ("rotate", "brightness"), "tuned_control": True, "space": "recipe"}
    digits = data.load("digits")
    found = search.search_policy(digits, network, directory=tmp_path, progress=False, **asked)
    spent = found.policy.provenance["cost"]
    controls = [arm for arm in found.arms if arm.kind == "control"]
    assert controls[-1].name.startswith("tuned RandAugment: ")
    shared = ("portfolio", "trials", "appeal", "promoted")
    searched = sum(spent[name]["trainings"] for name in shared if name in spent)
    assert spent["rival"]["trainings"] == searched - 5  # five controls need none
    report = " ".join((tmp_path / "report.html").read_text().split())
    assert f"Tuned RandAugment: {searched - 5} trainings" in report
    request = _request.make_request(digits, network, search.SearchSettings(**asked))
    plan = {stage.name: stage for stage in _plan._plan(request, None, None).stages}
    most = plan["tuned RandAugment"].trainings
    left_out = 4 - spent.get("appeal", {"trainings": 0})["trainings"] if method == "staged" else 0
    assert spent["rival"]["trainings"] == most - left_out
    assert plan["confirmation"].trainings == spent["confirmation"]["trainings"]
    progress = json.loads((tmp_path / "progress.json").read_text())
    both = sum(part["trainings"] for part in spent.values())
    assert progress["total"] == both + (method == "staged")  # the shared weights
