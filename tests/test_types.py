"""What type checkers see of the package: every public signature, and the names that load late."""

import ast
import inspect
import pathlib
import re

import keras
import pytest

import keras_cv_extras

SOURCE = pathlib.Path(keras_cv_extras.__file__).parent
PACKAGES = [
    ".".join(path.parent.relative_to(SOURCE.parent).parts) for path in SOURCE.rglob("__init__.py")
]
OPS_STUB = SOURCE.parent / "typings" / "keras-stubs" / "ops" / "__init__.pyi"


class Modules:
    """Reads modules, and finds where their names are defined."""

    def __init__(self):
        self._trees = {}

    def file(self, name):
        path = SOURCE.parent.joinpath(*name.split("."))
        return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")

    def names(self, module):
        """Returns for each name of a module its node, or the module and the name it is from."""
        if module not in self._trees:
            tree = ast.parse(self.file(module).read_text(encoding="utf-8"))
            body = [*tree.body, *(n for node in tree.body if under_check(node) for n in node.body)]
            found = self._trees[module] = {}
            for node in body:
                found.update(dict.fromkeys(defined(node), node))
                if isinstance(node, ast.ImportFrom) and node.module.startswith("keras_cv_extras"):
                    pairs = [(alias.asname or alias.name, alias.name) for alias in node.names]
                    found.update({own: (node.module, name) for own, name in pairs})
        return self._trees[module]

    def resolve(self, module, name):
        """Returns the module that defines a name, and the node; no node for a module itself."""
        node = self.names(module).get(name)
        if isinstance(node, tuple):
            inner = ".".join(node)
            return (inner, None) if self.file(inner).exists() else self.resolve(*node)
        return module, node

    def bases(self, module, node):
        """Gives the classes of the package that a class is made of, itself first."""
        yield module, node
        for base in node.bases:
            names = ast.unparse(base).split("[")[0].split(".")
            where, found = self.resolve(module, names[0])
            if found is None and len(names) == 2 and self.file(where).exists():
                where, found = self.resolve(where, names[1])
            if isinstance(found, ast.ClassDef):
                yield from self.bases(where, found)


def under_check(node):
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def defined(node):
    """Returns the names that a statement defines."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [node.name]
    targets = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
    return [target.id for target in targets if isinstance(target, ast.Name)]


def exported(names):
    return ast.literal_eval(names["__all__"].value) if "__all__" in names else []


def missing(node, *, method):
    """Returns what of a function has no annotation."""
    spec = node.args
    first = [*spec.posonlyargs, *spec.args]
    static = any(ast.unparse(mark) == "staticmethod" for mark in node.decorator_list)
    rest = [*spec.kwonlyargs, *filter(None, (spec.vararg, spec.kwarg))]
    plain = [arg.arg for arg in [*first[method and not static :], *rest] if not arg.annotation]
    return plain if node.returns else [*plain, "its result"]


def missing_of_class(modules, module, node):
    """Gives what of a class, and of those that it is made of, has no annotation."""
    classes = list(modules.bases(module, node))
    annotated = {
        name
        for _, one in classes
        for item in one.body
        if isinstance(item, ast.AnnAssign)
        for name in defined(item)
    }
    for where, one in classes:
        for item in one.body:
            for name in defined(item):
                if name.startswith("_") and not name.startswith("__") or name == "__doc__":
                    continue
                if isinstance(item, ast.FunctionDef):
                    gaps = missing(item, method=True)
                elif isinstance(item, ast.Assign):
                    gaps = [] if name in annotated else ["its value"]
                else:
                    gaps = []
                if gaps:
                    yield f"{where}.{one.name}.{name}: {', '.join(gaps)}"


def test_public_signatures_are_annotated():
    modules, found, count = Modules(), set(), 0
    for package in PACKAGES:
        for name in exported(modules.names(package)):
            module, node = modules.resolve(package, name)
            count += 1
            if isinstance(node, ast.ClassDef):
                found.update(missing_of_class(modules, module, node))
            elif isinstance(node, ast.FunctionDef):
                if gaps := missing(node, method=False):
                    found.add(f"{module}.{name}: {', '.join(gaps)}")
            elif isinstance(node, ast.Assign) and not isinstance(node.value, ast.Call):
                found.add(f"{module}.{name}: its value")
    assert count > 400
    assert sorted(found) == []


@pytest.mark.parametrize(
    ("source", "gaps"),
    [
        ("def f(a: int, *rest: int, b: str = '', **more: int) -> None: ...", []),
        ("def f(a, b: int): ...", ["a", "its result"]),
        ("def f(*rest, b=1, **more) -> int: ...", ["b", "rest", "more"]),
    ],
)
def test_a_missing_annotation_is_found(source, gaps):
    assert missing(ast.parse(source).body[0], method=False) == gaps


@pytest.mark.parametrize("package", PACKAGES)
def test_type_checkers_see_what_loads_late(package):
    """The places that a package loads from are those that it imports under `TYPE_CHECKING`."""
    modules = Modules()
    names = modules.names(package)
    module = inspect.importlib.import_module(package)
    for name, place in getattr(module, "_PLACES", {}).items():
        assert name in module.__all__
        assert modules.resolve(package, name) == modules.resolve(f"{package}.{place}", name), name
    assert set(exported(names)) == set(getattr(module, "__all__", []))


def test_the_stub_of_ops_says_what_keras_says():
    if not OPS_STUB.exists():
        pytest.skip("installed without its sources")
    stub = {}
    for node in ast.parse(OPS_STUB.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            spec = node.args
            rest = [*spec.kwonlyargs, *filter(None, (spec.vararg, spec.kwarg))]
            stub[node.name] = {arg.arg for arg in [*spec.posonlyargs, *spec.args, *rest]}
    texts = [path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py")]
    used = {name for text in texts for name in re.findall(r"(?<![\w.])ops\.(\w+)\(", text)}
    ours = {name: stub[name] for name in used & set(dir(keras.ops))}
    assert len(ours) > 80
    assert ours == {n: set(inspect.signature(getattr(keras.ops, n)).parameters) for n in ours}
