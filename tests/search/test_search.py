import csv
import dataclasses
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import own_names
import pytest
from scipy import stats
from typer.testing import CliRunner

from keras_cv_extras import cli, data, policy, search
from keras_cv_extras._base.owned import kinds as owned_kinds
from keras_cv_extras.search.stages import _plan, _portfolio, _request
from keras_cv_extras.search.trials._steps import Steps
from keras_cv_extras.search.verdict import _arms, _report


@pytest.fixture(scope="module")
def digits():
    return data.load("digits")


def tiny():
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Flatten(),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(10),
        ]
    )


OPS = ("invert", "rotate", "brightness", "posterize", "cutout")  # a screen takes long of all
SMALL = {"trials": 3, "epochs": 2, "train_size": 200, "confirm_seeds": 2, "progress": False}
SMALL |= {"ops": OPS, "space": "policy"}


@pytest.fixture(scope="module")
def found(digits, tmp_path_factory):
    directory = tmp_path_factory.mktemp("search")
    return search.search_policy(digits, tiny, directory=directory, **SMALL)


def test_what_is_written(found):
    folder = found.directory
    written = policy.Policy.load(folder / "policy.json")
    assert written == found.policy
    assert not own_names.unsaid(folder, owned_kinds.SEARCH)
    assert written.provenance["arm"] == found.winner.name
    assert written.provenance["settings"]["data"]["name"] == "digits"
    assert written.provenance["budget"] is None
    assert written.provenance["harmful"] == list(found.screen.harmful)
    assert set(written.provenance["versions"]) >= {"keras", "tensorflow", "optuna"}
    with (folder / "trials.csv").open() as file:
        rows = list(csv.DictReader(file))
    kinds = [row["kind"] for row in rows]
    assert kinds[:5] == ["control"] * 5
    assert kinds[-3:] == ["trial"] * 3
    # Of the screened ops a uniform policy, and a RandAugment for every third trial.
    assert sorted(kinds[5:-3]) == ["entrant"] * 9 + ["searched"] * 2
    report = (folder / "report.html").read_text()
    assert found.winner.name in report
    assert "data:image/png;base64," in report
    assert "<dt>trials</dt><dd>3</dd>" in report
    assert "http://" not in report.replace("http://www.w3.org", "")
    assert "<script" not in report


def test_the_report_opens_in_a_browser(found, browser):
    path = found.directory / "report.html"
    text = path.read_text(encoding="utf-8")
    for title in ("Arms, confirmed", "Score over trials", "What it cost", "What the policy does"):
        assert title in text
    seen = browser(path)
    assert seen["pictures"] >= 4
    assert seen["broken"] == []
    assert seen["errors"] == []


def test_of_arms_that_chance_may_have_ordered_the_simplest_is_chosen():
    images = np.arange(1000)

    def arm(name, kind, share, seed):
        shifted = (images[None] * 7 + np.array([[seed], [seed + 3]])) % 1000
        correct = shifted < 1000 * share
        return _arms.Arm(name, kind, None, share, 0.0, 1.0, 0.0, share, correct)

    near = [arm("none", "control", 0.900, 0), arm("best trial", "searched", 0.902, 11)]
    assert _arms.chosen(near).name == "none"
    assert "within one standard error" in _arms.verdict(near)
    far = [arm("none", "control", 0.80, 0), arm("best trial", "searched", 0.90, 11)]
    assert _arms.chosen(far).name == "best trial"
    assert "more than chance explains" in _arms.verdict(far)


def test_the_stages_leave_their_files(found):
    folder = found.directory
    fields = json.loads((folder / "screen.json").read_text())
    screened = search.Screen.from_dict(fields)
    assert screened.to_dict() == fields
    assert set(screened.caps) == set(OPS)
    assert (folder / "shared.npz").is_file()
    assert "Which ops keep the labels" in (folder / "report.html").read_text()
    for row in found.trials:
        for steps in row["policy"].sub_policies if row["kind"] == "trial" else ():
            for step in steps:
                assert step.op in screened.kept
                assert step.strength is None or step.strength <= screened.caps[step.op] + 1e-9


