"""Names in saved models, known to Keras from the first import on, and loaded when they are met.

Keras finds a class of a saved model by the name that it was registered with, and a class is
registered when its module is imported. Here every name stands for its class from the moment that
both Keras and this package are imported; the module is imported when Keras asks for the class.
"""

import contextlib
import importlib
import importlib.abc
import pkgutil
import sys

from keras_cv_extras._base.saved.names import NAMES

_ROOT = __name__.partition(".")[0]


class Later:
    """Stands for a registered class until it is needed.

    Args:
        name: the registered name.
        subpackage: where its module is, such as "losses".
    """

    def __init__(self, name, subpackage):
        self.name, self.subpackage = name, subpackage

    def __repr__(self):
        return f"<{self.name}, not loaded yet>"

    def load(self):
        """Returns the class."""
        objects = sys.modules["keras"].saving.get_custom_objects()
        package = importlib.import_module(f"{_ROOT}.{self.subpackage}")
        name = self.name.rpartition(">")[2]
        if name in dir(package):
            getattr(package, name)
        if objects.get(self.name) is self:  # of a module that has no public name of it
            for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
                importlib.import_module(module.name)
        if objects.get(self.name) is self:
            raise ImportError(f"{self.name}: no such class in {package.__name__}")
        return objects[self.name]

    def from_config(self, config):
        """Builds an object, as the class does."""
        return self.load().from_config(config)

    def __call__(self, *arguments, **options):
        """Builds an object, as the class does."""
        return self.load()(*arguments, **options)


def may_have(name, module):
    """Returns whether a class may be registered as `keras_cv_extras>name`.

    A class of this package that has the name keeps it: others of that name, such as a user's, would
    take its place in files.

    Args:
        name: of the class.
        module: where the class is.
    """
    homes = [
        home
        for (package, home), names in NAMES.items()
        if package == _ROOT and name in names.split()
    ]
    return not homes or module.startswith(tuple(f"{_ROOT}.{home}." for home in homes))


def register():
    """Makes the names known to Keras, now or as soon as it is imported."""
    keras = sys.modules.get("keras")
    if keras is not None and hasattr(keras, "saving"):
        _register(keras)
    else:
        sys.meta_path.insert(0, _Watch())


def _register(keras):
    objects = keras.saving.get_custom_objects()
    for (package, subpackage), names in NAMES.items():
        for name in names.split():
            objects.setdefault(f"{package}>{name}", Later(f"{package}>{name}", subpackage))


class _Watch(importlib.abc.MetaPathFinder):
    """Registers the names when Keras has been imported."""

    def find_spec(self, fullname, path=None, target=None):
        """Finds Keras by the other finders, and has its loader call `_register` afterwards."""
        if fullname != "keras" or path is not None:
            return None
        others = [finder for finder in sys.meta_path if not isinstance(finder, _Watch)]
        found = (finder.find_spec(fullname, path, target) for finder in others)
        spec = next((spec for spec in found if spec is not None), None)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def exec_module(module):  # not before: who only asks whether Keras is there has a spec
                with contextlib.suppress(ValueError):  # another thread was faster
                    sys.meta_path.remove(self)
                load(module)
                _register(module)

            spec.loader.exec_module = exec_module
        return spec
