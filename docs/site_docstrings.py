"""Docstrings as the site shows them: of what runs, with examples as code."""

import inspect
import re
import sys

import griffe

EXAMPLE = re.compile(r"^( *)>>> .*(?:\n\1\S.*)*", re.MULTILINE)

LONGEST = 300  # characters of a value that is shown


def fenced(text):
    """Returns a docstring whose `>>>` lines, and what they print, are blocks of code."""
    return EXAMPLE.sub(lambda found: f"{found[1]}```pycon\n{found[0]}\n{found[1]}```", text)


def take_what_runs(obj):
    """Gives a function what its decorator made of it; griffe has looked behind all decorators."""
    module = sys.modules.get(obj.parent.path)
    made = getattr(module, "__dict__", {}).get(obj.name)
    if not (inspect.isfunction(made) and hasattr(made, "__wrapped__") and made.__doc__):
        return
    obj.docstring.value = inspect.getdoc(made)
    there = {parameter.name: parameter for parameter in obj.parameters}
    obj.parameters = griffe.Parameters(
        *(
            there.get(name) or parameter_of(p)
            for name, p in inspect.signature(made).parameters.items()
        )
    )


def parameter_of(parameter):
    """Returns a parameter as griffe has it."""
    given = inspect.Parameter.empty
    return griffe.Parameter(
        parameter.name,
        kind=griffe.ParameterKind(parameter.kind.description),
        annotation=None
        if parameter.annotation is given
        else inspect.formatannotation(parameter.annotation),
        default=None if parameter.default is given else repr(parameter.default),
    )


class Docstrings(griffe.Extension):
    """Puts fences around the examples of every docstring."""

    def on_object(self, *, obj, **kwargs):
        """Changes the docstring of one object; a value has none, only its type has."""
        if obj.is_attribute:
            obj.docstring = None
            if len(str(obj.value)) > LONGEST:  # such as a table of all ops, with addresses in it
                obj.value = None
        elif obj.docstring:
            if obj.is_function:
                take_what_runs(obj)
            obj.docstring.value = fenced(obj.docstring.value)
