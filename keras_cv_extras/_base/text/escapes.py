"""Escapes names of files and classes for terminals, spreadsheets and pages."""

import re

# Control characters but for the line feed and the tab, and those that turn the direction of text.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def visible(text: str) -> str:
    r"""Returns text with control characters as escapes, such as `\x1b`.

    Example:
        >>> from keras_cv_extras._base.text.escapes import visible
        >>> print(visible("cat\x1b[31m"))
        cat\x1b[31m
    """
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def one_line(text: object) -> str:
    """Returns what a message says, with all line feeds and control characters as escapes."""
    return visible(str(text)).replace("\n", "\\n")


def label(text: str) -> str:
    """Returns text for a figure of matplotlib, which takes what is between two $ for a formula."""
    return visible(text).replace("$", r"\$")


def cell(text: str) -> str:
    """Returns text for a cell of a CSV file; a spreadsheet would take some for a formula.

    References:
        [OWASP: CSV injection](https://owasp.org/www-community/attacks/CSV_Injection)
    """
    return f"'{text}" if str(text).startswith(_FORMULA) else text
