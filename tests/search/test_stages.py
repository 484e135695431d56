"""The stages of a search, with invented scores, on parts of different sizes."""

import dataclasses
import shutil
import types

import numpy as np
import pytest

from keras_cv_extras import policy, search
from keras_cv_extras.policy import Policy, Step
from keras_cv_extras.search.oracles._space import spread_out
from keras_cv_extras.search.stages import _stages, _state
from keras_cv_extras.search.stages._progress import SearchProgress
from keras_cv_extras.search.stages._stages import Candidate, Stages

SIZES = {"train": 5, "validation": 100, "confirmation": 11}
PARTS = {
    part: (np.full((size, 2, 2, 1), number, "uint8"), np.full(size, number))
    for number, (part, size) in enumerate(SIZES.items())
}


class Scorer:
    """Gives every policy a score by a function, and notes what it was asked."""

    epochs = 4

    def __init__(self, hits=lambda policy, call: 50):
        self.hits, self.calls, self.trained = hits, [], []

    def score(self, chosen, seed, images, labels, **options):
        call = {"policy": chosen, "seed": seed, "size": len(labels), "images": images, **options}
        self.calls.append(call)
        hits = self.hits(chosen, len(self.calls))
        if hits is None:
            raise search.DivergedError("it diverged")
        correct = np.arange(len(labels)) < hits * len(labels) / 100
        return search.Score(float(correct.mean()), 0.5, correct, 0.1)

    def train(self, chosen, seed, *, epochs):
        self.trained.append((chosen, seed, epochs))

    def state(self):
        return [np.zeros(2)], [np.zeros(1)]


@pytest.fixture
def stages(tmp_path):
    """Makes the stages of a search whose trainer is a `Scorer`."""

    def make(scorer, **changes):
        space = search.policy_space(num_sub_policies=1, ops=("rotate", "invert"))
        request = types.SimpleNamespace(
            **{
                "parts": PARTS,
                "trainer": scorer,
                "seed": 3,
                "staged": True,
                "space": "policy",
                "confirm_seeds": 2,
                "ops": ("rotate", "invert"),
                "flip": False,
                "trials": 4,
                "make_oracle": lambda ops: search.RandomOracle(
                    max_trials=4, hyperparameters=space, seed=1
                ),
                **changes,
            }
        )
        shown = SearchProgress(1, shown=False)
        return Stages(request, _state.SearchFolder(tmp_path, {}), shown)

    return make


def screened(**caps):
    rows = {op: np.array([0.5]) for op in caps}
    return search.Screen(0.9, rows, rows, caps, (), 10)


def candidate(name, kind="control", *accuracies):
    return Candidate(name, kind, Policy([[Step("identity")]], name=name), accuracies)


def test_the_confirmation_is_on_images_that_the_search_has_not_seen(stages):
    trainer, shared = Scorer(), Scorer()
    made = stages(trainer)
    made.scorer = shared
    finalists = [candidate("none"), candidate("best trial", "searched")]
    confirmed = made.confirm(finalists)
    assert [one for one, _ in confirmed] == finalists
    assert all(len(scores) == 2 for _, scores in confirmed)
    assert shared.calls == []  # from fresh weights
    assert [call["size"] for call in trainer.calls] == [11] * 4
    assert all((call["images"] == 2).all() for call in trainer.calls)
    names = [call["policy"].name for call in trainer.calls]
    assert names == ["none"] * 2 + ["best trial"] * 2
    seeds = [call["seed"] for call in trainer.calls]
    assert seeds[:2] == seeds[2:]  # the arms of one number share it
    assert seeds[0] != seeds[1]


def test_every_other_stage_is_scored_on_the_validation_images(stages):
    scorer = Scorer()
    made = stages(scorer)
    tuner = made.trials()
    assert len(tuner.oracle.trials) == 4
    portfolio = made.portfolio()
    made.promote(tuner)
    assert {call["size"] for call in scorer.calls} == {100}
    assert all((call["images"] == 1).all() for call in scorer.calls)
    names = [one.name for one in portfolio if one.kind == "control"]
    assert names == ["none", "crop", "RandAugment", "TrivialAugment", "random policy"]
    assert [one.kind for one in portfolio] == ["control"] * 5 + ["entrant"] * 9
    # A third of 9 entrants and of 4 trials, rounded up, twice more each.
    assert len(scorer.calls) == 4 + 14 + 2 * 3 + 2 * 2


def test_a_training_that_was_done_is_not_done_again(stages):
    scorer = Scorer()
    made = stages(scorer)
    finalists = [candidate("none")]
    made.confirm(finalists)
    again = made.confirm(finalists)
    assert len(scorer.calls) == 2
    assert [score.correct.size for _, scores in again for score in scores] == [11, 11]


