"""CSV files and data frames as columns of text."""

import collections
import csv
import io
import os
import pathlib
import re
from typing import NamedTuple

import numpy as np

from keras_cv_extras.data.files import _decode
from keras_cv_extras.data.files.table._table import is_frame

_DELIMITERS = (",", ";", "\t", "|")
# A first line that tells Excel what divides the cells, and is no row.
_SAID = re.compile(r"""\s*["']?sep=(\\t|[^\r\n"'])["']?[\t ,;|]*(?:\r\n?|\n|$)""", re.IGNORECASE)
_MOST_BYTES = 1 << 30
_WHOLE = 1 << 53  # below it every whole number is a float


class Rows(NamedTuple):
    """The cells of a table.

    Attributes:
        columns: the name of each column and its cells, stripped; "" where there is none.
        numbers: what each row is called: "line 2" of a file, "row 0" of a data frame.
        folder: that of the file, None for a data frame.
    """

    columns: dict[str, list[str]]
    numbers: list[str]
    folder: pathlib.Path | None


def read(source) -> Rows:
    """Reads a CSV file or a data frame.

    Raises:
        FileNotFoundError, IsADirectoryError: if there is no such file.
        ValueError: if it is no table.
    """
    if is_frame(source):
        return _of_frame(source)
    path = pathlib.Path(os.path.expanduser(source))
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file")
    if not path.is_file():
        raise ValueError(f"{path}: not a regular file; give a CSV file")
    text = _text(path)
    try:
        lines = _parsed(text)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    if not lines:
        raise ValueError(
            f"{path}: holds no rows; give a line for every image, below names of columns"
        )
    (first, header), body = lines[0], lines[1:]
    if any(_is_image(cell) for cell in header):  # no names: the first row is an image
        if len(header) != 2:
            raise ValueError(
                f"{path}: line {first} names no columns: write their names above it, such as "
                "filename,label"
            )
        swapped = _is_image(header[1]) and not _is_image(header[0])
        header, body = (["label", "filename"] if swapped else ["filename", "label"]), lines
    body = [(number, _cut(cells, len(header))) for number, cells in body]
    header, body = _named(header, body)
    _check_names(path, header)
    for number, cells in body:
        if len(cells) != len(header):
            raise ValueError(
                f"{path}: line {number} has {len(cells)} cells, not {len(header)}: put text that "
                'holds the divider into quotes, "like this"'
            )
    columns = {name: [cells[at] for _, cells in body] for at, name in enumerate(header)}
    return Rows(columns, [f"line {number}" for number, _ in body], path.parent)


def _cut(cells, width):
    """Returns the cells of a row without empty ones at its end, where there are too many."""
    return cells[:width] if len(cells) > width and not any(cells[width:]) else cells


def _named(header, body):
    """Returns the columns that have a name: others are numbers of rows, or a divider too many."""
    if all(header) or any(len(cells) != len(header) for _, cells in body):
        return header, body
    kept = [at for at, name in enumerate(header) if name]
    return [header[at] for at in kept], [(line, [cells[at] for at in kept]) for line, cells in body]


def _text(path):
    if path.stat().st_size > _MOST_BYTES:
        raise ValueError(f"{path}: more than {_MOST_BYTES:,} bytes, as no table of files has")
    content = path.read_bytes()
    coding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = content.decode(coding)
    except UnicodeDecodeError as error:
        name = coding.upper().removesuffix("-SIG")
        raise ValueError(
            f"{path}: not {name}, from byte {error.start} on: save it as CSV in UTF-8"
        ) from None
    if "\0" in text:  # of another coding, or no text
        raise ValueError(f"{path}: holds zero bytes, as no text does: save it as CSV in UTF-8")
    return text


def _parsed(text):
    """Returns `(number of the line, cells)` of every row that is not empty."""
    said = _SAID.match(text)
    skipped = len(text[: said.end()].splitlines()) if said else 0
    text = text[said.end() :] if said else text
    first = next((line for line in text.splitlines() if line.strip()), "")
    widths = [_width(first, one) for one in _DELIMITERS]
    delimiter = _DELIMITERS[int(np.argmax(widths))]
    if said:
        delimiter = said[1].replace("\\t", "\t")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    found, number = [], skipped + 1
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise ValueError(f"line {number}: {_fault(error, text)}") from error
        if cells is None:
            return found
        cells = [cell.strip() for cell in cells]
        if any(cells):
            found.append((number, cells))
        number = skipped + reader.line_num + 1


def _width(line, delimiter):
    """Returns into how many cells a line is divided, 0 if that is none that can be."""
    try:
        return len(next(csv.reader([line], delimiter=delimiter), []))
    except csv.Error:  # a cell that is too long
        return 0


def _fault(error, table):
    """Says what is wrong with a row that the parser does not take."""
    text = str(error)
    if "field limit" in text and '"' not in table:
        return f"a cell of more than {csv.field_size_limit():,} characters: leave its column out"
    if "unexpected end" in text or "field limit" in text:
        return 'a quote (") begins a cell and does not end: write two for one that belongs to it'
    if "expected after" in text:
        return 'a quote (") ends a cell before its end: write two for one that belongs to it'
    return f"not a row of a CSV file ({text})"


def _of_frame(frame):
    names = [str(name) for name in frame.columns]
    _check_names("data frame", names)
    columns = {
        name: [_cell(value) for value in frame[column]]
        for name, column in zip(names, frame.columns, strict=True)
    }
    count = len(frame)
    if any(len(cells) != count for cells in columns.values()):
        raise ValueError("data frame: its columns are not of one length")
    if not count:
        raise ValueError("data frame: holds no rows; give a row for every image")
    return Rows(columns, [f"row {number}" for number in range(count)], None)


def _cell(value):
    """Returns a value of a data frame as it would stand in a CSV file."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return ""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, bytes):
        return os.fsdecode(value).strip()
    if isinstance(value, float | np.floating):
        # A gap makes floats of a column of whole numbers.
        whole = abs(value) < _WHOLE and value == int(value)
        return "" if np.isnan(value) else str(int(value)) if whole else str(value)
    if isinstance(value, list | tuple | set | np.ndarray):
        raise ValueError(
            f"data frame: a cell holds {value!r}: join labels to one text, such as 'cat|dog', and "
            "give separator='|'"
        )
    return str(value).strip()


def _check_names(place, names):
    for twice, count in collections.Counter(names).most_common(1):
        if count > 1:
            raise ValueError(f"{place}: two columns are called {twice!r}: rename one")


def _is_image(cell):
    return cell.lower().endswith(_decode.SUFFIXES)
