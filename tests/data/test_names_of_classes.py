"""Names of classes that may not be meant as they are, and those that are as they should be."""

import pytest

from keras_cv_extras.data import _names

ALIKE = [
    ("cat", "Cat"),
    ("big cat", "bigcat"),
    ("Straße", "STRASSE"),
    ("cat", "cat\u200b"),  # a sign without a width
    ("ｃat", "cat"),  # noqa: RUF001  as wide as a sign of Chinese
    ("1", "01"),
    ("1.0", "+1"),
    ("0", "000"),
    ("-2", "-02.00"),
]
DIFFERENT = [
    ("A", "a"),
    ("cat", "cats"),
    ("cat_1", "cat_01"),
    ("1.5", "01.25"),
    ("1", "-1"),
    ("1", "١"),  # one in Arabic
    (" ", "\u200b"),
    ("00", ""),
]


@pytest.mark.parametrize("names", ALIKE)
def test_names_that_look_alike(names):
    found = _names.doubts([*names, "something else"])
    listed = " and ".join(map(ascii, names))
    assert found == [f"the classes {listed} look alike: write them alike if they are one"]


@pytest.mark.parametrize("names", DIFFERENT)
def test_names_that_do_not_look_alike(names):
    assert not any("alike" in text for text in _names.doubts([*names, "something else"]))


def test_of_many_names_alike_five_are_listed():
    names = ["x" + "é" + " " * count for count in range(7)]
    (found,) = _names.doubts(names)
    assert found.count(" and ") == 4
    assert "\\xe9" in found


@pytest.mark.parametrize("name", ["", "NaN", "n/a", "NA", "#N/A", "<NA>", "NaT", "null", "None"])
def test_a_name_for_what_is_missing(name):
    (found,) = _names.doubts(["cat", name])
    assert found.startswith(f"the class {name!r} may stand for a missing label")


@pytest.mark.parametrize("name", ["none", "nap", "nothing"])
def test_a_name_for_something(name):
    assert _names.doubts(["cat", name]) == []


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["-1", "0", "1"], ["the class '-1' is below zero"]),
        (["-1", "-2"], []),  # all are
        (["-1", "cat"], []),
        (["0.5", "1"], ["the labels are numbers with fractions"]),
        (["0.0", "1.", "2.00"], []),
        (["0.5", "cat"], []),
        (["0.5"], []),
        (["-1.5", "1"], ["the class '-1.5' is below zero", "the labels are numbers with fractio"]),
    ],
)
def test_numbers_for_names(names, said):
    found = _names.doubts(names)
    assert len(found) == len(said)
    assert all(text.startswith(start) for text, start in zip(found, said, strict=True))
