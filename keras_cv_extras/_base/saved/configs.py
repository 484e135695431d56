"""Configurations of Keras' objects."""

from typing import Any


def attributes(item: Any, *names: str) -> dict[str, Any]:
    """Returns attributes by their names: the part of a configuration that is kept as it was given.

    Args:
        item: a layer, a metric ...
        *names: the attributes.
    """
    return {name: getattr(item, name) for name in names}


def check_written(name: str, written: Any) -> None:
    """Raises if what is to be written is a function."""
    if callable(written):
        raise ValueError(
            f"{name} must not be a function in an optimizer that is saved: give a number"
        )
