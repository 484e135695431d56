"""Plugins: modules of the user, which register ops, networks and so on."""

import importlib
import importlib.metadata
import importlib.util
import os
import pathlib
import re
import sys
import traceback
import types
from typing import Any

from keras_cv_extras._base import supervise

GROUP = "keras_cv_extras.plugins"  # entry points of installed packages
_IMPORTING = ("<frozen importlib", importlib.__file__)  # which are no plugin's
_places = {}  # where the code of a plugin is, a file or a package's folder -> what it is called


def check(name: str, *, option: str = "--plugin", others: bool = False) -> None:
    """Raises if a module cannot be found or read, without a line of it being run.

    Args:
        name: as in `load`.
        option: the option that names it, for messages.
        others: whether other plugins are loaded before it, which may say where modules are found:
            then a module that is missing is left to `load`.

    Raises:
        ValueError: if there is none, or it is no Python; one line says where.
    """
    try:
        path = _file(name)
        if path is not None:
            compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
    except (ImportError, OSError, SyntaxError, ValueError) as error:
        if others and isinstance(error, ModuleNotFoundError):
            return
        raise ValueError(f"{option} {name}: {error}") from error


def _file(name):
    """Returns the file of a module, where that is known before it is imported."""
    if name.endswith(".py"):
        return _existing(name)
    first, _, rest = name.partition(".")
    _see_here()
    if first in sys.modules:
        return None
    spec = importlib.util.find_spec(first) if first else None
    if spec is None:
        raise ModuleNotFoundError(f"No module named {first!r}")
    if rest or spec.origin is None or not spec.origin.endswith(".py"):
        return None
    return pathlib.Path(spec.origin)


def _existing(name):
    path = pathlib.Path(name)
    if not path.is_file():
        raise FileNotFoundError("there is no such file")
    return path


def _see_here():
    """Lets imports find what is in this folder, which is not where a script's path begins."""
    if "" not in sys.path:
        sys.path.insert(0, "")


def load(name: str, option: str = "--plugin") -> types.ModuleType:
    """Imports a module, given by its name or as a file, and returns it.

    Args:
        name: such as `my_package.ops`, or `my_ops.py`.
        option: the option that names it, for messages.

    Raises:
        ValueError: if there is none, or its code fails; one line says where.
    """
    try:
        module = _import(name)
        _note(module, f"{option} {name}")
        return module
    except BaseException as error:
        if is_an_end(error):
            raise
        frames = traceback.extract_tb(error.__traceback__)
        last = [frame for frame in frames if not frame.filename.startswith(_IMPORTING)][-1]
        where = f" ({last.filename}, line {last.lineno})" if last.filename != __file__ else ""
        raise ValueError(f"{option} {name}: {_said(error)}{where}") from error


def load_network(name: str) -> str:
    """Registers a function of a module as a network, and returns the network's name.

    Args:
        name: such as `my_networks:tiny`, or `my_networks.py:tiny`.

    Raises:
        ValueError: if there is no such module or function, or it makes no network.
    """
    place, _, attribute = name.rpartition(":")
    check(place, option="--model")
    found = getattr(load(place, "--model"), attribute, None)
    if not callable(found):
        raise ValueError(f"--model {name}: {place} has no function {attribute!r}")
    from keras_cv_extras import models

    function: Any = found
    module = pathlib.Path(place).stem if place.endswith(".py") else place
    key = re.sub(r"[^a-z0-9.-]+", "-", f"{module}.{attribute}".lower()).strip("-.")
    try:
        models.register(key, function, replace=True)
    except TypeError as error:
        raise ValueError(f"--model {name}: {error}") from error
    return key


def load_installed() -> None:
    """Imports what installed packages name as plugins in their entry points.

    Raises:
        ValueError: if one cannot be imported; the message names it.
    """
    for entry in importlib.metadata.entry_points(group=GROUP):
        try:
            entry.load()
            _note(sys.modules.get(entry.module), f"the plugin {entry.name}")
        except BaseException as error:
            if is_an_end(error):
                raise
            raise ValueError(
                f"the plugin {entry.name} ({entry.value}) cannot be imported ({_said(error)}): "
                "repair its package, or uninstall it"
            ) from error


def _import(name):
    if not name.endswith(".py"):
        _see_here()
        return importlib.import_module(name)
    path = _existing(name)
    loaded = sys.modules.get(path.stem)
    if loaded is not None and getattr(loaded, "__file__", None) == os.path.abspath(path):
        return loaded  # named by --plugin and by --model
    spec = importlib.util.spec_from_file_location(path.stem, path.absolute())
    assert spec is not None  # of a name that ends in .py
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def is_an_end(error: BaseException) -> bool:
    """Returns whether an exception is how a signal ends this process."""
    return isinstance(error, KeyboardInterrupt | supervise.Ended)


def _said(error):
    """Returns what an exception says, in one line; a plugin may raise what is no error."""
    if isinstance(error, SystemExit):
        return f"ends the process ({error})"
    text = str(error) or type(error).__name__
    return text if isinstance(error, Exception) else f"{type(error).__name__}: {text}"


def blamed(error: BaseException | None) -> str | None:
    """Returns the plugin whose code an error comes from, and where that is; None if from none.

    Args:
        error: an exception, with those that it comes from.
    """
    while error is not None:
        frames = [
            (frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)
        ]
        for file, line in reversed(frames):
            for place, name in _places.items():
                if os.path.abspath(file).startswith(place):
                    return f"{name} ({file}, line {line})"
        found = next((name for place, name in _places.items() if place in str(error)), None)
        if found is not None:  # TensorFlow tells it in words
            return found
        error = error.__cause__ or error.__context__
    return None


def _note(module, name):
    file = getattr(module, "__file__", None)
    if file is not None:
        path = pathlib.Path(os.path.abspath(file))
        package = hasattr(module, "__path__") or "." in module.__name__
        _places[f"{path.parent}{os.sep}" if package else str(path)] = name