def test_a_diverged_training_is_a_score_that_is_not_a_number(stages):
    made = stages(Scorer(lambda chosen, call: None if chosen.name == "wild" else 50))
    (_, bad), (_, good) = made.confirm([candidate("wild"), candidate("none")])
    assert all(np.isnan(score.accuracy) for score in bad)
    assert [score.correct.sum() for score in bad] == [0, 0]
    assert [score.correct.sum() for score in good] == [6, 6]


def test_without_a_score_of_no_augmentation_there_is_no_search(stages):
    name = policy.no_augmentation().name
    made = stages(Scorer(lambda chosen, call: None if chosen.name == name else 50))
    with pytest.raises(search.DivergedError, match="lower the learning rate of build_model"):
        made.portfolio()


def test_an_appeal_lifts_the_caps_of_ops_that_help_beyond_doubt(stages):
    """A hundred images: 10 more have the error 0.03, and 0.1 > 2.5 * 0.03; 5 more 0.0218."""

    def hits(chosen, call):
        if call == 1:
            return 50  # without augmentation
        step = chosen.sub_policies[-1][0]
        return {("rotate", 1.0): 60, ("rotate", 0.5): 65, ("invert", None): 55}.get(
            (step.op, step.strength), 40
        )

    scorer = Scorer(hits)
    made = stages(scorer)
    made.screened = screened(rotate=0.4, cutout=0.5, invert=0.0, posterize=1.0)
    found = made.appeal()
    assert found is made.screened
    # The highest strength that helps; 5 more may be chance; what harms stays capped.
    assert found.caps == {"rotate": 1.0, "cutout": 0.5, "invert": 0.0, "posterize": 1.0}
    assert found.reinstated == ("rotate",)
    assert {call["size"] for call in scorer.calls} == {100}
    tried = [call["policy"].sub_policies[-1][0] for call in scorer.calls[1:]]
    # Half of the strength of cutout is no more than what it has.
    assert [step.op for step in tried] == ["rotate", "rotate", "cutout", "invert"]
    assert [step.strength for step in tried[:3]] == [1.0, 0.5, 1.0]
    assert found.alone == {}  # shared weights do not tell what an op does alone


def test_harm_is_judged_by_trainings_from_fresh_weights_with_each_op_alone(stages):
    """Of 100 images `invert` has ten fewer right, less or more one; `rotate` as many as nothing."""
    numbers = {}

    def hits(chosen, call):
        op = chosen.sub_policies[-1][0].op
        numbers[op] = numbers.get(op, 0) + 1
        return 20 + numbers[op] % 3 if op == "invert" else 50

    trainer, shared = Scorer(hits), Scorer()
    made = stages(trainer, ops=("rotate", "invert", "cutout"), harm_seeds=3)
    with pytest.raises(ValueError, match="without a screen"):
        made.judge_harm()
    made.scorer = shared
    # What the screen leaves out may be harmless; what changes no image needs no training.
    caps = screened(rotate=1.0, invert=0.0, cutout=1.0)
    made.screened = dataclasses.replace(caps, unchanged=("cutout",))
    found = made.judge_harm()
    assert found is made.screened
    assert found.harmful == ("invert",)
    assert [gain for gain, _ in found.alone["invert"]] == pytest.approx([-0.29, -0.28, -0.30])
    assert found.alone["rotate"] == ((0.0, 0.0),)
    assert shared.calls == []
    assert {call["size"] for call in trainer.calls} == {100}
    tried = [call["policy"].sub_policies[-1][0] for call in trainer.calls]
    assert [step.op for step in tried] == [
        *("identity", "rotate", "invert"),
        *("identity", "invert"),
        *("identity", "invert"),
    ]
    assert tried[1].strength == (0.0, 1.0)
    seeds = [call["seed"] for call in trainer.calls]
    assert len(set(seeds)) == 3
    assert seeds[0] == seeds[1] == seeds[2]  # those of one number share it
    assert not (made.folder.path / "best.json").exists()  # trials are not compared with them


def test_an_appeal_may_lift_a_cap_by_half(stages):
    def hits(chosen, call):
        step = chosen.sub_policies[-1][0]
        return 80 if step.op == "rotate" and step.strength == 0.5 else 60

    made = stages(Scorer(hits))
    made.screened = screened(rotate=0.2)
    assert made.appeal().caps == {"rotate": 0.5}
    assert made.ops == ("rotate",)
    assert made.caps == {"rotate": 0.5}


