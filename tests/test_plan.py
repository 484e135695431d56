"""The plan of the package: who may import what, and how large rooms are."""

import ast
import collections
import pathlib

import keras_cv_extras

SOURCE = pathlib.Path(keras_cv_extras.__file__).parent
FILES = sorted(SOURCE.rglob("*.py"))
GROUND = "_base"
MOST_FILES = 15


def imports(path):
    """Yields what a file imports of the package, as paths of names without the package's own."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("keras_cv_extras"):
            for alias in node.names:
                yield (*node.module.split(".")[1:], alias.name)


def room(path):
    """Returns the subpackage that a file is in; "" for the package's own `__init__`."""
    parts = path.relative_to(SOURCE).parts
    return parts[0] if len(parts) > 1 else ""


def is_private(name):
    return name.startswith("_") and not name.startswith("__")


def crossings(files):
    """Returns the private names that a file imports from another subpackage."""
    return [
        f"{path.relative_to(SOURCE)} imports {'.'.join(names)}"
        for path in files
        for names in imports(path)
        if names[0] not in (GROUND, room(path)) and any(map(is_private, names))
    ]


def test_private_names_stay_in_their_subpackage():
    assert crossings(FILES) == []


def test_the_ground_stands_on_nothing():
    above = [
        f"{path.name} imports {'.'.join(names)}"
        for path in FILES
        if room(path) == GROUND
        for names in imports(path)
        if names[0] != GROUND and names != ("__version__",)
    ]
    assert above == []


def test_folders_are_small():
    counts = collections.Counter(path.parent for path in FILES)
    large = {str(folder): count for folder, count in counts.items() if count > MOST_FILES}
    assert large == {}


def test_a_crossing_is_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(f"{__name__}.SOURCE", tmp_path)
    path = tmp_path / "mix" / "_new.py"
    path.parent.mkdir()
    path.write_text(
        "from keras_cv_extras._base import engine\n"
        "from keras_cv_extras.augment import OPS, _op\n"
        "from keras_cv_extras.policy._step import Step\n"
        "from keras_cv_extras.mix._labels import compact\n"
    )
    assert crossings([path]) == [
        "mix/_new.py imports augment._op",
        "mix/_new.py imports policy._step.Step",
    ]
