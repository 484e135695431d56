"""The mutation tester: the table fits the tree, and what is caught and what survives is told."""

import subprocess
import sys

import mutate
import mutation_table
import pytest

_PROJECT = """
[tool.hatch.build.targets.sdist]
include = ["toy.py", "tests"]
[tool.pytest.ini_options]
addopts = "-n 2"
"""
_TESTS = """
import toy

def test_double():
    assert toy.double(3) == 6

def test_nothing():
    assert toy.double(0) == 0
"""
_ENTRY = """
[[change]]
file = "toy.py"
before = '''{}'''
after = '''{}'''
tests = ["tests/test_toy.py{}"]
why = "{}"
"""


@pytest.fixture
def toy(tmp_path):
    """A project of one function and two tests, and a function that writes its table."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "changes").mkdir()
    (tmp_path / "pyproject.toml").write_text(_PROJECT)
    (tmp_path / "toy.py").write_text("def double(x):\n    return 2 * x\n")
    (tmp_path / "tests/test_toy.py").write_text(_TESTS)

    def write(*entries):
        text = "".join(_ENTRY.format(*entry) for entry in entries)
        (tmp_path / "changes/toy.toml").write_text(text)
        return tmp_path

    return write


def _run(folder, *arguments):
    return mutate.main(list(arguments), root=folder, folder=folder / "changes", preloaded=[])


def test_every_entry_fits_the_tree():
    changes = mutation_table.read_table(mutate.ROOT)
    assert all(len(change.why) > 10 for change in changes)


def test_caught_and_survived(toy, capsys):
    folder = toy(
        ("2 * x", "3 * x", "::test_double", "three times"),
        ("2 * x", "3 * x ", "::test_nothing", "nobody looks"),
        ("return 2", "return return 2", "::test_nothing", "no Python"),
    )
    before = (folder / "toy.py").read_text()
    assert _run(folder, "--jobs", "1") == 1
    printed = capsys.readouterr().out
    assert "toy                    2     3\n" in printed
    assert "\nsurvived: toy.py:2: nobody looks" in printed
    assert "\ncaught, not imported: toy.py:2: no Python" in printed
    assert (folder / "toy.py").read_text() == before


def test_what_takes_too_long_is_caught(toy, capsys):
    folder = toy(("2 * x", '__import__("time").sleep(60)', "::test_double", "never ends"))
    assert _run(folder, "--jobs", "1", "--timeout", "1") == 0
    assert "\ncaught, too slow: toy.py:2: never ends" in capsys.readouterr().out


def test_a_test_that_is_missing_or_fails_unchanged_is_an_error(toy, capsys):
    folder = toy(("2 * x", "3 * x", "::test_double", "x"), ("x)", "y)", "::test_away", "y"))
    assert _run(folder, "--jobs", "1") == 2
    assert "test_away" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (("5 * x", "3 * x", "", "x"), "has 0 times, not once"),
        (("x", "y", "", "x"), "has 2 times, not once"),
        (("2 * x", "2 * x", "", "x"), "the same"),
        (("2 * x", "3 * x", "_of_none.py", "x"), "no test file"),
    ],
)
def test_errors_of_the_table(toy, capsys, entry, message):
    assert _run(toy(entry), "--list") == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("code", "uncollected", "verdict"),
    [(0, [], "survived"), (1, [], "caught"), (4, ["a.py"], "caught, not imported")]
    + [(2, ["a.py"], "caught, not imported")]
    + [(code, [], f"error: pytest ended with {code}") for code in (2, 3, 4, 5, None)],
)
def test_verdicts(code, uncollected, verdict):
    result = {"code": code, "uncollected": uncollected, "timeout": False}
    assert mutate.judge(result) == verdict


def test_unknown_package_and_help(toy, capsys):
    folder = toy(("2 * x", "3 * x", "", "three times"))
    assert _run(folder, "--only", "other") == 2
    assert "no table for other; there is toy" in capsys.readouterr().err
    assert _run(folder, "--list") == 0
    assert capsys.readouterr().out == "toy: toy.py:2: three times\n1 changes\n"
    done = subprocess.run(
        [sys.executable, mutate.__file__, "--help"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0
    assert "--only PACKAGE" in done.stdout
