"""Tables of old names: what each is now, how its arguments are translated, and what differs."""

import dataclasses
import importlib
import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from keras_cv_extras._base.text import caller

Load: TypeAlias = Callable[[str], Any]
Listed: TypeAlias = Callable[[], list[str]]


@dataclasses.dataclass(frozen=True)
class Name:
    """An old name.

    Args:
        old: the name, as in its module.
        new: the path of what replaces it, such as "keras_cv_extras.losses.GIoULoss"; "" if
            nothing does.
        note: what differs, or, where nothing replaces it, what to use instead.
        adapt: None where the new thing takes the old arguments as they are; or what takes them.
        call: how the new call reads, if it is not `new` with the same arguments.
    """

    old: str
    new: str = ""
    note: str = ""
    adapt: Callable[..., Any] | None = None
    call: str = ""

    @property
    def replacement(self) -> str:
        """How the new call reads."""
        return self.call or self.new

    def thing(self) -> Any:
        """Returns what a user of the old name gets."""
        if self.adapt is not None:
            return self.adapt
        module, _, name = self.new.rpartition(".")
        return getattr(importlib.import_module(module), name)


#: The old names that have warned.
_warned: set[str] = set()


def attach(
    module: str, library: str, names: Iterable[Name], files: str = ""
) -> tuple[Load, Listed, dict[str, Name]]:
    """Returns a module's `__getattr__` and `__dir__`, and its table.

    Args:
        module: the `__name__` of the module that offers the names.
        library: the old path of its names, such as "tensorflow_addons.losses".
        names: its names.
        files: the old modules below `library`, by spaces, by which names were also reached; one
            in a folder as "folder/file".
    """
    table = {name.old: name for name in names}
    missing = gone(module, library, {n: e.note for n, e in table.items() if not e.new}, files)
    sys.modules[module].__class__ = _Home

    def load(name: str) -> Any:
        entry = table.get(name)
        if entry is None or not entry.new:
            return missing(name)
        path = f"{library}.{name}"
        if path not in _warned:
            _warned.add(path)
            caller.warn(f"{path} is now {entry.replacement}", FutureWarning)
        return entry.thing()

    def listed() -> list[str]:
        return sorted(name for name, entry in table.items() if entry.new)

    return load, listed, table


def gone(module: str, library: str, advice: dict[str, str], files: str = "") -> Load:
    """Returns the `__getattr__` of a module, which says of names that are gone what to use.

    Args:
        module: the `__name__` of the module.
        library: the old path of its names, such as "tensorflow_addons".
        advice: name -> what to use instead.
        files: the old modules below `library`, by spaces, by which names were also reached; one
            in a folder as "folder/file".
    """
    below = files.split()

    def missing(name: str) -> Any:
        if name in below:  # those in folders have a slash
            return importlib.import_module(f"{module}.{name}")
        if name in advice:
            raise AttributeError(f"{library}.{name} has no replacement here: {advice[name]}")
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    _SEARCHED[module] = _Searched(library, advice, below)
    # Python asks the finder for a name that a package lacks, and says no more of another module.
    vars(sys.modules[module]).setdefault("__path__", [])
    return missing


@dataclasses.dataclass(frozen=True)
class _Searched:
    """What can be imported from below a module."""

    library: str
    advice: dict[str, str]
    files: list[str]


_SEARCHED: dict[str, _Searched] = globals().get("_SEARCHED", {})  # those of before a reload


class _Home(types.ModuleType):
    """A module in whose files functions of the same names were: the functions stay its own."""

    def __setattr__(self, name: str, value: Any) -> None:
        """Sets an attribute, but for the file that Python sets there once it is imported."""
        file = isinstance(value, types.ModuleType) and isinstance(
            vars(value).get("__loader__"), _Finder
        )
        if not (file and name in vars(self).get("TABLE", {})):
            super().__setattr__(name, value)


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports old modules, and says by `from ... import NAME` too what to use instead of a name."""

    def find_spec(
        self, fullname: str, path: Any = None, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Returns the old module of a name, or an error with advice."""
        del path, target
        module, _, name = fullname.rpartition(".")
        searched = _SEARCHED.get(module)
        if searched is None:
            return None
        if name in searched.advice:
            line = f"{searched.library}.{name} has no replacement here: {searched.advice[name]}"
            # Python says nothing of an error by `from ... import` that has the name it looks for.
            raise ModuleNotFoundError(line, name=f"{searched.library}.{name}")
        if name in searched.files:
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        """Returns a module with the names of the one above it."""
        above, _, name = spec.name.rpartition(".")
        old = _SEARCHED[above]
        inside = [
            file.removeprefix(f"{name}/") for file in old.files if file.startswith(f"{name}/")
        ]
        _SEARCHED[spec.name] = _Searched(f"{old.library}.{name}", old.advice, inside)
        made = types.ModuleType(spec.name, f"An old module of {old.library}.")

        def load(attribute: str) -> Any:
            if attribute.startswith("__"):  # of Python's, such as the module's file
                raise AttributeError(f"module {spec.name!r} has no attribute {attribute!r}")
            return getattr(sys.modules[above], attribute)

        vars(made)["__getattr__"] = load
        return made

    def exec_module(self, module: types.ModuleType) -> None:
        """Does nothing: names are looked up when they are used."""


# A module that is loaded again has one finder, too.
sys.meta_path[:] = [one for one in sys.meta_path if type(one).__module__ != __name__]
sys.meta_path.append(_Finder())


def path_of(thing: type) -> str:
    """Returns where a class of this library is public."""
    package = ".".join(thing.__module__.split(".")[:2])
    return f"{package}.{thing.__name__}"


def rename(options: dict[str, Any], **names: str) -> dict[str, Any]:
    """Returns options under other names: `rename(options, lr="learning_rate")`."""
    return {names.get(name, name): value for name, value in options.items()}


def register(package: str, modules: Iterable[str]) -> None:
    """Makes old names known to Keras: `compile(loss="Addons>contrastive_loss")`.

    Args:
        package: what stands before the name, such as "Addons".
        modules: the modules whose tables are registered; each has a `TABLE`.
    """
    objects = sys.modules["keras"].saving.get_custom_objects()
    for module in modules:
        table = importlib.import_module(module).TABLE
        for name, entry in table.items():
            if entry.new:
                objects.setdefault(f"{package}>{name}", _Registered(entry))
        kind = module.rpartition(".")[2]
        if kind in ("activations", "losses", "metrics"):
            # Keras reads the names of these from a list of its own, and there alone.
            known = importlib.import_module(f"keras.src.{kind}").ALL_OBJECTS_DICT
            for name, entry in table.items():
                if entry.new:
                    made = entry.thing() if kind == "activations" else _named(entry)
                    known.setdefault(f"{package}>{name}", made)


def _named(entry):
    """Returns what Keras calls for a name: a class without arguments, or a function."""
    if entry.old[0].islower():
        return _Registered(entry)
    module, _, name = entry.new.rpartition(".")
    return getattr(importlib.import_module(module), name)


class _Registered:
    """Stands for an old name in Keras' registry."""

    def __init__(self, entry: Name):
        self._entry = entry
        self.__name__ = entry.old

    def from_config(self, config: dict[str, Any]) -> Any:
        """Returns the new thing of an old configuration."""
        config = {k: v for k, v in config.items() if k != "fn" and (k != "decay" or v)}
        return self._entry.thing()(**config)

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Calls the new thing."""
        return self._entry.thing()(*arguments, **options)
