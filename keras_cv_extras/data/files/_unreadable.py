"""Messages about image files that cannot be read."""

import os
import pathlib


def reason(path, error):
    """Returns in few words why a file cannot be read."""
    path = pathlib.Path(path)
    if isinstance(error, FileNotFoundError):
        return "No such file"
    if isinstance(error, PermissionError):
        return "may not be read by this user"
    if path.is_file() and path.stat().st_size == 0:
        return "an empty file"
    text = str(error).replace(repr(str(path)), "it")
    return "not an image of a known kind" if "cannot identify" in text else text or "damaged"


def too_many(bad, total, most):
    """Returns what is said of a folder with too many unreadable files."""
    return (
        f"{len(bad)} of {total} image files cannot be read, more than the {most} that are "
        f"accepted: {listing(bad)}"
    )


def listing(bad, named=5):
    """Returns the first unreadable files with their reasons, and how many more there are."""
    first = "; ".join(f"{printable(path)} ({why})" for path, why in list(bad.items())[:named])
    return first + (f"; and {len(bad) - named} more" if len(bad) > named else "")


def printable(path):
    """Returns a path as text that can be written: bytes that are not UTF-8 become escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
