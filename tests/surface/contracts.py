"""Tests that call everything in a list: the names in it need not be written out.

A list counts where the test goes through all of it, by `parametrize` or a loop, and gets each
thing with `getattr(package, name)`, itself or through the helper that is named here.
"""

import ast
import dataclasses
import importlib
import pathlib
import sys

TESTS = pathlib.Path(__file__).parent.parent


@dataclasses.dataclass(frozen=True)
class Contract:
    """A test that calls each name of a list.

    Args:
        file: the test's file, seen from `tests`.
        test: the name of the function.
        names: the list, a variable of that file.
        package: where the names are public.
        helper: None, or the file and the function that the test calls to get each.
    """

    file: str
    test: str
    names: str
    package: str
    helper: tuple[str, str] | None = None


CONTRACTS = (
    Contract(
        "augment/test_contract.py",
        "test_any_size_and_type",
        "NAMES",
        "keras_cv_extras.augment",
        helper=("augment/test_contract.py", "apply"),
    ),
    Contract(
        "layers/test_layers_contract.py",
        "test_half_precision",
        "NAMES",
        "keras_cv_extras.layers",
        helper=("layers/test_layers_contract.py", "make"),
    ),
    Contract(
        "layers/test_augmentation_contract.py",
        "test_images_and_labels_keep_their_types_under_mixed_precision",
        "NAMES",
        "keras_cv_extras.layers",
        helper=("layers/test_augmentation_contract.py", "make"),
    ),
    Contract(
        "losses/test_loss_contract.py",
        "test_finite_for_predictions_of_zero",
        "CASES",
        "keras_cv_extras.losses",
        helper=("losses/cases.py", "make"),
    ),
    Contract(
        "losses/test_loss_functions.py",
        "test_one_sample",
        "EXPECTED",
        "keras_cv_extras.losses",
    ),
)


def covered(contract, tests=TESTS):
    """Returns the public names that a contract calls.

    Raises:
        AssertionError: if the test does not go through the list, or does not get what it names.
    """
    place = f"{contract.file}::{contract.test}"
    tree = ast.parse((tests / contract.file).read_text(encoding="utf-8"))
    test = _function(tree, contract.test)
    assert test is not None, f"{place} is not there"
    assert _goes_through(tree, test, contract.names), f"{place} leaves out some of {contract.names}"
    getter, imports = test, tree
    if contract.helper is not None:
        file, name = contract.helper
        assert _calls(test, name), f"{place} does not call {name}"
        imports = ast.parse((tests / file).read_text(encoding="utf-8"))
        getter = _function(imports, name)
    assert _gets(getter, imports, contract.package), f"{place} gets nothing of {contract.package}"
    names = getattr(_module(contract.file, tests), contract.names)
    return {f"{contract.package}.{name}" for name in names}


def _function(tree, name):
    found = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name]
    return found[0] if found else None


def _goes_through(tree, test, names):
    """Whether a test is given every one of the names, or loops over them."""
    marks = {
        node.targets[0].id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    for mark in test.decorator_list:
        mark = marks.get(mark.id) if isinstance(mark, ast.Name) else mark
        if (
            isinstance(mark, ast.Call)
            and ast.unparse(mark.func) == "pytest.mark.parametrize"
            and _is_all(mark.args[1], names)
        ):
            return True
    loops = [
        node.iter
        for part in test.body
        for node in ast.walk(part)
        if isinstance(node, ast.For) or (isinstance(node, ast.comprehension) and not node.ifs)
    ]
    return any(isinstance(over, ast.Name) and over.id == names for over in loops)


def _is_all(values, names):
    """Whether an expression is a list of names."""
    return isinstance(values, ast.Name) and values.id == names


def _calls(test, name):
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
        for node in ast.walk(test)
    )


def _gets(function, tree, package):
    """Whether a function has `getattr(package, name)`."""
    before, _, last = package.rpartition(".")
    known = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == before
        for alias in node.names
        if alias.name == last
    }
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "getattr"
        and isinstance(node.args[0], ast.Name)
        and node.args[0].id in known
        for node in ast.walk(function)
    )


def _module(file, tests):
    """Imports a test's module under the name that pytest gives it."""
    path = tests / file
    names = [path.stem]
    folder = path.parent
    while (folder / "__init__.py").exists():
        names.insert(0, folder.name)
        folder = folder.parent
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    return importlib.import_module(".".join(names))
