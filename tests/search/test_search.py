import csv
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pytest

from keras_cv_extras import data, policy, search
from keras_cv_extras.search import _arms, _search


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


SMALL = {"trials": 3, "epochs": 2, "train_size": 200, "confirm_seeds": 2, "progress": False}


@pytest.fixture(scope="module")
def found(digits, tmp_path_factory):
    directory = tmp_path_factory.mktemp("search")
    return search.search_policy(digits, tiny, directory=directory, **SMALL)


def test_what_is_written(found):
    folder = found.directory
    written = policy.Policy.load(folder / "policy.json")
    assert written == found.policy
    assert written.provenance["arm"] == found.winner.name
    assert written.provenance["settings"]["data"]["name"] == "digits"
    assert set(written.provenance["versions"]) >= {"keras", "tensorflow", "optuna"}
    with (folder / "trials.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["kind"] for row in rows] == ["control"] * 5 + ["trial"] * 3
    report = (folder / "report.html").read_text()
    assert found.winner.name in report
    assert "data:image/png;base64," in report
    assert "http://" not in report.replace("http://www.w3.org", "")
    assert "<script" not in report


def test_the_claim_is_the_best_confirmed_score(found):
    names = [arm.name for arm in found.arms]
    assert names == [
        "none",
        "crop",
        "RandAugment",
        "TrivialAugment",
        "random policy",
        "best trial",
        "best 5 joined",
    ]
    assert found.winner.accuracy == max(arm.accuracy for arm in found.arms)
    for arm in found.arms:
        assert 0 <= arm.low <= arm.accuracy <= arm.high <= 1
        assert arm.correct.shape[0] == SMALL["confirm_seeds"]


def test_a_control_that_wins_is_what_is_written(digits, found, monkeypatch):
    """On this data no arm is far better: take each for the winner, and see that it is written."""
    for arm in (found.arms[0], found.arms[-1]):
        monkeypatch.setattr(
            _arms,
            "winner",
            lambda arms, name=arm.name: (
                next(one for one in arms if one.name == name)
                if any(one.name == name for one in arms)
                else arms[0]
            ),
        )
        again = search.search_policy(digits, tiny, directory=found.directory, **SMALL)
        written = policy.Policy.load(found.directory / "policy.json")
        assert written.provenance["kind"] == arm.kind
        assert written.sub_policies == again.winner.policy.sub_policies


def test_a_finished_search_trains_nothing(digits, found, monkeypatch):
    def refuse(*arguments):
        raise AssertionError("a training was repeated")

    monkeypatch.setattr(search.Trainer, "train", refuse)
    again = search.search_policy(digits, tiny, directory=found.directory, **SMALL)
    assert [arm.accuracy for arm in again.arms] == [arm.accuracy for arm in found.arms]


def test_other_arguments_on_the_same_folder(digits, found):
    with pytest.raises(ValueError, match="epochs was 2 and is 3"):
        search.search_policy(digits, tiny, directory=found.directory, **{**SMALL, "epochs": 3})


SCRIPT = """
import sys
sys.path.insert(0, "tests/search")
import test_search as here
from keras_cv_extras import data, search
digits = data.load("digits")
print(search.search_policy(digits, here.tiny, directory=sys.argv[1], **here.SMALL).verdict)
"""


def test_a_killed_search_goes_on_to_the_same_end(found, python, tmp_path):
    for wait in ("controls", "trials/trial_1", "confirmation"):
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(tmp_path)],
            cwd=pathlib.Path(__file__).parent.parent.parent,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 120
        while not (tmp_path / wait).exists() and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert python(SCRIPT, tmp_path).strip().splitlines()[-1] == found.verdict
    one, other = (json.loads((f / "policy.json").read_text()) for f in (tmp_path, found.directory))
    assert one["stages"] == other["stages"]


def test_trials_share_one_trace(digits):
    trainer = search.Trainer(
        tiny, (digits.train[0][:200], digits.train[1][:200]), epochs=1, batch_size=32
    )
    scores = []
    for seed in range(4):
        chosen = policy.Policy.random(5, 2, seed=seed)
        scores.append(trainer.score(chosen, seed, *digits.test))
        if seed == 0:
            function = trainer.model.train_function
    assert trainer.model.train_function is function
    again = trainer.score(policy.Policy.random(5, 2, seed=2), 2, *digits.test)
    assert again.accuracy == scores[2].accuracy
    np.testing.assert_array_equal(again.correct, scores[2].correct)


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
    assert _arms.default_flip(name) == flip


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


def test_wrong_arguments(digits, tmp_path):
    with pytest.raises(ValueError, match="lower train_size"):
        search.search_policy(digits, tiny, directory=tmp_path, train_size=898)
    with pytest.raises(ValueError, match="oracle must be one of"):
        search.search_policy(digits, tiny, directory=tmp_path, train_size=200, oracle="best")
    with pytest.raises(TypeError, match="build_model must"):
        search.search_policy(digits, None, directory=tmp_path, train_size=200)
    images, labels = digits.train
    with pytest.raises(ValueError, match="at least two classes"):
        search.search_policy((images, labels * 0), tiny, directory=tmp_path, train_size=200)
    assert _search._searched_ops(None, images) == tuple(
        op for op in policy.SEARCH_OPS if op != "color"
    )
