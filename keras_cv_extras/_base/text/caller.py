"""Warnings that name the line of the program that called this library."""

import sys
import types
import warnings

# What calls the library for a program: Keras runs layers and losses, for one.
_BETWEEN = {
    "keras_cv_extras",
    "keras",
    "tensorflow",
    "jax",
    "keras_tuner",
    "sklearn",
    "joblib",
    "lazy_loader",
    "click",
    "typer",
    "importlib",
    "contextlib",
    "functools",
    "threading",
    "concurrent",
}
_given = set()  # what was told once, and the lines that it was told


def warn(text: str, category: type[Warning] = UserWarning, *, once: bool | str = False) -> None:
    """Warns the line that called this library, however deep in it the warning arises.

    Args:
        text: what is said.
        category: of the warning.
        once: whether a line is told once, whatever filters say. If the text has numbers that are
            others every time, a name in its place.
    """
    frame = _caller()
    line = frame.f_code.co_filename, frame.f_lineno
    about = once if isinstance(once, str) else text, *line
    if once and about in _given:
        return
    warnings.warn_explicit(
        text,
        category,
        *line,
        frame.f_globals.get("__name__"),
        frame.f_globals.setdefault("__warningregistry__", {}),
    )
    if once:
        _given.add(about)  # not before: a filter may have made an error of it


def _caller() -> types.FrameType:
    """Returns the innermost frame that is neither of this library nor of what runs it.

    Where there is none, as in a thread of the library's own, it is the outermost.
    """
    frame = sys._getframe(2)
    while frame.f_back is not None:
        if frame.f_globals.get("__name__", "").partition(".")[0] not in _BETWEEN:
            break
        frame = frame.f_back
    return frame
