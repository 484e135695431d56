"""How arms are compared, on answers of which every number can be worked out by hand."""

import dataclasses
import math
import types

import numpy as np
import pytest

from keras_cv_extras.search.verdict import _arms, _report

NORMAL = 1.959963984540054  # quantiles of 97.5 %, from a table
T_OF_3 = 3.182446305284263

# Two trainings, three and one of four images each, repeated to a hundred images.
CORRECT = {
    "first": np.tile(np.array([[1, 1, 1, 0], [1, 1, 0, 0]], bool), 25),
    "second": np.tile(np.array([[1, 0, 0, 0], [0, 0, 0, 0], [1, 1, 0, 0]], bool), 25),
    "alone": np.tile(np.array([[1, 1, 1, 1]], bool), 25),
}
# Squares around 5/8 and 1/4: 1/32 + 4/32; one and two degrees of freedom.
SPREAD = (5 / 32) / 3


def test_compare():
    found = _arms.compare("first", "second", CORRECT)
    # By image the first is better by 1/3, 2/3, 1/2, 0: squares around 3/8 are 140/576.
    images = (25 * 140 / 576) / 99 / 100
    error = math.sqrt(images + SPREAD / 2 + SPREAD / 3)
    assert found.difference == pytest.approx(3 / 8)
    assert found.error == pytest.approx(error)
    assert found.low == pytest.approx(3 / 8 - T_OF_3 * error)
    assert found.high == pytest.approx(3 / 8 + T_OF_3 * error)
    turned = _arms.compare("second", "first", CORRECT)
    assert turned.difference == pytest.approx(-3 / 8)
    assert turned.error == pytest.approx(error)


def test_intervals_cover_other_images_and_other_trainings():
    found = _arms.intervals(CORRECT)
    # The means of the four images, 1, 1, 1/2, 0, have the variance 0.171875.
    half = T_OF_3 * math.sqrt(0.171875 / 100 + SPREAD / 2)
    assert found["first"] == (pytest.approx(0.625), pytest.approx(0.625 - half), 1.0)
    # 1/2 - 1/12 of 2/3, 1/3, 0, 0 around 1/4: squares 0.3055..., a fourth of it is less than
    # what three trainings leave of 26/102 * 76/102.
    least = 26 / 102 * 76 / 102 / 3
    half = T_OF_3 * math.sqrt(max(11 / 36 / 4, least) / 100 + SPREAD / 3)
    assert found["second"] == (pytest.approx(0.25), 0.0, pytest.approx(0.25 + half))


def test_of_one_training_each_the_normal_distribution_is_what_is_left():
    correct = {"some": np.arange(1000)[None] < 900, "all": np.ones((1, 1000), bool)}
    found = _arms.intervals(correct)
    for name, hits in (("some", 900), ("all", 1000)):
        guess = (hits + 1) / 1002
        half = NORMAL * math.sqrt(guess * (1 - guess) / 1000)
        mean, low, high = found[name]
        assert mean == hits / 1000
        assert low == pytest.approx(mean - half)
        assert high == pytest.approx(min(1, mean + half))
    gap = _arms.compare("all", "some", correct)
    error = math.sqrt(0.09 * 1000 / 999 / 1000)
    assert gap.error == pytest.approx(error)
    assert gap.low == pytest.approx(0.1 - NORMAL * error)


def arm(name, kind, *trainings, failed=False):
    correct = np.array(trainings, bool)
    accuracy = float("nan") if failed else float(correct.mean())
    return _arms.Arm(name, kind, None, accuracy, 0.0, 1.0, 0.0, accuracy, correct)


def rows(num_images, *spans):
    """Images that are correct: those whose numbers lie in one of the spans."""
    numbers = np.arange(num_images)
    return np.any([(numbers >= start) & (numbers < stop) for start, stop in spans], axis=0)


def pair(won, lost):
    """A control and a searched policy that do not agree on some of a hundred images."""
    control = arm("none", "control", rows(100, (0, 60), (90, 90 + lost)))
    best = arm("best trial", "searched", rows(100, (0, 60), (70, 70 + won)))
    return [control, best]


