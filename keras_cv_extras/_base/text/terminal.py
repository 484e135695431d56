"""The terminal, where names of files and classes stand as what they are.

A folder may be called `[bold]` or hold escape sequences: for Rich and for the terminal these are
orders.
"""

from typing import Any

from rich.console import Console
from rich.text import Text

from keras_cv_extras._base.text.escapes import visible


class Terminal(Console):
    """Rich's console without its markup: text is shown as it is, control characters as escapes."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"markup": False, **kwargs})
        if self.width < 1:  # COLUMNS=0, as some shells have it, would show nothing
            self.width = 80

    def render_str(self, text: str, **kwargs: Any) -> Text:
        """Returns text to be shown; see `Console.render_str`."""
        return super().render_str(visible(text), **kwargs)
