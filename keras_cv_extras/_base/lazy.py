"""Packages whose modules load when a name of theirs is first used."""

import importlib
from collections.abc import Callable
from typing import Any


def attach(
    package: str, places: dict[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Returns a package's `__getattr__` and `__dir__`, which load what is asked for.

    Args:
        package: the package's `__name__`.
        places: for each name that it offers the module in it that has the name; a name that
            stands for the module itself has "".

    Type checkers do not run it: a package imports the same names under `TYPE_CHECKING`, and lists
    them in its `__all__`.
    """

    def load(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = importlib.import_module(f"{package}.{places[name] or name}")
        return getattr(module, name) if places[name] else module

    def names() -> list[str]:
        return sorted(places)

    return load, names
