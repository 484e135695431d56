"""Single files: those that this library wrote say so in what they hold, and may be replaced."""

import pathlib
from collections.abc import Callable

from keras_cv_extras._base import files

GENERATOR = '<meta name="generator" content="keras_cv_extras">'  # of HTML pages
SOFTWARE = {"Software": "keras_cv_extras"}  # of PNG files
PREDICTIONS = ("image", "true", "given", "correct", "probability")  # columns of a CSV file
_HEAD = 1 << 16  # bytes
_MARKS = (
    GENERATOR.encode(),
    b"Software\0keras_cv_extras",
    b'"format": "keras_cv_extras',
    b"written by keras_cv_extras",
    ",".join(PREDICTIONS).encode(),
)


def is_ours(path: pathlib.Path) -> bool:
    """Returns whether a page, a picture, a table or a JSON file is one that this library wrote."""
    with open(path, "rb") as file:
        head = file.read(_HEAD)
    return any(mark in head for mark in _MARKS)


def has(*names: str) -> Callable[[pathlib.Path], bool]:
    """Returns a function that says whether a file is ours: a JSON object that has all names.

    For files that other programs read, and that therefore have no mark.
    """

    def known(path):
        try:
            found = files.read_json(path)
        except (ValueError, OSError):
            return False
        return isinstance(found, dict) and set(names) <= set(found)

    return known


SCORES = has("accuracy", "low", "high", "precision", "recall")


def is_text(text: str) -> Callable[[pathlib.Path], bool]:
    """Returns a function that says whether a file holds a text, so that nothing would change."""
    return lambda path: path.read_bytes() == text.encode("utf-8", "backslashreplace")
