"""Every public call and every command with its arguments and their defaults, one to a line.

python -m surface.signatures   # in tests/: writes signatures.txt anew
"""

import inspect
import pathlib

import typer

from keras_cv_extras import cli

from .names import aliases, public_names

KEPT = pathlib.Path(__file__).with_suffix(".txt")


def signatures():
    """Returns the lines, sorted: functions, classes with their methods, and plain values."""
    public = public_names()
    lines = set()
    for name in set(public) - set(aliases(public)):
        one = public[name]
        lines.add(f"{name}{_of(one)}")
        if inspect.isclass(one) and one.__module__.startswith("keras_cv_extras"):
            for method, made in vars(one).items():
                function = getattr(made, "__func__", made)
                if not method.startswith("_") and inspect.isfunction(function):
                    lines.add(f"{name}.{method}{_of(function)}")
    return sorted(lines | {*_commands(typer.main.get_command(cli.app), "kcx")})


def _commands(command, path):
    for parameter in command.params:
        default = "" if parameter.required else f" = {_text(parameter.default)}"
        yield f"{path} {'/'.join(parameter.opts)}{default}"
    for name, child in getattr(command, "commands", {}).items():
        yield from _commands(child, f"{path} {name}")


def _of(one):
    if not callable(one):
        return f" = {_text(one)}" if isinstance(one, (int, float, str, tuple)) else ""
    try:
        parameters = inspect.signature(one).parameters.values()
    except (TypeError, ValueError):  # of what is made in C
        return ""
    return f"({', '.join(map(_parameter, parameters))})"


def _parameter(parameter):
    stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
    only = {parameter.KEYWORD_ONLY: "*.", parameter.POSITIONAL_ONLY: "/."}.get(parameter.kind, "")
    if parameter.default is parameter.empty:
        return f"{stars}{only}{parameter.name}"
    return f"{only}{parameter.name}={_text(parameter.default)}"


def _text(value):
    """Returns a value as text that is the same in every process."""
    if callable(value):
        return getattr(value, "__qualname__", type(value).__qualname__)
    text = repr(value)
    return type(value).__qualname__ if " at 0x" in text else text


if __name__ == "__main__":
    KEPT.write_text("\n".join(signatures()) + "\n", encoding="utf-8")
