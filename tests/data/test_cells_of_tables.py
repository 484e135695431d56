"""What cells of 0 and 1 say of an image's labels."""

import types

import pytest

from keras_cv_extras.data.files.table import _columns, _listing


def test_an_empty_cell_is_neither_zero_nor_one():
    cells = ("1", "0", "TRUE", "false", "1.0", "")
    assert [_columns.bit(cell) for cell in cells] == [True, False, True, False, True, None]
    with pytest.raises(ValueError, match="neither 0 nor 1"):
        _columns.bit("2")


@pytest.mark.parametrize(
    ("second", "several"), [(("1", "0"), False), (("0", "0"), True), (("1", "1"), True)]
)
def test_several_labels_are_those_that_are_not_one(second, several):
    rows = types.SimpleNamespace(
        numbers=["line 2", "line 3", "line 4"],
        columns={"a": ["0", second[0], ""], "b": ["1", second[1], "1"]},
    )
    table = types.SimpleNamespace(multilabel=None)
    _, labels, found = _listing._labels(table, rows, ("a", "b"))
    own = tuple(name for name, bit in zip("ab", second, strict=True) if bit == "1")
    assert (labels, found) == ([("b",), own, None], several)
