"""Runs the own tests of TensorFlow Addons or KerasCV against `keras_cv_extras.compat`.

    pip download --no-deps tensorflow-addons==0.23.0 keras-cv==0.6.4, and unpack the wheels
    python tests/reference/own_tests.py tensorflow_addons FOLDER [LIBRARY'S FILE OR FOLDER ...]
    python tests/reference/own_tests.py keras_cv FOLDER

FOLDER has the package. What its tests import of it is the name in `compat`, but for helpers of the
tests themselves. It prints the number of tests that pass, and of those that do not by their kind,
as own_tests.toml has them; what is of no kind there is listed, and the exit code is 1.
"""

import collections
import importlib
import importlib.abc
import importlib.util
import math
import pathlib
import re
import shutil
import sys
import tempfile
import tomllib
import types
from typing import Any

import keras
import pytest

HERE = pathlib.Path(__file__)
#: Modules of the packages that serve their tests, and are taken as they are.
HELPERS = re.compile(
    r"\.(\w*test_utils|test_case|resource_loader|options|types|tf_inspect|serialization|\w+_test)$"
)


class Absent(Exception):
    """A name of the old package that `compat` does not have."""


def absent(name):
    """Returns what stands for a name that is not there, until it is used."""

    def raised(*arguments, **options):
        raise Absent(name)

    fields = {"__init__": raised, "__init_subclass__": classmethod(raised)}
    return types.new_class(name.rpartition(".")[2], (), {}, lambda space: space.update(fields))


class Old(types.ModuleType):
    """A module of the old package, whose names are those of `compat`."""

    def __init__(self, name, finder):
        super().__init__(name)
        self.__path__, self._finder = [], finder

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        own, *others = self._finder.tables(self.__name__)
        if name in own:
            return getattr(own[name], name)
        if self._finder.place(f"{self.__name__}.{name}"):
            return importlib.import_module(f"{self.__name__}.{name}")
        for table in others:
            if name in table:
                return getattr(table[name], name)
        return absent(f"{self.__name__}.{name}")


def public(module):
    """Lists the public names of a module of `compat`."""
    table = getattr(module, "TABLE", {})
    named = [name for name in vars(module) if not name.startswith("_")] if not table else []
    return [*(name for name, entry in table.items() if entry.new), *named]


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives the modules of the old package."""

    def __init__(self, library, folder):
        self.library, self.folder = library, pathlib.Path(folder)
        self.new = importlib.import_module(f"keras_cv_extras.compat.{library}")

    def place(self, name):
        path = self.folder.joinpath(*name.split("."))
        return next((p for p in (path.with_suffix(".py"), path) if p.exists()), None)

    def tables(self, name):
        """Lists names and the modules of `compat` that have them: of a module itself, of all."""
        last = name.rpartition(".")[2]
        modules = {part: getattr(self.new, part) for part in self.new.__all__}
        modules = {k: m for k, m in modules.items() if isinstance(m, types.ModuleType)}
        found = [dict.fromkeys(public(m), m) for k, m in modules.items() if k in name.split(".")]
        every = {n: m for m in [*modules.values(), self.new] for n in public(m)}
        return [found[0] if last in modules and found else {}, *found, every]

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] != self.library or not (place := self.place(name)):
            return None
        if HELPERS.search(name) and place.suffix == ".py":
            return importlib.util.spec_from_file_location(name, place)
        return importlib.util.spec_from_loader(name, self, is_package=True)

    def create_module(self, spec):
        return Old(spec.name, self)

    def exec_module(self, module):
        if module.__name__.endswith(".backend"):
            module.keras, module.ops = keras, keras.ops
        if module.__name__.endswith(".backend.config"):
            module.multi_backend = module.keras_3 = lambda: True


def largest(message):
    """Returns the greatest relative difference that a message of NumPy has, 0 if it has none."""
    found = re.findall(r"Max relative difference[^:]*: ([-+.e\d]+)", message)
    return max(map(float, found), default=0.0)


class Sorter:
    """Counts the results of tests, and sorts those that failed."""

    def __init__(self, kinds):
        self.kinds, self.counts, self.unknown = kinds, collections.Counter(), []

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item, call):
        report = (yield).get_result()
        if report.when != "call" and report.passed:
            return
        if report.passed or report.skipped:
            self.counts[report.outcome] += 1
            return
        self._failed(item.nodeid, f"{call.excinfo.typename}: {call.excinfo.value}")

    def pytest_collectreport(self, report):
        if report.failed:
            self._failed(report.nodeid, str(report.longrepr))

    def _failed(self, place, message):
        for kind in self.kinds:
            fits = re.search(kind.get("test", ""), place) and re.search(kind["error"], message)
            if fits and largest(message) <= kind.get("most", math.inf):
                self.counts[kind["why"]] += 1
                return
        self.counts["of no known kind"] += 1
        self.unknown.append(f"{place}: {' '.join(message.split())[:300]}")


def without_typeguard():
    """Lets Addons' own tests be imported where the package that checks their types is not."""
    if importlib.util.find_spec("typeguard") is None:
        made: Any = types.ModuleType("typeguard")
        made.typechecked = lambda function: function
        sys.modules["typeguard"] = made


def gather(package, place, chosen):
    """Copies the tests whose path begins with what was chosen, and what they share."""
    for source in sorted(package.rglob("*_test.py")):
        name = str(source.relative_to(package))
        if not chosen or name.startswith(tuple(chosen)):
            shutil.copy(source, place / name.replace("/", "__"))
    for source in sorted(package.rglob("conftest.py")):
        shutil.copy(source, place / "conftest.py")


def main():
    library, folder, *chosen = sys.argv[1:]
    without_typeguard()
    finder = Finder(library, folder)
    sys.meta_path.insert(0, finder)
    for name in [name for name in sys.modules if name.split(".")[0] == library]:
        del sys.modules[name]
    if library == "keras_cv":
        sys.modules["keras_core"] = keras
        first = keras.Sequential.__init__

        def begin(self, layers=None, **options):  # Keras 2 took one layer for a list of it
            first(self, [layers] if isinstance(layers, keras.Layer) else layers, **options)

        keras.Sequential.__init__ = begin
    kinds = tomllib.loads(HERE.with_suffix(".toml").read_text("utf-8"))[library]
    plugins: list[Any] = [Sorter(kinds)]
    options = ["-q", "--tb=short", "-p", "no:cacheprovider", "-c", "/dev/null", "-n", "0"]
    options += ["--continue-on-collection-errors", "-W", "ignore", "--import-mode=importlib"]
    options += ["-o", "python_files=*_test.py"]
    with tempfile.TemporaryDirectory() as place:  # where no package is around the tests
        gather(finder.folder / library, pathlib.Path(place), chosen)
        pytest.main([*options, "--rootdir", place, place], plugins=plugins)
    for kind, number in plugins[0].counts.most_common():
        print(f"{number:5} {kind}")
    print(*plugins[0].unknown, sep="\n")
    sys.exit(bool(plugins[0].unknown))


if __name__ == "__main__":
    main()
