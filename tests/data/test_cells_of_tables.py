"""What cells of 0 and 1 say of an image's labels."""

import types

import pytest

from keras_cv_extras import data
from keras_cv_extras.data.files.table import _columns, _listing, _rows, _table


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


def columns_of(**columns):
    return {name: list(cells) for name, cells in columns.items()}


def test_labels_are_the_columns_of_ones_and_zeros_that_are_left():
    given = columns_of(file=["a.png", "b.png"], split=["train", "test"], cat="01", dog="10")
    assert _columns.chosen(data.Table("t.csv"), given) == ("file", ("cat", "dog"), "split")
    one = {name: given[name] for name in ("file", "split", "cat")}
    with pytest.raises(ValueError, match="which columns hold the labels"):
        _columns.chosen(data.Table("t.csv"), one)


def test_a_file_is_found_beside_a_folder_of_its_name(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a.png").touch()
    assert _listing._found(tmp_path, "a")[0] == tmp_path / "a.png"


def test_labels_of_a_file_in_several_rows_are_joined(tmp_path):
    (tmp_path / "a.png").touch()
    listed = _listing._Files("t.csv", tmp_path, ["line 1", "line 2", "line 3"])
    for row, labels in enumerate([("cat",), ("dog",), ("cat", "owl")]):
        listed.add(row, "a.png", labels, False, None, True)
    assert listed.labels == [("cat", "dog", "owl")]


def test_what_is_a_table(tmp_path):
    (tmp_path / "a.csv").mkdir()
    assert _table.table_of(tmp_path / "a.csv") is None  # a folder of that name
    assert _table.table_of(str(tmp_path / "b.CSV")) == data.Table(str(tmp_path / "b.CSV"))


def test_columns_of_a_frame_have_one_length():
    class Frame(dict):
        columns = ("file", "label")

        def __len__(self):
            return 2

    frame = Frame(file=["a.png", "b.png"], label=["cat"])
    with pytest.raises(ValueError, match="its columns are not of one length"):
        _rows._of_frame(frame)
