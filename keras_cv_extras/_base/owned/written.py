"""Single files: those that this library wrote say so in what they hold, and may be replaced."""

import os
import pathlib
import zipfile
from collections.abc import Callable

from keras_cv_extras._base import files
from keras_cv_extras._base.owned import json_text

GENERATOR = '<meta name="generator" content="keras_cv_extras">'  # of HTML pages
SOFTWARE = {"Software": "keras_cv_extras"}  # of PNG files
PREDICTIONS = ("image", "true", "given", "correct", "probability")  # columns of a CSV file
SIGNATURE = b"written by keras_cv_extras"  # the comment of ZIP archives, the name in gzip files
_HEAD = 1 << 16  # bytes
_GZIP = b"\x1f\x8b"
_MARKS = (
    GENERATOR.encode(),
    b"Software\0keras_cv_extras",
    b'"format": "keras_cv_extras',
    SIGNATURE,
    ",".join(PREDICTIONS).encode(),
)


def is_ours(path: pathlib.Path) -> bool:
    """Returns whether a page, a picture, a table or a JSON file is one that this library wrote."""
    with open(path, "rb") as file:
        head = file.read(_HEAD)
    return any(mark in head for mark in _MARKS)


def sign(path: pathlib.Path) -> None:
    """Notes in a ZIP archive that this library wrote it; those who read archives see no change."""
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = SIGNATURE


def is_signed(path: pathlib.Path) -> bool:
    """Returns whether a ZIP archive is one that `sign` has seen, or a gzip file has our name."""
    with open(path, "rb") as file:
        head = file.read(1 << 6)
        file.seek(max(0, os.path.getsize(path) - len(SIGNATURE)))
        end = file.read()
    if head.startswith(_GZIP):
        return SIGNATURE in head
    return end == SIGNATURE and zipfile.is_zipfile(path)


def check(path: pathlib.Path, known: Callable[[pathlib.Path], bool], overwrite: bool) -> None:
    """Raises before the work if a function with the argument `overwrite` may not write a file.

    Raises:
        FileExistsError: if there is a file that is not ours, and it is not to be overwritten.
        OSError: if nothing can be written there.
    """
    files.check_file(path)
    if overwrite or not path.is_file() or not path.stat().st_size or known(path):
        return
    raise FileExistsError(
        f"{path}: a file that this did not write, and that is not replaced: give another path, "
        "move it, or give overwrite=True"
    )


def has(*names: str) -> Callable[[pathlib.Path], bool]:
    """Returns a function that says whether a file is ours: a JSON object that has all names.

    For files that other programs read, and that therefore have no mark.
    """

    def known(path):
        try:
            found = json_text.read_json(path)
        except (ValueError, OSError):
            return False
        return isinstance(found, dict) and set(names) <= set(found)

    return known


SCORES = has("accuracy", "low", "high", "precision", "recall")


def is_text(text: str) -> Callable[[pathlib.Path], bool]:
    """Returns a function that says whether a file holds a text, so that nothing would change."""
    return lambda path: path.read_bytes() == text.encode("utf-8", "backslashreplace")
