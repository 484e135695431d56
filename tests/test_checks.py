"""The checks of values, at their borders: what is taken, what is refused, and how."""

import math

import numpy as np
import pytest

from keras_cv_extras._base import checks as _checks
from keras_cv_extras._base import lazy as _lazy
from keras_cv_extras.search.workers import _processes as _search_processes


def refused(error, message, function, *arguments, **options):
    with pytest.raises(error, match=message):
        function(*arguments, **options)


def test_numbers():
    assert _checks.number("x", np.float32(1.5)) == 1.5
    assert isinstance(_checks.number("x", 3), float)
    for value in (True, "1", None, [1]):
        refused(TypeError, "x must be a number, received", _checks.number, "x", value)
    for value in (math.nan, math.inf, -math.inf):
        refused(ValueError, "x must be finite", _checks.number, "x", value)


def test_numbers_in_a_range():
    assert [_checks.fraction("x", value) for value in (0, 0.5, 1)] == [0, 0.5, 1]
    for value in (-1e-9, 1 + 1e-9):
        refused(ValueError, r"x must be in \[0, 1\], received", _checks.fraction, "x", value)
    assert _checks.positive("x", 1e-9) == 1e-9
    refused(ValueError, "x must be above 0, received 0", _checks.positive, "x", 0)
    assert _checks.non_negative("x", 0) == 0
    refused(ValueError, "x must be at least 0", _checks.non_negative, "x", -1e-9)


def test_integers():
    assert _checks.integer("x", np.int64(3)) == 3
    assert type(_checks.integer("x", np.int64(3))) is int
    assert _checks.integer("x", 3, minimum=3) == 3
    refused(ValueError, "x must be at least 3, received 2", _checks.integer, "x", 2, minimum=3)
    assert _checks.integer("x", -5) == -5
    for value in (True, 1.0, "1", None):
        refused(TypeError, "x must be an integer", _checks.integer, "x", value)


def test_intervals():
    assert _checks.interval("x", 2) == (2.0, 2.0)
    assert _checks.interval("x", [3, 1]) == (3.0, 1.0)
    assert _checks.interval("x", (0, 1), low=0, high=1) == (0.0, 1.0)
    for value in ((-0.1, 1), (0, 1.1)):
        message = r"x must lie in \[0, 1\]"
        refused(ValueError, message, _checks.interval, "x", value, low=0, high=1)
    for value in ((1,), (1, 2, 3), "12", None):
        refused(TypeError, "a number or a pair of numbers", _checks.interval, "x", value)


def test_ranges_that_rise():
    assert _checks.rising("x", [0, 1]) == (0.0, 1.0)
    for value in ((1, 1), (1, 0), 2):
        refused(ValueError, r"x must be \(low, high\) with low < high", _checks.rising, "x", value)
    assert _checks.below_one("x", 0) == 0.0
    for value in (-0.1, 1):
        refused(ValueError, r"x must be in \[0, 1\), received", _checks.below_one, "x", value)


def test_lengths():
    _checks.same_length(x=[1, 2], y=np.zeros((2, 3)))
    for y in ([1], np.zeros(3), np.float32(2)):
        message = "x and y must have the same length, received 2 and"
        refused(ValueError, message, _checks.same_length, x=[1, 2], y=y)


def test_axes_and_labels():
    assert [_checks.behind_batch(axis, (4, 5, 6)) for axis in (1, 2, -1, -2)] == [1, 2, 2, 1]
    for axis in (0, 3, -3):
        refused(ValueError, "an axis behind the batch's", _checks.behind_batch, axis, (4, 5, 6))
    _checks.class_numbers(np.array([0, 2]), 3)
    for labels in ([-1, 0], [0, 3]):
        message = r"labels must lie in \[0, 3\), received"
        refused(ValueError, message, _checks.class_numbers, np.array(labels), 3)


def test_sizes_choices_and_truth():
    assert _checks.sizes("x", 3, 2) == (3, 3)
    assert _checks.sizes("x", [3, 4], 2) == (3, 4)
    for value in ((3,), (1, 2, 3), 3.0):
        refused(
            ValueError, "x must be a positive integer or 2 of them", _checks.sizes, "x", value, 2
        )
    refused(ValueError, "x must be at least 1", _checks.sizes, "x", (3, 0), 2)
    assert _checks.one_of("x", "a", ("a", "b")) == "a"
    refused(
        ValueError, "x must be one of 'a', 'b', received 'c'", _checks.choice("a", "b"), "x", "c"
    )
    two = ("rotate", "solarize", 3)
    refused(
        ValueError, "received 'rotat'; did you mean 'rotate'", _checks.one_of, "x", "rotat", two
    )
    refused(ValueError, "received 4$", _checks.one_of, "x", 4, two)
    assert _checks.boolean("x", False) is False
    refused(TypeError, "x must be True or False, received 0", _checks.boolean, "x", 0)


def test_counts_of_classes():
    assert _checks.counts("x", np.array([3, 0])) == [3.0, 0.0]
    assert _checks.numbers_or_none("x", None) is None
    for value in ([3], [0, 0], [-1, 2], [], None):
        refused(ValueError, "how many samples each of two or more", _checks.counts, "x", value)
    refused(TypeError, "a list of numbers, one per class", _checks.numbers_or_none, "x", 3)
    refused(ValueError, "x must be finite", _checks.numbers_or_none, "x", [1, math.nan])


def test_names_are_loaded_when_they_are_asked_for(tmp_path):
    stub = "from . import scanner as scanner\nfrom .decoder import JSONDecoder as JSONDecoder\n"
    (tmp_path / "__init__.pyi").write_text(stub)
    load, names, public = _lazy.attach("json", str(tmp_path / "__init__.py"))
    import json.decoder
    import json.scanner

    assert load("JSONDecoder") is json.decoder.JSONDecoder
    assert load("scanner") is json.scanner
    assert names() == public == ["JSONDecoder", "scanner"]
    with pytest.raises(AttributeError, match="module 'json' has no attribute 'other'"):
        load("other")


@pytest.mark.parametrize(
    ("cores", "workers", "threads"), [(8, 3, "2"), (8, 2, "4"), (2, 5, "1"), (1, 1, "1")]
)
def test_the_processes_of_a_search(monkeypatch, tmp_path, cores, workers, threads):
    given = {}

    def supervise(processes, report):
        given["processes"] = processes
        return 5

    for name in _search_processes._THREADS[1:]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(_search_processes._THREADS[0], "9")
    monkeypatch.setattr(_search_processes, "supervise", supervise)
    monkeypatch.setattr(_search_processes, "num_cores", lambda: cores)
    launch = _search_processes.launch
    assert launch(["program"], tmp_path, workers, end_with_search=True, report=print) == 5
    chief, *others = given["processes"]
    assert len(others) == workers
    roles = [_search_processes.role_in(tmp_path, one.environment) for one in given["processes"]]
    assert [role.kind for role in roles] == ["chief"] + ["worker"] * workers
    assert len({role.tuner_id for role in roles}) == 1 + workers
    assert len({role.address for role in roles}) == 1
    assert [one.environment.get("OMP_NUM_THREADS") for one in others] == [threads] * workers
    assert "OMP_NUM_THREADS" not in chief.environment
    # What the user has set stays.
    assert _search_processes._THREADS[0] not in others[0].environment
    assert [one.log.name for one in others] == [f"worker-{n}.log" for n in range(workers)]
    assert chief.log is None
    launch(["program"], tmp_path, workers, end_with_search=False, report=print)
    assert "KCX_SEARCH_DIRECTORY" not in given["processes"][0].environment
