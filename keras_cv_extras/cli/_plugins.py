"""Modules of the user's own, which enter ops, networks and so on under names of their own."""

import importlib
import importlib.metadata
import importlib.util
import pathlib
import sys
import traceback

GROUP = "keras_cv_extras.plugins"  # entry points of installed packages


def load(name: str) -> None:
    """Imports a module, given by its name or as a file.

    Args:
        name: such as `my_package.ops`, or `my_ops.py`.

    Raises:
        ValueError: if there is none, or its code fails; one line says where.
    """
    try:
        _import(name)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f" ({last.filename}, line {last.lineno})" if last.filename != __file__ else ""
        raise ValueError(f"--plugin {name}: {error}{where}") from error


def load_installed() -> None:
    """Imports what installed packages name as plugins in their entry points.

    Raises:
        ValueError: if one cannot be imported; the message names it.
    """
    for entry in importlib.metadata.entry_points(group=GROUP):
        try:
            entry.load()
        except Exception as error:
            raise ValueError(
                f"the plugin {entry.name} ({entry.value}) cannot be imported ({error}): repair "
                "its package, or uninstall it"
            ) from error


def _import(name):
    if not name.endswith(".py"):
        if "" not in sys.path:  # a script's path begins with the script's folder, not with this one
            sys.path.insert(0, "")
        importlib.import_module(name)
        return
    path = pathlib.Path(name)
    if not path.is_file():
        raise FileNotFoundError("there is no such file")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None  # of a name that ends in .py
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
