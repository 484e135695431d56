"""Checks what ZIP archives of others claim to contain, before they are unpacked."""

import pathlib
import zipfile

_FREE = 1 << 30  # bytes that anything may hold, such as tables of zeros and ones
_FREE_TEXT = 1 << 26  # bytes that JSON may hold, which is read as a whole, and slowly
RATIO = 100  # times that what is larger may be packed: weights get smaller by a tenth, if at all


def check(path: pathlib.Path) -> None:
    """Raises if a ZIP archive holds what becomes very much larger when it is unpacked.

    What is no archive is left to those who read it.

    Raises:
        ValueError: for such an archive.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            items = archive.infolist()
    except (OSError, ValueError, zipfile.BadZipFile):
        return
    for item in items:
        free = _FREE_TEXT if item.filename.endswith(".json") else _FREE
        if item.file_size > free and item.file_size > RATIO * item.compress_size:
            raise ValueError(
                f"{item.filename[:100]} in it takes {item.file_size:,} bytes and was packed into "
                f"{item.compress_size:,}, as no model is"
            )