@pytest.mark.parametrize(
    ("won", "lost", "name"),
    [
        (6, 4, "none"),  # 0.02 better, of an error of 0.0317
        (9, 4, "best trial"),  # 0.05 of 0.0359: more than one error, less than two
        (8, 5, "none"),  # 0.03 of 0.0361
        (7, 2, "best trial"),  # 0.05 of 0.0297
        (0, 0, "none"),
        (4, 6, "none"),
    ],
)
def test_the_simplest_within_one_standard_error_is_chosen(won, lost, name):
    assert _arms.chosen(pair(won, lost)).name == name


def reported(monkeypatch, arms, winner, data, images=(), **options):
    monkeypatch.setattr(_report.pages, "render", lambda name, **values: values)
    monkeypatch.setattr(_report, "policy_sheet", lambda *arguments, **options: None)
    provenance = {"arm": winner, "settings": {"data": {"name": data}}, "cost": {}, "versions": {}}
    policy = types.SimpleNamespace(provenance=provenance)
    tried = [{"kind": "trial", "status": "COMPLETED", "seconds": 1.0}]
    known = {"images": images, "network": "small_cnn", "of_files": False, **options}
    return _report.report(policy, arms, tried, "", None, **known)


@pytest.mark.parametrize(
    ("data", "size", "network", "wanted"),
    [
        ("digits", (8, 8), "small_cnn", "digits --policy policy.json --image-size 8"),
        ("tfds:a b", (8, 9), "small_cnn", "'tfds:a b' --policy policy.json"),
        ("./digits", (8, 9), "small_cnn", "DATA --policy policy.json"),
        ("my photographs", (8, 9), "lenet5", "DATA --policy policy.json --model lenet5"),
        (None, (8, 9), "wrn_40_2", "DATA --policy policy.json --model wrn-40-2"),
        ("labels.csv", (8, 9), "resnet50", "DATA --policy policy.json --model MODEL"),  # or -v1.5
        ("records", (8, 9), "own net", "DATA --policy policy.json --model MODEL"),
    ],
)
def test_a_report_says_what_to_run_next(monkeypatch, data, size, network, wanted):
    images = np.zeros((1, *size, 1))
    options = {"network": network, "of_files": data == "./digits"}
    name = data and data.removeprefix("./")
    found = reported(monkeypatch, pair(9, 4), "best trial", name, images, **options)
    assert found["next"] == f"Next: train with the policy.json beside this page: kcx train {wanted}"


def test_a_report_lists_the_best_first_and_marks_the_chosen_arm(monkeypatch):
    away = arm("away", "searched", rows(100, (0, 99)), failed=True)
    found = reported(monkeypatch, [away, *pair(6, 4)], "none", "")
    assert [row[0] for row in found["arm_rows"]] == ["best trial", "none", "away"]
    assert found["winner"] == 1


def test_both_arms_trainings_count_for_the_error():
    # By image the error is 0.0022. The trainings of the best spread by 0.01 around their mean,
    # pooled 1e-4: the error is 0.0102 with both halves of it, 0.0074 with one.
    control = arm("none", "control", rows(1000, (0, 902)), rows(1000, (0, 902)))
    best = arm("best trial", "searched", rows(1000, (0, 900)), rows(1000, (0, 920)))
    assert _arms.chosen([control, best]) is control
    # The other way round, with an arm whose trainings agree.
    sure = arm("best trial", "searched", rows(1000, (0, 910)), rows(1000, (0, 910)))
    spread = arm("none", "control", rows(1000, (0, 892)), rows(1000, (0, 912)))
    assert _arms.chosen([spread, sure]) is spread
    better = arm("best trial", "searched", rows(1000, (0, 915)), rows(1000, (0, 915)))
    assert _arms.chosen([spread, better]) is better


