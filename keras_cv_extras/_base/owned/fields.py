"""JSON files of this library's own, read by a form that says what each field must be.

A form is one of these:

- a check of `keras_cv_extras._base.checks`, or another function of a name and a value that raises;
- None, for null; a tuple of forms, for any one of them;
- a list of one form, for a list of any length; of several, for a list of just these;
- `{str: form}`, for an object of any names; `{"name": form, ...}` for one that has at least these,
  of which a name such as "name?" may be missing; with `str: form` for all other names.
"""

import functools
import math
import pathlib
from typing import Any

from keras_cv_extras._base import checks
from keras_cv_extras._base.owned import json_text

count = functools.partial(checks.integer, minimum=0)
at_least_one = functools.partial(checks.integer, minimum=1)


def text(name: str, value: Any) -> None:
    """Raises unless a value is a text."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a text, received {checks.shown(value)}")


def no_number(name: str, value: Any) -> None:
    """Raises unless a value is infinite or NaN, as earlier versions wrote it in place of null."""
    if not isinstance(value, float) or math.isfinite(value):
        raise TypeError(f"{name} must be no number, received {checks.shown(value)}")


def read(path: pathlib.Path, form: Any, *, advice: str = "", finite: bool = True) -> Any:
    """Reads a JSON file, and checks that it holds what it should.

    Args:
        path: the file.
        form: as above.
        advice: what to do if it does not, the end of a sentence.
        finite: whether None is returned for numbers that are infinite or NaN, where the form
            allows them.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is damaged; one line names the file, and the field that is wrong.
    """
    try:
        found = json_text.read_json(path)
        check("", found, form)
    except (TypeError, ValueError) as error:
        own = str(error).removeprefix(f"{path}: ")
        raise ValueError(f"{path}: {own}{advice and f': {advice}'}") from error
    return json_text.finite(found) if finite else found


def check(name: str, value: Any, form: Any) -> None:
    """Raises if a value is not of a form.

    Args:
        name: what messages call the value; "" for a whole file.
        value: of JSON.
        form: as above.

    Raises:
        TypeError, ValueError: if it is not.
    """
    if callable(form):
        form(name, value)
    elif form is None:
        if value is not None:
            raise TypeError(f"{name} must be null, received {checks.shown(value)}")
    elif isinstance(form, tuple):
        _check_any(name, value, form)
    elif isinstance(form, list):
        if not isinstance(value, list | tuple):
            raise TypeError(f"{name or 'it'} must be a list, received {checks.shown(value)}")
        if len(form) > 1 and len(value) != len(form):
            raise ValueError(f"{name} must be a list of {len(form)}, received {len(value)}")
        for place, item in enumerate(value):
            check(f"{name}[{place}]", item, form[0 if len(form) == 1 else place])
    else:
        _check_object(name, value, form)


def _check_any(name, value, forms):
    if value is None and None in forms:
        return
    *others, last = [form for form in forms if form is not None]
    for form in others:
        try:
            check(name, value, form)
        except (TypeError, ValueError):
            continue
        return
    check(name, value, last)


def _check_object(name, value, form):
    if not isinstance(value, dict):
        raise TypeError(f"{name or 'it'} must be an object, received {checks.shown(value)}")
    above = f"{name}." if name else ""
    named = {key: inner for key, inner in form.items() if key is not str}
    if str in form:
        known = {key.removesuffix("?") for key in named}
        for key, item in value.items():
            if key not in known:
                check(f"{above}{key}", item, form[str])
    for key, inner in named.items():
        own = key.removesuffix("?")
        if own in value:
            check(f"{above}{own}", value[own], inner)
        elif own == key:
            raise ValueError(f"the field {f'{above}{own}'!r} is missing")