def test_arms_are_compared_by_their_names(found):
    gap = found.compare("crop", "none")
    accuracy = {arm.name: arm.accuracy for arm in found.arms}
    assert gap.difference == pytest.approx(accuracy["crop"] - accuracy["none"])
    assert gap.low < gap.difference < gap.high
    with pytest.raises(ValueError, match="an arm must be one of"):
        found.compare("crop", "no such arm")


def test_the_plan_had_all_trainings(found):
    folder = found.directory
    kept = ("portfolio", "appeal", "promoted", "confirmation")
    scores = {stage: len(list((folder / stage).glob("*.json"))) for stage in kept}
    trials = sum(row["kind"] == "trial" for row in found.trials)
    progress = json.loads((folder / "progress.json").read_text())
    assert progress["total"] == sum(scores.values()) + trials + 2  # screen, shared weights
    request = _request.make_request(
        data.load("digits"),
        tiny,
        search.SearchSettings(**{k: v for k, v in SMALL.items() if k != "progress"}),
    )
    plan = {stage.name: stage.trainings for stage in _plan._plan(request, None, None).stages}
    assert scores["portfolio"] == plan["portfolio"]
    assert scores["promoted"] == plan["promoted trials"]
    assert scores["confirmation"] == plan["confirmation"]
    assert (
        scores["appeal"] <= plan["appeal of capped ops"] == 2 * len(OPS) - 1
    )  # invert has no strength


def test_the_claim_is_the_best_confirmed_score(found):
    names = [arm.name for arm in found.arms]
    entrants = {row["name"] for row in found.trials if row["kind"] == "entrant"}
    assert names.pop(5) in entrants
    assert names.pop(5).startswith("screened ")
    assert names == [
        "none",
        "crop",
        "RandAugment",
        "TrivialAugment",
        "random policy",
        "best trial",
        "best 5 joined",
    ]
    # The first arm within a standard error of the best: of the images, and of two trainings each.
    best = max(found.arms, key=lambda arm: arm.accuracy)
    spread = np.mean([arm.correct.mean(axis=1).var(ddof=1) for arm in found.arms])
    within = [
        arm
        for arm in found.arms
        if (best.accuracy - arm.accuracy) ** 2
        <= stats.sem(best.correct.mean(axis=0) - arm.correct.mean(axis=0)) ** 2 + spread
    ]
    assert found.winner.name == within[0].name
    for arm in found.arms:
        assert 0 <= arm.low <= arm.accuracy <= arm.high <= 1
        assert arm.correct.shape[0] == SMALL["confirm_seeds"]


@pytest.fixture
def copied(found, tmp_path):
    """The folder of the search, to go on in."""
    return shutil.copytree(found.directory, tmp_path / "copy")


def test_a_control_that_wins_is_what_is_written(digits, found, copied, monkeypatch):
    """On this data no arm is far better: take each for the winner, and see that it is written."""
    monkeypatch.setattr(_report, "report", lambda *arguments, **options: "")  # it draws policies
    for arm in (found.arms[0], found.arms[-1]):
        monkeypatch.setattr(
            _arms,
            "chosen",
            lambda arms, name=arm.name: (
                next(one for one in arms if one.name == name)
                if any(one.name == name for one in arms)
                else arms[0]
            ),
        )
        again = search.search_policy(digits, tiny, directory=copied, **SMALL)
        written = policy.Policy.load(copied / "policy.json")
        assert written.provenance["kind"] == arm.kind
        assert written.sub_policies == again.winner.policy.sub_policies


def test_a_finished_search_trains_nothing(digits, found, copied, monkeypatch):
    def refuse(*arguments):
        raise AssertionError("a training was repeated")

    monkeypatch.setattr(search.Trainer, "train", refuse)
    again = search.search_policy(digits, tiny, directory=copied, **SMALL)
    assert [arm.accuracy for arm in again.arms] == [arm.accuracy for arm in found.arms]


