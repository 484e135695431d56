"""What a release is made of says the same everywhere."""

import pathlib
import re

import pytest

from keras_cv_extras import __version__

ROOT = pathlib.Path(__file__).parent.parent


def test_the_version_is_the_same_everywhere():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(r"^version: (.*)$", citation, re.MULTILINE)[1] == __version__
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## (\S+)", changelog, re.MULTILINE)[1] == __version__


@pytest.mark.parametrize("name", ["ci", "release"])
def test_workflows_run_what_is_here(name):
    text = (ROOT / ".github" / "workflows" / f"{name}.yml").read_text(encoding="utf-8")
    assert re.search(r"- run: \.ci/run( all)?$", text, re.MULTILINE)
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o100
    python = re.search(r'python-version: "([\d.]+)"', text)[1]
    wanted = re.search(r'requires-python = ">=([\d.]+)"', (ROOT / "pyproject.toml").read_text())
    assert python == wanted[1]


def test_the_container_copies_what_is_here_and_runs_as_nobody_special():
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = [name for line in lines if line.startswith("COPY ") for name in line.split()[1:-1]]
    allowed = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert [f"!{name}" for name in copied] == [line for line in allowed if line.startswith("!")]
    assert all((ROOT / name).exists() for name in copied)
    wanted = re.search(r'requires-python = ">=([\d.]+)"', (ROOT / "pyproject.toml").read_text())
    assert f"FROM python:{wanted[1]}-slim" in lines
    assert "USER 1000" in lines
    (start,) = [line for line in lines if line.startswith("ENTRYPOINT")]
    script = re.search(r'^(\w+) = "keras_cv_extras', (ROOT / "pyproject.toml").read_text(), re.M)
    assert start == f'ENTRYPOINT ["{script[1]}"]'


def test_a_release_needs_a_tag_of_the_version():
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
    line = '__version__ = \\"${GITHUB_REF_NAME#v}\\"'
    assert line in text
    initial = (ROOT / "keras_cv_extras" / "__init__.py").read_text(encoding="utf-8")
    assert f'__version__ = "{__version__}"' in initial.splitlines()