def test_arms_that_diverged_are_neither_chosen_nor_compared():
    failed = arm("none", "control", rows(100), failed=True)
    others = pair(9, 4)[1:]
    assert _arms.chosen([failed, *others]) is others[0]
    assert "nothing to compare it with" in _arms.verdict([failed, *others])
    with pytest.raises(ValueError, match="every training on the confirmation images diverged"):
        _arms.winner([failed])
    # Nor does it say how much trainings differ, though one of its trainings has scores.
    wild = arm("wild", "control", rows(100, (0, 90)), rows(100, (0, 1)), failed=True)
    first, second = (arm(one.name, one.kind, *one.correct, *one.correct) for one in pair(9, 4))
    assert _arms.chosen([wild, first, second]) is second
    assert "interval -2.0 to 12.0" in _arms.verdict([wild, *pair(9, 4)])


def test_of_equal_arms_the_first_wins():
    arms = [arm(name, "control", rows(100, (0, 50))) for name in "abc"]
    assert _arms.winner(arms) is arms[0]


def test_verdicts():
    clear = [
        arm("none", "control", rows(1000, (0, 800))),
        arm("crop", "control", rows(1000, (0, 790))),
        arm("best trial", "searched", rows(1000, (0, 900))),
    ]
    # 0.1 of all images, with an error of 0.0095.
    assert _arms.verdict(clear) == (
        "The searched policy wins (best trial): 90.0% of the confirmation images, against 80.0% "
        "of the best known policy, no augmentation. The difference is 10.0 points (95 % interval "
        "8.1 to 11.9): more than chance explains."
    )
    clear[2] = arm("best trial", "searched", rows(1000, (0, 700)))
    assert _arms.verdict(clear) == (
        "No searched policy beats the controls: no augmentation wins with 80.0% of the "
        "confirmation images, and is the policy that was written, against 70.0% of the best "
        "searched policy, best trial. The difference is 10.0 points (95 % interval 8.1 to 11.9): "
        "more than chance explains."
    )
    # 0.05 of an error of 0.0359: 0.05 - 1.96 * 0.0359 < 0.
    assert _arms.verdict(pair(9, 4)) == (
        "The searched policy wins (best trial): 69.0% of the confirmation images, against 64.0% "
        "of the best known policy, no augmentation. The difference is 5.0 points (95 % interval "
        "-2.0 to 12.0): not more than chance can explain."
    )


def test_a_verdict_on_networks_that_guess_says_so_first():
    arms = [dataclasses.replace(one, low=0.6) for one in pair(9, 4)]  # the best has 69 % right
    for guessing, said in ((0.6, False), (0.61, True)):
        text = _arms.verdict(arms, guessing)
        assert (
            text.startswith("The networks may have learned next to nothing: at best 69.0%") == said
        )
        assert text.endswith(_arms.verdict(arms))
        assert ("61.0% by always naming" in text) == ("more epochs" in text) == said


def test_verdicts_of_a_tie():
    control, best = pair(6, 4)
    assert _arms.verdict([control, best]) == (
        "No searched policy is worth its trouble: no augmentation has 64.0% of the confirmation "
        "images and is the policy that was written. best trial has 66.0%, but the difference of "
        "2.0 points (95 % interval -4.2 to 8.2) is within one standard error, and the simpler one "
        "is preferred."
    )
    control, best = (arm(one.name, "searched", *one.correct) for one in (control, best))
    assert _arms.verdict([control, best]).startswith("A tie: no augmentation has 64.0%")
    # A tuned RandAugment comes before the controls.
    control, best = pair(6, 4)
    tuned = dataclasses.replace(control, name="best trial", kind="searched")
    control = dataclasses.replace(best, name="RandAugment", kind="control")
    said = _arms.verdict([tuned, control])
    assert said.startswith("A tie: best trial has 64.0% of the confirmation images and is the")
    assert said.endswith("within one standard error, and a tuned RandAugment is preferred.")
    screened = dataclasses.replace(control, name="screened RandAugment", kind="searched")
    assert _arms.verdict([tuned, screened]).endswith("and a tuned RandAugment is preferred.")