def test_the_command_line_tells_of_it(found, tmp_path):
    def kcx(*arguments):
        return CliRunner().invoke(cli.app, ["search", *map(str, arguments)])

    said = kcx("status", found.directory)
    assert said.exit_code == 0, said.output
    assert said.output.startswith("finished: ")
    said = kcx("report", found.directory)
    assert said.exit_code == 0, said.output
    assert " ".join(found.verdict.split()[:6]) in " ".join(said.output.split())
    for arm in found.arms:
        assert arm.name in said.output
    fields = found.policy.to_dict()
    fields["provenance"] = {**fields["provenance"], "harmful": ["invert"]}
    policy.Policy.from_dict(fields).save(tmp_path / "policy.json")
    assert "Ops that harm: invert" in kcx("report", tmp_path).output
    nothing = kcx("report", found.directory / "trials")
    assert "no search has been finished here" in str(nothing.exception)


def test_other_arguments_on_the_same_folder(digits, found):
    with pytest.raises(ValueError, match="epochs was 2 and is 3"):
        search.search_policy(digits, tiny, directory=found.directory, **{**SMALL, "epochs": 3})


SCRIPT = """
import sys
sys.path[:0] = ["tests", "tests/search"]
import test_search as here
from keras_cv_extras import data, search
digits = data.load("digits")
print(search.search_policy(digits, here.tiny, directory=sys.argv[1], **here.SMALL).verdict)
"""


@pytest.mark.slow
def test_a_killed_search_goes_on_to_the_same_end(found, python, tmp_path):
    for wait in ("portfolio", "trials/trial_1", "confirmation"):
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(tmp_path)],
            cwd=pathlib.Path(__file__).parent.parent.parent,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 240
        while not (tmp_path / wait).exists():
            assert process.poll() is None, f"it ended before there was {wait}"
            assert time.monotonic() < deadline
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert python(SCRIPT, tmp_path).strip().splitlines()[-1] == found.verdict
    one, other = (json.loads((f / "policy.json").read_text()) for f in (tmp_path, found.directory))
    assert one["stages"] == other["stages"]


@pytest.mark.wide
def test_a_screen_names_the_op_that_destroys_labels(digits):
    """Whether an image is bright or dark is the label: inverting it is the one thing to avoid."""
    images, _ = digits.train
    dark = np.clip(images[:600].astype("float32") * 0.4, 0, 255).astype("uint8")
    labels = np.arange(600) % 2
    images = np.where(labels[:, None, None, None] == 1, 255 - dark, dark)
    trainer = search.Trainer(tiny, (images, labels), epochs=6, batch_size=32)
    ops = ("invert", "cutout", "posterize", "color")
    screened = search.screen(trainer, ops)
    assert screened.caps["invert"] == 0
    assert screened.limited == ("invert",)
    assert screened.unchanged == ("color",)
    assert screened.kept == ("cutout", "posterize")
    assert "invert: its results are not recognised" in screened.describe()


@pytest.mark.wide
def test_shared_weights_go_on_where_a_training_stopped(digits, tmp_path):
    images, labels = (part[:300] for part in digits.train)
    trainer = search.Trainer(tiny, (images, labels), epochs=4, batch_size=32)
    chosen = policy.rand_augment(1, 0.3)
    whole = trainer.score(chosen, 5, *digits.test)
    shared = search.SharedWeights(trainer, chosen, seed=5, path=tmp_path / "shared.npz")
    assert shared.num_common == 3
    parts = shared.score(chosen, 5, *digits.test)
    assert parts.accuracy == whole.accuracy
    assert parts.log_loss == pytest.approx(whole.log_loss, rel=1e-5)
    assert (tmp_path / "shared.npz").is_file()
    again = search.SharedWeights(trainer, chosen, seed=99, path=tmp_path / "shared.npz")
    assert again.score(chosen, 5, *digits.test).log_loss == parts.log_loss
    (tmp_path / "shared.npz").write_bytes(b"torn")
    with pytest.raises(ValueError, match=r"shared.npz: the common weights of the search cannot"):
        search.SharedWeights(trainer, chosen, path=tmp_path / "shared.npz").prepare()


