"""Bases of this package: names and arguments as there, every value an `Any`."""

from collections.abc import Callable
from typing import Any, TypeVar

_Object = TypeVar("_Object")

def register_keras_serializable(
    package: str = ..., name: str | None = ...
) -> Callable[[_Object], _Object]: ...
def __getattr__(name: str) -> Any: ...
