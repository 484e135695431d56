"""Every `>>>` line of the package runs, and prints what its docstring shows.

Examples speak of what their reader has, such as `images` and `model`: tests/docstring_names.py
says what these are here. What takes long, or a network, is made smaller by `SMALLER`. A line
without a result shown must run, no more.
"""

import doctest
import importlib
import importlib.util
import pathlib
import re

import pytest
from seeds import seed_keras

import keras_cv_extras

ROOT = pathlib.Path(__file__).parent
SOURCE = pathlib.Path(keras_cv_extras.__file__).parent
FILES = [
    path.relative_to(SOURCE)
    for path in sorted(SOURCE.rglob("*.py"))
    if ">>> " in path.read_text(encoding="utf-8")
]
# Of one template: in all of them stands the same line, with another layer's name.
OF_TEMPLATE = pathlib.Path("layers", "augmentation", "_image_op.py")
ON_JAX = [path for path in FILES if path.stem.startswith("_population")]  # they run there alone
PARTS = sorted({path.parts[0] for path in FILES})
OPTIONAL = ("albumentations", "nvidia", "official", "torchvision")
SMALLER = (
    (r'VGG16\(weights="imagenet"', "VGG16(include_top=False, weights=None"),  # 0.5 GB less
    (r'weights="imagenet"', "weights=None"),  # no download
    (r"\"fashion_mnist\"", '"mnist_5k"'),
    (r"\bepochs=\d+", "epochs=1"),
    (r"\bmax_trials=\d+(?=\), build)|\bmax_trials=\d+(?=, epochs)", "max_trials=2"),
    (r"\bpopulation_size=\d+(?=,\n)", "population_size=2"),
    (r"range\(32\)", "range(2)"),
    (r"= (gallery|run_[a-z]+)\(.*\)", r"= \1"),  # minutes
    (r'data="my digits"', 'data="my digits", steps=2'),
)


class Checker(doctest.OutputChecker):
    """An example that shows no result may have one."""

    def check_output(self, want, got, optionflags):
        return not want or super().check_output(want, got, optionflags)


def examples(path):
    """Returns the docstrings of a file that have examples."""
    from docstring_names import Names

    name = ".".join(("keras_cv_extras", *path.with_suffix("").parts))
    found = doctest.DocTestFinder().find(importlib.import_module(name))
    found = [docstring for docstring in found if docstring.examples]
    for docstring in found:
        docstring.globs = Names(name.partition(".")[2], docstring.name)
        missing = False
        for example in docstring.examples:
            for pattern, smaller in SMALLER:
                example.source = re.sub(pattern, smaller, example.source)
            missing |= any(
                f"{library}." in example.source and not importlib.util.find_spec(library)
                for library in OPTIONAL
            )
            if missing:  # and what follows speaks of what this would have made
                example.options[doctest.SKIP] = True
    return found


def run(paths, every=1):
    """Runs the examples of files; returns how many ran, and what was wrong.

    Args:
        paths: the files, below the package.
        every: of those that are made of a template, each `every`-th runs.
    """
    runner = doctest.DocTestRunner(
        Checker(), verbose=False, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    )
    wrong = []
    for path in paths:
        for docstring in examples(path)[:: every if path == OF_TEMPLATE else 1]:
            seed_keras()  # whatever stands before it
            runner.run(docstring, out=wrong.append)
    return runner.tries, "".join(wrong)


def test_every_argument_stands_in_a_line_of_its_own():
    """What begins in the column of the names is a name: else it would be a part of another."""
    section, wrong = re.compile(r"^( *)(?:Call arguments|Args):\n((?:\1 +.*\n)+)", re.M), []
    for path in SOURCE.rglob("*.py"):
        for indent, text in section.findall(path.read_text(encoding="utf-8")):
            lines = [line.removeprefix(indent) for line in text.splitlines()]
            found = [line for line in lines if not re.match(r"    (    |\*{0,2}\w+: )", line)]
            wrong += [f"{path}: {line}" for line in found]
    assert not wrong, "\n".join(wrong)


# Keras' fit says that it does not shuffle a dataset, which nobody has asked it to do.
SHUFFLE = pytest.mark.filterwarnings("ignore:`shuffle=True` was passed:UserWarning")


@SHUFFLE
@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS)
def test_examples_run(part, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    from docstring_names import write_files

    write_files()
    paths = [path for path in FILES if path.parts[0] == part and path not in ON_JAX]
    tries, wrong = run(paths, every=6)
    assert not wrong, wrong
    assert tries


@pytest.mark.slow
@pytest.mark.rare
def test_examples_of_a_template_run():
    tries, wrong = run([OF_TEMPLATE])
    assert not wrong, wrong
    assert tries > 50


@pytest.mark.slow
@pytest.mark.rare
def test_examples_run_on_jax(python_on_jax, tmp_path):
    script = "import os; os.chdir(sys.argv[1]); sys.path.append(sys.argv[2])\n"
    script += "import pathlib, test_docstrings\n"
    script += "tries, wrong = test_docstrings.run(map(pathlib.Path, sys.argv[3:]))\n"
    script += "assert not wrong, wrong\nprint(tries)"
    assert int(python_on_jax(script, tmp_path, ROOT, *ON_JAX)) >= 5
