"""Messages for errors while files are written."""

import contextlib
import errno
import os
import pathlib
import re

TEMPORARY = ".kcx-tmp-"  # how temporary folders are called; each has a mark as well
NAME = re.compile(rf"{re.escape(TEMPORARY)}[a-z0-9_]{{8}}")  # as `tempfile` makes them
_FULL = "free some space there, or choose a folder on another disk, and start again"
_CLOSED = "choose a folder that you may write to"
_ADVICE = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: _FULL,  # a limit of the process, as batch systems set it
    errno.EROFS: _CLOSED,
    errno.EACCES: _CLOSED,
    errno.EPERM: _CLOSED,
}


def _number_of(error, path):
    """Returns the system's number of an error if it is about writing to a path, else 0.

    That is one of the path, of what is below or above it, of a temporary folder, or of no file.
    """
    if type(error).__module__.startswith("tensorflow."):  # says both in words alone
        text = str(error)
        if TEMPORARY not in text and not re.search(rf"{re.escape(str(path))}(?![\w.-])", text):
            return 0
        return next((number for number in _ADVICE if os.strerror(number) in text), 0)
    if not isinstance(error, OSError) or not error.errno:
        return 0
    if isinstance(error.filename, (str, bytes, os.PathLike)):
        file = pathlib.Path(os.path.abspath(os.fsdecode(error.filename)))
        own = file in (path, *path.parents) or path in file.parents
        if not own and TEMPORARY not in str(file):
            return 0
    return error.errno


@contextlib.contextmanager
def explaining(path):
    """Makes of an error that says that nothing can be written one that says what to do.

    An error that is about another file, such as one that is read meanwhile, stays as it is.

    Raises:
        OSError: of the same number, if the disk is full, the folder read-only, or one in which
            no folder can be made; TensorFlow's errors are made OSErrors too.
    """
    try:
        yield
    except Exception as error:
        number = _number_of(error, pathlib.Path(os.path.abspath(path)))
        advice = _ADVICE.get(number)
        if number in (errno.ENOENT, errno.ENOTDIR):  # as /proc says it of new folders
            name = getattr(error, "filename", None) or ""
            advice = _CLOSED if NAME.fullmatch(os.path.basename(os.fsdecode(name))) else None
        if advice is None or getattr(error, "explained", False):
            raise
        better = OSError(
            number,
            f"cannot write {path} ({os.strerror(number).lower()}): {advice}. What was written "
            "before is as it was",
        )
        better.explained = True  # pyright: ignore[reportAttributeAccessIssue] a mark of ours
        raise better from error
