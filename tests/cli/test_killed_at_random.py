"""Killed at any moment and started again, a command ends as if it had not been killed."""

import json
import os
import pathlib
import random
import shutil
import signal

import numpy as np
import pytest

from keras_cv_extras import classical, data, training
from keras_cv_extras._base import files
from keras_cv_extras._base.owned import errors, marks

pytestmark = pytest.mark.slow
KILLS = int(os.environ.get("KCX_KILLS", "3"))
SEED = int(os.environ.get("KCX_KILLS_SEED", "0"))

TRAIN = "train digits --epochs 3 --batch-size 449 --validation 0.2 --quiet"
GAN = "gan train digits --steps 4 --every 2 --width 4 --quiet"
FOLDS = "train digits --epochs 1 --batch-size 449 --validation 0 --folds 2 --quiet"
CLASSICAL = "classical train digits --system hog --quiet"
DEMO = "demo --smoke --quiet"
SEARCH = (
    "search run digits --trials 2 --epochs 2 --train-size 50 --validation-size 50 "
    "--confirmation-size 50 --confirm-seeds 1 --ops invert --retrain --quiet"
)


@pytest.fixture
def kcx(forked):
    """Runs the command line in children of a process that has imported TensorFlow."""

    def run(arguments, root, **moment):
        return forked({"arguments": arguments, "root": str(root), **moment})

    return run


def contents(folder):
    """Every path below a folder, with the bytes of files."""
    found = sorted(folder.rglob("*"))
    return {path.relative_to(folder): path.is_file() and path.read_bytes() for path in found}


def kill(kcx, tmp_path, arguments, output, same, *, begin=None, between=None, flag=True):
    """Kills a command until it has been killed as often as asked for.

    What is left is started again, and killed again; where it has come to its end, the end is
    compared with that of a command that nobody killed, and the next begins from nothing.

    Args:
        kcx: the fixture.
        tmp_path: where all of it is.
        arguments: the command.
        output: where it writes, below any folder.
        same: tells of two folders whether the command has ended alike, by assertions.
        begin: called with a folder before the command begins there for the first time.
        between: called with the folder after each kill.
        flag: whether the folder is given by `--output`, or as the last argument.
    """
    foreign = tmp_path / "foreign"
    (foreign / f"{errors.TEMPORARY}mine").mkdir(parents=True)
    (foreign / f"{errors.TEMPORARY}mine" / "precious.txt").write_text("precious")
    precious = contents(foreign)

    def call(name, **moment):
        folder = tmp_path / name
        place = ["--output"] * flag + [str(folder / output)]
        told = kcx([*arguments, *place], tmp_path, **moment)
        assert told["code"] in (0, -signal.SIGKILL), told["errors"]
        assert contents(foreign) == precious
        return told

    whole = call("whole")
    assert whole["code"] == 0, whole["errors"]
    numbers, kills, ends, moments = random.Random(SEED), 0, 0, []
    (tmp_path / "ended-0").mkdir()
    (tmp_path / "ended-0" / "precious.txt").write_text("precious")
    begin = begin or (lambda folder: None)
    begin(tmp_path / "ended-0")
    while kills < KILLS:
        if len(moments) % 2:
            moment = {"seconds": numbers.uniform(0, 1) * whole["seconds"]}
        else:
            moment = {"change": numbers.randint(1, whole["changes"])}
        told = call(f"ended-{ends}", **moment)
        moments.append(moment)
        if told["code"]:
            kills += 1
            if between is not None:
                between(tmp_path / f"ended-{ends}")
            continue
        ends += 1
        begin(tmp_path / f"ended-{ends}")
    told = call(f"ended-{ends}")
    assert (told["code"], told["errors"]) == (0, "")
    for number in range(ends + 1):
        ended = tmp_path / f"ended-{number}"
        if number == 0:
            assert (ended / "precious.txt").read_text() == "precious"
            (ended / "precious.txt").unlink()
        assert contents(ended).keys() == contents(tmp_path / "whole").keys(), moments
        same(tmp_path / "whole" / output, ended / output)
    print(f"{arguments[0]}: {kills} kills, {ends + 1} ends, {whole['changes']} changes each")


