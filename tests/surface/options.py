"""Which options of a command line the source of tests gives to its commands.

What is looked for is the list of arguments of a command: those of a function that calls typer's
`CliRunner().invoke(app, ...)`, and lists that begin with the program's name, for `sys.argv`.
Lists are put together through starred names, `+`, loops over literals, variables of the function
or the file, and `pytest.mark.parametrize`. An option counts for the command that the list begins
with, and for no other.
"""

import ast
import itertools

import typer

UNKNOWN = None  # an argument that is computed


def all_options(app):
    """Returns the options of a typer app: `("gan", "train", "--steps")`, and so on."""
    found = set()

    def walk(command, path):
        if _is_group(command):
            for name, child in command.commands.items():
                walk(child, (*path, name))
        found.update((*path, name) for name in _names(command))

    walk(typer.main.get_command(app), ())
    return found


def given_options(source, app, *, program="kcx", defaults=()):
    """Returns the options that a file's source gives to the commands of an app.

    Args:
        source: the text of the file.
        app: the typer app.
        program: its name, which lists for `sys.argv` begin with.
        defaults: the groups whose command may be left out, and that command.
    """
    if "invoke(" not in source and "sys.argv" not in source:
        return set()
    lists = {tuple(tokens) for tokens in _argument_lists(ast.parse(source), program)}
    root = typer.main.get_command(app)
    return {option for tokens in lists for option in _options_of(root, tokens, dict(defaults))}


def _options_of(command, tokens, defaults):
    path, rest, found = (), list(tokens), set()
    while _is_group(command):
        while rest and rest[0] in _names(command):  # of the group, before the command
            found.add((*path, rest[0]))
            rest = rest[1 + _takes_value(command, rest[0]) :]
        if rest and rest[0] in command.commands:
            name = rest.pop(0)
        elif rest and path and path[-1] in defaults:
            name = defaults[path[-1]]
        else:
            return found
        command, path = command.commands[name], (*path, name)
    if "--" in rest:
        rest = rest[: rest.index("--")]
    given = {token.partition("=")[0] for token in rest if token is not UNKNOWN}
    return found | {(*path, name) for name in _names(command) & given}


def _is_group(command):
    return hasattr(command, "commands")


def _takes_value(command, name):
    (option,) = (p for p in command.params if name in (*p.opts, *p.secondary_opts))
    return not (option.is_flag or option.count)


def _names(command):
    return {
        name
        for parameter in command.params
        if parameter.param_type_name == "option"
        for name in (*parameter.opts, *parameter.secondary_opts)
    }


