"""Docstrings as data: sections and described arguments, so that no description stands twice."""

import inspect
import re
import textwrap

_SECTIONS = re.compile(
    r"\n\n(?=(?:Args|Call arguments|Returns|Raises|References|Example|Attributes):\n)"
)


def parted(docstring):
    """Returns what comes before the sections of a docstring, and the sections by their names."""
    head, *sections = _SECTIONS.split(inspect.cleandoc(docstring or ""))
    return head, dict(section.split(":\n", 1) for section in sections)


def entries(section):
    """Returns the described arguments of a section by their names, each as it is written."""
    found = re.split(r"\n(?=    \*{0,2}\w+: )", section or "")
    return {entry.split(":")[0].strip(): entry for entry in found if entry}


def texts(section):
    """Returns the descriptions of arguments by their names, each on one line."""
    found = entries(section).items()
    return {name: " ".join(entry.split()).partition(": ")[2] for name, entry in found}


def completed(docstring, names, known, returns=None):
    """Returns a docstring that describes arguments which it does not describe itself.

    Args:
        docstring: what is written.
        names: the arguments, in their order.
        known: name -> description; arguments that are in neither are left out.
        returns: what to say of the result if the docstring does not; None for nothing.
    """
    head, sections = parted(docstring)
    lines = {name: _filled(f"{name}: {text}", "        ") for name, text in known.items()}
    lines |= entries(sections.pop("Args", None))
    first = {}
    if described := [lines[name] for name in names if name in lines]:
        first["Args"] = "\n".join(described)
    if returns is not None:
        first["Returns"] = sections.pop("Returns", _filled(returns, "    "))
    return whole(head, {**first, **sections})


def _filled(text, indent):
    return textwrap.fill(text, 96, initial_indent="    ", subsequent_indent=indent)


def whole(head, sections):
    """Returns a docstring of its parts."""
    return "\n\n".join([head, *(f"{name}:\n{text}" for name, text in sections.items())]) + "\n"