def same_weights(one, other):
    weights = [training.load_model(path, compile=False).get_weights() for path in (one, other)]
    for mine, yours in zip(*weights, strict=True):
        np.testing.assert_array_equal(mine, yours)


def same_training(one, other):
    same_weights(one / "model.keras", other / "model.keras")
    for name in ("scores.json", "predictions.csv", "train.json"):
        assert (one / name).read_bytes() == (other / name).read_bytes()


def same_folds(one, other):
    for name in ("scores.json", "predictions.csv", "fold-1/samples.npz"):
        assert (one / name).read_bytes() == (other / name).read_bytes()
    for fold in (1, 2):
        same_weights(one / f"fold-{fold}" / "model.keras", other / f"fold-{fold}" / "model.keras")


def same_classifier(one, other):
    images = data.load("digits").test[0]
    answers = [classical.load(path).predict(images) for path in (one, other)]
    np.testing.assert_array_equal(*answers)


def same_policy(one, other):
    policies = [json.loads((folder / "policy.json").read_text()) for folder in (one, other)]
    assert policies[0]["stages"] == policies[1]["stages"]  # their seconds are others


def same_search(one, other):
    same_weights(one / "model.keras", other / "model.keras")
    same_policy(one, other)


def same_export(one, other):
    for name in ("variables/variables.data-00000-of-00001", "golden.json"):
        assert (one / name).read_bytes() == (other / name).read_bytes()


def test_train(kcx, tmp_path):
    kill(kcx, tmp_path, TRAIN.split(), "run", same_training)


def test_folds(kcx, tmp_path):
    kill(kcx, tmp_path, FOLDS.split(), "run", same_folds)


def test_classical(kcx, tmp_path):
    pytest.importorskip("skops")
    kill(kcx, tmp_path, CLASSICAL.split(), "model.skops", same_classifier)


ENDED = {
    "demo": (DEMO, "run"),
    "folds": (FOLDS, "run"),
    "gan": (GAN, "run"),
    "search": (SEARCH, "run"),
    "classical": (CLASSICAL, "model.joblib"),
    "export": ("export MODEL digits", "served/1"),
    "evaluate": ("evaluate MODEL digits --report REPORT", "scores.json"),
    "gallery": ("gallery --quiet", "gallery.html"),
    "bench": ("bench ops --op invert --size 8 --seconds 0.05 --repeats 2", "rows.json"),
}


