"""Sources of users' own, by name."""

import os
import pathlib
from collections.abc import Callable
from typing import Any

from keras_cv_extras._base import checks
from keras_cv_extras._base.saved.registry import SOURCES, Unfit
from keras_cv_extras._base.text import caller
from keras_cv_extras.data._records import are_records
from keras_cv_extras.data.files import _decode
from keras_cv_extras.data.files.table._table import table_of


def register(
    name: str, function: Callable[[], Any] | None = None, *, replace: bool = False
) -> Callable[..., Any]:
    """Registers a source of images of your own, for `load` and for the command line.

    Args:
        name: letters, digits, "-" and "."; capitals do not matter, nor does "_" for "-". A folder
            of this name is then "./NAME".
        function: takes nothing, and returns what `load` takes: a path, a `Table`, a list of
            dictionaries with "image" and "label", or `{"train": ..., "test": ...}` of such lists.
        replace: whether to replace another one that was registered under this name.

    Returns:
        The function; a decorator of it, if only the name is given.

    Raises:
        TypeError: if it cannot be called.
        ValueError: if the name is taken, or is not valid.

    Example:
        >>> _ = register("two-circles", lambda: [{"image": image, "label": 0} for image in images])
    """
    return SOURCES.add(name, function, replace)


def resolved(source: Any) -> Any:
    """Returns what the function of a user gives for a name, or what is no such name as it is."""
    if not SOURCES.added(source):
        return source
    if is_folder_of_images(source):
        caller.warn(
            f"{source!r} is read as the source of this name, not as the folder: that is "
            f"'./{source}'",
        )
    found = SOURCES.make(source, object)
    path = isinstance(found, str | os.PathLike) and os.fspath(found)
    if not path and table_of(found) is None and not are_records(found):
        raise Unfit(
            f"the source {source!r} must give a path, a table or dictionaries with an image and a "
            f"label, received {checks.shown(found)}"
        )
    if SOURCES.added(found):
        raise ValueError(
            f"the source {source!r} gives {found!r}, which is the name of a source: give the path "
            f"of a folder, such as './{found}'"
        )
    return found


def is_folder_of_images(name: str) -> bool:
    """Returns whether a name is a folder with folders of images in it, here."""
    return any(path.suffix.lower() in _decode.SUFFIXES for path in pathlib.Path(name).glob("*/*"))
