"""JSON files: every name once in an object, and null for numbers that JSON does not have."""

import collections
import json
import math
import pathlib


def finite(value):
    """Returns a value for JSON with None in place of numbers that JSON does not have."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read_json(path):
    """Reads a JSON file; a missing or damaged one raises an error that names it.

    Numbers that are infinite or NaN, which earlier versions wrote, are read as these. Who needs
    a finite one has to look, as the checks of `fields` do.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        # Some editors begin a file with a byte order mark.
        return parse(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:  # text that is no JSON, or numbers of thousands of digits
        raise ValueError(f"{path}: not a JSON file ({error})") from error
    except RecursionError as error:
        raise ValueError(f"{path}: not a JSON file of this library: nested too deep") from error


def parse(text):
    """Returns the value of a JSON text; raises a ValueError or a RecursionError if it is none."""
    return json.loads(text, object_pairs_hook=_once)


def _once(pairs):
    """Returns the dictionary of a JSON object, none of whose names stands twice."""
    made = dict(pairs)
    if len(made) < len(pairs):
        (twice, _), *_ = collections.Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"the field {twice[:50]!r} stands twice")
    return made