@pytest.mark.parametrize("name", ENDED)
def test_a_signal_at_any_moment(kcx, tmp_path, name):
    """The command says in one line how to go on, and nothing half written outlasts the next."""
    command, output = ENDED[name]
    training.save_model(training.small_cnn((8, 8, 1), 10, width=4), tmp_path / "model.keras")
    command = command.replace("MODEL", str(tmp_path / "model.keras"))
    command = command.replace("REPORT", str(tmp_path / "report.html")).split()
    place = str(tmp_path / "whole" / output)
    changes = kcx([*command, "--output", place], tmp_path / "whole")["changes"]
    numbers = random.Random(SEED)
    for turn in range(KILLS):
        # The first comes half way; a command that goes on may be done before its signal.
        moment = {"change": numbers.randint(1, changes) if turn else changes // 2}
        number = numbers.choice([signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
        place = str(tmp_path / "ended" / output)
        told = kcx([*command, "--output", place], tmp_path / "ended", signal=number, **moment)
        assert told["code"] or turn, "the signal was ignored"
        if told["code"]:
            line = f"ended by {number.name}: start the same command again to go on"
            assert told["code"] == 128 + number, (moment, told["errors"])
            assert told["errors"].splitlines() == [line], moment
    told = kcx([*command, "--output", place], tmp_path / "ended")
    assert told["code"] == 0, told["errors"]
    assert not list(tmp_path.rglob(f"{errors.TEMPORARY}*"))


def same_demo(one, other):
    for name in ("demo.json", "evaluation.json", "saved_model/golden.json"):
        assert (one / name).read_bytes() == (other / name).read_bytes()
    same_policy(one / "search", other / "search")
    for path in one.glob("train-*/model.keras"):
        same_weights(path, other / path.relative_to(one))


def test_demo(kcx, tmp_path):
    kill(kcx, tmp_path, DEMO.split(), "run", same_demo)


@pytest.mark.parametrize("name", ["evaluate", "gallery", "bench"])
def test_single_files(kcx, tmp_path, name):
    """A file is whole or not there, and a report beside the scores as well."""
    training.save_model(training.small_cnn((8, 8, 1), 10, width=4), tmp_path / "model.keras")
    given = (tmp_path / "model.keras").read_bytes()
    command, output = ENDED[name]
    command = command.replace("MODEL", str(tmp_path / "model.keras"))
    command = command.replace("REPORT", str(tmp_path / "report.html")).split()

    def same(one, other):
        texts = [path.read_text() for path in (one, other)]
        if name == "bench":  # its times are others
            texts = [[row.keys() for row in json.loads(text)["rows"]] for text in texts]
        assert texts[0] == texts[1]

    def between(folder):
        assert (tmp_path / "model.keras").read_bytes() == given
        for path in (folder / output, tmp_path / "report.html"):
            if path.exists():
                text = path.read_text()
                assert text.endswith("</html>\n") or json.loads(text)

    kill(kcx, tmp_path, command, output, same, between=between)
    assert not list(tmp_path.glob(f"{errors.TEMPORARY}*"))


def test_gan(kcx, tmp_path):
    def same(one, other):
        same_weights(one / "gan.keras", other / "gan.keras")

    kill(kcx, tmp_path, GAN.split(), "run", same)


def test_search(kcx, tmp_path):
    kill(kcx, tmp_path, SEARCH.split(), "run", same_search)


@pytest.mark.parametrize("there", [False, True], ids=["new", "replaced"])
def test_export(kcx, tmp_path, there):
    """A server that watches the folder sees whole versions, and no others."""
    training.save_model(training.small_cnn((8, 8, 1), 10, width=4), tmp_path / "model.keras")
    given = (tmp_path / "model.keras").read_bytes()

    def between(folder):
        served = folder / "served"
        seen = [path.name for path in served.glob("[!.]*")]
        assert seen == ["1"] or not there
        for name in seen:
            assert (served / name / "saved_model.pb").exists()
        assert (tmp_path / "model.keras").read_bytes() == given

    def begin(folder):
        if there:
            shutil.copytree(tmp_path / "whole" / "served", folder / "served")

    command = ["export", str(tmp_path / "model.keras"), "digits"]
    kill(kcx, tmp_path, command, "served/1", same_export, begin=begin, between=between)


def test_pack(kcx, tmp_path):
    """Files of records that were whole stay as they are, and the others are written anew."""
    numbers = np.random.default_rng(1)
    for row in range(40):
        path = tmp_path / "photographs" / ("cat", "dog")[row % 2] / f"{row}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = numbers.integers(0, 256, (40, 30, 3), np.uint8)
        files.write_png(pixels, path)
    given = contents(tmp_path / "photographs")

    def same(one, other):
        packs = [contents(folder) for folder in (one, other)]
        for pack in packs:
            pack.pop(pathlib.Path(marks.LOCK))  # names the process
        assert packs[0] == packs[1]
        assert contents(tmp_path / "photographs") == given

    command = ["pack", str(tmp_path / "photographs"), "--size", "24", "--per-file", "4"]
    kill(kcx, tmp_path, command, "packed", same, flag=False)
