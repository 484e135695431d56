"""Which public names the source of tests uses: found by parsing, never by searching text.

A use is a name or an attribute that is read, resolved through the imports of its file:
`from keras_cv_extras import losses` and `losses.LogLoss(...)`. An import alone is none, and so
are comments, docstrings and strings but for two: `getattr(losses, "LogLoss")`, and scripts that
tests run in processes of their own.
"""

import ast
import importlib
import pkgutil
import textwrap

PACKAGE = "keras_cv_extras"


def public_names(package=PACKAGE, hidden=("cli",)):
    """Returns the public names, such as "keras_cv_extras.losses.LogLoss", and what each is."""
    found = {}
    root = importlib.import_module(package)
    modules = [package]
    for info in pkgutil.walk_packages(root.__path__, f"{package}."):
        parts = info.name.split(".")[1:]
        if info.ispkg and parts[0] not in hidden and not any(p.startswith("_") for p in parts):
            modules.append(info.name)
    for module in modules:
        made = importlib.import_module(module)
        found |= {f"{module}.{name}": getattr(made, name) for name in getattr(made, "__all__", ())}
    return found


def aliases(public):
    """Returns the public names that are exported twice: the longer name -> the other one."""
    by_object, pairs = {}, {}
    for path in sorted(public, key=lambda path: (path.count("."), path)):
        thing = public[path]
        if not callable(thing) and not isinstance(thing, tuple):
            continue
        first = by_object.setdefault(id(thing), path)
        if first != path and path.startswith(f"{first.rpartition('.')[0]}."):
            pairs[path] = first
    return pairs


def used_names(source, package=PACKAGE):
    """Returns the dotted names of a package that a file's source uses."""
    return _used(ast.parse(source), package)


def _used(tree, package):
    visitor = _Uses(tree, package)
    visitor.visit(tree)
    found = visitor.found
    for text in visitor.texts:
        if package in text:
            try:
                script = ast.parse(textwrap.dedent(text))
            except SyntaxError:  # prose, or a piece of a script
                continue
            found |= _used(script, package)
    return found


class _Uses(ast.NodeVisitor):
    """Collects what is read through imported names, where no local variable hides them."""

    def __init__(self, tree, package):
        self.package, self.found, self.texts = package, set(), []
        self.hidden = [set()]
        self.imported = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    whole = alias.name if alias.asname else alias.name.partition(".")[0]
                    self._learn(alias.asname or whole, whole)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for alias in node.names:
                    self._learn(alias.asname or alias.name, f"{node.module}.{alias.name}")
        self.docstrings = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }

    def _learn(self, name, path):
        if path.partition(".")[0] == self.package:
            self.imported[name] = path

    def _path(self, node):
        if isinstance(node, ast.Attribute):
            before = self._path(node.value)
            return before and f"{before}.{node.attr}"
        if isinstance(node, ast.Name) and not any(node.id in names for names in self.hidden):
            return self.imported.get(node.id)
        return None

    def visit_Attribute(self, node):  # noqa: N802
        path = self._path(node)
        if path and isinstance(node.ctx, ast.Load):
            self.found.add(path)
        self.generic_visit(node)

    def visit_Name(self, node):  # noqa: N802
        path = self._path(node)
        if path and isinstance(node.ctx, ast.Load):
            self.found.add(path)

    def visit_Call(self, node):  # noqa: N802
        if isinstance(node.func, ast.Name) and node.func.id == "getattr" and len(node.args) > 1:
            path, name = self._path(node.args[0]), node.args[1]
            if path and isinstance(name, ast.Constant):
                self.found.add(f"{path}.{name.value}")
        self.generic_visit(node)

    def visit_Constant(self, node):  # noqa: N802
        if isinstance(node.value, str) and id(node) not in self.docstrings:
            self.texts.append(node.value)

    def visit_FunctionDef(self, node):  # noqa: N802
        for part in (
            *node.decorator_list,
            *node.args.defaults,
            *filter(None, node.args.kw_defaults),
        ):
            self.visit(part)
        self._inside(node, node.body)

    def visit_Lambda(self, node):  # noqa: N802
        self._inside(node, [node.body])

    def _inside(self, function, body):
        arguments = function.args
        names = {a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
        names |= {a.arg for a in (arguments.vararg, arguments.kwarg) if a}
        for part in body:
            names |= {
                node.id
                for node in ast.walk(part)
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            }
        self.hidden.append(names)
        for part in body:
            self.visit(part)
        self.hidden.pop()
