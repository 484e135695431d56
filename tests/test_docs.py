"""The code of README and docs: each page runs from top to bottom, as a reader would paste it.

The blocks of a page share one namespace, which is empty at its beginning, and one folder. Numbers
of epochs, trials, steps and images are made small, and nothing is downloaded (`SMALLER`, and
`few_digits`); the rest runs as it stands. Lines that begin with `kcx` must be understood by its own
parser; those of the pages in `COMMANDS_RUN` are run, in the place where they stand.
"""

import importlib.util
import pathlib
import re
import shlex

import pytest
import typer
from PIL import Image

from keras_cv_extras import serving
from keras_cv_extras.cli import app
from keras_cv_extras.data import _sources

ROOT = pathlib.Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(kcx [^`]+)`")
COMMANDS_RUN = ("classical.md", "gan.md", "policies.md", "serving.md", "start.md")
SEARCHED = '("invert", "rotate", "brightness")'
SMALLER = (
    (r'weights="imagenet"', "weights=None"),
    # Of a search, in two stages. Most of its time would go into the screen of sixteen ops.
    (r"\btrials=\d+, epochs=\d+", f"trials=2, epochs=2, confirm_seeds=2, ops={SEARCHED}"),
    (r"\bmax_trials=\d\d+", "max_trials=2"),
    (r"\bepochs( ?=) ?\d\d+", r"epochs\1 1"),
    (r"\btiles\[:, :, i::2\]", "tiles[:, ::3, i::2]"),  # a third of the images of classical.md
    (r"\b9 \* 7\)", "3 * 7)"),
    (r"\bsteps=\d+", "steps=2, every=1"),  # of a GAN
    (r"\btrain_size=\d+", "train_size=100"),
    (r"\[(:?)1000(:?)\]", r"[\g<1>400\2]"),  # of the 500 that `few_digits` leaves
    (r"7/37\.png", "7/33.png"),  # of these, the other is no seven
    (r"--(epochs|count) \d+", r"--\1 1"),
    (r"--steps \d+", "--steps 2 --every 1"),
    (r"\bkcx gan report ", "kcx gan report --steps 30 "),  # of two classifiers
)

if importlib.util.find_spec("tf2onnx") is None:  # an extra; its tests are in tests/serving
    SMALLER += ((r"--format onnx", "--format litert"),)


def smaller(code):
    """Returns code that asks for less."""
    for pattern, replacement in SMALLER:
        code = re.sub(pattern, replacement, code)
    return code


def commands(shell):
    """Returns the arguments of each `kcx` of a piece of shell script."""
    shell = re.sub(r"\\\n", " ", shell)
    found = []
    for line in shell.splitlines():
        words = shlex.split(line, comments=True)
        for place, word in enumerate(words):
            if word == "kcx" and (place == 0 or words[place - 1] in ("&&", ";", "--")):
                end = [i for i, other in enumerate(words) if i > place and other in ("&&", ";")]
                found.append(words[place + 1 : (end or [None])[0]])
    return found


@pytest.fixture
def parser():
    """The command line, whose commands do nothing."""

    def silenced(command):
        for child in getattr(command, "commands", {}).values():
            silenced(child)
        command.callback = lambda **options: None
        return command

    return silenced(typer.main.get_command(app))


LINES = [
    pytest.param(arguments, id=f"{page.name}: {' '.join(arguments)}"[:80])
    for page in PAGES
    for language, code in BLOCK.findall(page.read_text(encoding="utf-8"))
    if language == "bash"
    for arguments in commands(code)
]
SENTENCES = [
    pytest.param(words.split()[1:], id=f"{page.name}: {words}"[:80])
    for page in PAGES
    for words in INLINE.findall(BLOCK.sub("", page.read_text(encoding="utf-8")))
]


@pytest.mark.parametrize("arguments", LINES)
def test_commands_of_blocks_are_understood(arguments, parser):
    parser.main(arguments, standalone_mode=False)


@pytest.mark.parametrize("words", SENTENCES)
def test_commands_in_sentences_exist(words, parser):
    leaves = [parser]
    for word in words:
        if not all(hasattr(leaf, "commands") for leaf in leaves) or word.startswith("-"):
            break
        if leaves[0].name == "search" and word not in leaves[0].commands:
            word = "run"  # what it does with data
        leaves = [leaves[0].commands[each] for each in word.split("|")]
    known = {name for leaf in leaves for option in leaf.params for name in option.opts}
    own = words[: words.index("--")] if "--" in words else words
    assert {word for word in own if word.startswith("--")} <= known


def test_what_is_found():
    """A page whose blocks are written in another way would pass by having none."""
    found = [len(BLOCK.findall(page.read_text(encoding="utf-8"))) for page in PAGES]
    fences = [page.read_text(encoding="utf-8").count("```") for page in PAGES]
    assert fences == [2 * count for count in found]
    assert len(LINES) >= 20
    assert len(SENTENCES) >= 15


@pytest.fixture
def few_digits(monkeypatch):
    """Of "mnist_5k" a fifth is there, which is enough for pages."""
    (images, labels), _, names = _sources._mnist_5k()
    monkeypatch.setattr(_sources, "_mnist_5k", lambda: ((images[::5], labels[::5]), None, names))


# Keras' fit says that it does not shuffle a dataset, which nobody has asked it to do.
SHUFFLE = pytest.mark.filterwarnings("ignore:`shuffle=True` was passed:UserWarning")


@SHUFFLE
@pytest.mark.slow
@pytest.mark.usefixtures("few_digits")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_runs(page, photographs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(serving.ModelServer, "serve_forever", lambda server: None)
    for name in ("some.png", "other.jpg"):  # files that a reader has
        Image.fromarray(photographs[0]).save(name)
    namespace = {"__name__": "__main__"}
    for language, code in BLOCK.findall(page.read_text(encoding="utf-8")):
        if language == "python":
            exec(compile(smaller(code), str(page), "exec"), namespace)
        elif language == "bash" and page.name in COMMANDS_RUN:
            for arguments in commands(smaller(code)):
                typer.main.get_command(app).main(arguments, standalone_mode=False)
