"""Docstrings as the site shows them: examples as code, whatever stands around them."""

import re

import griffe

EXAMPLE = re.compile(r"^( *)>>> .*(?:\n\1\S.*)*", re.MULTILINE)

LONGEST = 300  # characters of a value that is shown


def fenced(text):
    """Returns a docstring whose `>>>` lines, and what they print, are blocks of code."""
    return EXAMPLE.sub(lambda found: f"{found[1]}```pycon\n{found[0]}\n{found[1]}```", text)


class Docstrings(griffe.Extension):
    """Puts fences around the examples of every docstring."""

    def on_object(self, *, obj, **kwargs):
        """Changes the docstring of one object; a value has none, only its type has."""
        if obj.is_attribute:
            obj.docstring = None
            if len(str(obj.value)) > LONGEST:  # such as a table of all ops, with addresses in it
                obj.value = None
        elif obj.docstring:
            obj.docstring.value = fenced(obj.docstring.value)
