"""A search's folder on a bad day: disks that are full, files that are torn or foreign."""

import contextlib
import dataclasses
import errno
import functools
import json
import os
import resource
import shutil
import signal
import socket
import tempfile
import types

import keras_tuner as kt
import numpy as np
import pytest

from keras_cv_extras import policy, search
from keras_cv_extras._base import files
from keras_cv_extras._base.owned import marks as _marks
from keras_cv_extras._base.owned import temporaries
from keras_cv_extras.search.stages import _plan, _progress, _state
from keras_cv_extras.search.stages._screen import Screen


class Invented:
    """Scores without training; a trial may do something first."""

    def __init__(self, actions=None):
        self.actions = actions or {}
        self.names = []

    def score(self, chosen, seed, *validation):
        self.names.append(chosen.name)
        self.actions.get(chosen.name, lambda: None)()
        return search.Score(seed % 1000 / 1000, 1.0, np.zeros(1, bool), 0.1)


def make_tuner(folder, actions=None):
    space = search.policy_space(num_sub_policies=2, ops=("invert", "rotate"))
    return search.PolicyTuner(
        search.RandomOracle(max_trials=6, hyperparameters=space),
        trainer=Invented(actions),
        validation=(),
        directory=folder,
    )


def listed(tuner):
    trials = sorted(tuner.oracle.trials.items())
    return [(name, trial.hyperparameters.values, trial.score) for name, trial in trials]


@contextlib.contextmanager
def small_files():
    """Lets no file of this process become longer than a kilobyte, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_is_one_line_and_the_search_goes_on_later(tmp_path):
    with small_files() as fill:
        full = make_tuner(tmp_path, {"trial 3": fill})
        with pytest.raises(OSError, match=r"cannot write .*trial.json .*: free some space") as seen:
            full.search()
    assert seen.value.errno == errno.EFBIG
    assert not list(tmp_path.rglob(".*"))
    again = make_tuner(tmp_path)
    again.search()
    assert again.trainer.names == ["trial 3", "trial 4", "trial 5"]
    whole = make_tuner(tmp_path / "whole")
    whole.search()
    assert listed(again) == listed(whole)


def test_the_best_policy_survives_a_full_disk(tmp_path):
    folder = _state.SearchFolder(tmp_path, {"seed": 1})
    folder.keep_best("one", policy.rand_augment(), 0.5)
    large = policy.Policy.random(25, 2, seed=1)
    with small_files() as fill:
        fill()
        with pytest.raises(OSError, match=r"cannot write .*best.json \(file too large\): free"):
            folder.keep_best("other", large, 0.6)
    kept = policy.Policy.load(tmp_path / "best.json")
    assert kept.sub_policies == policy.rand_augment().sub_policies


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.EPERM])
def test_a_folder_that_may_not_be_written(tmp_path, monkeypatch, number):
    def refuse(*arguments, **options):
        raise OSError(number, os.strerror(number), str(tmp_path))

    monkeypatch.setattr(tempfile, "mkdtemp", refuse)
    with pytest.raises(OSError, match=r"cannot write .*settings.json .*: choose a folder") as seen:
        _state.SearchFolder(tmp_path, {"seed": 1})
    assert seen.value.errno == number


def test_what_killed_writers_leave_is_removed(tmp_path):
    mark = _marks.mark_text("temporary", of="trial.json", host=socket.gethostname())
    for name in (".trial.json.abcd1234", ".kcx-tmp-abcd1234"):  # the first may be anybody's
        for parent in (tmp_path, tmp_path / "trials" / "trial_1"):
            folder = parent / name
            folder.mkdir(parents=True)
            (folder / "trial.json").write_text("torn")
            (folder / _marks.MARK).write_text(mark)
    (tmp_path / ".hidden").mkdir()
    temporaries.remove_leftovers(tmp_path)
    assert not list(tmp_path.rglob(".kcx-tmp-*"))
    assert len(list(tmp_path.rglob(".trial.json.*/trial.json"))) == 2
    assert (tmp_path / ".hidden").is_dir()


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    make_tuner(folder).search()
    return folder


ASKED = types.SimpleNamespace(settings=search.SearchSettings())
READERS = {
    "settings.json": lambda path: _state.SearchFolder(path, {"seed": 1}),
    "plan.json": lambda path: _plan.decide(ASKED, path, measured=False),
    "screen.json": lambda path: _state.SearchFolder(path, {"seed": 1}).screen(None),
    "best.json": lambda path: _state.SearchFolder(path, {}).keep_best("a", None, 0.5),
    "portfolio/none.json": lambda path: _state.SearchFolder(path, {}).load("portfolio", "none"),
    "progress.json": _progress.describe_progress,
    "trials/oracle.json": make_tuner,
    "trials/trial_0/trial.json": make_tuner,
}


@pytest.mark.parametrize("text", ['{"seed": ', "[]", '"text"', '{"other": 1}', "\x00\x01"])
@pytest.mark.parametrize("name", READERS)
def test_a_torn_or_foreign_file_is_one_line_that_names_it(finished, tmp_path, name, text):
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    # Settings of something else are those of a search with other arguments.
    with pytest.raises(ValueError, match=f"{path.name}|with other arguments") as seen:
        READERS[name](tmp_path)
    assert "\n" not in str(seen.value)


WAYS = {
    "plan.json": ("budget", "trials", "lengths/0", "timing", "timing/epochs", "timing/other"),
    "screen.json": (
        *("clean", "accuracy", "accuracy/rotate", "accuracy/rotate/0", "errors/invert/0"),
        *("caps/invert", "unchanged", "unchanged/0", "num_images", "guessing"),
        *("alone/rotate/0/1", "harmful"),
    ),
    "best.json": ("provenance", "provenance/val_accuracy"),
    "portfolio/none.json": ("accuracy", "log_loss", "seconds", "num_images", "correct"),
    "progress.json": ("stage", "done", "best", "best/accuracy", "best_confirmed/name", "pid"),
    "trials/oracle.json": ("start_order", "start_order/0", "seed", "hyperparameters", "stopped"),
    "trials/trial_0/trial.json": (
        *(
            "trial_id",
            "status",
            "score",
            "best_step",
            "hyperparameters/values/sub_policy_0.step_1.op",
        ),
        *(
            "hyperparameters/values/sub_policy_0.step_0.rate",
            "metrics",
            "metrics/metrics/val_accuracy",
        ),
        "metrics/metrics/val_accuracy/observations/0/value/0",
    ),
}


def state(folder):
    return _state.SearchFolder(folder, {"seed": 1})


@pytest.fixture(scope="module")
def written(finished, tmp_path_factory):
    """A search's folder with one good file for each reader."""
    folder = tmp_path_factory.mktemp("written")
    shutil.copytree(finished, folder, dirs_exist_ok=True)
    state(folder).store("portfolio", "none", search.Score(0.5, 0.7, np.arange(10) % 2 == 0, 1.5))
    state(folder).keep_best("one", policy.rand_augment(), 0.25)
    row = np.array([0.5, 0.4, 0.3, 0.2, 0.1])
    found = {"rotate": row, "invert": row[:1]}
    alone = {"rotate": ((0.1, 0.01),)}
    seen = Screen(0.6, found, found, {"rotate": 1.0, "invert": 0.0}, ("invert",), 100, alone=alone)
    state(folder).screen(lambda: seen)
    timing = dict.fromkeys(("starts", "resumes", "epochs", "images", "ops", "screened"), 0.5)
    plan = {"budget": None, "trials": 6, "lengths": [20, 3], "timing": timing}
    files.write_json(folder / "plan.json", plan)
    with _progress.SearchProgress(6, folder=folder, shown=False) as shown:
        shown.advance("one", 0.5)
        shown.confirmed("one", 0.5)
    return folder