def _argument_lists(tree, program):
    module = _Scope(tree, None)
    runners = _runners(tree)
    for node, scope in _in_scopes(tree, module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            prefix, skipped = runners.get(node.func.id, (None, 0))
            if prefix is not None:
                for tokens in scope.joined(node.args[skipped:]):
                    yield [*prefix, *tokens]
        elif isinstance(node, ast.Call) and _is_invoke(node):
            yield from scope.values(node.args[1])
        elif isinstance(node, ast.List):
            for tokens in scope.values(node):
                if tokens[:1] == [program]:
                    yield tokens[1:]


def _is_invoke(node):
    return (
        isinstance(node.func, ast.Attribute) and node.func.attr == "invoke" and len(node.args) > 1
    )


def _runners(tree):
    """Returns the functions that hand their starred arguments to a command.

    They call `invoke`, or another such function. One in a fixture goes by the fixture's name.

    Returns:
        For each name what comes before the arguments, and how many arguments come before them.
    """
    functions = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            inside = [part for part in ast.walk(node) if isinstance(part, ast.FunctionDef)]
            functions += [(node.name, part) for part in inside if part.args.vararg]
    runners = {}
    for _ in range(3):  # a function that calls one that calls one
        for name, function in functions:
            for call in ast.walk(function):
                prefix = _prefix(call, function.args.vararg.arg, runners)
                if prefix is not None:
                    runners.setdefault(name, (prefix, len(function.args.args)))
    return runners


def _prefix(call, starred, runners):
    """Returns what a call of a runner has before the starred arguments; None if it is none."""
    if not isinstance(call, ast.Call):
        return None
    if _is_invoke(call):
        before, given = [], getattr(call.args[1], "elts", [])
    elif isinstance(call.func, ast.Name) and call.func.id in runners:
        before, skipped = runners[call.func.id]
        given = call.args[skipped:]
    else:
        return None
    if not any(isinstance(part, ast.Name) and part.id == starred for part in ast.walk(call)):
        return None
    scope = _Scope(ast.Module(body=[]), None)
    return [*before, *(token for token in scope.joined(given)[0] if token is not UNKNOWN)]


def _in_scopes(node, scope):
    for child in ast.iter_child_nodes(node):
        inner = _Scope(child, scope) if isinstance(child, ast.FunctionDef) else scope
        yield child, inner
        yield from _in_scopes(child, inner)


class _Scope:
    """The variables of a function or a file, as the expressions that give them values."""

    def __init__(self, node, parent):
        self.parent, self.expressions, self.followed = parent, {}, []
        for part in _own_nodes(node):
            if isinstance(part, ast.Assign) and isinstance(part.targets[0], ast.Name):
                self.expressions.setdefault(part.targets[0].id, []).append(part.value)
            elif isinstance(part, ast.For):
                self._rows(part.target, part.iter)
        for decorator in getattr(node, "decorator_list", ()):
            if isinstance(decorator, ast.Call) and len(decorator.args) > 1:
                self._parameters(*decorator.args[:2])

    def _parameters(self, names, rows):
        if isinstance(names, ast.Constant):
            names = [ast.Name(name.strip()) for name in str(names.value).split(",")]
        else:
            names = [ast.Name(name.value) for name in getattr(names, "elts", ())]
        self._rows(names[0] if len(names) == 1 else ast.Tuple(names), rows)

    def _rows(self, target, rows):
        """Learns the values of a variable, or of several, that go through the rows of a list."""
        rows = self._literal(rows)
        for row in rows:
            if isinstance(row, ast.Call) and row.args:  # pytest.param(...)
                row = ast.Tuple(row.args) if len(row.args) > 1 else row.args[0]
            if isinstance(target, ast.Name):
                self.expressions.setdefault(target.id, []).append(row)
            elif isinstance(target, ast.Tuple) and isinstance(row, (ast.Tuple, ast.List)):
                for name, value in zip(target.elts, row.elts, strict=False):
                    if isinstance(name, ast.Name):
                        self.expressions.setdefault(name.id, []).append(value)

    def _literal(self, node):
        called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
        if called == "enumerate":
            return [ast.Tuple([ast.Constant(0), row]) for row in self._literal(node.args[0])]
        if called.endswith(".items") and isinstance(node.func.value, ast.Dict):
            pairs = zip(node.func.value.keys, node.func.value.values, strict=True)
            return [ast.Tuple(list(pair)) for pair in pairs]
        if isinstance(node, ast.Name):
            known = self._lookup(node.id)
            node = known[0] if known else node
        return node.elts if isinstance(node, (ast.List, ast.Tuple)) else []

    def _lookup(self, name):
        scope = self
        while scope is not None:
            if name in scope.expressions:
                return scope.expressions[name]
            scope = scope.parent
        return None

    def joined(self, parts):
        """Returns the lists that arguments may make together."""
        choices = [self._spliced(part) for part in parts]
        return [
            list(itertools.chain(*row))
            for row in itertools.islice(itertools.product(*choices), 999)
        ]

    def _spliced(self, part):
        if isinstance(part, ast.Starred):
            return self.values(part.value)
        if isinstance(part, ast.Name):
            known = [e for e in self._lookup(part.id) or () if isinstance(e, ast.Constant)]
            part = known or [part]
        else:
            part = [part]
        return [
            [one.value if isinstance(one, ast.Constant) and isinstance(one.value, str) else UNKNOWN]
            for one in part
        ]

    def values(self, node):
        """Returns the lists that an expression may be; one of an unknown value if it may not."""
        if isinstance(node, (ast.List, ast.Tuple)):
            return self.joined(node.elts)
        if isinstance(node, ast.Name):
            return self._followed(node.id) or [[UNKNOWN]]
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            both = itertools.product(self.values(node.left), self.values(node.right))
            return [[*left, *right] for left, right in both]
        if isinstance(node, ast.IfExp):
            return [*self.values(node.body), *self.values(node.orelse)]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id == "map" and len(node.args) == 2:
                return self.values(node.args[1])
            if node.func.id in ("list", "tuple") and node.args:
                return self.values(node.args[0])
        if isinstance(node, (ast.ListComp, ast.GeneratorExp)) and len(node.generators) == 1:
            return self.values(node.generators[0].iter)
        return [[UNKNOWN]]

    def _followed(self, name):
        if name in self.followed:  # options = [*options, ...]
            return []
        self.followed.append(name)
        found = [tokens for e in self._lookup(name) or () for tokens in self.values(e)]
        self.followed.pop()
        return found


def _own_nodes(node):
    """Walks a function or a file without the functions in it."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, (ast.FunctionDef, ast.Lambda)):
            yield from _own_nodes(child)