def test_a_schedule_is_computed_once_in_a_step():
    class Counted(keras.optimizers.schedules.CosineDecay):
        calls = 0

        def __call__(self, step):
            type(self).calls += 1
            return super().__call__(step)

    keras.utils.set_random_seed(1)
    model, rate = tiny(), Counted(0.01, 3, warmup_target=0.1, warmup_steps=2)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=0.1)
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    optimizer.build(model.trainable_variables)
    images, labels = np.zeros((8, 8, 8, 1), "float32"), np.arange(8)
    assert np.isfinite(Steps(model, 4)(images, labels))
    assert int(optimizer.iterations) == 2
    assert Counted.calls == 1
    assert not {"apply", "_get_current_learning_rate"} & set(vars(optimizer))  # as it was


@pytest.mark.wide
def test_trials_share_one_trace(digits):
    trainer = search.Trainer(
        tiny, (digits.train[0][:200], digits.train[1][:200]), epochs=1, batch_size=32
    )
    scores = []
    for seed in range(4):
        chosen = policy.Policy.random(5, 2, seed=seed)
        scores.append(trainer.score(chosen, seed, *digits.test))
    assert trainer._steps._program.experimental_get_tracing_count() == 1
    # The first of all began with a fresh optimizer, and so does every later one.
    again = trainer.score(policy.Policy.random(5, 2, seed=0), 0, *digits.test)
    assert again.log_loss == scores[0].log_loss
    np.testing.assert_array_equal(again.correct, scores[0].correct)
    other = trainer.score(policy.Policy.random(5, 2, seed=0), 1, *digits.test)
    assert other.log_loss != scores[0].log_loss


def test_a_training_that_diverges_is_a_failed_trial(digits, tmp_path):
    def wild():
        model = tiny()
        model.compile(
            keras.optimizers.SGD(1e30),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        )
        return model

    with pytest.raises(search.DivergedError):
        search.search_policy(digits, wild, directory=tmp_path, **SMALL)


@pytest.mark.parametrize(
    ("name", "flip"),
    [("mnist_5k", False), ("digits", False), ("keras:cifar10", True), ("pets", True)],
)
def test_controls_do_not_mirror_digits(name, flip):
    assert _portfolio.default_flip(name) == flip


def test_intervals_cover():
    """Simulated arms of a known accuracy: about 95 in 100 intervals hold it."""
    inside = total = 0
    for seed in range(60):
        draws = np.asarray(
            policy._policy._random.uniform(
                seed,
                0,
                np.arange(3)[:, None, None],
                np.arange(4)[None, :, None] * 1000 + np.arange(500),
            )
        )
        correct = {str(arm): draws[arm] < 0.9 for arm in range(3)}
        for _, low, high in _arms.intervals(correct).values():
            inside += low <= 0.9 <= high
            total += 1
    assert inside / total > 0.9


@pytest.mark.parametrize("files", [None, {"train": (), "test": ()}])
def test_a_request_knows_whether_its_images_are_files(digits, files):
    images = dataclasses.replace(digits, files=files)
    request = _request.make_request(images, tiny, search.SearchSettings(trials=1))
    assert request.of_files == (files is not None)


def test_wrong_arguments(digits, tmp_path):
    with pytest.raises(ValueError, match="lower train_size"):
        search.search_policy(digits, tiny, directory=tmp_path, train_size=898)
    with pytest.raises(ValueError, match="oracle must be one of"):
        search.search_policy(digits, tiny, directory=tmp_path, train_size=200, oracle="best")
    with pytest.raises(ValueError, match="method='staged' divides a training of at least 2"):
        search.search_policy(digits, tiny, directory=tmp_path, train_size=200, epochs=1)
    with pytest.raises(TypeError, match="build_model must"):
        search.search_policy(digits, None, directory=tmp_path, train_size=200)
    images, labels = digits.train
    with pytest.raises(ValueError, match="at least two classes"):
        search.search_policy((images, labels * 0), tiny, directory=tmp_path, train_size=200)
    assert _request._searched_ops(None, images) == tuple(
        op for op in policy.SEARCH_OPS if op != "color"
    )
