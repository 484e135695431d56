"""Packages whose modules load when a name of theirs is first used.

A package says its names once, in the stub `__init__.pyi` beside its `__init__.py`, which type
checkers and editors read, too.
"""

import sys
from collections.abc import Callable
from typing import Any

import lazy_loader


def attach(
    package: str, file: str
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Returns a package's `__getattr__`, `__dir__` and `__all__`, as its stub says.

    Args:
        package: the package's `__name__`.
        file: its `__file__`, of an `__init__.py` with an `__init__.pyi` beside it.
    """
    load, names, public = lazy_loader.attach_stub(package, file)

    def get(name: str) -> Any:
        if name not in public:
            text = f"module {package!r} has no attribute {name!r}"
            raise AttributeError(text, name=name, obj=sys.modules[package])  # for "Did you mean"
        return load(name)

    return get, names, public
