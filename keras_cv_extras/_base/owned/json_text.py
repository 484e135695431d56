"""JSON as its standard has it: every name once in an object, and no number that is none."""

import collections
import json
import math
import pathlib
from typing import Any


def finite(value):
    """Returns a value for JSON with None in place of numbers that JSON does not have."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read_json(path, *, finite=True):
    """Reads a JSON file; a missing or damaged one raises an error that names it.

    Args:
        path: the file.
        finite: whether numbers must be finite, as those of JSON are. Python writes others too.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        # Some editors begin a file with a byte order mark.
        return parse(path.read_text(encoding="utf-8-sig"), finite=finite)
    except ValueError as error:  # text that is no JSON, or numbers of thousands of digits
        raise ValueError(f"{path}: not a JSON file ({error})") from error
    except RecursionError as error:
        raise ValueError(f"{path}: not a JSON file of this library: nested too deep") from error


def parse(text, *, finite=True):
    """Returns the value of a JSON text; raises a ValueError or a RecursionError if it is none."""
    strict: dict[str, Any] = {}
    if finite:
        strict = {"parse_constant": _refused, "parse_float": _finite_number}
    return json.loads(text, object_pairs_hook=_once, **strict)


def _refused(text):
    raise ValueError(f"the number {text}, which JSON does not have")


def _finite_number(text):
    number = float(text)
    return number if math.isfinite(number) else _refused(text[:50])


def _once(pairs):
    """Returns the dictionary of a JSON object, none of whose names stands twice."""
    made = dict(pairs)
    if len(made) < len(pairs):
        (twice, _), *_ = collections.Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"the field {twice[:50]!r} stands twice")
    return made
