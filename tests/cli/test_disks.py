"""On a disk that is full, or that may only be read, every command says so in one sentence.

The disks are real: small file systems in memory, which only a superuser may mount.
"""

import contextlib
import pathlib
import re
import subprocess

import numpy as np
import pytest
from PIL import Image

from keras_cv_extras import cli, policy, training
from keras_cv_extras.policy import _gallery

PAGE = 4096  # bytes in which such a disk counts

TRAIN = ["train", "digits", "--epochs", "1", "--batch-size", "449", "--validation", "0", "--quiet"]
GAN = ["gan", "train", "digits", "--steps", "1", "--every", "1", "--width", "4", "--quiet"]
SEARCH = ["search", "run", "digits", "--trials", "1", "--epochs", "2", "--train-size", "50"]
SEARCH += ["--confirm-seeds", "1", "--ops", "invert", "--quiet"]
BENCH = ["bench", "losses", "--loss", "Poly-1", "--seconds", "0.001"]

# A command -> what it writes, as the user names it.
FOLDERS = {
    "train": (TRAIN, "run"),
    "search": (SEARCH, "run"),
    "gan": (GAN, "run"),
    "demo": (["demo", "--smoke", "--quiet"], "run"),
    "export": (["export", "MODEL", "digits"], "served/1"),
    "export to litert": (["export", "MODEL", "digits", "--format", "litert"], "served/1"),
    "pack": (["pack", "IMAGES"], "packed"),
}
FILES = {
    "gallery": (["gallery", "--quiet"], "gallery.html"),
    "bench": (BENCH, "rows.json"),
    "classical": (["classical", "train", "digits", "--system", "hog", "--quiet"], "model.skops"),
    "policy show": (["policy", "show", "POLICY", "--data", "digits", "--columns", "1"], "a.png"),
    "policy convert": (["policy", "convert", "cifar10"], "cifar10.json"),
    "evaluate": (["evaluate", "MODEL", "digits"], "scores.json"),
}
# How many pages are left, for the work to begin and to end before it is done.
MIDWAY = {"train": 40, "search": 12, "gan": 60, "demo": 6, "pack": 6, "export": 12}
MIDWAY["export to litert"] = 4


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """A model and a policy to begin with."""
    folder = tmp_path_factory.mktemp("given")
    training.save_model(training.small_cnn((8, 8, 1), 10, width=8), folder / "model.keras")
    policy.flip_crop().save(folder / "policy.json")
    for number, image in enumerate(np.random.default_rng(0).integers(0, 256, (8, 64, 64, 3))):
        (folder / "images" / str(number % 2)).mkdir(parents=True, exist_ok=True)
        file = folder / "images" / str(number % 2) / f"{number}.png"
        Image.fromarray(image.astype("uint8")).save(file)
    return folder


