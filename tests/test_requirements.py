"""What pyproject.toml asks for: all that is imported, no more than is needed, and what resolves."""

import ast
import importlib.metadata
import pathlib
import re
import subprocess
import sys
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = pathlib.Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
NEEDED = [Requirement(line) for line in PROJECT["dependencies"]]
PRIVATE = re.compile(r"^(keras|keras_tuner)\.src\b|^(tensorflow)\.python\b|^(jax)\._src\b")


def imported():
    """Returns, for every module that the package imports, the files that do so."""
    found = {}
    for path in sorted((ROOT / "keras_cv_extras").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module]
            else:
                continue
            for name in names:
                found.setdefault(name, []).append(str(path.relative_to(ROOT)))
    return found


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


# What no extra brings: each is looked for, and asked for by name where it is missing.
BY_NAME = {"ai_edge_litert", "nvidia", "tensorflow_datasets"}
HOMES = {"PIL": "pillow", "cv2": "opencv-python-headless", "faiss": "faiss-cpu"}
HOMES |= {"grpc": "grpcio", "imblearn": "imbalanced-learn"}
HOMES |= {"skimage": "scikit-image", "sklearn": "scikit-learn"}


def test_what_is_imported_is_asked_for():
    extras = [Requirement(line) for lines in EXTRAS.values() for line in lines]
    asked = {normal(each.name) for each in NEEDED + extras}
    modules = {name.partition(".")[0] for name in imported()} - BY_NAME
    modules -= {"keras_cv_extras", *sys.stdlib_module_names}
    assert {name for name in modules if normal(HOMES.get(name, name)) not in asked} == set()


def test_private_modules_have_upper_bounds():
    private = {
        next(filter(None, match.groups())) for match in map(PRIVATE.match, imported()) if match
    }
    assert private == {"keras", "keras_tuner", "tensorflow"}
    bounded = {
        normal(each.name)
        for each in NEEDED
        if any(bound.operator in ("<", "<=", "==", "~=") for bound in each.specifier)
    }
    assert bounded == {normal(name) for name in private}


def test_the_python_asked_for_is_that_of_the_dependencies():
    floor = PROJECT["requires-python"].removeprefix(">=")
    theirs = {
        each.name: importlib.metadata.metadata(each.name)["Requires-Python"] for each in NEEDED
    }
    refused = {
        name for name, wanted in theirs.items() if not SpecifierSet(wanted or "").contains(floor)
    }
    assert refused == set()
    before = f"3.{int(floor.partition('.')[2]) - 1}"
    assert not all(SpecifierSet(wanted or "").contains(before) for wanted in theirs.values())


@pytest.mark.slow
@pytest.mark.parametrize("extra", sorted(EXTRAS))
def test_an_extra_resolves(extra):
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", f"{ROOT}[{extra}]"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
