"""Of two commands that write to one place the second is told in one line, and touches nothing."""

import contextlib
import threading

import numpy as np
import pytest
import typer
from test_ownership import picture

from keras_cv_extras import cli, generative, policy
from keras_cv_extras._base import files
from keras_cv_extras._base.owned import folders

WRITES = (
    "output",
    "report",
    "predictions",
    "logs",
)  # what options and arguments for that are called
BENCH = {f"bench {name}": "" for name in ("policies", "input", "ops", "losses", "pooling")}
# A command -> what it is given but for the place; MODEL is a file, IMAGES a folder of images.
GIVEN = {
    "demo": "--smoke --quiet",
    "train": "digits --quiet",
    "evaluate": "MODEL digits",
    "pack": "IMAGES",
    "gallery": "--quiet",
    "export": "MODEL digits",
    "launch": "-- true",
    "search run": "digits --trials 1 --train-size 50 --confirm-seeds 1 --quiet",
    "policy show": "POLICY --data digits",
    "policy convert": "POLICY",
    "classical train": "digits --quiet",
    "classical evaluate": "MODEL digits",
    "gan train": "digits --steps 1 --every 1 --width 4 --quiet",
    "gan sample": "GAN --count 1",
    "gan report": "GAN digits --quiet",
    **BENCH,
}


def commands(group, before=()):
    """Gives the names of all commands, with their parameters."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*before, name))
        else:
            yield " ".join((*before, name)), command.params


def places():
    """Every command that writes, and the option that says where; "" for an argument."""
    found = []
    for name, params in commands(typer.main.get_command(cli.app)):
        for one in params:
            if one.name in WRITES:
                option = one.opts[0] if one.param_type_name == "option" else ""
                found.append((name, option))
    return [*found, ("train --folds 2", "--output")]


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """What commands are given, by its name."""
    folder = tmp_path_factory.mktemp("given")
    (folder / "model.keras").touch()
    policy.flip_crop().save(folder / "policy.json")
    gan = generative.ConditionalGAN((8, 8, 1), 10, width=4)
    gan.compile()
    gan.save(folder / "gan.keras")
    for number in range(4):
        (folder / "images" / str(number % 2)).mkdir(parents=True, exist_ok=True)
        pixels = np.full((8, 8, 3), 40 * number, np.uint8)
        files.write_png(pixels, folder / "images" / str(number % 2) / f"{number}.png")
    names = {"MODEL": "model.keras", "POLICY": "policy.json", "GAN": "gan.keras"}
    return {name: str(folder / file) for name, file in (*names.items(), ("IMAGES", "images"))}


class Stopped(Exception):
    """The first command is not to do its work."""


def ask(arguments):
    """Returns what a command that another thread runs ends with; to locks it is another process."""
    found = []

    def run():
        try:
            found.append(cli.app(arguments, standalone_mode=False))
        except Exception as error:
            found.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(60)
    return found[0]


def test_every_command_that_writes_is_known():
    assert {name.partition(" --")[0] for name, _ in places()} == GIVEN.keys()


@pytest.mark.parametrize(("name", "option"), places(), ids=lambda value: value)
def test_the_second_is_told_and_touches_nothing(name, option, given, tmp_path, monkeypatch):
    """The first holds the place before its work: there it is stopped, while the second begins."""
    monkeypatch.chdir(tmp_path)
    first, _, more = name.partition(" --")
    words = [given.get(word, word) for word in GIVEN[first].split()]
    endings = {"policy show": "a.png", "classical train": "a.skops"}
    place = tmp_path / "new" / endings.get(first, "a")
    where = [option, str(place)] if option else [str(place)]
    arguments = [*first.split(), *(f"--{more}".split() if more else ())]
    arguments += [*words, *where] if not option else [*where, *words]
    said = []

    def stopping(real):
        @contextlib.contextmanager
        def held(*places, **options):
            with real(*places, **options) as kept:
                if threading.current_thread() is not threading.main_thread():
                    yield kept
                    return
                before = picture(tmp_path)
                said.append(ask(arguments))
                assert picture(tmp_path) == before
                raise Stopped

        return held

    monkeypatch.setattr(files, "reserved", stopping(files.reserved))
    monkeypatch.setattr(folders, "owned", stopping(folders.owned))
    with pytest.raises(Stopped):
        cli.app(arguments, standalone_mode=False)
    assert isinstance(said[0], ValueError), said
    text = str(said[0])
    assert text.startswith(f"{place}: ")
    assert "wait for it" in text
    assert "\n" not in text
