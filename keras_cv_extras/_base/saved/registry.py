"""Registries of names: those of the library, and those that users register."""

import functools
import re
from collections.abc import Callable
from typing import Any

from keras_cv_extras._base import checks


def new_name(name):
    """Returns a name that may be registered, in small letters and with "-" in place of "_"."""
    key = checks.lower_case(name)
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]*", key):
        raise ValueError(f"name must be letters, digits, '-' and '.', received {name!r}")
    return key


class Unfit(TypeError, ValueError):
    """What a user has registered does not take, or not make, what it should."""


class Registry:
    """Functions that make one kind of thing, by the names that users give them.

    Args:
        kind: what they make, such as "mix"; also the argument that takes their names.
        names: those of the library, which are taken.
    """

    def __init__(self, kind: str, *names: str):
        self.kind = kind
        self._library = names
        self._added: dict[str, Callable[..., Any]] = {}

    def add(
        self, name: str, function: Callable[..., Any] | None, replace: bool
    ) -> Callable[..., Any]:
        """Adds a function, and returns it; returns a decorator that does, without a function."""
        key = new_name(name)
        if function is None:
            return functools.partial(self.add, name, replace=replace)
        if not callable(function):
            raise TypeError(f"function must make a {self.kind}, received {function!r}")
        if key in self._library:
            raise ValueError(f"there is a {self.kind} {key!r} already: give another name")
        if not replace and self._added.get(key, function) is not function:
            raise ValueError(
                f"there is a {self.kind} {key!r} already: give another name, or replace=True"
            )
        self._added[key] = function
        return function

    def resolved(self, name: Any) -> str:
        """Returns a name as it is registered, whatever its capitals, or raises."""
        known = (*self._library, *sorted(self._added))
        key = checks.lower_case(name) if isinstance(name, str) else name
        found = name if name in known else key
        return found if found in known else checks.one_of(self.kind, name, known)

    def added(self, name: Any) -> bool:
        """Returns whether a user has added something of this name."""
        return isinstance(name, str) and checks.lower_case(name) in self._added

    def make(self, name: str, wanted: type | None = None, **arguments: Any) -> Any:
        """Returns what the function of a user makes.

        Args:
            name: of the function.
            wanted: the class that it must be of, or None for what can be called.
            **arguments: of the function.

        Raises:
            Unfit: if it does not take these, or makes something else.
        """
        function = self._added[checks.lower_case(name)]
        try:
            made = function(**arguments)
        except TypeError as error:
            if error.__traceback__ is not None and error.__traceback__.tb_next is not None:
                raise  # by what it does, not by how it is called
            given = ", ".join(arguments) or "nothing"
            raise Unfit(f"the {self.kind} {name!r} must take {given}: {error}") from error
        if not (callable(made) if wanted is None else isinstance(made, wanted)):
            what = "a function" if wanted is None else f"an object of the class {wanted.__name__}"
            raise Unfit(f"the {self.kind} {name!r} must make {what}, received {made!r}")
        return made

    def __contains__(self, name: Any) -> bool:
        return name in self._library or self.added(name)


MIXES = Registry("mix", "none", "mixup", "cutmix", "fmix", "mosaic")
LOSSES = Registry("loss", "crossentropy", "asymmetric")
ORACLES = Registry("oracle", "tpe", "evolution", "controller", "random")
SOURCES = Registry("source", "mnist_5k", "mnist-5k", "digits", "fashion_mnist", "fashion-mnist")
