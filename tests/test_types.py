"""What type checkers see of the package: every public signature, and the names that load late."""

import ast
import importlib
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
        if not path.is_dir():
            return path.with_suffix(".py")
        stub = path / "__init__.pyi"
        return stub if stub.exists() else path / "__init__.py"

    def names(self, module):
        """Returns for each name of a module its node, or the module and the name it is from."""
        if module not in self._trees:
            tree = ast.parse(self.file(module).read_text(encoding="utf-8"))
            body = [*tree.body, *(n for node in tree.body if under_check(node) for n in node.body)]
            found = self._trees[module] = {}
            for node in body:
                found.update(dict.fromkeys(defined(node), node))
                if not isinstance(node, ast.ImportFrom):
                    continue
                above = [module] if node.level else []  # of a stub, which names its own modules
                place = ".".join([*above, *([node.module] if node.module else [])])
                if place.startswith("keras_cv_extras"):
                    pairs = [(alias.asname or alias.name, alias.name) for alias in node.names]
                    found.update({own: (place, name) for own, name in pairs})
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


def stub(package):
    """Returns what a package's stub says: each name, and the module that it is from."""
    path = SOURCE.parent.joinpath(*package.split("."), "__init__.pyi")
    if not path.exists():
        return []
    nodes = ast.parse(path.read_text("utf-8")).body
    imports = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    return [(alias.name, node.module) for node in imports for alias in node.names]


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
        for name, _ in stub(package):
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


@pytest.mark.parametrize("package", [name for name in PACKAGES if stub(name)])
def test_stub_and_package_agree(package):
    """What type checkers read, what `dir` lists and what is there are the same names."""
    module = importlib.import_module(package)
    listed = [name for name, _ in stub(package)]
    assert dir(module) == sorted(listed)  # and none of them twice
    assert sorted(module.__all__) == sorted(listed)
    for name, place in stub(package):
        if place is None:
            assert getattr(module, name) is importlib.import_module(f"{package}.{name}")
        else:
            found = getattr(importlib.import_module(f"{package}.{place}"), name)
            assert getattr(module, name) is found, name


def test_lazy_packages_have_a_stub():
    texts = {path: path.read_text("utf-8") for path in SOURCE.rglob("__init__.py")}
    lazy = {path.parent for path, text in texts.items() if "lazy.attach(" in text}
    assert lazy == {path.parent for path in SOURCE.rglob("*.pyi")}
    assert len(lazy) > 20


def test_a_misspelled_name_is_named():
    with pytest.raises(AttributeError, match="'keras_cv_extras.data' has no attribute 'pipelin'"):
        keras_cv_extras.data.pipelin  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'pipelin'"):
        exec("from keras_cv_extras.data import pipelin")


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
