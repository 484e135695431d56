"""Configurations of Keras' objects."""

from typing import Any


def attributes(item: Any, *names: str) -> dict[str, Any]:
    """Returns attributes by their names: the part of a configuration that is kept as it was given.

    Args:
        item: a layer, a metric ...
        *names: the attributes.
    """
    return {name: getattr(item, name) for name in names}
