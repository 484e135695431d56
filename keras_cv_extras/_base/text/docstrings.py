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


def entry(name, text):
    """Returns the description of an argument, as a section has it."""
    line = f"{name}: {text}"
    return textwrap.fill(line, 96, initial_indent="    ", subsequent_indent="        ")


def whole(head, sections):
    """Returns a docstring of its parts."""
    return "\n\n".join([head, *(f"{name}:\n{text}" for name, text in sections.items())]) + "\n"
