"""The list of all ops, whole and in one order, whatever was used before.

An op enters `OPS` when the module of its kernel is imported. Here all of them are.
"""

import importlib
import pkgutil

from keras_cv_extras import augment
from keras_cv_extras.augment._image_op import OPS as OPS

_MODULES = [
    info.name
    for info in pkgutil.walk_packages(augment.__path__, f"{augment.__name__}.")
    if info.name != __name__
]
for _module in _MODULES:
    importlib.import_module(_module)


def _place(entry):
    module = entry[1].kernel.__module__
    return _MODULES.index(module) if module in _MODULES else len(_MODULES)


_entries = sorted(OPS.items(), key=_place)
OPS.clear()
OPS.update(_entries)
