"""The mutation tester: the table fits the tree, and what is caught and what survives is told."""

import signal
import subprocess
import sys
import time

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
    assert "\ntoy                    2         1     3  " in printed
    assert "\nsurvived: toy.py:2: nobody looks" in printed
    assert "\ncaught, not imported: toy.py:2: no Python" in printed
    assert (folder / "toy.py").read_text() == before


def test_slow_tests_run(toy, capsys):
    folder = toy(("2 * x", "3 * x", "::test_double", "three times"))
    tests = folder / "tests/test_toy.py"
    mark = "import pytest\n\npytestmark = pytest.mark.slow\n"
    tests.write_text(mark + tests.read_text())
    assert _run(folder, "--jobs", "1") == 0
    assert "[1/1] caught" in capsys.readouterr().out


def test_a_sample_is_drawn_of_each_package():
    changes = mutation_table.read_table(mutate.ROOT)
    drawn = mutate.sample(changes, 100, 1)
    assert len(drawn) == 100
    assert drawn == mutate.sample(changes, 100, 1) != mutate.sample(changes, 100, 2)
    packages = {change.package for change in changes}
    assert {change.package for change in drawn} == packages
    for package in packages:
        share = sum(change.package == package for change in changes) * 100 / len(changes)
        assert abs(sum(change.package == package for change in drawn) - share) <= 1


@pytest.mark.wide
def test_a_record_is_gone_on_from(toy, capsys):
    folder = toy(
        ("2 * x", "3 * x", "::test_double", "three times"),
        ("2 * x", "3 * x ", "::test_nothing", "nobody looks"),
    )
    record = folder / "record"
    _run(folder, "--jobs", "1", "--record", str(record), "--match", "three")
    assert "[1/1] caught" in capsys.readouterr().out
    _run(folder, "--jobs", "1", "--record", str(record))
    printed = capsys.readouterr().out
    assert "[1/2]" not in printed
    assert "[2/2] survived" in printed
    assert "\nall                    1         1     2  " in printed
    tests = folder / "tests/test_toy.py"
    tests.write_text(tests.read_text().replace("toy.double(0) == 0", "toy.double(1) == 2"))
    _run(folder, "--jobs", "1", "--record", str(record))
    assert capsys.readouterr().out.count("] caught") == 2  # other tests: all is tried anew


@pytest.mark.wide
def test_an_interruption_keeps_what_is_known(toy, tmp_path):
    never = """__import__("pathlib").Path({!r}).touch() or __import__("time").sleep(60)"""
    begun = tmp_path / "begun"
    folder = toy(
        ("2 * x", "3 * x", "::test_double", "three times"),
        ("2 * x", never.format(str(begun)), "::test_double", "never ends"),
        ("2 * x", "4 * x", "::test_double", "four times"),
    )
    script = (
        "import sys, pathlib, mutate; folder = pathlib.Path(sys.argv[1])\n"
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "arguments = ['--jobs', '1', '--timeout', '3']\n"
        "sys.exit(mutate.main(arguments, folder, folder / 'changes', []))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=mutate.ROOT / "tests/mutation",
        text=True,
    )
    while not begun.exists():
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    printed, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted: 2 of 3 were tried" in error
    assert "\nall                    2         0     2  " in printed


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
        (("2 * x", "3 * x", "::test_triple[1]", "x"), "no test test_triple in tests/test_toy.py"),
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