@pytest.mark.parametrize(("name", "way"), [(name, way) for name in WAYS for way in WAYS[name]])
def test_no_wrong_value_in_a_file_is_read_in_silence(written, tmp_path, name, way):
    shutil.copytree(written, tmp_path, dirs_exist_ok=True)
    path = tmp_path / name
    good = json.loads(path.read_text())
    readers = READERS | {
        "plan.json": lambda path: _plan._earlier(path / "plan.json"),
        "best.json": lambda path: state(path).keep_best("a", None, 0.2),
        "portfolio/none.json": lambda path: state(path).load("portfolio", "none"),
    }
    readers[name](tmp_path)
    *above, last = (int(key) if key.isdecimal() else key for key in way.split("/"))
    for wrong in (float("nan"), -7e30, {"a": [0]}, True, "no such\nthing", 10**400):
        value = json.loads(json.dumps(good))
        inner = functools.reduce(lambda inner, key: inner[key], above, value)
        if last != "other" and type(wrong) is type(inner[last]):
            continue
        inner[last] = wrong
        path.write_text(json.dumps(value))
        with pytest.raises(ValueError, match=f"{path}: ") as seen:
            readers[name](tmp_path)
        assert "\n" not in str(seen.value)


@pytest.mark.parametrize("earlier", [False, True], ids=["null", "as of earlier versions"])
@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_search_with_a_trial_without_a_score_goes_on(tmp_path, number, earlier):
    diverged = make_tuner(tmp_path, {"trial 5": lambda: 1 / 0})
    scored = diverged.trainer.score
    diverged.trainer.score = lambda chosen, *given: dataclasses.replace(
        scored(chosen, *given), accuracy=number if chosen.name == "trial 3" else 0.5
    )
    with pytest.raises(kt.errors.FatalError, match="trial 5: division by zero"):
        diverged.search()
    path = tmp_path / "trials" / "trial_3" / "trial.json"
    state = json.loads(path.read_text())
    observed = state["metrics"]["metrics"]["val_accuracy"]["observations"][0]["value"]
    assert (state["score"], observed) == (None, [None])
    if earlier:
        state["score"] = observed[0] = number
        path.write_text(json.dumps(state))
    again = make_tuner(tmp_path)
    again.search()
    assert again.trainer.names == ["trial 5"]
    found = {name: trial.status for name, trial in again.oracle.trials.items()}
    assert found == dict.fromkeys("012345", "COMPLETED") | {"3": "FAILED"}
    assert np.isnan(again.oracle.trials["3"].metrics.get_last_value("val_accuracy"))
    state["score"] = 0.5
    path.write_text(json.dumps(state | {"status": "COMPLETED"}))
    with pytest.raises(ValueError, match="score must be nan, as val_accuracy has it, received 0.5"):
        make_tuner(tmp_path)


def test_trials_take_little_room(finished):
    """Nothing but their files: keras-tuner's own tuners leave a checkpoint in each."""
    files = [path for path in finished.rglob("*") if path.is_file()]
    assert {path.name for path in files} == {"oracle.json", "trial.json"}
    assert sum(path.stat().st_size for path in files) < 100_000