def test_shared_weights_are_trained_with_what_the_screen_has_left(stages):
    scorer = Scorer()
    made = stages(scorer)
    assert made.ops == ("rotate", "invert")
    assert made.caps == {}
    made.screened = screened(rotate=0.4, invert=0.0)
    shared = made.share()
    assert made.scorer is shared
    ((chosen, _, epochs),) = scorer.trained
    assert [steps[0].op for steps in chosen.sub_policies] == ["identity", "rotate"]
    assert chosen.sub_policies[1][0].strength == (0.0, 0.4)
    assert epochs == (0, 3)
    shared.score(policy.no_augmentation(), 1, *PARTS["validation"])
    assert scorer.calls[-1]["epochs"] == (3, 4)
    made.screened = screened(invert=0.0)
    assert made.ops == ("identity",)


def test_trials_are_capped_by_the_screen(stages):
    scorer = Scorer()
    made = stages(scorer)
    made.screened = screened(rotate=0.4, invert=0.0)
    tuner = made.trials()
    steps = [step for call in scorer.calls for row in call["policy"].sub_policies for step in row]
    strengths = [step.strength for step in steps if step.op == "rotate"]
    suggested = [
        trial.hyperparameters.values[f"sub_policy_0.step_{step}.strength"]
        for _, trial in sorted(tuner.oracle.trials.items())
        for step in (0, 1)
        if trial.hyperparameters.values[f"sub_policy_0.step_{step}.op"] == "rotate"
    ]
    assert strengths == pytest.approx([0.4 * strength for strength in suggested])
    assert max(strengths) > 0


def test_the_best_third_is_looked_at_again_and_ranked_anew(stages):
    looks = {"a": [40, 50], "b": [70, 80], "c": [10, 20]}
    made = stages(Scorer(lambda chosen, call: looks[chosen.name].pop(0)))
    ranked = [
        candidate(name, "searched", value)
        for name, value in zip("abcdefg", (0.9, 0.6) * 4, strict=False)
    ]
    again = made._looked_at_again(ranked)
    # Three of seven: 0.9, 0.4, 0.5 for a, and so on; the others stay behind, in their order.
    assert [one.name for one in again] == ["b", "a", "c", "d", "e", "f", "g"]
    assert again[0].accuracies == (0.6, 0.7, 0.8)
    assert again[0].accuracy == pytest.approx(0.7)
    assert again[3].accuracies == (0.6,)
    assert np.isnan(candidate("x").accuracy)
    made.request.staged = False
    assert made._looked_at_again(ranked) == ranked
    assert [_stages.promoted_of(count) for count in (0, 1, 3, 4, 6, 7)] == [0, 1, 1, 2, 2, 3]


def test_the_contest_is_ranked_and_what_diverged_comes_last(stages):
    wild, good = (policy.auto_augment(name).name for name in ("svhn", "imagenet"))
    scorer = Scorer(lambda chosen, call: {wild: None, good: 90}.get(chosen.name, 60))
    made = stages(scorer)
    contest = [one for one in made.portfolio() if one.kind == "entrant"]
    names = [one.name for one in contest]
    assert (names[0], names[-1]) == ("AutoAugment imagenet", "AutoAugment svhn")
    calls = len(scorer.calls)
    # Of what diverged nothing is looked at again.
    ranked = [candidate(name, "searched", value) for name, value in (("a", 0.5), ("b", np.nan))]
    assert [one.accuracies for one in made._looked_at_again([ranked[1]] * 2)] == [(np.nan,)] * 2
    assert len(scorer.calls) == calls
    assert sorted(ranked, key=_stages._worst_first) == ranked[::-1]


def test_finalists(stages):
    made = stages(Scorer())
    controls = [candidate("none", "control", 0.5), candidate("crop", "control", float("nan"))]
    entrants = [candidate("bad", "entrant", float("nan")), candidate("good", "entrant", 0.6)]
    more = [candidate("late", "entrant", 0.5), candidate("uniform", "searched", 0.7)]
    ranked = [
        Candidate(f"trial {n}", "searched", Policy([[Step("rotate", 1.0, n / 10)]]), (0.9,))
        for n in range(7)
    ]
    found = made.finalists(controls + entrants + more, ranked)
    names = [one.name for one in found]
    assert names == ["none", "crop", "good", "uniform", "best trial", "best 5 joined"]
    assert found[4].policy == ranked[0].policy
    joined = [steps[0].strength for steps in found[5].policy.sub_policies]
    assert joined == [0.0, 0.1, 0.2, 0.3, 0.4]
    assert found[5].kind == "searched"
    assert [one.name for one in made.finalists(controls, ranked[:1])][-1] == "best trial"
    assert made.finalists(controls, []) == controls
    # A tuned RandAugment comes first: where it ties with a control, it is written.
    made.request.space = "randaugment"
    names = [one.name for one in made.finalists(controls + entrants + more, ranked)]
    assert names == ["best trial", "none", "crop", "good", "uniform"]