@contextlib.contextmanager
def disk(place, *, pages=None, writable=True):
    """Mounts a disk with a file of somebody's on it, and as many free pages as are given."""
    place.mkdir()
    size = 1 << 24 if pages is None else (pages + 2) * PAGE
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(place)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no disk can be mounted here, which a superuser may")
    try:
        (place / "precious.txt").write_bytes(b"precious" * (2 * PAGE // 8))
        if not writable:
            subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def run(monkeypatch, command, given, output):
    """Returns the exit code, or the one sentence, with which a command ends."""
    names = {"MODEL": given / "model.keras", "POLICY": given / "policy.json"}
    names["IMAGES"] = given / "images"
    command = [str(names.get(word, word)) for word in command]
    plain = command[:2] == ["policy", "convert"] or command[0] == "pack"
    where = [str(output)] if plain else ["--output", str(output)]
    monkeypatch.setattr("sys.argv", ["kcx", *command, *where])
    monkeypatch.delenv("KCX_TRACEBACK", raising=False)
    with pytest.raises(SystemExit) as error:
        cli.main()
    return error.value.code


def check_sentence(text, output, errors, words):
    assert isinstance(text, str), text
    assert text.startswith("error: ")
    assert "[Errno" not in text
    assert "\n" not in text
    assert str(output) in text
    assert text.lower().count(words) == 1
    assert "Traceback" not in errors
    assert words not in errors.lower()  # `sys.exit` says it, once


def left(place):
    return {path.relative_to(place).as_posix() for path in place.rglob("*")}


@pytest.mark.parametrize("name", [*FOLDERS, *FILES])
def test_a_disk_that_may_only_be_read(tmp_path, monkeypatch, capfd, given, name):
    command, output = {**FOLDERS, **FILES}[name]
    monkeypatch.chdir(tmp_path)
    with disk(tmp_path / "disk", writable=False):
        said = run(monkeypatch, command, given, tmp_path / "disk" / output)
        check_sentence(said, tmp_path / "disk" / output, capfd.readouterr().err, "read-only file")
        assert left(tmp_path / "disk") == {"precious.txt"}
    assert left(tmp_path) == {"disk"}


@pytest.fixture
def small_gallery(monkeypatch):
    """A page that takes no time; it is written as any other."""
    monkeypatch.setattr(_gallery, "OPS", {"invert": _gallery.OPS["invert"]})
    monkeypatch.setattr(_gallery, "_policies", dict)
    monkeypatch.setattr(_gallery, "_mixes", dict)


@pytest.mark.wide
@pytest.mark.parametrize("name", [*FOLDERS, *FILES])
def test_a_disk_that_is_full(tmp_path, monkeypatch, capfd, given, small_gallery, name):
    command, output = {**FOLDERS, **FILES}[name]
    monkeypatch.chdir(tmp_path)
    with disk(tmp_path / "disk", pages=0):
        said = run(monkeypatch, command, given, tmp_path / "disk" / output)
        check_sentence(said, tmp_path / "disk" / output, capfd.readouterr().err, "no space left")
        assert left(tmp_path / "disk") == {"precious.txt"}
    assert left(tmp_path) == {"disk"}


@pytest.mark.wide
@pytest.mark.slow_but("train", "export")
@pytest.mark.parametrize("name", MIDWAY)
def test_a_disk_that_becomes_full(tmp_path, monkeypatch, capfd, given, name):
    command, output = FOLDERS[name]
    monkeypatch.chdir(tmp_path)
    with disk(tmp_path / "disk", pages=MIDWAY[name]):
        said = run(monkeypatch, command, given, tmp_path / "disk" / output)
        check_sentence(said, tmp_path / "disk" / output, capfd.readouterr().err, "no space left")
        found = left(tmp_path / "disk")
        assert [path for path in found if pathlib.Path(path).name.startswith(".kcx-tmp-")] == []
        precious = (tmp_path / "disk" / "precious.txt").read_bytes()
        assert precious == b"precious" * (2 * PAGE // 8)
    assert left(tmp_path) == {"disk"}


@pytest.mark.wide
def test_the_disk_for_temporary_files_is_full(tmp_path, monkeypatch, given):
    """It is not needed: what is written lies beside its place alone."""
    command, output = FOLDERS["export to litert"]
    with disk(tmp_path / "disk", pages=0):
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "disk"))
        assert not run(monkeypatch, command, given, tmp_path / output)
    assert (tmp_path / output / "model.tflite").is_file()
    assert [path.name for path in (tmp_path / output).parent.iterdir()] == ["1"]


@pytest.mark.wide
def test_a_finished_training_on_a_disk_that_may_only_be_read(tmp_path, monkeypatch, capfd, given):
    monkeypatch.chdir(tmp_path)
    with disk(tmp_path / "disk"):
        assert not run(monkeypatch, TRAIN, given, tmp_path / "disk" / "run")
        before = left(tmp_path / "disk")
        subprocess.run(["mount", "-o", "remount,ro", str(tmp_path / "disk")], check=True)
        capfd.readouterr()
        assert not run(monkeypatch, TRAIN, given, tmp_path / "disk" / "run")
        told = " ".join(capfd.readouterr().out.split())
        assert "cannot be written to: its files are as they were" in told
        assert re.search(r"accuracy 0\.\d{4}", told)
        assert left(tmp_path / "disk") == before
    assert np.all([path.name == "disk" for path in tmp_path.iterdir()])
