"""What a table of image files is asked: which of its columns mean what, and where files are."""

import dataclasses
import os
import pathlib
from collections.abc import Sequence
from typing import Any

SUFFIXES = (".csv", ".tsv")


@dataclasses.dataclass(frozen=True)
class Table:
    """A CSV file or a data frame with a row for every image: its file and its labels.

    `load("labels.csv")` and `image_files("labels.csv", 224)` guess all of this; give a `Table`
    in place of the path where they guess wrong.

    A CSV file is UTF-8 or UTF-16, its cells divided by a comma, a semicolon, a tab or a bar, or by
    what a first line such as `sep=;` says. The first line, or the next, names the columns; without
    such a line the first of two columns holds the files. Rows without a file or a label, and rows
    that repeat an earlier file, also by another name or a link, are counted in one warning. A file
    with two labels, or in two parts, is an error.

    Images have several labels where there is a `separator`, or more than one column of 0 and 1
    with not exactly one 1 in every row. Labels are then rows of 0 and 1, one for each class.

    Args:
        source: the path of a CSV file, or a data frame: an object with `columns` that gives the
            values of a column by its name, such as one of pandas or polars.
        image: the column with the paths of the files, absolute or below `root`. None guesses it by
            its name: path, filename, file, image, image_id, id and the like. A suffix may be
            missing.
        label: the column with the label; or several columns of 0 and 1, one for each class. None
            guesses: label, class, category, target and the like, or else all other columns, if
            they hold 0 and 1 alone.
        split: the column that says train, val or test, as folders may be called in `load`. None
            guesses: split, set, subset or partition; "" for none.
        root: the folder that paths are relative to; None for that of the CSV file, and for data
            frames the current one.
        separator: what divides the labels of an image in one column, such as "|" or " "; "" if
            each image has one label, whatever is in it. None where there is nothing to divide.
        multilabel: whether images have several labels; None for as above.

    Raises:
        TypeError: if an argument is of another type.

    Example:
        >>> table = Table("labels.csv", image="photo", label="tags", separator="|")
        >>> images = load(table, image_size=64)
    """

    source: Any
    image: str | None = None
    label: str | Sequence[str] | None = None
    split: str | None = None
    root: str | os.PathLike[str] | None = None
    separator: str | None = None
    multilabel: bool | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.source, str | os.PathLike) and not is_frame(self.source):
            raise TypeError(
                "source must be the path of a CSV file or a data frame with columns, received "
                f"{type(self.source).__name__}"
            )
        for name in ("image", "split", "separator"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, str):
                raise TypeError(f"{name} must be a text or None, received {value!r}")
        if self.label is not None and not isinstance(self.label, str):
            columns = tuple(self.label) if isinstance(self.label, Sequence) else ()
            if not columns or not all(isinstance(column, str) for column in columns):
                raise TypeError(f"label must be names of columns, received {self.label!r}")
            object.__setattr__(self, "label", columns[0] if len(columns) == 1 else columns)

    @property
    def name(self) -> str:
        """What the data are called."""
        if is_frame(self.source):
            return "data frame"
        return pathlib.Path(self.source).name

    @staticmethod
    def of(source: Any) -> "Table | None":
        """Returns what `load` makes of something: a table, or None if it is no table.

        Args:
            source: anything that `load` takes.
        """
        return table_of(source)

    def __str__(self) -> str:
        return self.name if is_frame(self.source) else os.fspath(self.source)


def is_frame(source):
    """Whether something is a data frame, of whichever package."""
    return (
        not isinstance(source, type)
        and hasattr(source, "columns")
        and hasattr(source, "__getitem__")
        and hasattr(source, "__len__")
    )


def table_of(source: Any) -> Table | None:
    """Returns the table that data are loaded from, None if they are no table."""
    if isinstance(source, Table):
        return source
    if is_frame(source):
        return Table(source)
    if isinstance(source, str | os.PathLike) and os.fspath(source):
        path = pathlib.Path(os.path.expanduser(source))
        if path.suffix.lower() in SUFFIXES and not path.is_dir():
            return Table(source)
    return None
