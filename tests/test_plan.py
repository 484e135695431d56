"""The plan of the package: who may import what, and how large rooms are."""

import ast
import collections
import pathlib

import pytest

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


def name_of(path):
    """Returns the dotted name of a file's module; of an `__init__`, its package's."""
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def at_once(body):
    """Yields the imports that run when a module is loaded: none of functions and type checkers."""
    for node in body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node
        elif not isinstance(node, ast.FunctionDef) and not under_check(node):
            for part in ("body", "handlers", "orelse", "finalbody"):
                yield from at_once(getattr(node, part, []) or [])


def under_check(node):
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def loaded_by(files):
    """Returns for each module those that it loads; a lazy name is from where its stub says."""
    modules = {name_of(path): path for path in files}
    lazy = {}
    for module, path in modules.items():
        if path.with_suffix(".pyi").exists():
            for node in ast.parse(path.with_suffix(".pyi").read_text("utf-8")).body:
                if isinstance(node, ast.ImportFrom) and node.module:
                    names = {alias.name: f"{module}.{node.module}" for alias in node.names}
                    lazy.update({(module, name): place for name, place in names.items()})

    def place(module, name):
        if (module, name) in lazy:
            return place(lazy[module, name], name)
        inner = f"{module}.{name}"
        return inner if inner in modules else module

    found = {}
    for module, path in modules.items():
        nodes = list(at_once(ast.parse(path.read_text("utf-8")).body))
        pairs = [
            (n.module, a.name) for n in nodes if isinstance(n, ast.ImportFrom) for a in n.names
        ]
        wanted = {place(*pair) for pair in pairs if pair[0] is not None}
        wanted |= {a.name for n in nodes if isinstance(n, ast.Import) for a in n.names}
        # A package is loaded before its modules: that is no circle.
        found[module] = {w for w in wanted & set(modules) if not f"{module}.".startswith(f"{w}.")}
    return found


def circle(graph):
    """Returns modules that load each other, the first again at the end; [] if none do."""
    done, way = set(), []

    def walk(module):
        if module in way:
            return [*way[way.index(module) :], module]
        if module in done:
            return []
        way.append(module)
        for other in sorted(graph[module]):
            if found := walk(other):
                return found
        done.add(way.pop())
        return []

    return next(filter(None, map(walk, sorted(graph))), [])


def test_no_module_loads_itself_by_others():
    graph = loaded_by(FILES)
    assert sum(map(len, graph.values())) > 1000
    assert circle(graph) == []


def test_a_circle_is_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(f"{__name__}.SOURCE", tmp_path / "toy")
    texts = {
        "__init__.py": "",
        "__init__.pyi": "from ._a import x as x",
        "_a.py": "from toy._b import y\nimport math\nx = y",
        "_b.py": "def y():\n    from toy import x\n    return x",
    }
    (tmp_path / "toy").mkdir()
    for name, text in texts.items():
        (tmp_path / "toy" / name).write_text(text)
    files = sorted((tmp_path / "toy").glob("*.py"))
    assert circle(loaded_by(files)) == []
    (tmp_path / "toy" / "_b.py").write_text("try:\n    from toy import x\nfinally:\n    y = 1")
    assert circle(loaded_by(files)) == ["toy._a", "toy._b", "toy._a"]


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


def test_replicas_draw_apart():
    """Keras' own generator draws the same on all of them; see `_base/seeds.py`."""
    made = [
        path.name
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "keras.random.SeedGenerator"
    ]
    assert made == []


def test_folders_are_small():
    counts = collections.Counter(path.parent for path in FILES)
    large = {str(folder): count for folder, count in counts.items() if count > MOST_FILES}
    assert large == {}


def test_files_of_tests_have_names_of_their_own():
    """Outside of packages pytest imports a file by its name alone, and two of one name never."""
    files = pathlib.Path(__file__).parent.rglob("test_*.py")
    names = collections.Counter(f.name for f in files if not (f.parent / "__init__.py").exists())
    assert [name for name, count in names.items() if count > 1] == []


def test_no_code_runs_between_fork_and_exec():
    """There the threads of libraries are gone, and gRPC writes of its own to the child's stderr."""
    named = f"{'preexec'}_fn="
    files = [*FILES, *pathlib.Path(__file__).parent.rglob("*.py")]
    assert [str(path) for path in files if named in path.read_text("utf-8")] == []


def test_the_tree_in_the_documents_has_every_folder():
    page = SOURCE.parent / "CONTRIBUTING.md"
    if not page.exists():
        pytest.skip("installed without its sources")
    tree, found, way = page.read_text("utf-8").split("```\nkeras_cv_extras/\n")[1], set(), []
    for line in tree.split("```")[0].splitlines():
        name = line.split()[0].rstrip("/")
        way = [*way[: (len(line) - len(line.lstrip())) // 2 - 1], name]
        found.add("/".join(way))
    folders = {path.parent.relative_to(SOURCE).as_posix() for path in FILES}
    assert found == folders - {"."}


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