def test_trials_of_randaugment_draw_its_ops_and_are_ranked_by_all_scores(stages, monkeypatch):
    asked = []

    def make_oracle(ops):
        asked.append(ops)
        return search.RandomOracle(
            max_trials=12,
            hyperparameters=search.recipe_space(ops=ops, form="randaugment"),
            first=spread_out(search.recipe_space(ops=ops, form="randaugment"), 12),
        )

    def hits(chosen, call):
        flipped = len(chosen.stages) > 1 and chosen.stages[0].sub_policies[0][0].rate == 0.5
        # One of those without a flip is lucky once, and those with one are better.
        return 95 if call == lucky else 70 + 15 * flipped + call % 4

    ops = ("rotate", "invert", "cutout")
    options = {"space": "randaugment", "ops": ops, "make_oracle": make_oracle}
    lucky, points = None, spread_out(search.recipe_space(ops=("rotate",), form="randaugment"), 12)
    lucky = next(k for k, one in enumerate(points) if one["recipe.flip"] == 0) + 1
    scorer = Scorer(hits)
    made = stages(scorer, trials=12, ops_were_left_open=True, **options)
    made.screened = dataclasses.replace(
        screened(rotate=1.0, invert=1.0, cutout=1.0), reinstated=("invert",)
    )
    tuner = made.trials()
    assert asked == [("rotate", "invert")]
    with monkeypatch.context() as patch:  # further looks count for the order, too
        patch.setattr(_stages._neighbors, "smoothed", lambda _, all_: [np.mean(a) for a in all_])
        means = [one.accuracy for one in made.promote(tuner) if len(one.accuracies) > 1]
        assert means == sorted(means, reverse=True)
    ranked = made.promote(tuner)
    looks = [len(one.accuracies) for one in ranked]
    assert looks == [3] * 4 + [1] * 8
    for one in ranked[:4]:  # the lucky one is none of them
        assert one.policy.stages[0].sub_policies[0][0].op == "flip_horizontal"
    # Named by hand, the ops are those.
    made.request.ops_were_left_open = False
    shutil.rmtree(made.folder.path)
    made.folder.path.mkdir()
    made.trials()
    assert asked[-1] == ops


def test_all_that_is_random_in_a_search_is_of_its_seed(tmp_path, monkeypatch):
    def of(seed):
        scorer = Scorer()
        options = {"staged": True, "trials": 3, "ops": ("rotate",), "flip": True, "harm_seeds": 3}
        options |= {"space": "policy", "confirm_seeds": 2, "parts": PARTS, "trainer": scorer}
        space = search.policy_space(num_sub_policies=1, ops=("rotate",))
        oracle = search.RandomOracle(max_trials=3, hyperparameters=space, seed=1)  # its own seed
        request = types.SimpleNamespace(seed=seed, make_oracle=lambda ops: oracle, **options)
        folder = _state.SearchFolder(tmp_path / str(seed), {})
        made, screens = Stages(request, folder, SearchProgress(1, shown=False)), []

        def screen(trainer, ops, seed):
            screens.append(seed)
            return dataclasses.replace(screened(rotate=0.5), unchanged=())

        monkeypatch.setattr(_stages, "screen", screen)
        made.screen()
        made.share()
        made.appeal()
        made.judge_harm()
        portfolio, tuner = made.portfolio(), made.trials()
        made.confirm(made.finalists(portfolio, made.promote(tuner)))
        shared = [own for _, own, _ in scorer.trained]
        drawn = {one.policy for one in portfolio if one.name.startswith("random policy")}
        # Each training counts once, also that with nothing, which two stages read.
        assert made.shown._state["done"] == 1 + len(scorer.trained) + len(scorer.calls)
        return {*screens}, {*shared}, {call["seed"] for call in scorer.calls}, drawn

    for own, others in zip(of(3), of(4), strict=True):
        assert own
        assert not own & others


def test_a_tuned_control_gets_a_training_for_each_that_the_search_spent(stages):
    nan = float("nan")
    tuner = types.SimpleNamespace(oracle=types.SimpleNamespace(trials=dict.fromkeys("abcd")))
    portfolio = [candidate("none", "control", 0.5), candidate("grid", "entrant", 0.5, 0.6, 0.7)]
    ranked = [candidate(f"trial {n}", "searched", *row) for n, row in enumerate([(0.6, nan), (1,)])]
    scorer = Scorer()
    made = stages(scorer)
    made.screened = screened(rotate=0.4)
    made.appeal()
    scorer.calls.clear()
    found = made.tune_control(portfolio, tuner, ranked)
    # Three looks at an entrant, three at trials, two trials that failed, two appeals.
    assert len(scorer.calls) == 3 + 3 + 2 + 2
    assert {call["size"] for call in scorer.calls} == {100}
    assert (found.kind, found.name[:18]) == ("control", "tuned RandAugment:")
